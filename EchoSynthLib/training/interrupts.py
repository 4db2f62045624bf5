"""Ctrl-C and SIGTERM, as Slurm sends it, end a training between two iterations, where its state can be saved."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType, TracebackType
from typing import Any

SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Interrupts:
    """While its block runs, an interrupt waits for the end of what must not be cut in two.

    With `shared`, for processes that have to stop after the same iteration, an interrupt only sets `told`. Otherwise
    one that comes inside `whole` raises KeyboardInterrupt at its end; a second one, or one elsewhere, at once.
    """

    def __init__(self, shared: bool = False) -> None:
        self.shared = shared
        self.told = False
        self._inside = False
        self._before: dict[signal.Signals, Any] = {}

    def __enter__(self) -> Interrupts:
        # Only the main thread hears signals, and what a program was told to ignore, as with nohup, stays ignored.
        if threading.current_thread() is threading.main_thread():
            for number in SIGNALS:
                # None: the program around us has a handler that Python cannot give back.
                if signal.getsignal(number) not in (None, signal.SIG_IGN):
                    self._before[number] = signal.signal(number, self._hear)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    @contextmanager
    def whole(self) -> Iterator[None]:
        """What must not be cut in two."""
        self._inside = True
        try:
            yield
        finally:
            self._inside = False
        if self.told and not self.shared:
            raise KeyboardInterrupt

    def _hear(self, number: int, frame: FrameType | None) -> None:
        waits = self.shared or (self._inside and not self.told)
        self.told = True
        if not waits:
            raise KeyboardInterrupt
