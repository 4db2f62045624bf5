"""Loads what measuring needs, which takes SciPy a second or two, before the first measurement asks for it."""

from __future__ import annotations

import threading
from functools import cache

import qt

_TURN_MS = 15
_SHARE_SECONDS = 0.005


class WarmUp:
    """Measures a small parametric heart in a thread; nothing comes of it but that all is loaded.

    Slicer's event loop keeps Python's lock while it waits, so that the thread only gets on while a timer hands the lock
    over, a few milliseconds in each turn.
    """

    def __init__(self) -> None:
        self._thread: threading.Thread | None = None
        self._timer = qt.QTimer()
        self._timer.setInterval(_TURN_MS)
        self._timer.connect("timeout()", self._turn)

    @property
    def done(self) -> bool:
        """Whether all is loaded."""
        return self._thread is not None and not self._thread.is_alive()

    def start(self) -> None:
        """Begins, the first time that it is called."""
        if self._thread is None:
            # Nothing waits for it when Slicer quits.
            self._thread = threading.Thread(target=_measure_a_heart, daemon=True)
            self._thread.start()
            self._timer.start()

    def _turn(self) -> None:
        if self._thread is not None:
            self._thread.join(_SHARE_SECONDS)
        if self.done:
            self._timer.stop()


@cache
def _measure_a_heart() -> None:
    from EchoSynthLib.anatomy import parametric_heart
    from EchoSynthLib.measurement import measure_frame, study_of_cine, with_points

    heart, emptied = (parametric_heart(phase=phase, shape=(64, 78)) for phase in (0.0, 1.0))
    frame = measure_frame(heart.label_map, heart.spacing)
    if frame.endocardium is not None:
        contour = with_points(frame.endocardium, frame.endocardium.points, heart.spacing)
        frame = measure_frame(heart.label_map, heart.spacing, contour=contour)
    # Enough frames that their areas are smoothed.
    systole = measure_frame(emptied.label_map, emptied.spacing)
    study_of_cine([frame, frame, systole, systole, frame, frame])
