"""How speckle ages: by milliseconds, not by frames, and so that a cine that is played in a loop does not jump."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

White = NDArray[np.float32]


@dataclass(frozen=True)
class Aging:
    """Of one tissue's speckle.

    Attributes:
        time_ms: after which what does not last is alike by 1 / e.
        lasting: part of its variance that stays with the tissue.
    """

    time_ms: float
    lasting: float

    def alike(self, ms: float) -> float:
        """Correlation of speckle with itself so many milliseconds later."""
        return self.lasting + (1 - self.lasting) * float(np.exp(-ms / self.time_ms))


def aged(
    own: White, aging: Aging, times_ms: NDArray[np.float64], start: int, rng: np.random.Generator
) -> Iterator[tuple[int, White]]:
    """White noise of each frame, from the given one on and around: (frame, noise as large as `own`).

    An Ornstein-Uhlenbeck process that is `own` at the given frame and comes back to it once the cine is over: a bridge,
    drawn step by step from the values before it and at its end.

    Args:
        own: white noise of the given frame.
        times_ms: (T,) of the frames.
        start: number of the given frame.
        rng: of what is new.
    """
    frames = len(times_ms)
    lasting, passing = np.sqrt(aging.lasting, dtype=np.float32), np.sqrt(1 - aging.lasting, dtype=np.float32)
    fresh = rng.standard_normal(own.shape, dtype=np.float32)
    # Two independent parts, whose sum is the frame's own.
    stays = lasting * own + passing * fresh
    end = passing * own - lasting * fresh
    step = (times_ms[-1] - times_ms[0]) / max(frames - 1, 1)
    whole = max(times_ms[-1] - times_ms[0] + step, 1e-6)
    order = [(start + k) % frames for k in range(frames)]
    since = [(times_ms[t] - times_ms[start]) % whole for t in order]
    now = end
    for k, t in enumerate(order):
        if k:
            now = _bridge(now, end, since[k] - since[k - 1], whole - since[k], aging.time_ms, rng)
        yield t, lasting * stays + passing * now


def _bridge(now: White, end: White, passed: float, left: float, time_ms: float, rng: np.random.Generator) -> White:
    """The process after some time, given what it is now and will be at the end."""
    a, b = np.exp(-passed / time_ms), np.exp(-left / time_ms)
    scale = 1 - a**2 * b**2
    spread = np.sqrt((1 - a**2) * (1 - b**2) / scale)
    new = rng.standard_normal(now.shape, dtype=np.float32)
    return (
        np.float32(a * (1 - b**2) / scale) * now + np.float32(b * (1 - a**2) / scale) * end + np.float32(spread) * new
    )
