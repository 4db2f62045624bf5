"""Where in a cine the heartbeat lies whose strain is told."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from EchoSynthLib.errors import InputError
from EchoSynthLib.measurement.cycle import find_cycle

_FRAMES_OF_A_BEAT = 5  # fewer have no second end-diastole
_EMPTYING = 0.5  # of what the cavity gains before end-diastole, that it loses after it where a systole is seen there


@dataclass(frozen=True)
class Beat:
    """Frames of a beat, from 0.

    Attributes:
        end_diastole: whose lengths are the reference of strain.
        end_systole: of the smallest cavity, unless it was given.
        end: the next end-diastole, or the frame after the last.
    """

    end_diastole: int
    end_systole: int
    end: int

    @property
    def systole(self) -> slice:
        """From end-diastole to end-systole, both in it; also of a cine that runs from end-systole to end-diastole."""
        first, last = sorted((self.end_diastole, self.end_systole))
        return slice(first, last + 1)

    @property
    def whole(self) -> slice:
        """Of the frames of the beat that the cine has."""
        return slice(min(self.end_diastole, self.end_systole), self.end)

    @property
    def runs_backwards(self) -> bool:
        """Whether end-systole comes first, so that what is seen is a filling."""
        return self.end_systole < self.end_diastole


def beat_of(
    areas: NDArray[np.float64],
    end_diastole: int,
    end_systole: int | None = None,
    frame_time: float | None = None,
) -> Beat:
    """The beat that begins at end-diastole.

    Args:
        areas: (T,) of the cavity within the moved contour; NaN where it is not known.
        end_diastole: frame number.
        end_systole: frame number; None looks for the smallest cavity until the next end-diastole, or before it, where
            hardly any emptying follows: in a cine that runs from end-systole to end-diastole.
        frame_time: milliseconds from frame to frame, where they are known.

    Raises:
        InputError: a frame number that there is not, both the same, or no frame whose contour is known but one.
    """
    _check_frame("end-diastole", end_diastole, areas)
    end = _next_end_diastole(areas, end_diastole, frame_time)
    if end_systole is not None:
        _check_frame("end-systole", end_systole, areas)
        if end_systole == end_diastole:
            raise InputError(f"End-diastole and end-systole are two frames; given was frame {end_systole} for both.")
        return Beat(end_diastole, int(end_systole), max(end, end_systole + 1))
    emptiest = [
        first + int(np.nanargmin(areas[first:last]))
        for first, last in ((end_diastole + 1, end), (0, end_diastole))
        if np.isfinite(areas[first:last]).any()
    ]
    if not emptiest:
        raise InputError("Strain needs end-diastole and one more frame; the contour is known in one alone.")
    lost = areas[end_diastole] - areas[emptiest]
    systole = emptiest[-1] if lost[0] < _EMPTYING * lost[-1] else emptiest[0]
    return Beat(end_diastole, systole, end)


def _next_end_diastole(areas: NDArray[np.float64], end_diastole: int, frame_time: float | None) -> int:
    """Of the beats that the areas show, the first end-diastole behind the first end-systole; else the cine's end."""
    rest = areas[end_diastole:]
    if np.isfinite(rest).sum() < _FRAMES_OF_A_BEAT or np.ptp(rest[np.isfinite(rest)]) == 0:
        return len(areas)
    beats = find_cycle(rest, frame_time).beats
    emptied = min(systole.frame for _, systole in beats)
    following = [diastole.frame for diastole, _ in beats if diastole.frame > emptied]
    return end_diastole + min(following) if following else len(areas)


def _check_frame(name: str, number: Any, areas: NDArray[np.float64]) -> None:
    whole = isinstance(number, int | np.integer) and not isinstance(number, bool)
    if not whole or not 0 <= number < len(areas):
        raise InputError(f"The frame of {name} is a number from 0 to {len(areas) - 1}; given was {number!r}.")
    if not np.isfinite(areas[number]):
        raise InputError(f"Frame {number}, given as {name}, was not tracked; give one whose displacement is known.")
