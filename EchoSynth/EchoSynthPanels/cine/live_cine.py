"""Live: both ends of the beat are drawn anew as the ejection fraction, the seed or the label map changes."""

from __future__ import annotations

from functools import cache
from typing import Any

import qt
import slicer
from slicer.i18n import tr as _
from slicer.util import VTKObservationMixin

from EchoSynthJobs.animate import Animated, preview
from EchoSynthLib.capabilities import capabilities
from EchoSynthLib.errors import EchoSynthError
from EchoSynthMRML.cines import cine_of
from EchoSynthPanels.application.chosen import image_of
from EchoSynthPanels.application.engine import Engine, the_engine, the_runner
from EchoSynthPanels.application.runner import JobRunner
from EchoSynthPanels.application.signal import Signal
from EchoSynthPanels.cine.cine_views import the_cine_views
from EchoSynthPanels.cine.requests import Start, request_of
from EchoSynthPanels.cine.texts import told_preview
from EchoSynthPanels.panel import AFTER_THE_WRAPPER
from EchoSynthPanels.synthesis.live import EDITS

PAUSE_MS = 20
"""One stroke tells of itself several times; this much quiet ends it."""


class LiveCine(VTKObservationMixin):
    """Follows parameters, label map and frame as long as it is told to, and Live is on; one for the application.

    Attributes:
        changed: is called with a line to show.
        record: of what was drawn last; None before.
        redrawn: how many previews were drawn.
        problem: why the last change could not be followed, '' where it was.
    """

    def __init__(self, engine: Engine, runner: JobRunner) -> None:
        super().__init__()
        self.changed = Signal()
        self.record: dict[str, Any] | None = None
        self.redrawn, self.problem = 0, ""
        self._engine, self._main_runner = engine, runner
        self._runner = JobRunner(interval_ms=4)
        self._runner.changed.connect(self._on_end)
        self._parameters: Any = None
        self._start = Start()
        self._asked: Any = None
        self._watched: tuple[Any, ...] = ()
        self._pause = qt.QTimer()
        self._pause.setSingleShot(True)
        self._pause.setInterval(PAUSE_MS)
        self._pause.connect("timeout()", self._redraw)
        scene = slicer.mrmlScene
        self.addObserver(scene, scene.StartCloseEvent, lambda caller, event: self.follow(None))

    @property
    def busy(self) -> bool:
        """Whether a preview is being drawn, or is about to be."""
        return self._runner.busy or bool(self._pause.isActive())

    def follow(self, parameters: Any) -> None:
        """Follows another parameter node; None ends it."""
        self.removeObservers(self._on_change)
        self._watched, self._asked = (), None
        self._parameters = parameters
        if parameters is None:
            self._pause.stop()
            self._runner.cancel()
            return
        node = parameters.parameterNode
        self.addObserver(node, "ModifiedEvent", self._on_change, priority=AFTER_THE_WRAPPER)
        self._on_change()

    def _on_change(self, caller: Any = None, event: Any = None) -> None:
        if self._parameters is None or slicer.mrmlScene.IsBatchProcessing():
            return
        self._watch()
        if self._parameters.cineLive:
            self._pause.start()
        else:
            self._asked = None

    def _watch(self) -> None:
        """Observes the edits of the label map and the steps of its cine."""
        label_map = self._parameters.labelMap if self._parameters.cineLive else None
        cine = None if label_map is None else cine_of(label_map)
        browser = None if cine is None else cine.browser
        if (label_map, browser) == self._watched:
            return
        for node in filter(None, self._watched):
            for edit in EDITS:
                if self.hasObserver(node, edit, self._on_change):
                    self.removeObserver(node, edit, self._on_change)
        self._watched = (label_map, browser)
        for edit in EDITS if label_map is not None else ():
            self.addObserver(label_map, edit, self._on_change)
        if browser is not None:
            self.addObserver(browser, "ModifiedEvent", self._on_change)

    def _redraw(self) -> None:
        if self._parameters is None or not self._parameters.cineLive or not self._engine.ready:
            return
        if not capabilities(self._parameters.cineModel).live:
            return
        if self._runner.busy or self._main_runner.busy:
            self._pause.start()
            return
        request = request_of(self._parameters).of_ends()
        asked = (request, self._start.state(self._parameters))
        if asked == self._asked:
            return
        self._asked = asked
        try:
            start = self._start.of(self._parameters)
        except EchoSynthError as error:
            self._tell(str(error))
            return
        if start is not None:
            self._runner.start(_("Live"), preview(self._engine.client, start, request), self._show)

    def _show(self, animated: Animated) -> None:
        if self._parameters is None or not self._parameters.cineLive:
            return
        the_cine_views().show_preview(animated, self._parameters.labelMap, image_of(self._parameters))
        self.record, self.problem = animated.record, ""
        self.redrawn += 1
        self.changed(told_preview(animated.record))

    def _on_end(self) -> None:
        if not self._runner.busy and self._runner.failed:
            self._main_runner.say(f"Live: {self._runner.log[-1]}")
            self._tell(self._runner.message)

    def _tell(self, problem: str) -> None:
        self.problem = problem
        self.changed(_("Live: {message}").format(message=problem))


@cache
def the_live_cine() -> LiveCine:
    """The application's own: several widgets show what one draws."""
    return LiveCine(the_engine(), the_runner())
