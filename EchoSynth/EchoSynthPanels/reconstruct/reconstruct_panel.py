"""The Reconstruct panel: four places that fill themselves, the heart in 3D that they show, and how it beats."""

from __future__ import annotations

import time
from functools import partial
from typing import Any

import qt
import slicer
from slicer.i18n import tr as _

from EchoSynthJobs.job import Job
from EchoSynthJobs.reconstruct import LongAxes, Reconstructed, complete_phases, reconstruct
from EchoSynthJobs.study import doubts_of
from EchoSynthLib.anatomy.heart3d.parameters import HeartParameters
from EchoSynthLib.errors import EchoSynthError
from EchoSynthLib.measurement.study_places import PHASES
from EchoSynthLib.reconstruction import PLANE_ANGLE
from EchoSynthPanels.job_row import let_grow
from EchoSynthPanels.measure.study_rows import StudyRows
from EchoSynthPanels.model_choice import ModelChoice
from EchoSynthPanels.new_heart.live_heart import the_live_heart
from EchoSynthPanels.panel import Panel, connect
from EchoSynthPanels.parameters import PLANES_AS_USUAL
from EchoSynthPanels.reconstruct.more_views import MoreViews
from EchoSynthPanels.reconstruct.shown_heart import phase_of_end, the_shown_heart
from EchoSynthPanels.reconstruct.texts import reasons_in_full, told_light, told_numbers

TICK_MS = 40
REFIT_MS = 400
"""After the planes were changed last, the heart is fitted anew."""


class ReconstructPanel(Panel):
    """What is reconstructed, what came of it, and the phase of its beat."""

    ui_name = "Reconstruct"
    apply_name = "reconstructButton"

    def set_up(self) -> None:
        """See `Panel.set_up`."""
        let_grow(self.ui.studyLabel, self._room)
        self.rows_of_study = StudyRows(self.ui, self.ui.reconstructButton)
        self.rows_of_study.changed.connect(self.refresh)
        self.more_views = MoreViews(self.ui.moreViewsBox)
        self.rows_of_study.looked.connect(self._fill_more_views)
        connect(self.ui.fillButton, "clicked()", self._fill_again)
        self.models = ModelChoice(self.ui.heartModelComboBox, "reconstruction", "heartModel")
        self.heart = the_shown_heart()
        self.heart.changed.connect(self._show_heart)
        self.heart.handles.axis_moved.connect(self.tell_axis)
        self.heart.handles.angle_moved.connect(self.turn_plane)
        self._axes: dict[str, dict[str, Any]] = {}
        self._fitting = False
        self._about_light = self.ui.heartLightResultLabel.toolTip
        self._ends = {phase: getattr(self.ui, f"reconstructed{phase}Button") for phase in PHASES}
        self._clock = qt.QTimer()
        self._clock.setInterval(TICK_MS)
        self._clock.connect("timeout()", self._tick)
        self._began = 0.0
        self._angle: int | None = None
        self._refit_soon = qt.QTimer()
        self._refit_soon.setSingleShot(True)
        self._refit_soon.setInterval(REFIT_MS)
        self._refit_soon.connect("timeout()", self.fit_again)
        for phase, button in self._ends.items():
            connect(button, "clicked()", partial(self.go_to_end, phase))
        connect(self.ui.reconstructedBeatButton, "toggled(bool)", self.beat)
        connect(self.ui.reconstructSection, "contentsCollapsed(bool)", self._on_folded)

    def enter(self) -> None:
        """See `Panel.enter`."""
        self.rows_of_study.fill()
        self.models.refresh()

    def exit(self) -> None:
        """See `Panel.exit`."""
        self.ui.reconstructedBeatButton.checked = False

    def set_parameters(self, parameters: Any) -> None:
        """See `Panel.set_parameters`; a scene that was loaded may bring a heart."""
        if parameters is None:
            self.ui.reconstructedBeatButton.checked = False
            self._refit_soon.stop()
            self._axes = {}
        super().set_parameters(parameters)
        self.more_views.set_parameters(parameters)
        self.rows_of_study.set_parameters(parameters)
        self.models.set_parameters(parameters)
        if parameters is not None:
            self._angle = parameters.planeAngle
            self.heart.go_to(parameters.reconstructedPhase / 100)
            self.heart.handles.show(parameters.planeHandles)
            self.heart.look()
            self._show_heart()

    def on_parameters_changed(self, caller: Any = None, event: Any = None) -> None:
        """See `Panel.on_parameters_changed`."""
        if self.parameters is not None:
            self.rows_of_study.note_choice()
            self.rows_of_study.look_soon()
            self.more_views.tell()
            self.heart.handles.show(self.parameters.planeHandles)
            if self.ui.heartModelComboBox.currentText != self.parameters.heartModel:
                self.models.refresh()
            self.heart.go_to(self.parameters.reconstructedPhase / 100)
            if self._angle != self.parameters.planeAngle and not self.binding:
                self._angle = self.parameters.planeAngle
                self._refit_soon.start()
        super().on_parameters_changed(caller, event)

    def refresh(self) -> None:
        """See `Panel.refresh`."""
        super().refresh()
        if self.parameters is None:
            return
        self._give_up_axes()
        found = self.heart.found
        for phase, button in self._ends.items():
            there = found is not None and phase in found.records
            self.allow(button, "" if there else _("There is no heart at {phase}: reconstruct it").format(phase=phase))
        beating = (self.ui.reconstructedPhaseSlider, self.ui.reconstructedBeatButton)
        reason = self._reason_not_to_beat()
        for widget in beating:
            self.allow(widget, reason)
        # Until there is a heart, its line would only push the next section out of a small screen.
        for widget in (self.ui.reconstructedPhaseLabel, *beating, *self._ends.values()):
            widget.visible = found is not None

    def reason_not_to_apply(self) -> str:
        """See `Panel.reason_not_to_apply`."""
        try:
            complete_phases(self.rows_of_study.nodes)
        except EchoSynthError as error:
            return str(error)
        return ""

    def warnings_of(self, result: Reconstructed) -> list[str]:
        """See `Panel.warnings_of`; what the rows of the study tell is told there."""
        study = self.rows_of_study.study
        told = () if study is None else doubts_of(slicer.mrmlScene, study, self.rows_of_study.by_hand)
        return [text for text in result.record.get("warnings", ()) if text not in told]

    def job(self) -> Job[Reconstructed]:
        """See `Panel.job`."""
        return self._job(replaces=False)

    def _job(self, replaces: bool) -> Job[Reconstructed]:
        self.rows_of_study.fill()
        rows, angle = self.rows_of_study, self.parameters.planeAngle
        return reconstruct(
            slicer.mrmlScene,
            self.engine.client,
            rows.by_hand | self.more_views.by_hand,
            rows.chosen,
            model=self.parameters.heartModel,
            plane_angle=None if angle == PLANES_AS_USUAL else angle,
            long_axes=self._told_axes() if replaces else None,
            replaces=replaces,
        )

    def tell_axis(self, view: str, ends: list[list[float]]) -> None:
        """Takes the long axis of a picture that is shown for another one, and fits the heart anew.

        Args:
            view: '4CH' ...
            ends: [[row, column], [row, column]] in pixels of apex and middle of the mitral plane.
        """
        if self.parameters is not None and self.widget.isVisible():
            self._axes.setdefault(self.heart.end, {})[view] = ends
            self._refit_soon.start()

    def turn_plane(self, degrees: float) -> None:
        """Takes another angle between the planes of 4CH and 2CH, as far as there is one, and fits the heart anew."""
        if self.parameters is not None and self.widget.isVisible():
            low, high = PLANE_ANGLE
            angle = round(min(max(degrees, low), high))
            if angle == self.parameters.planeAngle:
                self.heart.place_handles()
            self.parameters.planeAngle = angle

    def fit_again(self) -> None:
        """Fits the heart that is shown with other planes or long axes, in its place."""
        if self.parameters is None or self.heart.found is None or not self.widget.isVisible():
            return
        if self.runner.busy:
            self._refit_soon.start()
        elif not self._reason():
            phase, self._fitting = self.parameters.reconstructedPhase, True
            self.start(self.title, partial(self._job, replaces=True), partial(self._show_at, phase))

    def _show_at(self, phase: float, result: Reconstructed) -> None:
        self.show(result)
        self.parameters.reconstructedPhase = phase

    def _told_axes(self) -> LongAxes:
        """What was told of the heart that is shown, and since."""
        found = self.heart.found
        records = {} if found is None else found.records
        told = {
            phase: {view: record["long_axes"][view] for view in record.get("long_axes_told", ())}
            for phase, record in records.items()
        }
        return {phase: axes | self._axes.get(phase, {}) for phase, axes in told.items()}

    def _give_up_axes(self) -> None:
        """Lays handles back where they were, if nothing could be fitted to them."""
        if self._fitting and not self.runner.busy:
            self._fitting = False
            if self.runner.failed:
                self._axes = {}
                self.heart.place_handles()

    def show(self, result: Reconstructed) -> None:
        """See `Panel.show`."""
        self._axes = {}
        # Its plane is that of a slice view, which shows a picture now.
        the_live_heart().follow(None)
        self.parameters.reconstructedPhase = 100 * phase_of_end(next(iter(result.records)))
        self.heart.show(result)
        self.rows_of_study.tell_measured(dict.fromkeys(self.rows_of_study.nodes), lit=False)
        self.refresh()

    def go_to_end(self, phase: str) -> None:
        """Shows the heart and its pictures at one end of its beat, and brings their views back."""
        self.ui.reconstructedBeatButton.checked = False
        self.parameters.reconstructedPhase = 100 * phase_of_end(phase)
        the_live_heart().follow(None)
        self.heart.lay_out()

    def beat(self, on: bool) -> None:
        """Lets it beat at the heart rate of the model's mean heart, or stops it."""
        if on:
            self._began = time.monotonic() - self.parameters.reconstructedPhase / 100 * _BEAT_SECONDS
            self.heart.lay_out()
            self._clock.start()
        else:
            self._clock.stop()

    def forget(self) -> None:
        """See `Panel.forget`; the heart of a scene is told as long as it is there."""
        super().forget()
        self._show_heart()

    def close(self) -> None:
        """See `Panel.close`."""
        self._clock.stop()
        super().close()
        self.heart.changed.disconnect(self._show_heart)
        self.heart.handles.axis_moved.disconnect(self.tell_axis)
        self.heart.handles.angle_moved.disconnect(self.turn_plane)

    def _tick(self) -> None:
        if self.parameters is None or not self.heart.beats:
            self.ui.reconstructedBeatButton.checked = False
        elif self.heart.whole:
            beats = (time.monotonic() - self._began) / _BEAT_SECONDS
            self.parameters.reconstructedPhase = round(100 * (beats % 1.0), 1)

    def _reason_not_to_beat(self) -> str:
        found = self.heart.found
        if found is None:
            return _("Reconstruct a heart first")
        if len(found.records) < 2:
            there = next(iter(found.records))
            return _("Only {phase} was reconstructed; a beat takes both ED and ES").format(phase=there)
        if not self.heart.has_shapes:
            return _("This model gives voxels at ED and at ES alone; choose heart3d for a heart that beats")
        return self.heart.problem

    def _show_heart(self) -> None:
        """Tells the numbers of the heart that is there."""
        found = self.heart.found
        numbers, light = (self.ui.reconstructResultLabel, self.ui.heartLightResultLabel)
        self.tell(numbers, told_numbers(found.records) if found is not None else "")
        self.tell(light, told_light(found.records) if found is not None else "")
        light.toolTip = reasons_in_full(found.records) if found is not None else self._about_light
        if self.parameters is not None:
            self.refresh()

    def _fill_more_views(self) -> None:
        study = self.rows_of_study.study
        if study is not None:
            self.more_views.fill(study.patient)
            if self.more_views.by_hand:
                self.ui.fillButton.enabled = True

    def _fill_again(self) -> None:
        study = self.rows_of_study.study
        if study is not None:
            self.more_views.fill_again(study.patient)

    def _on_folded(self, folded: bool) -> None:
        if not folded:
            self.rows_of_study.fill()


_BEAT_SECONDS = 60 / HeartParameters.heart_rate
