"""The label tables: CAMUS codes, the five classes that condition the generator, and the same per view."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray

from EchoSynthLib.anatomy.structures import LEFT_ATRIUM, LEFT_VENTRICLE, MYOCARDIUM, STRUCTURES, CamusCode
from EchoSynthLib.anatomy.views import VIEWS, taken_view
from EchoSynthLib.arguments import real_number
from EchoSynthLib.array_like import as_array, as_mask
from EchoSynthLib.errors import InputError
from EchoSynthLib.types import Spacing

CAMUS = {"other": CamusCode.BACKGROUND} | {s.name: s.camus_code for s in STRUCTURES if s.camus_code is not None}
"""Name to value in CAMUS label maps (Leclerc et al., IEEE TMI 2019)."""

CONDITIONING = {
    "outside sector": 0,
    LEFT_VENTRICLE.name: 1,
    "unlabeled tissue": 2,
    MYOCARDIUM.name: 3,
    LEFT_ATRIUM.name: 4,
}
"""Name to value in conditioning maps (Stojanovski et al., ASMUS 2023)."""

CONDITIONING_OFFSET = {
    view.name: view.class_block * len(CONDITIONING) for view in VIEWS if view.class_block is not None
}
"""What a view adds to the conditioning codes where the map itself tells the view (ten classes)."""

SMALLEST_PIXEL_MM, LARGEST_PIXEL_MM = 1e-6, 1e6
"""Beyond, a spacing is a mistake, and areas and squares of lengths leave the range of numbers."""

SMALLEST_SIDE = 8
"""Label maps with fewer rows or columns than this show no anatomy."""

_CONDITIONING_OF_CAMUS = np.array([CONDITIONING["unlabeled tissue"], 1, 3, 4], dtype=np.uint8)
_CAMUS_OF_CONDITIONING = np.array([0, 1, 0, 2, 3], dtype=np.uint8)


def check_label_map(array: ArrayLike) -> NDArray[np.uint8]:
    """A label map (H, W) in CAMUS codes as uint8, or an error that says what is wrong with it.

    Args:
        array: any boolean, integer or float array that holds the whole numbers 0 to 3.

    Raises:
        InputError: not two-dimensional, smaller than 8 x 8, not numbers, NaN or infinite, not whole numbers,
            values other than the CAMUS codes (they are named), or nothing labeled at all.
    """
    values = as_array(array, "A label map")
    _check_grid(values, "label map")
    _check_whole_numbers(values)
    _check_codes(values, CAMUS, "CAMUS label map")
    if not values.any():
        raise InputError(
            "The label map is empty: every pixel is 0. Label at least the left ventricle (1), the myocardium (2) "
            "or the left atrium (3)."
        )
    return values.astype(np.uint8)


def conditioning_map(label_map: ArrayLike, sector_mask: ArrayLike, view: str | None = None) -> NDArray[np.uint8]:
    """The map (H, W) that conditions a generator: structures, unlabeled tissue and the outside of the sector.

    Args:
        label_map: (H, W) in CAMUS codes; what lies outside the sector is not drawn.
        sector_mask: (H, W), nonzero inside the ultrasound sector.
        view: None for the five classes of `CONDITIONING`; a view's name for the ten classes, where 4CH takes 0-4 and
            2CH takes 5-9.

    Raises:
        InputError: see `check_label_map`; also where the shapes differ or the sector is empty.
    """
    labels = check_label_map(label_map)
    sector = check_sector_mask(sector_mask, labels.shape)
    classes = np.where(sector, _CONDITIONING_OF_CAMUS[labels], np.uint8(CONDITIONING["outside sector"]))
    offset = 0 if view is None else CONDITIONING_OFFSET[taken_view(view, "synthesis").name]
    return classes + np.uint8(offset)


def camus_map(conditioning: ArrayLike) -> tuple[NDArray[np.uint8], NDArray[np.bool_]]:
    """Label map (H, W) in CAMUS codes and sector mask (H, W) of a conditioning map of five or ten classes.

    Raises:
        InputError: not two-dimensional, too small, or values other than 0 to 9.
    """
    values = as_array(conditioning, "A conditioning map")
    _check_grid(values, "conditioning map")
    _check_whole_numbers(values)
    _check_codes(values, {str(code): code for code in range(2 * len(CONDITIONING))}, "conditioning map")
    classes = values.astype(np.uint8) % len(CONDITIONING)
    return _CAMUS_OF_CONDITIONING[classes], classes != CONDITIONING["outside sector"]


def check_sector_mask(sector_mask: ArrayLike, shape: tuple[int, ...]) -> NDArray[np.bool_]:
    """The sector mask as booleans on the grid of a label map of this shape.

    Raises:
        InputError: it has another shape or marks no pixel.
    """
    sector = as_mask(sector_mask, "A sector mask")
    if sector.shape != tuple(shape):
        raise InputError(
            f"A sector mask lies on the label map's grid {tuple(shape)}; given was one of shape {sector.shape}."
        )
    if not sector.any():
        raise InputError("The sector mask is empty: no pixel lies inside the sector. Mark the sector with 1.")
    return sector


def _check_grid(values: NDArray[np.generic], what: str) -> None:
    if values.ndim != 2:
        raise InputError(
            f"A {what} has two dimensions (rows, columns); given was an array of shape {values.shape}. Give one frame."
        )
    if min(values.shape) < SMALLEST_SIDE:
        raise InputError(
            f"A {what} needs at least {SMALLEST_SIDE} x {SMALLEST_SIDE} pixels; given were "
            f"{values.shape[0]} x {values.shape[1]}."
        )


def _check_whole_numbers(values: NDArray[np.generic]) -> None:
    if values.dtype.kind not in "buif":
        raise InputError(f"Labels are whole numbers; given was an array of type {values.dtype}.")
    if values.dtype.kind != "f":
        return
    numbers = values.astype(np.float64)
    if not np.isfinite(numbers).all():
        raise InputError("Labels are whole numbers; given was an array with NaN or infinite values.")
    fractions = numbers[numbers != np.rint(numbers)]
    if fractions.size:
        example = fractions[0]
        raise InputError(
            f"Labels are whole numbers; given was an array with fractions such as {example:.4g}. "
            "Resample label maps with nearest neighbor, and do not rescale them."
        )


def _check_codes(values: NDArray[np.generic], table: dict[str, int], what: str) -> None:
    codes = set(table.values())
    # Sorting out all values is slow, and a label map is checked at each move of a point that is dragged.
    if values.dtype.kind in "bu" and codes == set(range(len(codes))) and values.max() < len(codes):
        return
    unknown = sorted(set(np.unique(values).tolist()) - codes)
    if unknown:
        shown = ", ".join(f"{code:g}" for code in unknown[:8]) + (", ..." if len(unknown) > 8 else "")
        known = ", ".join(f"{code} {name}" if name != str(code) else name for name, code in table.items())
        raise InputError(f"Unknown values in the {what}: {shown}. Known are: {known}.")


def check_spacing(spacing: Spacing | None) -> Spacing | None:
    """A spacing, (row, column) in mm, as two floats; None stays None.

    Raises:
        InputError: it is neither None nor two positive numbers, or one that no picture's pixels have.
    """
    if spacing is None:
        return None
    try:
        row, column = map(real_number, spacing)
    except (TypeError, ValueError):
        row = column = math.nan
    if not (row > 0 and column > 0):
        raise InputError(
            f"spacing is (row, column) in millimeters, two positive numbers, or None; given was {spacing!r:.120}."
        )
    if not all(SMALLEST_PIXEL_MM <= side <= LARGEST_PIXEL_MM for side in (row, column)):
        raise InputError(
            f"Pixels are {SMALLEST_PIXEL_MM:g} to {LARGEST_PIXEL_MM:g} mm wide; given was spacing {(row, column)}. "
            "Give millimeters, or None."
        )
    return row, column
