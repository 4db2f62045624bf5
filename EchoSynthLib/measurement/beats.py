"""The cycle of a cine from its cavities, which of its beats count, and what is told of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from EchoSynthLib.errors import InputError
from EchoSynthLib.measurement.cavity import Cavity, implausible
from EchoSynthLib.measurement.cycle import Cycle, find_cycle
from EchoSynthLib.types import Spacing

PHASES = ("ED", "ES")
EARLY = 0.2
"""Of the median time between beats, by which one comes earlier or later whose ejection fraction stands for no other's:
it fills for another time (Lang et al. 2015 average over beats of a regular rhythm)."""

_TOLD = 12  # numbers of frames that a warning lists


def cycle_of(cavities: Sequence[Cavity | None], shown: Sequence[bool], frame_time: float | None) -> Cycle:
    """The cycle of a cine from the cavity of each frame.

    Args:
        cavities: None where there is none.
        shown: whether anything is labeled in a frame; others take no part, as they are black at the end of a clip.
        frame_time: milliseconds from frame to frame, or None.

    Raises:
        InputError: fewer than two frames have a left ventricle.
    """
    numbers = [index for index, one in enumerate(shown) if one]
    if len(numbers) < len(PHASES):
        raise InputError(
            f"End-diastole and end-systole need two frames that show something; {len(numbers)} of {len(shown)} do. "
            "Give a longer clip, or measure a single frame."
        )
    of_shown = [cavities[index] for index in numbers]
    sizes = [0.0 if one is None else one.volume for one in of_shown]
    broken = implausible(of_shown)
    return find_cycle(sizes, frame_time, [index in broken for index in range(len(sizes))]).among(numbers, len(shown))


def cycle_of_label_maps(
    label_maps: NDArray[np.uint8] | Sequence[NDArray[np.uint8]],
    frame_time: float | None = None,
    spacing: Spacing | None = None,
) -> Cycle:
    """The cycle of a cine from label maps (T, H, W) in CAMUS codes; for the others see `cycle_of`."""
    cavities = [Cavity.of_labels(labels, spacing) for labels in label_maps]
    return cycle_of(cavities, [bool(labels.any()) for labels in label_maps], frame_time)


def regular(cycle: Cycle) -> list[int]:
    """The numbers of the beats, from 0, that come when they are due; all where half of them or more do not.

    How full a heart is at end-diastole hangs on the time before it, so that of each beat counts; of the first, the time
    after it.
    """
    beats = range(len(cycle.beats))
    begins = np.array([full.frame for full, _ in cycle.beats])
    if len(begins) < 4:
        return list(beats)
    between = np.diff(begins)
    usual = float(np.median(between))
    due = [abs(between[max(0, beat - 1)] / usual - 1) <= EARLY for beat in beats]
    return [beat for beat in beats if due[beat]] if 2 * sum(due) > len(due) else list(beats)


def told_of_cycle(cycle: Cycle, ratios: Sequence[Mapping[str, float]]) -> dict[str, Any]:
    """What a record tells of a cycle, JSON-able.

    Args:
        ratios: of each beat, by name, 0 to 1.
    """
    counted = regular(cycle)
    beats = [
        {phase: vars(end) for phase, end in zip(PHASES, ends, strict=True)}
        | {name: 100 * value for name, value in own.items()}
        | {"regular": number in counted}
        for number, (ends, own) in enumerate(zip(cycle.beats, ratios, strict=True))
    ]
    time, period = cycle.frame_time, cycle.period
    return {
        "ED": vars(cycle.diastole),
        "ES": vars(cycle.systole),
        "frame_time_ms": time,
        "frame_time_source": "assumed" if cycle.assumed else "given",
        "period_ms": None if period is None or cycle.assumed else period * time,
        "heart_rate": None if period is None or cycle.assumed else 60_000 / (period * time),
        "beats": beats,
        "spread": spread([ratios[number] for number in counted]),
        "left_out_frames": list(cycle.left_out),
    }


def spread(ratios: Sequence[Mapping[str, float]]) -> dict[str, float]:
    """Standard deviation over beats of each ratio that all have, in percent; empty for a single beat."""
    if len(ratios) < 2:
        return {}
    names = [name for name in ratios[0] if all(name in one for one in ratios)]
    return {name: 100 * float(np.std([one[name] for one in ratios], ddof=1)) for name in names}


def doubts_of_cycle(cycle: Cycle, missing: Sequence[int], why: Mapping[int, str]) -> tuple[str, ...]:
    """What a user should know of which frames and beats count.

    Args:
        missing: numbers of the frames in which nothing is labeled.
        why: of frames whose ventricle is implausible, what is wrong, see `cavity.implausible`.
    """
    told = []
    if missing:
        frames, show, take = ("frame", "shows", "takes") if len(missing) == 1 else ("frames", "show", "take")
        told.append(
            f"{frames} {_listed(missing)} (counted from 0) {show} nothing and {take} no part in cycle and ejection "
            "fraction"
        )
    out = [index for index in cycle.left_out if index in why]
    if out:
        reasons = "; ".join(f"frame {index}: {why[index]}" for index in out[:3]) + ("; ..." if len(out) > 3 else "")
        told.append(
            f"{_frames(out)} left out of the cycle, for the ventricle cannot be what it seems there ({reasons})"
        )
    others = [index for index in cycle.left_out if index not in why]
    if others:
        told.append(
            f"{_frames(others)} left out of the cycle, for neighbors and other beats contradict the cavity there"
        )
    counted = regular(cycle)
    early = [number + 1 for number in range(len(cycle.beats)) if number not in counted]
    if early:
        beats = "beat" if len(early) == 1 else "beats"
        told.append(f"{beats} {_listed(early)} came early or late and {'is' if len(early) == 1 else 'are'} kept apart")
    return tuple(told)


def _frames(numbers: Sequence[int]) -> str:
    frames, were = ("frame", "was") if len(numbers) == 1 else ("frames", "were")
    return f"{frames} {_listed(numbers)} (counted from 0) {were}"


def _listed(numbers: Sequence[int]) -> str:
    return ", ".join(map(str, numbers[:_TOLD])) + (", ..." if len(numbers) > _TOLD else "")
