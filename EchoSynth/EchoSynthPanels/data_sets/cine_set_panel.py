"""The Cine sets panel: beating hearts that nobody has, as a set of cines on disk."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

import ctk
import slicer
from slicer.i18n import tr as _

from EchoSynthJobs.cine_set import CineSetRequest, make_cine_set, show_first_cine
from EchoSynthJobs.job import Job
from EchoSynthLib.anatomy.heart3d.cohort import Cohort
from EchoSynthLib.anatomy.views import FOUR_CHAMBER, TWO_CHAMBER
from EchoSynthLib.errors import EchoSynthError
from EchoSynthLib.tasks.parts.asked_fractions import COLUMN, REAL, UNIFORM, AskedFractions
from EchoSynthPanels.application.views import show_alone, show_player
from EchoSynthPanels.data_sets.fraction_bars import draw_bars
from EchoSynthPanels.panel import Panel, connect
from EchoSynthPanels.parameters import CineSetFractions

MOST_IN_BARS = 500
"""Hearts whose ejection fractions the histogram has; the others are like them."""


class CineSetPanel(Panel):
    """How many hearts, with which ejection fractions and views, where, and what came of it."""

    ui_name = "CineSet"
    apply_name = "makeCineSetButton"

    def set_up(self) -> None:
        """See `Panel.set_up`."""
        self._made: dict[str, Any] | None = None
        self.ui.cineSetFolderPathLineEdit.filters = ctk.ctkPathLineEdit.Dirs
        self.ui.cineSetFolderPathLineEdit.settingKey = "EchoSynth/CineSetFolder"
        self.ui.cineSetTablePathLineEdit.filters = ctk.ctkPathLineEdit.Files
        self.ui.cineSetTablePathLineEdit.nameFilters = [_("Tables (*.csv)")]
        self.ui.cineSetTablePathLineEdit.settingKey = "EchoSynth/CineSetTable"
        connect(self.ui.showCineSetButton, "clicked()", self.show_first)

    def forget(self) -> None:
        """See `Panel.forget`."""
        super().forget()
        self._made = None

    def refresh(self) -> None:
        """See `Panel.refresh`."""
        if self.parameters is None:
            return
        chosen, ui = self.parameters.cineSetFractions, self.ui
        ui.cineSetRangeWidget.visible = ui.cineSetRangeWidgetLabel.visible = chosen == CineSetFractions.UNIFORM
        table = chosen == CineSetFractions.TABLE
        ui.cineSetTablePathLineEdit.visible = ui.cineSetTablePathLineEditLabel.visible = table
        asked = self._asked()
        ui.cineSetBarsRow.visible = ui.cineSetBarsRowLabel.visible = bool(asked)
        if asked:
            draw_bars(ui.cineSetBarsLabel, asked)
        self.allow(ui.showCineSetButton, self.reason_of_runner or ("" if self._made else _("Make a set first")))
        super().refresh()
        if self.runner.busy and self.runner.owner == self.title:
            self._apply.toolTip = _("Stop; the hearts that are made stay")

    def reason_not_to_apply(self) -> str:
        """See `Panel.reason_not_to_apply`."""
        if not self._views:
            return _("Choose a view")
        if self.parameters.cineSetFolder == Path():
            return _("Choose a folder")
        is_table = self._table.suffix.lower() == ".csv" and self._table.is_file()
        if self.parameters.cineSetFractions == CineSetFractions.TABLE and not is_table:
            return _("Choose a table (.csv) with a column {column}").format(column=COLUMN)
        # What is wrong in the table is told when the button is pressed: it is mended outside, where nobody tells of it.
        return ""

    def job(self) -> Job[dict[str, Any]]:
        """See `Panel.job`."""
        self._made = None
        parameters = self.parameters
        request = CineSetRequest(
            output=Path.home() / parameters.cineSetFolder,
            count=parameters.cineSetHearts,
            ef=self._fractions,
            views=",".join(self._views),
            frames=parameters.cineSetFrames,
            fps=parameters.cineSetFrameRate,
            privacy_threshold=parameters.cineSetThreshold or None,
            seed=parameters.cineSetSeed,
        )
        return make_cine_set(self.engine.client, request)

    def show(self, result: dict[str, Any]) -> None:
        """See `Panel.show`."""
        self._made = result
        self.tell(self.ui.cineSetResultLabel, told_set(result))

    def show_first(self) -> None:
        """Brings the first cine of the set into the scene and shows it."""
        made = self._made
        if made is None:
            return

        def take(volume: Any) -> None:
            self.parameters.inputVolume = volume
            show_alone(volume)
            show_player(volume)

        self.start(self.title, lambda: show_first_cine(slicer.mrmlScene, self.engine.client, made), take)
        self.tell(self.ui.cineSetResultLabel, told_set(made))

    @property
    def _views(self) -> list[str]:
        chosen = {FOUR_CHAMBER: self.parameters.cineSetFourChamber, TWO_CHAMBER: self.parameters.cineSetTwoChamber}
        return [view.name for view in chosen if chosen[view]]

    @property
    def _table(self) -> Path:
        # As with the folder, a saved scene does not carry one user's home to another.
        return Path.home() / self.parameters.cineSetTable

    @property
    def _fractions(self) -> str:
        """The ejection fractions as the task takes them."""
        between = self.parameters.cineSetFractionRange
        return {
            CineSetFractions.UNIFORM: f"{UNIFORM}:{between.minimum:.0f}-{between.maximum:.0f}",
            CineSetFractions.REAL: REAL,
            CineSetFractions.TABLE: str(self._table),
        }[self.parameters.cineSetFractions]

    def _asked(self) -> tuple[float, ...]:
        """Those of the first hearts; none where they are not known, or only by drawing each heart."""
        if self.parameters.cineSetFractions == CineSetFractions.REAL:
            return ()
        try:
            fractions = AskedFractions.of(self._fractions)
        except EchoSynthError:
            return ()
        return _percents(fractions, self.parameters.cineSetSeed, min(self.parameters.cineSetHearts, MOST_IN_BARS))


@lru_cache(maxsize=4)
def _percents(fractions: AskedFractions, seed: int, count: int) -> tuple[float, ...]:
    cohort = Cohort(seed)
    return tuple(fractions.percent(cohort, index) for index in range(count))


def told_set(record: Mapping[str, Any]) -> str:
    """What came of a set: kept and refused, its ejection fractions, and the cine that is most like a patient."""
    low, high = record["ejection_fractions"]
    lines = [
        _("Hearts kept: {count}, refused: {refused}; cines: {cines}, in {folder}.").format(
            count=record["count"],
            refused=len(record["refused"]),
            cines=record["cines"],
            folder=Path(record["outputs"]["record"]).parent,
        ),
        _("Ejection fractions: {low:.0f} to {high:.0f} %.").format(low=low, high=high),
        _("Most like a patient: {name}, {correlation:.3f} with {nearest}; from {threshold:.3f} on refused.").format_map(
            record["closest"]
        ),
    ]
    return " ".join(lines)
