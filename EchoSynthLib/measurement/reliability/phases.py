"""Whether end-diastole and end-systole are what they are called."""

from __future__ import annotations

from collections.abc import Sequence

from EchoSynthLib.measurement.cavity import Cavity
from EchoSynthLib.measurement.cycle import Cycle, beyond_chance
from EchoSynthLib.measurement.frame import FrameMeasures
from EchoSynthLib.measurement.reliability.traffic_light import Finding

_SIZES = ("LV volume, discs", "LV area")
LARGER_ATRIUM = 1.25
"""Of the left atrium's area at end-diastole over that at end-systole, where it is fullest: 0.4 % of CAMUS exceed it."""


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
    """Frames of a beat that are smaller than its end-systole, or larger than its end-diastole, by more than chance."""
    sizes = {index: one.volume for index, one in enumerate(map(Cavity.of_frame, frames)) if one is not None}
    allowed = beyond_chance(cycle.smoothed, cycle.noise)
    found = []
    for number, (full, empty) in enumerate(cycle.beats):
        until = cycle.beats[number + 1][0].frame if number + 1 < len(cycle.beats) else len(frames) - 1
        since = cycle.beats[number - 1][1].frame if number else 0
        # A cine that only fills has its end-systole first.
        whole = full.frame < empty.frame
        emptying = range(since, empty.frame + 1) if whole else range(len(frames))
        filling = range(full.frame, until + 1) if whole else range(len(frames))
        largest = max((index for index in emptying if index in sizes), key=lambda index: sizes[index])
        smallest = min((index for index in filling if index in sizes), key=lambda index: sizes[index])
        for end, other, called, differs in (
            (full.frame, largest, "end-diastole", "larger"),
            (empty.frame, smallest, "end-systole", "smaller"),
        ):
            apart = abs(sizes[other] - sizes[end])
            if apart > allowed:
                reason = (
                    f"the cavity of frame {other} is {differs} than that of {called}, frame {end}, by "
                    f"{100 * apart / sizes[end]:.0f} %; look at both"
                )
                found.append(Finding("yellow", reason, "LV"))
    return found
