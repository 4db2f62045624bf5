"""The Motion panel: a cine is tracked; arrows or color, strain curves and table; labels that are carried along."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape
from typing import Any

import slicer
from slicer.i18n import tr as _

from EchoSynthJobs.job import Job
from EchoSynthJobs.propagate import Propagated, propagate
from EchoSynthJobs.track import Motion, track
from EchoSynthMRML.cines import Cine, cine_of
from EchoSynthMRML.provenance import LABEL_MAP_ROLE, frame_stamped
from EchoSynthMRML.tracked import tracked_in
from EchoSynthMRML.volumes import check_frame
from EchoSynthPanels.application.chosen import image_of
from EchoSynthPanels.input.label_map import reason_not_to_draw
from EchoSynthPanels.measure.layouts import show_measurements
from EchoSynthPanels.motion.nodes import STRAIN, WALL, MotionNodes
from EchoSynthPanels.motion.overlay import MotionOverlay
from EchoSynthPanels.motion.texts import reasons_in_full, told_once, told_strain
from EchoSynthPanels.panel import Panel, connect


class MotionPanel(Panel):
    """From which frame to which, what shows it, what came of it, and the frames that get the shown frame's labels."""

    ui_name = "Motion"
    apply_name = "trackButton"

    def set_up(self) -> None:
        """See `Panel.set_up`."""
        self.motion: Motion | None = None
        self.overlay = MotionOverlay()
        self._browser: Any = None
        connect(self.ui.motionSection, "contentsCollapsed(bool)", self._follow)
        connect(self.ui.propagateButton, "clicked()", self.propagate)

    def owner_of(self, row: str) -> str:
        """See `Panel.owner_of`."""
        return _("Propagate labels") if row == "propagateJobRow" else self.title

    def enter(self) -> None:
        """See `Panel.enter`."""
        self._follow()

    def exit(self) -> None:
        """See `Panel.exit`; arrows would lie in the way of other modules."""
        self.overlay.clear()

    def set_parameters(self, parameters: Any) -> None:
        """See `Panel.set_parameters`; what was tracked in a scene that is closed is gone."""
        if parameters is None:
            self.motion = None
            self._watch(None)
            self.overlay.clear()
        super().set_parameters(parameters)

    def forget(self) -> None:
        """See `Panel.forget`."""
        super().forget()
        self.motion = None

    def told_about(self) -> tuple[Any, ...]:
        """See `Panel.told_about`."""
        return (self.image,)

    @property
    def image(self) -> Any:
        """The cine that is tracked: the one under the chosen label map, else the chosen one."""
        return None if self.parameters is None else image_of(self.parameters) or self.parameters.inputVolume

    @property
    def cine(self) -> Cine | None:
        """Its frames; None where it is a single frame."""
        cine = None if self.image is None else cine_of(self.image)
        return None if cine is None or cine.browser is None or len(cine) < 2 else cine

    def refresh(self) -> None:
        """See `Panel.refresh`."""
        super().refresh()
        if self.parameters is None:
            return
        self.allow(self.ui.propagateButton, self._reason_not_to_propagate())
        nothing = "" if tracked_in(self.image) is not None else _("Track the cine first; then its motion can be shown")
        self.allow(self.ui.motionDisplayComboBox, nothing)
        self.ui.motionResultLabelLabel.visible = self.ui.motionResultLabel.visible = bool(
            self.ui.motionResultLabel.text
        )
        self._watch(self.cine)
        self._follow()

    def reason_not_to_apply(self) -> str:
        """See `Panel.reason_not_to_apply`."""
        if self.image is None:
            return _("Open a cine, or choose one above")
        check_frame(self.image)
        if self.cine is None:
            return _("'{name}' is a single frame; motion needs a cine").format(name=self.image.GetName())
        if self.parameters.motionFrom.value == self.parameters.motionTo.value:
            return _("Choose two different frames, or all frames")
        return ""

    def job(self) -> Job[Motion]:
        """See `Panel.job`."""
        start, end = self.parameters.motionFrom.value, self.parameters.motionTo.value
        return track(slicer.mrmlScene, self.engine.client, self.image, self._label_map(), start=start, end=end)

    def warnings_of(self, result: Any) -> Iterable[str]:
        """See `Panel.warnings_of`; the record keeps them all."""
        return told_once(super().warnings_of(result))

    def show(self, result: Motion) -> None:
        """See `Panel.show`."""
        self.motion = result
        if self.parameters.labelMap is None:
            self.parameters.labelMap = result.label_map
        self.overlay.clear()
        self._tell(result)
        if result.strain is not None:
            nodes = MotionNodes(self.image)
            nodes.write(result, result.strain)
            show_measurements(nodes.table, {kind: nodes.chart(kind) for kind in (STRAIN, WALL)}, self._follow)
        self.refresh()

    def _tell(self, motion: Motion | None) -> None:
        strain = None if motion is None else motion.strain
        label = self.ui.motionResultLabel
        self.tell(label, "" if motion is None or strain is None else told_strain(strain, motion.tracked.first))
        reasons = () if strain is None else reasons_in_full(strain).splitlines()
        # A plain text is not broken into lines: each reason would be as wide as the screen.
        label.toolTip = "".join(f"<p>{escape(text)}</p>" for text in reasons)

    def propagate(self) -> None:
        """Carries the shown frame's labels to the frames around it."""
        self.start(self.owner_of("propagateJobRow"), self._propagation, self._show_propagated)

    def _propagation(self) -> Job[Propagated]:
        self._check_engine()
        back, on = self.parameters.propagateBack, self.parameters.propagateOn
        scene, client = slicer.mrmlScene, self.engine.client
        return propagate(scene, client, self.image, self.parameters.labelMap, back=back, on=on)

    def _show_propagated(self, result: Propagated) -> None:
        self.parameters.labelMap = result.segmentation
        told = _("Frames {first} to {last} of '{name}' follow frame {reference}.").format(
            first=min(result.frames[0], result.reference),
            last=max(result.frames[-1], result.reference),
            name=result.segmentation.GetName(),
            reference=result.reference,
        )
        tables = slicer.util.getNodesByClass("vtkMRMLTableNode")
        if any(table.GetNodeReference(LABEL_MAP_ROLE) is result.segmentation for table in tables):
            told = _("{told} What was measured in them is out of date: measure again.").format(told=told)
        self.tell(self.ui.propagateResultLabel, told)
        # Labels that are carried change nothing of the motion.
        self._tell(self.motion)
        self.refresh()

    def _reason_not_to_propagate(self) -> str:
        if self.runner.busy:
            return self.reason_of_runner
        if self.cine is None:
            return _("Choose a cine first; labels are carried from frame to frame")
        if self.parameters.propagateBack == self.parameters.propagateOn == 0:
            return _("Choose one or more frames before or after the shown one")
        return reason_not_to_draw(self.parameters.labelMap)

    def _label_map(self) -> Any:
        """The chosen label map, if it may have the frame that motion starts at; None lets the cine be segmented."""
        node = self.parameters.labelMap
        if node is None or self.cine is None:
            return None
        whole = cine_of(node) is not None
        return node if whole or frame_stamped(node) is None or frame_stamped(node) == self.cine.shown else None

    def _watch(self, cine: Cine | None) -> None:
        browser = None if cine is None else cine.browser
        # Of what is bound to another parameter node, `Panel` takes all observers away.
        if browser is self._browser and (browser is None or self.hasObserver(browser, "ModifiedEvent", self._follow)):
            return
        self.removeObservers(self._follow)
        self._browser = browser
        if browser is not None:
            self.addObserver(browser, "ModifiedEvent", self._follow)

    def _follow(self, caller: Any = None, event: Any = None) -> None:
        """Lays the motion to the shown frame over it; out of sight the panel slows no cine down."""
        if self.parameters is None:
            return
        if self.ui.trackButton.visible:
            self.overlay.follow(tracked_in(self.image), self.parameters.motionDisplay)
        else:
            self.overlay.clear()
