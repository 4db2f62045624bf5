"""The heart of the scene follows the sliders, and its echo the plane that cuts it; it beats."""

from __future__ import annotations

import time
from dataclasses import dataclass, field, replace
from functools import cache, partial
from typing import Any

import numpy as np
import qt
import slicer
from slicer.i18n import tr as _
from slicer.util import VTKObservationMixin

from EchoSynthJobs.heart import HeartRequest, MadeHeart, make_heart, plane_text
from EchoSynthMRML.heart_models import Shapes, parts_of, shapes_of, show_shapes
from EchoSynthMRML.heart_planes import plane_of_view
from EchoSynthPanels.application.engine import Engine, the_engine, the_runner
from EchoSynthPanels.application.runner import JobRunner
from EchoSynthPanels.application.signal import Signal
from EchoSynthPanels.new_heart.heart_views import CUT_VIEW, ECHO, show_cut, show_echo, slice_node
from EchoSynthPanels.panel import AFTER_THE_WRAPPER

FRAMES = 24
"""Of a beat that plays: some 40 ms each."""
PAUSE_MS, TICK_MS = 10, 25


@dataclass
class Recorded:
    """The frames of a beat that are there already.

    Attributes:
        heart, picture: what they belong to, see `HeartRequest`.
        shapes: surfaces by frame, of the heart.
        echoes: echo and record by frame, of the picture.
    """

    heart: tuple[Any, ...] = ()
    picture: tuple[Any, ...] = ()
    shapes: dict[int, Shapes] = field(default_factory=dict)
    echoes: dict[int, tuple[np.ndarray, dict[str, Any]]] = field(default_factory=dict)

    def keep_for(self, request: HeartRequest) -> None:
        """Forgets what belongs to another heart or plane."""
        if request.heart != self.heart:
            self.heart, self.shapes = request.heart, {}
        if request.picture != self.picture:
            self.picture, self.echoes = request.picture, {}

    def __contains__(self, frame: object) -> bool:
        return frame in self.shapes and frame in self.echoes

    @property
    def whole(self) -> bool:
        """Whether the beat can play at its own speed."""
        return len(self.shapes) == len(self.echoes) == FRAMES


class LiveHeart(VTKObservationMixin):
    """Follows parameters and the view that cuts, as long as it is told to; one for the application.

    Attributes:
        changed: is called when something else is shown, or could not be.
        record: of what is shown; None where nothing is.
        problem: why the last change could not be followed, '' where it was.
        redrawn: how many pictures were shown.
        phase: of what is shown, 0 to 1.
    """

    def __init__(self, engine: Engine, runner: JobRunner) -> None:
        super().__init__()
        self.changed = Signal()
        self.record: dict[str, Any] | None = None
        self.problem, self.redrawn, self.phase = "", 0, 0.0
        self._engine, self._main_runner = engine, runner
        self._runner = JobRunner(interval_ms=4)
        self._runner.changed.connect(self._on_end)
        self._parameters: Any = None
        self._view = ""
        self._plane = ""
        self._asked: HeartRequest | None = None
        self._shown: tuple[Any, ...] = ()
        self._turning = False
        self._recorded = Recorded()
        self._began = 0.0
        self._frame = 0
        self._pause = _timer(PAUSE_MS, self._redraw, single=True)
        self._clock = _timer(TICK_MS, self._tick)
        scene = slicer.mrmlScene
        self.addObserver(scene, scene.StartCloseEvent, lambda caller, event: self.follow(None))

    @property
    def busy(self) -> bool:
        """Whether a picture is being drawn, or is about to be."""
        return self._runner.busy or self._pause.isActive()

    @property
    def beating(self) -> bool:
        """Whether it plays."""
        return bool(self._clock.isActive())

    @property
    def view(self) -> str:
        """The standard view that the plane goes with; '' once it was moved by hand."""
        return self._view

    def follow(self, parameters: Any) -> None:
        """Follows a parameter node and the view that cuts; None ends it."""
        self.removeObservers(self._on_change)
        self.removeObservers(self._on_plane)
        if parameters is None:
            self.beat(False)
            self._pause.stop()
            self._runner.cancel()
        if parameters is None or parameters is not self._parameters:
            self._asked, self._recorded, self._shown = None, Recorded(), ()
        self._parameters = parameters
        if parameters is None:
            self.record, self._view = None, ""
            return
        node = parameters.parameterNode
        self.addObserver(node, "ModifiedEvent", self._on_change, priority=AFTER_THE_WRAPPER)
        plane = slice_node(CUT_VIEW)
        if plane is not None:
            self._plane = plane_text(plane_of_view(plane))
            self.addObserver(plane, "ModifiedEvent", self._on_plane)

    def request(self) -> HeartRequest:
        """What parameters and plane ask for."""
        chosen = self._parameters
        return HeartRequest(
            condition=chosen.heartCondition.value,
            seed=chosen.heartSeed,
            ejection_fraction=chosen.heartEjectionFraction / 100,
            lv_volume=chosen.heartVolume,
            wall=chosen.heartWall,
            view=self._view or HeartRequest.view,
            plane=None if self._view else self._plane or None,
            phases=(chosen.heartPhase / 100,),
            drawing=chosen.heartDrawing.value,
        )

    def aim(self, view: str) -> None:
        """Lays the plane where a standard view has it; there it stays, whatever heart is made, until it is moved."""
        self._view = view
        self._on_change()

    def take(self, request: HeartRequest, made: MadeHeart) -> None:
        """Shows a heart that was made, and follows from there on."""
        self._asked = request
        self._show(request, shapes_of(made.surfaces) if made.surfaces else None, made)

    def show_cut_again(self) -> None:
        """Takes out of the view that cuts what a chosen image has brought there: one slice lets no wheel move it."""
        if self.record is not None and slice_node(CUT_VIEW) is not None:
            self._turning = True
            try:
                show_cut(self.record)
                self._plane = plane_text(plane_of_view(slice_node(CUT_VIEW)))
            finally:
                self._turning = False

    def beat(self, on: bool) -> None:
        """Lets it beat; a first beat is as slow as its frames are drawn, then it has its own heart rate."""
        if not on:
            self._clock.stop()
        elif self._parameters is not None:
            self._frame = round(self.phase * FRAMES) % FRAMES
            self._began = time.monotonic()
            self._clock.start()
        self.changed()

    def _on_change(self, caller: Any = None, event: Any = None) -> None:
        if not slicer.mrmlScene.IsBatchProcessing():
            self._pause.start()

    def _on_plane(self, caller: Any = None, event: Any = None) -> None:
        """A slice view tells of more than its plane; and what is turned here is no user's wish."""
        if self._turning:
            return
        plane = plane_text(plane_of_view(caller))
        if plane != self._plane:
            self._plane, self._view = plane, ""
            self._on_change()

    def _redraw(self) -> None:
        if self._parameters is None or not self._engine.ready or self.beating or not self._there():
            return
        request = self.request()
        if request == self._asked:
            return
        if self._runner.busy or self._main_runner.busy:
            self._pause.start()
            return
        self._draw(request)

    def _draw(self, request: HeartRequest, frame: int | None = None) -> None:
        self._asked = request
        known = (request.heart, request.phases) == self._shown if frame is None else frame in self._recorded.shapes
        job = make_heart(self._engine.client, replace(request, surfaces=not known))
        self._runner.start(_("Live"), job, partial(self._arrived, request, frame))

    def _arrived(self, request: HeartRequest, frame: int | None, made: MadeHeart) -> None:
        if self._parameters is None:
            return
        shapes = shapes_of(made.surfaces) if made.surfaces else None
        if frame is not None and made.echo is not None:
            self._recorded.keep_for(self._at(frame))
            if (request.heart, request.picture) != (self._recorded.heart, self._recorded.picture):
                return
            if shapes is not None:
                self._recorded.shapes[frame] = shapes
            self._recorded.echoes[frame] = made.echo[0], made.record
            return
        self._show(request, shapes, made)

    def _show(self, request: HeartRequest, shapes: Shapes | None, made: MadeHeart) -> None:
        if made.echo is None:
            return
        if shapes is not None:
            show_shapes(slicer.mrmlScene, shapes)
        self._shown = request.heart, request.phases
        self._show_echo(made.echo[0], made.record)

    def _show_echo(self, echo: np.ndarray, record: dict[str, Any]) -> None:
        self.problem = ""
        self.record, self.phase = record, record["phases"][0]
        self._turning = True
        try:
            if self._view:
                show_cut(record)
                self._plane = plane_text(plane_of_view(slice_node(CUT_VIEW)))
            show_echo(slicer.mrmlScene, echo, record)
        finally:
            self._turning = False
        self.redrawn += 1
        self.changed()

    def _at(self, frame: int) -> HeartRequest:
        return replace(self.request(), phases=(frame / FRAMES,))

    def _tick(self) -> None:
        """Shows the frame that is due, or has the next one drawn."""
        if self._parameters is None or not self._engine.ready:
            self.beat(False)
            return
        recorded = self._recorded
        recorded.keep_for(self._at(0))
        if recorded.whole and self.record is not None:
            beats = (time.monotonic() - self._began) * self.record["heart_rate"] / 60
            due = int(beats * FRAMES) % FRAMES
        else:
            due = (self._frame + 1) % FRAMES
        if due in recorded:
            if due != self._frame or not recorded.whole:
                self._frame = due
                show_shapes(slicer.mrmlScene, recorded.shapes[due])
                self._shown = (self._at(due).heart, self._at(due).phases)
                self._show_echo(*recorded.echoes[due])
        elif not (self._runner.busy or self._main_runner.busy):
            self._draw(self._at(due), due)

    def _on_end(self) -> None:
        """What could not be drawn is told once, and is not asked for again until something else is."""
        if self._runner.busy or not self._runner.failed:
            return
        self.problem = self._runner.message
        self._main_runner.say(f"Live: {self._runner.log[-1]}")
        self._clock.stop()
        self.changed()

    def _there(self) -> bool:
        return ECHO in parts_of(slicer.mrmlScene)


def _timer(milliseconds: int, slot: Any, single: bool = False) -> Any:
    timer = qt.QTimer()
    timer.setInterval(milliseconds)
    timer.setSingleShot(single)
    timer.connect("timeout()", slot)
    return timer


@cache
def the_live_heart() -> LiveHeart:
    """The application's own: several widgets show what one draws."""
    return LiveHeart(the_engine(), the_runner())
