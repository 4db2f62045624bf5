"""A study's measurements with their intervals: each from the doubts of the frames that it comes from."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from EchoSynthLib.measurement.beats import PHASES, regular
from EchoSynthLib.measurement.cavity import Cavity
from EchoSynthLib.measurement.cycle import Cycle
from EchoSynthLib.measurement.frame import FrameMeasures
from EchoSynthLib.measurement.quantities import Measurement
from EchoSynthLib.measurement.reliability.intervals import FRACTIONS, interval

_FEWEST = 6  # frames, by whose trembling a cine tells how well its volumes repeat


def with_intervals(
    table: Sequence[Measurement],
    frames: Mapping[str, FrameMeasures],
    cycle: Cycle | None = None,
    repeated: float = 0.0,
) -> list[Measurement]:
    """The measurements, each with what it truly lies between, where that is known.

    Args:
        table: of a study.
        frames: its frames by place.
        cycle: of a cine.
        repeated: standard deviation of the logarithm of the ratios that fractions of the cine leave, see `repeat_of`.
    """
    return [_bounded(entry, frames, cycle, repeated) for entry in table]


def repeat_of(cavities: Sequence[Cavity | None], cycle: Cycle, ratios: Sequence[Mapping[str, float]]) -> float:
    """How well a cine repeats its ejection fraction: standard deviation of the logarithm of ESV / EDV.

    Of several beats the standard error of their mean; of one, what the volumes of neighboring frames differ by that
    should be alike: the median second difference, of which a volume's own error is 1 / sqrt(6), and a ratio has two.
    0 where there are too few frames to tell.
    """
    left = [1 - ratios[number]["EF, discs"] for number in regular(cycle) if "EF, discs" in ratios[number]]
    if len(left) > 1 and min(left) > 0:
        return float(np.std(np.log(left), ddof=1) / math.sqrt(len(left)))
    sizes = [math.log(one.volume) for one in cavities if one is not None]
    if len(sizes) < _FEWEST:
        return 0.0
    trembling = 1.4826 * float(np.median(np.abs(np.diff(sizes, 2)))) / math.sqrt(6)
    return math.sqrt(2) * trembling


def _bounded(
    entry: Measurement, frames: Mapping[str, FrameMeasures], cycle: Cycle | None, repeated: float
) -> Measurement:
    fraction = entry.name in FRACTIONS
    own = [frames[place].values for place in _places(entry.where, frames, cycle)]
    share = 0.01 if fraction else 1.0
    found = interval(entry.name, entry.value * share, own, repeated if fraction and entry.where == "cine" else 0.0)
    return entry if found is None else replace(entry, low=found[0] / share, high=found[1] / share)


def _places(where: str, frames: Mapping[str, FrameMeasures], cycle: Cycle | None) -> list[str]:
    """Where the frames are that a measurement at a place comes from."""
    if where in frames:
        return [where]
    if cycle is None:
        # '4CH', '2CH + 4CH' or '2CH + 4CH ED': all frames whose view and phase are named, or whose phase none is.
        words = where.split()
        phased = any(phase in words for phase in PHASES)
        return [
            place
            for place in frames
            if (view_phase := place.split()) and view_phase[0] in words and (not phased or view_phase[-1] in words)
        ]
    kind, _, number = where.partition(" ")
    chosen = [cycle.beats[int(number) - 1]] if kind == "beat" else [cycle.beats[beat] for beat in regular(cycle)]
    ends = [
        end
        for beat in chosen
        for phase, end in zip(PHASES, beat, strict=True)
        if number not in PHASES or phase == number
    ]
    return [f"frame {end.frame}" for end in ends]
