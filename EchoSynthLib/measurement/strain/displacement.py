"""How far the wall moves, and how fast: along the ventricle's long axis and across it."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from EchoSynthLib.measurement.strain.curves import as_list
from EchoSynthLib.measurement.strain.wall import EDGES

Values = NDArray[np.float64]

_WINDOW = 5  # frames whose parabola tells a speed


@dataclass(frozen=True, eq=False)
class Displacement:
    """Since end-diastole, in mm or pixels; speeds in cm/s or pixels a second, None without a frame time.

    The long axis is that of end-diastole, from the middle of the mitral plane to the apex, and stays in place.

    Attributes:
        annular: (T, 2) of the left and the right mitral hinge in the image, along the long axis, towards the apex.
        longitudinal: (T, 6) mean of each segment's endocardium, along the long axis, towards the apex.
        transverse: (T, 6) the same, across the long axis and towards it.
        annular_speed, longitudinal_speed, transverse_speed: their slopes over time.
    """

    annular: Values
    longitudinal: Values
    transverse: Values
    annular_speed: Values | None = None
    longitudinal_speed: Values | None = None
    transverse_speed: Values | None = None

    @classmethod
    def of(
        cls, endocardium: Values, end_diastole: int, step: Values, frame_time: float | None, known_size: bool
    ) -> Displacement:
        """Of the endocardium (T, 97, 2) in pixels.

        Args:
            end_diastole: frame number.
            step: (row, column) pixel size in mm, or ones.
            frame_time: milliseconds.
            known_size: whether `step` is in mm.
        """
        rest = endocardium[end_diastole] * step
        moved = endocardium * step - rest
        base = (rest[0] + rest[-1]) / 2
        along = rest[len(rest) // 2] - base
        along = along / np.linalg.norm(along)
        across = np.array([along[1], -along[0]])
        inwards = -np.sign((rest - base) @ across)[:, None] * across
        up = moved @ along
        in_ = np.einsum("tni,ni->tn", moved, inwards)
        parts = (up[:, [0, -1]], _means(up), _means(in_))
        if frame_time is None or len(moved) < 2:
            return cls(*parts)
        # A pixel's worth is no length: without a size the speed stays in pixels a second.
        scale = 1000 / frame_time / (10 if known_size else 1)
        return cls(*parts, *(scale * _slope(part) for part in parts))

    def to_record(self) -> dict[str, Any]:
        """JSON-able, a list over the frames for each column."""
        found = {name: value for name, value in vars(self).items() if value is not None}
        return {name: [as_list(column) for column in value.T] for name, value in found.items()}


def _means(values: Values) -> Values:
    """(T, 6) of values (T, 97) at the points of a contour; a point between two segments counts in both."""
    return np.stack([values[:, first : last + 1].mean(axis=1) for first, last in pairwise(EDGES)], 1)


def _slope(values: Values) -> Values:
    """Change (T, k) from frame to frame, of parabolas over five frames; of differences where there are fewer frames.

    (Savitzky and Golay, Anal Chem 36:1627-1639, 1964.)
    """
    from scipy.signal import savgol_filter

    frames, known = np.arange(len(values)), np.all(np.isfinite(values), axis=1)
    # What was not tracked lies between its neighbors, and has no speed of its own.
    filled = np.stack([np.interp(frames, frames[known], column[known]) for column in values.T], axis=1)
    if len(values) < _WINDOW:
        slope = np.gradient(filled, axis=0)
    else:
        slope = savgol_filter(filled, _WINDOW, polyorder=2, deriv=1, axis=0, mode="interp")
    slope[~known] = np.nan
    return np.asarray(slope)
