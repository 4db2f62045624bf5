"""What a reader of strain has to know: frame rate, pixel size, phases."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from EchoSynthLib.measurement.strain.beat import Beat
from EchoSynthLib.types import Spacing

LEAST_FRAMES_A_SECOND = 30.0
"""Below, peaks fall between frames; the usual of speckle tracking are 40 to 80 (Voigt et al. 2015)."""
_LARGER = 1.05  # area over that at end-diastole, from which another frame is rather end-diastole


def doubts_of(
    area: NDArray[np.float64], beat: Beat, spacing: Spacing | None, frame_time: float | None, *, has_wall: bool
) -> list[str]:
    """Sentences for the user; none where nothing is missing.

    Args:
        area: (T,) of the cavity within the moved contour.
        beat: that strain is told of.
        spacing: (row, column) in mm, or None.
        frame_time: milliseconds, or None.
        has_wall: whether the label map has a wall.
    """
    told = []
    if spacing is None:
        told.append(
            "the pixel size is not known: pixels are taken for square, displacement is in pixels; of a stretched "
            "picture strain is wrong"
        )
    if not has_wall:
        told.append("the label map has no wall beside most of the endocardium: no midwall and no radial strain")
    return [*told, *_of_time(len(area), frame_time), *_of_phases(area, beat)]


def _of_time(frames: int, frame_time: float | None) -> list[str]:
    if frames == 2:
        return ["two frames: strain from one to the other; what lies between, such as a peak, is not seen"]
    if frame_time is None:
        return [
            "the frame time is not known: no speeds and no time to peak; below "
            f"{LEAST_FRAMES_A_SECOND:g} frames a second peaks would be underestimated, too"
        ]
    rate = 1000 / frame_time
    if rate >= LEAST_FRAMES_A_SECOND:
        return []
    return [
        f"{rate:.3g} frames a second are few (from {LEAST_FRAMES_A_SECOND:g} on they suffice): peak strain and peak "
        f"speed fall between frames and are underestimated, times are {frame_time / 2:.3g} ms off"
    ]


def _of_phases(area: NDArray[np.float64], beat: Beat) -> list[str]:
    told = []
    full, empty = area[beat.end_diastole], area[beat.end_systole]
    largest = int(np.nanargmax(area))
    if area[largest] > _LARGER * full:
        told.append(
            f"the cavity is {100 * (area[largest] / full - 1):.0f} % larger in frame {largest} than in frame "
            f"{beat.end_diastole}, which is taken for end-diastole: track from there"
        )
    if empty > full:
        told.append(
            f"the cavity is larger in frame {beat.end_systole}, taken for end-systole, than in frame "
            f"{beat.end_diastole}, taken for end-diastole; are they exchanged?"
        )
    if beat.runs_backwards:
        told.append(
            "end-systole comes before end-diastole: the cine shows a filling, of which there is no time to peak"
        )
    return told
