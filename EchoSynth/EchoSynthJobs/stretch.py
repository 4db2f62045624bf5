"""Which frames of a cine are tracked: from one end of a beat, or the shown frame, to another or all."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from EchoSynthJobs.job import Job, Report
from EchoSynthLib.errors import InputError
from EchoSynthLib.measurement.beats import cycle_of_label_maps
from EchoSynthMRML.cines import Cine, cine_of, frame_time_of
from EchoSynthMRML.label_maps import read_label_map
from EchoSynthMRML.phases import PHASES, phases_of, stamp_phases

SHOWN, ALL = "shown", "all"
"""Beside the names of the phases: the frame that is shown, and all frames."""
_NAMES = {"ED": "End-diastole", "ES": "End-systole"}


@dataclass(frozen=True)
class Stretch:
    """Consecutive frames of a cine.

    Attributes:
        reference: number of the frame whose points are followed.
        first, last: numbers of the outermost frames.
    """

    reference: int
    first: int
    last: int

    def __len__(self) -> int:
        return self.last - self.first + 1

    @classmethod
    def of(cls, start: str, end: str, phases: Mapping[str, Sequence[int]], shown: int, count: int) -> Stretch:
        """The frames from a start ('ED', 'ES', SHOWN) to an end (these, or ALL) in a cine of so many.

        Of several beats the first is taken, of the ends the first one after the start, else the last before it.

        Raises:
            InputError: a phase is not known, or both are one frame.
        """
        reference = shown if start == SHOWN else _frames(start, phases)[0]
        if end == ALL:
            if count < 2:
                raise InputError("The cine has a single frame, so nothing moves in it. Open a cine.")
            return cls(reference, 0, count - 1)
        if start != SHOWN and end not in (SHOWN, start):
            # Of a cine that begins in systole, the first start may have no end after it.
            reference = next((one for one in _frames(start, phases) if one < _frames(end, phases)[-1]), reference)
        ends = [shown] if end == SHOWN else _frames(end, phases)
        target = next((one for one in ends if one > reference), ends[-1])
        if target == reference:
            raise InputError(f"From frame {reference} to frame {target} nothing moves; choose another end.")
        return cls(reference, min(reference, target), max(reference, target))


def find_phases(cine: Cine, label_map: Any) -> Job[dict[str, list[int]]]:
    """The frames of the phases of a cine; where they are not known, from the label maps of its frames, and kept.

    They stay unknown where the label maps tell no cycle, or there is no label map of each frame.
    """
    known, maps = phases_of(cine), cine_of(label_map) if label_map is not None else None
    if all(known.values()) or maps is None or len(maps) != len(cine):
        return known
    codes = []
    for index, node in enumerate(maps):
        codes.append(read_label_map(node).codes)
        yield Report(index + 1, len(maps), f"looking for end-diastole, frame {index + 1} of {len(maps)}")
    try:
        beats = cycle_of_label_maps(codes, frame_time_of(cine)).beats
    except InputError:
        return known
    stamp_phases(cine, {phase: [beat[number].frame for beat in beats] for number, phase in enumerate(PHASES)})
    return phases_of(cine)


def _frames(phase: str, phases: Mapping[str, Sequence[int]]) -> Sequence[int]:
    if not phases.get(phase):
        raise InputError(
            f"{_NAMES[phase]} was not found in the cine. Measure the whole cine first, or start from the shown frame."
        )
    return phases[phase]
