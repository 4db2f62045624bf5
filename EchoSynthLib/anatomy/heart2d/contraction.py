"""Contraction of the left ventricle: the cavity of a label map takes a volume, by the method of discs."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray

from EchoSynthLib.anatomy.discs import Discs, ventricular_axis
from EchoSynthLib.anatomy.heart2d.reshaping import AREA_FACTORS, resize_cavity
from EchoSynthLib.anatomy.labels import SMALLEST_SIDE, check_label_map
from EchoSynthLib.anatomy.structures import CamusCode
from EchoSynthLib.arguments import real_number
from EchoSynthLib.errors import InputError
from EchoSynthLib.types import Spacing

EJECTION_FRACTIONS = (-1.0, 0.8)
"""What can be asked for: at -1 the cavity's volume doubles, at 0.8 a fifth of it is left."""

_CLOSE_ENOUGH = 1e-3  # of the given volume
_TOO_FAR = 0.02  # of the given volume; only cavities of few pixels come to lie in between


def contract(label_map: ArrayLike, ejection_fraction: float, spacing: Spacing | None = None) -> NDArray[np.uint8]:
    """The label map after this fraction of the left ventricle's volume has left the cavity.

    The cavity's single-plane volume (see `disc_volume`), along the long axis of the given map, becomes
    V' = (1 - EF) * V; `resize_cavity` moves the endocardium, and the area that it takes is found by bisection. The
    outer wall, the mitral plane and the left atrium stay in place.

    Args:
        label_map: (H, W) in CAMUS codes with a cavity and a myocardium.
        ejection_fraction: -1 to 0.8; positive contracts, negative dilates, 0 gives the map itself.
        spacing: (row, column) pixel size, where pixels are not square.

    Returns:
        (H, W) uint8; its volume is the asked-for one to within 0.1 % of the given volume, or 2 % where a pixel is worth
        more than that.

    Raises:
        InputError: see `check_label_map`; also no cavity or wall, an ejection fraction out of range, or one that this
            heart cannot take: a wall too thin to dilate into, or a cavity too small to empty so far.
    """
    labels = check_label_map(label_map)
    _check_ejection_fraction(ejection_fraction)
    around = _box(labels)
    resize_cavity(labels[around], 1.0, spacing)  # says what is missing where there is no ventricle
    if ejection_fraction == 0:
        return labels
    labels[around] = _resized_to_volume(labels[around], 1 - ejection_fraction, spacing)
    return labels


def _resized_to_volume(labels: NDArray[np.uint8], share: float, spacing: Spacing | None) -> NDArray[np.uint8]:
    """The map with the smallest cavity, in pixels, that holds this share of the volume."""
    cavity = labels == CamusCode.LV_CAVITY
    discs, area = Discs.along(cavity, ventricular_axis(labels, spacing)), int(cavity.sum())
    volume = discs.volume(cavity)
    limits = (math.ceil(AREA_FACTORS[0] * area), area) if share < 1 else (area, math.floor(AREA_FACTORS[1] * area))
    too_small, enough = limits[0] - 1, limits[1] + 1
    best, reached = labels, math.inf
    while enough - too_small > 1:
        pixels = (too_small + enough) // 2
        resized = _resized(labels, pixels / area, spacing)
        found = math.inf if resized is None else discs.volume(resized == CamusCode.LV_CAVITY) / volume
        if resized is not None and abs(found - share) < abs(reached - share):
            best, reached = resized, found
        if abs(found - share) <= _CLOSE_ENOUGH:
            return best
        too_small, enough = (pixels, enough) if found < share else (too_small, pixels)
    _check_reached(reached, share)
    return best


def _resized(labels: NDArray[np.uint8], factor: float, spacing: Spacing | None) -> NDArray[np.uint8] | None:
    """The map with another cavity; None where the wall is too thin for it, the one thing left to go wrong."""
    try:
        return resize_cavity(labels, factor, spacing)
    except InputError:
        return None


def _check_reached(reached: float, share: float) -> None:
    if abs(reached - share) <= _TOO_FAR:
        return
    asked = f"An ejection fraction of {1 - share:.2f} (a cavity of {share:.2f} times its volume) cannot be met: "
    if share > 1:
        limit = f"the wall is too thin; the lowest here is {1 - reached:.2f} ({reached:.2f} times)."
    else:
        limit = f"the cavity is too small; the highest here is {1 - reached:.2f} ({reached:.2f} times)."
    raise InputError(asked + limit)


def _check_ejection_fraction(value: float) -> None:
    low, high = EJECTION_FRACTIONS
    if not low <= real_number(value) <= high:
        raise InputError(
            f"The ejection fraction lies between {low:g} (twice the volume) and {high:g}; given was {value!r}."
        )


def _box(labels: NDArray[np.uint8]) -> tuple[slice, slice]:
    """Everything labeled and some pixels around it: what lies farther away is not needed and costs time."""
    sides = []
    for axis in (1, 0):
        marked = np.flatnonzero(labels.any(axis=axis))
        sides.append(slice(max(0, int(marked[0]) - SMALLEST_SIDE), int(marked[-1]) + SMALLEST_SIDE))
    return sides[0], sides[1]
