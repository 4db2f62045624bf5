"""End-diastole and end-systole of a cine, from the area of the left ventricle over time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from EchoSynthLib.errors import InputError

_WINDOWS = (5, 9)  # frames that are smoothed together, at least and at most
_FRAMES_A_WINDOW = 6  # of a cine's frames, those that one window takes: one sixth of them
_OUTLIER = 0.25  # of the curve's range that a frame may stand off from its neighbours


@dataclass(frozen=True)
class EndPoint:
    """One end of the cycle.

    Attributes:
        frame: its number, from 0.
        first, last: frames around it that cannot be told from it by the area.
    """

    frame: int
    first: int
    last: int


@dataclass(frozen=True, eq=False)
class Cycle:
    """Where a cine is fullest and emptiest.

    Attributes:
        diastole, systole: end-diastole and end-systole.
        smoothed: (T,) the area curve that told them.
        noise: standard deviation of the frames about it, in its unit.
    """

    diastole: EndPoint
    systole: EndPoint
    smoothed: NDArray[np.float64]
    noise: float


def find_cycle(areas: ArrayLike) -> Cycle:
    """End-diastole, the largest, and end-systole, the smallest cavity of a cine.

    Frames without a cavity and lone outliers are replaced by their neighbours, then the curve is smoothed with a
    parabola over up to nine frames (Savitzky and Golay, Anal Chem 36:1627-1639, 1964); fewer than five frames are taken
    as they are. Frames within the noise of an extremum are told with it.

    Args:
        areas: (T,) area of the LV cavity in each frame; 0 or NaN where none was found.

    Raises:
        InputError: fewer than two frames have a cavity.
    """
    values = np.asarray(areas, dtype=np.float64)
    known = np.isfinite(values) & (values > 0)
    if known.sum() < 2:
        raise InputError(
            f"End-diastole and end-systole need a left ventricle in two frames or more; {int(known.sum())} of "
            f"{len(values)} have one."
        )
    frames = np.arange(len(values))
    filled = np.interp(frames, frames[known], values[known])
    smoothed = _smooth(_without_outliers(filled))
    noise = float(np.std((filled - smoothed)[known]))
    # A frame that was filled in has no measurements of its own.
    judged = np.where(known, smoothed, np.nan)
    full, empty = int(np.nanargmax(judged)), int(np.nanargmin(judged))
    return Cycle(
        EndPoint(full, *_alike(smoothed >= smoothed[full] - noise, full)),
        EndPoint(empty, *_alike(smoothed <= smoothed[empty] + noise, empty)),
        smoothed,
        noise,
    )


def _without_outliers(values: NDArray[np.float64]) -> NDArray[np.float64]:
    from scipy.ndimage import median_filter

    if len(values) < _WINDOWS[0]:
        return values
    neighbours = median_filter(values, _WINDOWS[0], mode="nearest")
    return np.where(np.abs(values - neighbours) > _OUTLIER * np.ptp(neighbours), neighbours, values)


def _smooth(values: NDArray[np.float64]) -> NDArray[np.float64]:
    from scipy.signal import savgol_filter

    shortest, longest = _WINDOWS
    if len(values) < shortest:
        return values
    window = int(np.clip(len(values) // _FRAMES_A_WINDOW, shortest, longest)) | 1
    return np.asarray(savgol_filter(values, window, polyorder=2, mode="interp"))


def _alike(near: Sequence[bool] | NDArray[np.bool_], frame: int) -> tuple[int, int]:
    """First and last of the unbroken run of marked frames around `frame`."""
    first = last = frame
    while first > 0 and near[first - 1]:
        first -= 1
    while last + 1 < len(near) and near[last + 1]:
        last += 1
    return first, last
