"""Whether end-diastole and end-systole are what they are called."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from EchoSynthLib.measurement.cycle import Cycle, EndPoint
from EchoSynthLib.measurement.frame import FrameMeasures
from EchoSynthLib.measurement.traffic_light import Finding

_SIZES = ("LV volume, discs", "LV area")
LARGER_ATRIUM = 1.25
"""Of the left atrium's area at end-diastole over that at end-systole, where it is fullest: 0.4 % of CAMUS exceed it."""

_BEYOND_NOISE, _BEYOND_RANGE = 3.0, 0.03  # of the curve's noise and range: what may be chance


def is_exchanged(diastole: FrameMeasures, systole: FrameMeasures) -> bool:
    """Whether the ventricle is larger at end-systole than at end-diastole, in volume or in area."""
    return any(
        systole.values[name] > diastole.values[name]
        for name in _SIZES
        if name in systole.values and name in diastole.values
    )


def exchange_findings(diastole: FrameMeasures, systole: FrameMeasures, where: str) -> list[Finding]:
    """What speaks for the two phases of one view being exchanged."""
    if is_exchanged(diastole, systole):
        return [exchanged(where)]
    atria = [frame.values.get("LA area", 0.0) for frame in (diastole, systole)]
    if atria[1] and atria[0] > LARGER_ATRIUM * atria[1]:
        reason = f"{where}: the left atrium is larger at ED than at ES, where it is fullest; exchanged?"
        return [Finding("yellow", reason, "LA")]
    return []


def exchanged(where: str) -> Finding:
    """The finding about phases that are the wrong way round."""
    return Finding("red", f"{where}: ES is larger than ED; exchanged? No ejection fraction is given", "LV")


def missed_ends(frames: Sequence[FrameMeasures], cycle: Cycle) -> list[Finding]:
    """Frames of a cine that are smaller than its end-systole, or larger than its end-diastole, by more than noise."""
    found = []
    allowed = max(
        _BEYOND_NOISE * cycle.noise, _BEYOND_RANGE * float(np.ptp(cycle.smoothed[np.isfinite(cycle.smoothed)]))
    )
    for ends, called, larger in ((0, "end-diastole", True), (1, "end-systole", False)):
        end = max if larger else min
        told = end((beat[ends] for beat in cycle.beats), key=lambda point: _area(frames, point))
        sizes = {index: frame.values["LV area"] for index, frame in enumerate(frames) if "LV area" in frame.values}
        farthest = end(sizes, key=lambda index: sizes[index])
        at_end = _area(frames, told)
        if abs(sizes[farthest] - at_end) > allowed:
            reason = (
                f"the cavity of frame {farthest} is {'larger' if larger else 'smaller'} than that of {called}, frame "
                f"{told.frame}, by {100 * abs(sizes[farthest] / at_end - 1):.0f} %: one of both is drawn wrong"
            )
            found.append(Finding("yellow", reason, "LV"))
    return found


def _area(frames: Sequence[FrameMeasures], point: EndPoint) -> float:
    return frames[point.frame].values["LV area"]
