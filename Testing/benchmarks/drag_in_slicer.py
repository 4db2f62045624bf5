"""Run inside Slicer by panel_in_slicer.py: a point of the endocardium is dragged, on a frame and on a cine."""

from __future__ import annotations

import statistics
import time
from typing import Any

import numpy as np
import qt
import slicer

import mouse
from EchoSynthMRML.curves import read_points
from EchoSynthPanels.application.registration import CINE, FRAME, load_cine, load_frame
from EchoSynthPanels.parameters import MeasureScope
from events import StallWatch, slice_point, spin, wait_until
from the_module import AllPanels, press_apply, unfold

MOVES = 12
_PIXELS = 2  # a move
_SETTLING = 0.25  # seconds; what a move changes has been drawn by then
_POINT = 4


def warming_up(module: Any) -> dict[str, Any]:
    """How long the window stands still while SciPy is loaded behind an opened section, and how long that takes."""
    panel = AllPanels()["Measure"]
    started = time.monotonic()
    with StallWatch() as watch:
        unfold(panel)
        wait_until(lambda: panel.warm_up.done, 60, "SciPy")
    return {"s": round(time.monotonic() - started, 2), "longest stand-still, ms": round(1000 * watch.longest)}


def drags(module: Any) -> dict[str, Any]:
    """Milliseconds from a mouse move to the numbers in table and chart, and to the end of all drawing that follows."""
    found = {}
    for name, load, all_frames in (("frame", load_frame, False), ("cine of 20 frames", load_cine, True)):
        slicer.mrmlScene.Clear(0)
        parameters = module.logic.getParameterNode()
        parameters.inputVolume, parameters.allFrames = load(CINE if all_frames else FRAME), all_frames
        press_apply(AllPanels()["Segment"])
        parameters.measureScope = MeasureScope.CINE if all_frames else MeasureScope.FRAME
        unfold(AllPanels()["Measure"])
        with StallWatch() as watch:
            press_apply(AllPanels()["Measure"])
        spin(1.0)
        still = {"longest stand-still of measuring it, ms": round(1000 * watch.longest)}
        found[name] = _drag(AllPanels()["Measure"]) | still
    return found


def _drag(panel: Any) -> dict[str, Any]:
    place = next(iter(panel.measured.places.values()))
    row, column = read_points(panel.nodes.handles, place.label_map.grid)[_POINT]
    matrix = np.reshape(place.label_map.grid.ijk_to_ras, (4, 4))
    view, x, y = slice_point("Red", (matrix @ (column, row, 0, 1))[:3])
    clock = _Clock(panel)
    mouse.move_to(view, x, y)
    window = view.window()
    _send(qt.QEvent.MouseButtonPress, view, x, y, window)
    for move in range(1, MOVES + 1):
        clock.start()
        _send(qt.QEvent.MouseMove, view, x + _PIXELS * move, y, window)
        spin(_SETTLING)
    _send(qt.QEvent.MouseButtonRelease, view, x + _PIXELS * MOVES, y, window)
    spin(_SETTLING)
    clock.stop()
    return {
        "moves": len(clock.numbers),
        "numbers, median, ms": round(statistics.median(clock.numbers)),
        "numbers, largest, ms": round(max(clock.numbers)),
        "numbers, of which computing, median, ms": round(statistics.median(clock.computing)),
        "drawn, median, ms": round(statistics.median(clock.drawn)),
        "drawn, largest, ms": round(max(clock.drawn)),
    }


def _send(kind: int, view: Any, x: float, y: float, window: Any) -> None:
    at = view.mapToGlobal(qt.QPoint(round(x), round(y)))
    held = 0 if kind == qt.QEvent.MouseButtonRelease else mouse.LEFT
    mouse._send(kind, at, 0 if kind == qt.QEvent.MouseMove else mouse.LEFT, held, 0, window)


class _Clock(qt.QObject):
    """Notes when the numbers of a move are there, and when view, charts and table have been drawn with them."""

    def __init__(self, panel: Any) -> None:
        qt.QObject.__init__(self)
        self.numbers: list[float] = []
        self.drawn: list[float] = []
        self.computing: list[float] = []
        self._began = self._told = self._seen = self._worked = 0.0
        self._panel = panel
        panel.curve.moved.connect(self._on_moved)
        layout = slicer.app.layoutManager()
        windows = [layout.sliceWidget("Red").sliceView().renderWindow()]
        windows += [layout.plotWidget(i).plotView().renderWindow() for i in range(layout.plotViewCount)]
        self._observers = [(window, window.AddObserver("EndEvent", self._on_drawn)) for window in windows]
        self._tables = [layout.tableWidget(i).tableView().viewport() for i in range(layout.tableViewCount)]
        for table in self._tables:
            table.installEventFilter(self)

    def start(self) -> None:
        """A move begins; the one before is over."""
        self._keep()
        self._began, self._told, self._seen = time.perf_counter(), 0.0, 0.0
        self._worked = time.thread_time()

    def stop(self) -> None:
        """No move comes any more."""
        self._keep()
        self._panel.curve.moved.disconnect(self._on_moved)
        for window, tag in self._observers:
            window.RemoveObserver(tag)
        for table in self._tables:
            table.removeEventFilter(self)

    def eventFilter(self, watched: Any, event: Any) -> bool:  # noqa: N802
        """Sees the table being drawn."""
        if event.type() == qt.QEvent.Paint:
            self._on_drawn()
        return False

    def _keep(self) -> None:
        if self._told:
            self.numbers.append(1000 * (self._told - self._began))
            self.drawn.append(1000 * (max(self._seen, self._told) - self._began))

    def _on_moved(self, endocardium: Any) -> None:
        if not self._told:
            self.computing.append(1000 * (time.thread_time() - self._worked))
        self._told = time.perf_counter()

    def _on_drawn(self, caller: Any = None, event: Any = None) -> None:
        self._seen = time.perf_counter()
