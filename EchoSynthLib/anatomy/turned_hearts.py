"""Label maps that are stored upside down or on their side, told by where the left atrium lies."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from EchoSynthLib.anatomy.structures import LEFT_ATRIUM, LEFT_VENTRICLE, Structure

# In 1800 apical frames of CAMUS the atrium lies 19 degrees to the left to 34 to the right of straight below.
_UPRIGHT, _UPSIDE_DOWN = 60.0, 120.0


def atrium_side(label_map: NDArray[np.uint8]) -> str | None:
    """Where the left atrium lies, seen from the left ventricle: 'below', 'above' or 'beside'.

    Args:
        label_map: (H, W), or (T, H, W), in CAMUS codes.

    Returns:
        None where one of the two is not labelled.
    """
    ventricle, atrium = (_center(label_map, structure) for structure in (LEFT_VENTRICLE, LEFT_ATRIUM))
    if ventricle is None or atrium is None:
        return None
    down, right = atrium - ventricle
    angle = abs(math.degrees(math.atan2(right, down)))
    return "below" if angle < _UPRIGHT else "above" if angle > _UPSIDE_DOWN else "beside"


def warning_if_heart_turned(label_map: NDArray[np.uint8]) -> str | None:
    """What to tell a user whose label map (H, W), or (T, H, W), seems to be turned; None where it is not, or unknown.

    Seen from the apex the left atrium lies below the left ventricle; without one of them nothing can be told.
    """
    side = atrium_side(label_map)
    if side in (None, "below"):
        return None
    seems = "is upside down" if side == "above" else "lies on its side"
    return f"the left atrium lies {side} the left ventricle: the label map seems to be turned, it {seems}"


def _center(label_map: NDArray[np.uint8], structure: Structure) -> NDArray[np.float64] | None:
    """(row, column) of the middle of a structure in all frames; None where there is nothing of it."""
    found = (label_map == structure.camus_code).reshape(-1, *label_map.shape[-2:]).sum(axis=0)
    if not found.any():
        return None
    return np.array([np.average(np.arange(size), weights=found.sum(axis=1 - n)) for n, size in enumerate(found.shape)])
