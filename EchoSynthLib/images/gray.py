"""Any picture as 8-bit gray levels, by one stated rule."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from EchoSynthLib.array_like import as_array
from EchoSynthLib.errors import InputError

MINIMUM_SIDE = 8
LUMA = np.array([0.299, 0.587, 0.114], dtype=np.float32)  # ITU-R BT.601, what 8-bit video and JPEG mean by brightness
# Cubic and windowed-sinc resampling goes beyond the range of its input, by some 20 % of it at sharp edges.
_OVERSHOOT = 0.25
_ALMOST = 1e-3  # of a gray level: what float arithmetic adds to whole numbers

_DARK, _GRAY = 20, 0.9  # gray levels that show nothing; how much of a color picture of ultrasound is gray
JOINED = "the three slices are alike and were taken for the red, green and blue of one picture"


def are_colors(values: NDArray) -> bool:
    """Whether (3, H, W) uint8 are the red, green and blue of one picture, and no frames.

    Who saves a color picture without saying so gets three slices that are gray alike; of a cine, speckle makes each
    another.
    """
    if values.ndim != 3 or len(values) != 3 or values.dtype != np.uint8:
        return False
    shown = values.max(axis=0) > _DARK
    alike = (values[0] == values[1]) & (values[1] == values[2])
    return bool(shown.any() and alike[shown].mean() >= _GRAY)


def to_gray8(array: ArrayLike, full_range: int | None = None) -> NDArray[np.uint8]:
    """One image as 8-bit gray levels.

    The rule, in this order:
        bool: 0 and 255.
        8-bit: as it is. So are whole numbers within 0..255 of every other dtype, but floats within 0..1.
        float within 0..1: times 255.
        what goes beyond 0..1 (float) or 0..255 by no more than a quarter, as resampling does: the same, and clipped.
            Float with fractions that stays in the lower half of 0..255 is on a scale of its own, see the last line.
        wider integers: over the full range of their dtype (or 0..`full_range`) where the brightest pixel uses its upper
            half.
        all others (decibels, z-scores, logarithms, counts): from the smallest to the largest value.
        a uniform image that none of these fits: its value clipped to 0..255.
        color: the same scaling for all channels, then luma (BT.601); alpha, which has a scale of its own, is composed
            over black.
    Integers are never stretched within 0..255: a mask of 0 and 1 is black, and `has_contrast` tells so.

    Args:
        array: (H, W), (H, W, 1), (H, W, 3) or (H, W, 4); bool, integer or float.
        full_range: the largest value that a wider integer can mean, for instance 4095 for 12 stored bits.

    Returns:
        (H, W) uint8.

    Raises:
        InputError: wrong number of dimensions, smaller than 8 x 8, empty, NaN or infinite, not a real number, or
            transparent all over.
    """
    values = as_array(array, "An image")
    if values.ndim != 2 and not (values.ndim == 3 and values.shape[-1] in (1, 3, 4)):
        raise InputError(
            f"An image is (rows, columns), or with 3 or 4 color channels last; given was shape {values.shape}."
        )
    return _gray(values, values.ndim == 3, full_range)


def cine_to_gray8(array: ArrayLike, full_range: int | None = None) -> NDArray[np.uint8]:
    """A cine as 8-bit gray levels, by the rule of `to_gray8` with one scaling for all frames.

    Args:
        array: (T, H, W), (T, H, W, 1), (T, H, W, 3) or (T, H, W, 4).
        full_range: as in `to_gray8`.

    Returns:
        (T, H, W) uint8.

    Raises:
        InputError: as in `to_gray8`.
    """
    values = as_array(array, "A cine")
    if values.ndim != 3 and not (values.ndim == 4 and values.shape[-1] in (1, 3, 4)):
        raise InputError(
            f"A cine is (frames, rows, columns), or with 3 or 4 color channels last; given was shape {values.shape}."
        )
    return _gray(values, values.ndim == 4, full_range)


def frames_to_gray8(image: ArrayLike) -> NDArray[np.uint8]:
    """(T, H, W) gray levels of a cine, or of a frame alone.

    Raises:
        InputError: it is neither.
    """
    values = as_array(image, "An image")
    colored = values.ndim == 3 and values.shape[-1] in (1, 3, 4)
    return cine_to_gray8(values) if values.ndim > 3 or (values.ndim == 3 and not colored) else to_gray8(values)[None]


def _gray(values: NDArray, color: bool, full_range: int | None) -> NDArray[np.uint8]:
    rows, columns = values.shape[-3:-1] if color else values.shape[-2:]
    if values.size == 0 or min(rows, columns) < MINIMUM_SIDE:
        raise InputError(
            f"An image of {rows} x {columns} pixels was given; "
            f"at least {MINIMUM_SIDE} x {MINIMUM_SIDE} are needed to show a heart."
        )
    if values.dtype.kind not in "biuf":
        remedy = " Take the magnitude first, and its logarithm." if values.dtype.kind == "c" else ""
        raise InputError(f"An image holds real numbers; given was an array of type {values.dtype}.{remedy}")
    if not color:
        return _scaled(values, full_range)
    luma = _luma(_scaled(values[..., :3], full_range))
    return luma if values.shape[-1] < 4 else np.rint(luma * _opacity(values[..., 3])).astype(np.uint8)


def _scaled(values: NDArray, full_range: int | None) -> NDArray[np.uint8]:
    if values.dtype.kind == "b":
        return values.astype(np.uint8) * np.uint8(255)
    if values.dtype == np.uint8:
        return values
    low, high = _float_range(values) if values.dtype.kind == "f" else _integer_range(values, full_range)
    if (low, high) == (0.0, 255.0):
        return np.rint(values).clip(0, 255).astype(np.uint8)
    if low == high:
        return np.full(values.shape, round(min(max(low, 0.0), 255.0)), dtype=np.uint8)
    return _stretched(values, low, high)


def _integer_range(values: NDArray, full_range: int | None) -> tuple[float, float]:
    low, high = int(values.min()), int(values.max())
    top = full_range or int(np.iinfo(values.dtype).max)
    if _is_on_scale(low, high, 255.0):
        return 0.0, 255.0
    if low >= 0 and top / 2 < high <= top:
        return 0.0, float(top)
    return float(low), float(high)


def _float_range(values: NDArray) -> tuple[float, float]:
    low, high = float(values.min()), float(values.max())
    if not (np.isfinite(low) and np.isfinite(high)):
        count = int(np.count_nonzero(~np.isfinite(values)))
        raise InputError(
            f"The image holds {count} pixels that are NaN or infinite; "
            f"replace them by what is black in it (its smallest value) first."
        )
    if _is_on_scale(low, high, 1.0):
        return 0.0, 1.0
    if _is_on_scale(low, high, 255.0) and (high >= 127.5 or _is_whole(values, low)):
        return 0.0, 255.0
    if high - low <= 1e-6 * max(abs(low), abs(high)):  # what float arithmetic leaves of a uniform image
        return low, low
    return low, high


def _is_on_scale(low: float, high: float, top: float) -> bool:
    """Whether values from `low` to `high` are of a scale 0..`top`, some of them pushed beyond it by resampling."""
    return low >= -_OVERSHOOT * top and 0 <= high <= (1 + _OVERSHOOT) * top


def _is_whole(values: NDArray, low: float) -> bool:
    return low >= -_ALMOST and bool((np.abs(values - np.rint(values)) <= _ALMOST).all())


def _stretched(values: NDArray, low: float, high: float) -> NDArray[np.uint8]:
    # Dividing by the magnitude first keeps high - low finite for values near the largest float.
    magnitude = max(abs(low), abs(high))
    low, high = low / magnitude, high / magnitude
    unit = (values / np.float64(magnitude) - low) / (high - low)
    return np.rint(unit.clip(0, 1) * 255).astype(np.uint8)


def _luma(levels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    if levels.shape[-1] == 1:
        return levels[..., 0]
    return np.rint(levels.astype(np.float32) @ LUMA).clip(0, 255).astype(np.uint8)


def _opacity(alpha: NDArray) -> NDArray[np.float32]:
    """0 transparent to 1 opaque; alpha is stored over 0..1, 0..255 or the full range of its integers."""
    low, high = float(alpha.min()), float(alpha.max())
    if not (np.isfinite(low) and high > 0):
        raise InputError("The image is transparent all over: its alpha is 0 everywhere; save it without alpha.")
    top = 1.0 if high <= 1 else 255.0 if high <= 255 or alpha.dtype.kind == "f" else float(np.iinfo(alpha.dtype).max)
    return (alpha / top).clip(0, 1).astype(np.float32)
