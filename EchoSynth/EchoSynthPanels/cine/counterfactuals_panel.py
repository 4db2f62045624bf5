"""The panel of counterfactuals: the same heart at several ejection fractions, played beside each other."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import slicer

from EchoSynthJobs.animate import MadeCine, make_counterfactuals
from EchoSynthJobs.job import Job
from EchoSynthLib.capabilities import capabilities
from EchoSynthPanels.application.chosen import image_of
from EchoSynthPanels.cine.cine_views import the_cine_views
from EchoSynthPanels.cine.requests import Start, fractions_of, reason_not_to_beat, request_of
from EchoSynthPanels.cine.texts import doubts_beside_wish, told_counterfactuals
from EchoSynthPanels.panel import Panel


class CounterfactualsPanel(Panel):
    """The ejection fractions, the button, and what came of each."""

    ui_name = "Counterfactuals"
    apply_name = "counterfactualButton"

    def set_up(self) -> None:
        """See `Panel.set_up`."""
        self._start = Start()

    def reason_not_to_apply(self) -> str:
        """See `Panel.reason_not_to_apply`."""
        self.engine.check_model(capabilities(self.parameters.cineModel))
        self._fractions()
        return reason_not_to_beat(self.parameters, self._start)

    def told_about(self) -> tuple[Any, ...]:
        """See `Panel.told_about`."""
        return self.parameters.inputVolume, self.parameters.labelMap

    def job(self) -> Job[list[MadeCine]]:
        """See `Panel.job`."""
        image, label_map = image_of(self.parameters), self.parameters.labelMap
        request, percents = request_of(self.parameters), self._fractions()
        return make_counterfactuals(slicer.mrmlScene, self.engine.client, image, label_map, request, percents)

    def show(self, result: list[MadeCine]) -> None:
        """See `Panel.show`."""
        self.parameters.cineLive = False
        first = result[0]
        self.parameters.inputVolume, self.parameters.labelMap = first.image, first.segmentation
        the_cine_views().show_beside([one.image for one in result], [one.segmentation for one in result])
        self.tell(self.ui.counterfactualResultLabel, told_counterfactuals(result))

    def warnings_of(self, result: list[MadeCine]) -> Iterable[str]:
        """See `Panel.warnings_of`; what was not reached is told already."""
        return [text for one in result for text in doubts_beside_wish(one.record)]

    def _fractions(self) -> tuple[float, ...]:
        return fractions_of(self.parameters.counterfactualFractions)
