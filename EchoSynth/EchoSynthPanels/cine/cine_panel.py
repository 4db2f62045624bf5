"""The panel Beating heart: a frame's heart beats with the ejection fraction asked for; preview, Live and cine."""

from __future__ import annotations

import random
from collections.abc import Iterable
from typing import Any

import slicer
from slicer.i18n import tr as _

from EchoSynthJobs.animate import Animated, MadeCine, make_cine, preview_of
from EchoSynthJobs.job import Job
from EchoSynthLib.capabilities import capabilities
from EchoSynthLib.errors import EchoSynthError
from EchoSynthMRML.cines import cine_of
from EchoSynthPanels.application.chosen import image_of
from EchoSynthPanels.application.views import show_alone
from EchoSynthPanels.cine.cine_views import the_cine_views
from EchoSynthPanels.cine.live_cine import the_live_cine
from EchoSynthPanels.cine.requests import Start, reason_not_to_beat, request_of
from EchoSynthPanels.cine.texts import doubts_beside_wish, told_cine, told_preview, told_volumes
from EchoSynthPanels.model_choice import ModelChoice
from EchoSynthPanels.panel import Panel, connect


class CinePanel(Panel):
    """The wish, the beat, both buttons, Live, and what came of it."""

    ui_name = "Cine"
    apply_name = "makeCineButton"

    def set_up(self) -> None:
        """See `Panel.set_up`."""
        self.live, self.views = the_live_cine(), the_cine_views()
        self.live.changed.connect(self._show_live)
        self._start = Start()
        self._browser: Any = None
        self._model = ModelChoice(self.ui.cineModelComboBox, "animation", "cineModel")
        connect(self.ui.newCineSeedButton, "clicked()", self.draw_seed)
        connect(self.ui.previewButton, "clicked()", self.preview)
        connect(self.ui.playCineButton, "toggled(bool)", self.play)

    def owner_of(self, row: str) -> str:
        """See `Panel.owner_of`."""
        return _("Preview") if row == "previewJobRow" else self.title

    def enter(self) -> None:
        """See `Panel.enter`."""
        self._follow()
        if self.parameters is not None:
            self.refresh()

    def exit(self) -> None:
        """See `Panel.exit`; a preview belongs to this module."""
        self.live.follow(None)
        if self.views.previewing:
            self.views.leave_preview()
            self._show_chosen()

    def set_parameters(self, parameters: Any) -> None:
        """See `Panel.set_parameters`."""
        self._watch(None)
        self._model.set_parameters(parameters)
        super().set_parameters(parameters)
        self._follow()

    def on_parameters_changed(self, caller: Any = None, event: Any = None) -> None:
        """See `Panel.on_parameters_changed`."""
        if self.parameters is not None and self.parameters.labelMap is not None:
            self.views.leave_preview(self.parameters.labelMap)
        super().on_parameters_changed(caller, event)

    def refresh(self) -> None:
        """See `Panel.refresh`."""
        super().refresh()
        if self.parameters is None:
            return
        self._model.refresh()
        self._watch(cine_of(self._image) if self._image is not None else None)
        self.allow(self.ui.previewButton, self._reason())
        self.ui.cineEjectionFractionSlider.enabled = not self.parameters.cineOwnFraction
        self._show_volumes()
        live = capabilities(self.parameters.cineModel).live or self.parameters.cineLive
        self.allow(self.ui.cineLiveCheckBox, "" if live else _("The chosen model takes too long to follow a slider"))

    def reason_not_to_apply(self) -> str:
        """See `Panel.reason_not_to_apply`."""
        self.engine.check_model(capabilities(self.parameters.cineModel))
        return reason_not_to_beat(self.parameters, self._start)

    def told_about(self) -> tuple[Any, ...]:
        """See `Panel.told_about`."""
        return self.parameters.inputVolume, self.parameters.labelMap

    def job(self) -> Job[MadeCine]:
        """See `Panel.job`."""
        request, scene = request_of(self.parameters), slicer.mrmlScene
        return make_cine(scene, self.engine.client, self._image, self.parameters.labelMap, request)

    def show(self, result: MadeCine) -> None:
        """See `Panel.show`."""
        self.parameters.cineLive = False
        self.parameters.inputVolume, self.parameters.labelMap = result.image, result.segmentation
        self.views.show_cine(result)
        self.row(self.owner_of("previewJobRow")).clear()
        self.tell(self.ui.makeCineResultLabel, told_cine(result))
        self.refresh()

    def preview(self) -> None:
        """Shows both ends of the beat."""
        self.start(self.owner_of("previewJobRow"), self._preview_job, self._show_preview)

    def play(self, on: bool) -> None:
        """Plays the chosen cine, or stops it."""
        if self._browser is not None and self._browser.GetPlaybackActive() != on:
            self._browser.SetPlaybackActive(on)

    def draw_seed(self) -> None:
        """Takes another seed."""
        self.parameters.cineSeed = random.randrange(1_000_000)

    def warnings_of(self, result: Any) -> Iterable[str]:
        """See `Panel.warnings_of`; a preview has two frames on purpose, and what was not reached is told already."""
        if isinstance(result, Animated):
            return ()
        return doubts_beside_wish(result.record)

    def close(self) -> None:
        """See `Panel.close`."""
        super().close()
        self._watch(None)
        self.live.changed.disconnect(self._show_live)
        if not self.live.changed.heard:
            self.live.follow(None)

    @property
    def _image(self) -> Any:
        """The image under the chosen label map, else the chosen one."""
        return image_of(self.parameters)

    def _follow(self) -> None:
        shown = self.parameters is not None and self.widget.isVisible()
        self.live.follow(self.parameters if shown else None)

    def _preview_job(self) -> Job[Animated]:
        self._check_engine()
        request, scene = request_of(self.parameters), slicer.mrmlScene
        return preview_of(scene, self.engine.client, self._image, self.parameters.labelMap, request)

    def _show_preview(self, result: Animated) -> None:
        if self.parameters.labelMap is None:
            self.parameters.labelMap = result.start.label_map
        self.views.show_preview(result, self.parameters.labelMap, self._image)
        self.tell(self.ui.makeCineResultLabel, told_preview(result.record))

    def _show_live(self, message: str) -> None:
        if self.parameters is not None:
            self._told_about = self.told_about()
            # The label map may be another one now.
            self._show_volumes()
        self.tell(self.ui.makeCineResultLabel, message)

    def _show_volumes(self) -> None:
        try:
            start = self._start.of(self.parameters)
            text = "" if start is None else told_volumes(start, request_of(self.parameters))
        except EchoSynthError:
            # The buttons tell why.
            text = ""
        self.ui.cineVolumesLabel.text = text or _("Known once there is a label map")

    def _show_chosen(self) -> None:
        if self.parameters is not None and self._image is not None:
            show_alone(self._image)

    def _watch(self, cine: Any) -> None:
        """Follows whether the chosen cine plays."""
        browser = None if cine is None else cine.browser
        if browser is self._browser and (browser is None or self.hasObserver(browser, "ModifiedEvent", self._on_frame)):
            self._on_frame()
            return
        self.removeObservers(self._on_frame)
        self._browser = browser
        if browser is not None:
            self.addObserver(browser, "ModifiedEvent", self._on_frame)
        self._on_frame()

    def _on_frame(self, caller: Any = None, event: Any = None) -> None:
        button, browser = self.ui.playCineButton, self._browser
        playing = browser is not None and bool(browser.GetPlaybackActive())
        blocked = button.blockSignals(True)
        button.checked = playing
        button.blockSignals(blocked)
        self.allow(button, "" if browser is not None else _("Choose or make a cine first"))
        if not playing and self.parameters is not None and self.widget.isVisible():
            self._show_volumes()
