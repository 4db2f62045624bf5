"""Letting Slicer's event loop turn, and watching whether it does."""

from __future__ import annotations

import time
from collections.abc import Callable
from types import TracebackType
from typing import Any

import qt
import slicer

_POLL = 0.02


def spin(seconds: float = 0.0) -> None:
    """Lets the event loop turn for a while, as it does between two acts of a user; what is due happens in any case."""
    loop, timer = qt.QEventLoop(), qt.QTimer()
    timer.setSingleShot(True)
    timer.connect("timeout()", loop, "quit()")
    timer.start(int(1000 * seconds))
    loop.exec_()
    # What was handed to deleteLater() from here would otherwise live on until the runner itself returns.
    slicer.app.sendPostedEvents(None, qt.QEvent.DeferredDelete)


def wait_until(condition: Callable[[], Any], seconds: float = 10.0, what: str = "a condition") -> Any:
    """Lets the event loop turn until the condition is true, and returns what it gave.

    Raises:
        AssertionError: it was not true in time; the message names `what`.
    """
    until = time.monotonic() + seconds
    while not (value := condition()):
        if time.monotonic() > until:
            raise AssertionError(f"waited {seconds:g} s in vain for {what}")
        spin(_POLL)
    return value


def open_dialogs() -> list[Any]:
    """The modal dialogs and menus that are open."""
    found = (slicer.app.activePopupWidget(), slicer.app.activeModalWidget())
    return [widget for widget in found if widget is not None]


class StallWatch:
    """Measures how long the event loop stood still, so that a user would have seen a frozen window.

    with StallWatch() as watch:
        watch.part("segment")
        click(panel.ui.segmentButton)
        wait_until(...)
    assert watch.longest < 0.1, watch

    Time that the test itself spends between acts counts, too: do within only what is to be measured.

    Attributes:
        gaps: (seconds, part) of every interval between two turns of the event loop that was above 20 ms, longest first.
    """

    _INTERVAL_MS = 5
    _NOTED = 0.02

    def __init__(self) -> None:
        self.gaps: list[tuple[float, str]] = []
        self._part = "start"
        self._timer = qt.QTimer()
        self._timer.setTimerType(qt.Qt.PreciseTimer)
        self._timer.setInterval(self._INTERVAL_MS)
        self._timer.connect("timeout()", self._turn)

    def part(self, name: str) -> None:
        """Names what comes next, for the report."""
        self._part = name

    @property
    def longest(self) -> float:
        """Seconds of the longest interval; 0 where none was worth noting."""
        return self.gaps[0][0] if self.gaps else 0.0

    def _turn(self) -> None:
        now = time.monotonic()
        if now - self._last > self._NOTED:
            self.gaps.append((now - self._last, self._part))
        self._last = now

    def __enter__(self) -> StallWatch:
        spin()
        self._last = time.monotonic()
        self._timer.start()
        return self

    def __exit__(self, kind: type | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._timer.stop()
        self._turn()
        self.gaps.sort(reverse=True)

    def __str__(self) -> str:
        gaps = ", ".join(f"{1000 * seconds:.0f} ms in '{part}'" for seconds, part in self.gaps[:5])
        return f"the event loop stood still for {gaps}" if gaps else "the event loop never stood still"
