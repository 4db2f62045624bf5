"""The Vary panel: plausible variations of the label map."""

from __future__ import annotations

from typing import Any

import slicer
from slicer.i18n import tr as _

from EchoSynthJobs.job import Job
from EchoSynthJobs.vary import Change, vary
from EchoSynthPanels.panel import Panel
from EchoSynthPanels.views import show_through


class VaryPanel(Panel):
    """How many variations, how far deformed, how far contracted."""

    ui_name = "Vary"
    apply_name = "varyButton"

    def reason_not_to_apply(self) -> str:
        """See `Panel.reason_not_to_apply`."""
        return "" if self.parameters.labelMap is not None else _("Choose a label map, or segment an image first")

    def job(self) -> Job[list[Any]]:
        """See `Panel.job`."""
        parameters = self.parameters
        change = Change(
            count=parameters.variationCount,
            seed=parameters.variationSeed,
            strength=parameters.strength,
            ejection_fraction=parameters.ejectionFraction / 100 or None,
            wall_thickness=parameters.wallThickness / 100,
        )
        return vary(slicer.mrmlScene, self.engine.client, parameters.labelMap, change)

    def show(self, result: list[Any]) -> None:
        """See `Panel.show`."""
        self.ui.varyResultLabel.text = _("{count} label maps, from {name}.").format(
            count=len(result), name=result[0].GetName()
        )
        for node in result:
            show_through(node)
        self.parameters.labelMap = result[0]
