"""The Vary panel: plausible variations of the label map."""

from __future__ import annotations

from typing import Any

import slicer
from slicer.i18n import tr as _

from EchoSynthJobs.job import Job
from EchoSynthJobs.vary import Change, Varied, vary
from EchoSynthPanels.application.chosen import image_of
from EchoSynthPanels.application.views import show_alone
from EchoSynthPanels.input.label_map import reason_not_to_draw
from EchoSynthPanels.panel import Panel

WALL_AS_IT_IS = 100.0
"""Per cent of its thickness."""


class VaryPanel(Panel):
    """How many variations, how far deformed, how far contracted."""

    ui_name = "Vary"
    apply_name = "varyButton"

    def refresh(self) -> None:
        """See `Panel.refresh`."""
        super().refresh()
        if self.parameters is not None:
            _say_unchanged(self.ui.ejectionFractionSlider, self.parameters.ejectionFraction == 0)
            _say_unchanged(self.ui.wallThicknessSlider, self.parameters.wallThickness == WALL_AS_IT_IS)

    def reason_not_to_apply(self) -> str:
        """See `Panel.reason_not_to_apply`."""
        if self.parameters.outputVariation is not None and self.parameters.outputVariation is self.parameters.labelMap:
            return _("The output is the label map that is varied; choose another output")
        return reason_not_to_draw(self.parameters.labelMap)

    def told_about(self) -> tuple[Any, ...]:
        """See `Panel.told_about`."""
        return (self.parameters.labelMap,)

    def job(self) -> Job[Varied]:
        """See `Panel.job`."""
        parameters = self.parameters
        change = Change(
            count=parameters.variationCount,
            seed=parameters.variationSeed,
            strength=parameters.strength,
            ejection_fraction=parameters.ejectionFraction / 100 or None,
            wall_thickness=parameters.wallThickness / WALL_AS_IT_IS,
        )
        output = parameters.outputVariation
        return vary(slicer.mrmlScene, self.engine.client, parameters.labelMap, change, output=output)

    def show(self, result: Varied) -> None:
        """See `Panel.show`."""
        nodes = result.segmentations
        said = _("{count} variations made; {name} is chosen.").format(count=len(nodes), name=nodes[0].GetName())
        self.tell(self.ui.varyResultLabel, " ".join([said, *result.notes]))
        self.parameters.labelMap = nodes[0]
        # The image beside it would be that of the label map before.
        if (image := image_of(self.parameters)) is not None:
            show_alone(image)


def _say_unchanged(slider: Any, unchanged: bool) -> None:
    slider.suffix = _(" % (unchanged)") if unchanged else " %"
