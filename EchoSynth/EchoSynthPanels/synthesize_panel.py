"""The Synthesize panel: label map in, synthetic images or cines out, and Live."""

from __future__ import annotations

import random
from typing import Any

import slicer
from slicer.i18n import tr as _

from EchoSynthJobs.job import Job
from EchoSynthJobs.synthesize import Synthesized, synthesize
from EchoSynthMRML.cines import cine_of
from EchoSynthPanels.label_map_panel import image_of
from EchoSynthPanels.live import the_live
from EchoSynthPanels.model_choice import ModelChoice
from EchoSynthPanels.panel import Panel, connect
from EchoSynthPanels.views import show_side_by_side
from EchoSynthPanels.wishes import wish_of


class SynthesizePanel(Panel):
    """Settings of the generator, its button, and the Live switch."""

    ui_name = "Synthesize"
    apply_name = "synthesizeButton"

    def set_up(self) -> None:
        """See `Panel.set_up`."""
        self._model = ModelChoice(self.ui.generatorComboBox, "synthesis", "generator")
        self.live = the_live()
        self.live.changed.connect(self._show_live)
        connect(self.ui.newSeedButton, "clicked()", self.draw_seed)

    def set_parameters(self, parameters: Any) -> None:
        """See `Panel.set_parameters`."""
        super().set_parameters(parameters)
        self._model.set_parameters(parameters)
        if parameters is not None:
            self.live.follow(parameters)

    def refresh(self) -> None:
        """See `Panel.refresh`."""
        super().refresh()
        if self.parameters is None:
            return
        self._model.refresh()
        cine = self.parameters.labelMap and cine_of(self.parameters.labelMap)
        box = self.ui.synthesizeAllFramesCheckBox
        box.enabled = cine is not None
        box.text = _("All {count} frames").format(count=len(cine)) if cine else _("All frames")
        self._show_whether_live_can_follow()

    def reason_not_to_apply(self) -> str:
        """See `Panel.reason_not_to_apply`."""
        return "" if self.parameters.labelMap is not None else _("Choose a label map, or segment an image first")

    def job(self) -> Job[Synthesized]:
        """See `Panel.job`."""
        source = self.parameters.labelMap
        return synthesize(
            slicer.mrmlScene,
            self.engine.client,
            source,
            wish_of(self.parameters),
            reference=self.parameters.reference,
            all_frames=self.parameters.synthesizeAllFrames and cine_of(source) is not None,
        )

    def show(self, result: Synthesized) -> None:
        """See `Panel.show`."""
        sector = _("Sector: {source}.").format(source=result.record["sector_source"])
        self.ui.synthesizeResultLabel.text = " ".join([_count(result.volumes), sector, *result.notes])
        self.parameters.liveVolume = result.volumes[0]
        show_side_by_side(image_of(self.parameters), result.volumes[0])

    def draw_seed(self) -> None:
        """Takes another seed."""
        self.parameters.seed = random.randrange(1_000_000)

    def close(self) -> None:
        """See `Panel.close`."""
        super().close()
        self.live.changed.disconnect(self._show_live)
        if not self.live.changed.heard:
            self.live.follow(None)

    def _show_whether_live_can_follow(self) -> None:
        node, box = self.parameters.labelMap, self.ui.liveCheckBox
        editable = node is not None and node.IsA("vtkMRMLSegmentationNode")
        # What is on can always be switched off.
        box.enabled = editable or self.parameters.live
        box.toolTip = (
            _("Draw the image anew after each stroke in the Segment Editor, in place and with the same seed")
            if editable
            else _("Choose a segmentation; a label map volume becomes one by Make segmentation")
        )

    def _show_live(self, message: str) -> None:
        self.ui.synthesizeResultLabel.text = message


def _count(volumes: list[Any]) -> str:
    if len(volumes) == 1:
        return _("{name}.").format(name=volumes[0].GetName())
    return _("{count} images, from {name}.").format(count=len(volumes), name=volumes[0].GetName())
