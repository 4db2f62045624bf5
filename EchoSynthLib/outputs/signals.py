"""A few steps that Ctrl-C and SIGTERM must not cut through."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any


@contextmanager
def uninterrupted() -> Iterator[None]:
    """Signals that would end the block wait until it has ended. Only the main thread is ever interrupted by one."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    waiting: list[int] = []
    ending: list[int] = [signal.SIGINT, signal.SIGTERM]

    def note(number: int, frame: FrameType | None) -> None:
        waiting.append(number)

    before: dict[int, Any] = {}
    try:
        for number in ending:
            handler = signal.getsignal(number)
            # None: the program around us has one that Python cannot give back.
            if handler not in (None, signal.SIG_IGN):
                before[number] = handler
                signal.signal(number, note)
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        for number in waiting:
            signal.raise_signal(number)
