"""A beat played anew: at another heart rate and frame rate, from another phase, with less of its ejection (numpy).

A heart that empties by 70 % passes all sizes on its way, so that its frames also show it emptying by less: it turns
back earlier. So the same heart is seen with many ejection fractions, which nothing but its motion gives away.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from EchoSynthLib.regression.ejection_fraction.clips import Beats
from EchoSynthLib.regression.ejection_fraction.windows import Sampling, to_and_fro

HEART_RATES = (45.0, 120.0)
FRAME_RATES = (8.0, 60.0)
SYSTOLES = (0.27, 0.5)
"""Share of the beat at which the cavity is smallest."""
LEAST_FRACTION = 0.08
_OWN = 0.35  # share of the plays that eject as much as the beat does
_SHORT = 0.25  # that are of a cine shorter than a window, played to and fro
_PAIRS = 0.12  # of both ends of a beat alone
_SHORTEST = 0.8  # beats that a short cine holds at least


@dataclass(frozen=True)
class Play:
    """What is shown of a beat.

    Attributes:
        places: (T,) between its frames, from 0 up to `count`, which is its first frame again.
        fraction: that is ejected, from 0 to 1.
    """

    places: NDArray[np.float64]
    fraction: float


def drawn_play(beats: Beats, index: int, sampling: Sampling, rng: np.random.Generator) -> Play:
    """One play of beat number `index`, by chance."""
    curve = Curve(beats, index)
    whole = curve.fraction
    fraction = whole if rng.random() < _OWN else rng.uniform(min(LEAST_FRACTION, whole), whole)
    if rng.random() < _PAIRS:
        return Play(curve.places(sampling.ends()[0] * curve.systole, fraction), fraction)
    beat_ms = 60_000 / rng.uniform(*HEART_RATES)
    frame_ms = 1000 / np.exp(rng.uniform(*np.log(FRAME_RATES)))
    systole = rng.uniform(*SYSTOLES)
    times = sampling.step_ms * np.arange(sampling.frames)
    if rng.random() < _SHORT:
        count = max(3, round(rng.uniform(_SHORTEST, 1.5) * beat_ms / frame_ms))
        shown = np.rint(to_and_fro(times / frame_ms, count)) * frame_ms
    else:
        shown = np.rint(times / frame_ms) * frame_ms
    phase = np.mod(shown / beat_ms + rng.random(), 1.0)
    own = np.interp(phase, (0, systole, 1), (0, curve.systole, 1))
    return Play(curve.places(own, fraction), fraction)


class Curve:
    """How a beat empties and fills again.

    Attributes:
        fraction: that it ejects.
        systole: phase at which it is smallest.
    """

    def __init__(self, beats: Beats, index: int) -> None:
        count = int(beats.count[index])
        self.phase = np.append(beats.phase[index, :count], 1.0)
        volume = np.append(beats.volume[index, :count], 1.0)
        self.fraction = float(beats.fraction[index])
        self.smallest = int(volume.argmin())
        self.systole = float(self.phase[self.smallest])
        falling = np.minimum.accumulate(volume[: self.smallest + 1])
        rising = np.maximum.accumulate(volume[self.smallest :])
        self.volume = np.concatenate([falling, rising[1:]])

    def places(self, phase: NDArray[np.float64], fraction: float) -> NDArray[np.float64]:
        """(T,) between frames, at these phases of a beat that ejects `fraction` of what it holds."""
        own = np.interp(phase, self.phase, np.arange(len(self.phase)))
        if fraction >= self.fraction:
            return own
        wanted = 1 - fraction / self.fraction * (1 - np.interp(phase, self.phase, self.volume))
        numbers = np.arange(len(self.volume), dtype=np.float64)
        turn = self.smallest
        # Volumes fall, and `interp` wants what rises.
        falling = np.interp(-wanted, -self.volume[: turn + 1], numbers[: turn + 1])
        rising = np.interp(wanted, self.volume[turn:], numbers[turn:])
        return np.where(phase <= self.systole, falling, rising)
