"""Progress of a part as progress of the whole, and a bar for the terminal. Standard library only."""

from __future__ import annotations

import shutil
import sys
import time
from types import TracebackType
from typing import Self, TextIO

from EchoSynthLib.types import Progress


def part(progress: Progress, index: int, count: int, label: str = "", width: int = 1) -> Progress:
    """What reports the steps of one part of the work as steps of the whole.

    Args:
        progress: told of the whole.
        index, count: the part begins where `index` of `count` equal parts are done, ...
        width: ... and is as long as so many of them.
        label: stands before each message.
    """

    def told(done: int, total: int, message: str = "") -> None:
        steps = max(total, 1)
        progress(index * steps + width * done, count * steps, ": ".join(filter(None, (label, message))))

    return told


def silent(done: int, total: int, message: str = "") -> None:
    """Tells nobody."""


class TerminalProgress:
    """Shows progress(done, total, message): a bar on a terminal, a line every few seconds elsewhere.

    with TerminalProgress() as progress:
        progress(3, 8, "step 3")
    """

    def __init__(self, stream: TextIO | None = None, seconds_between_lines: float = 5.0) -> None:
        self._stream = stream if stream is not None else sys.stderr
        self._is_terminal = self._stream.isatty()
        self._pause = 0.1 if self._is_terminal else seconds_between_lines
        self._started = self._shown = time.monotonic()
        self._drawn = False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._drawn:
            self._draw("")
            self._stream.write("\r")
            self._stream.flush()

    def __call__(self, done: int, total: int, message: str = "") -> None:
        """Shows a step, `done` of `total`, unless the last one was shown just now."""
        now = time.monotonic()
        # The first second shows nothing: what is done by then needs no bar.
        if now - self._shown < self._pause or now - self._started < min(1.0, self._pause * 10):
            return
        self._shown = now
        share = min(max(done / total, 0.0), 1.0) if total > 0 else 0.0
        text = f"{share:4.0%}  {on_one_line(message)}  {self._remaining(share, now)}".rstrip()
        if self._is_terminal:
            self._draw(f"[{'#' * round(24 * share):<24}] {text}")
            self._drawn = True
        else:
            self._stream.write(text.strip() + "\n")
        self._stream.flush()

    def _draw(self, line: str) -> None:
        # Padded with blanks, since not every terminal knows the code that clears a line.
        width = shutil.get_terminal_size().columns - 1
        self._stream.write("\r" + line[:width].ljust(width))

    def _remaining(self, share: float, now: float) -> str:
        if share <= 0 or share >= 1:
            return ""
        return clock((now - self._started) * (1 - share) / share) + " left"


def clock(seconds: float) -> str:
    """Seconds as 0:07, 12:34 or 1:02:03."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def on_one_line(text: str) -> str:
    """A text for one line of a terminal: without line breaks, and without what would steer it or it cannot show."""
    words = " ".join(text.split())
    return "".join(one if one.isprintable() else one.encode("unicode_escape").decode("ascii") for one in words)
