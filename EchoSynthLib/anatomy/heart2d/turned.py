"""Label maps that are stored upside down or on their side, told by where the left atrium lies."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from EchoSynthLib.anatomy.structures import LEFT_ATRIUM, LEFT_VENTRICLE, Structure

# In 1800 apical frames of CAMUS the atrium lies 19 degrees to the left to 34 to the right of straight below.
_UPRIGHT, _UPSIDE_DOWN = 60.0, 120.0
_APART = 0.5  # of the side of a square as large as the ventricle; in CAMUS the two centers are 0.7 of it apart or more


def atrium_side(label_map: NDArray[np.uint8]) -> str | None:
    """Where the left atrium lies, seen from the left ventricle: 'below', 'above' or 'beside'.

    Args:
        label_map: (H, W), or (T, H, W), in CAMUS codes.

    Returns:
        None where one of the two is not labeled, or both are in the same place, as in what is no apical view.
    """
    frames = label_map.reshape(-1, *label_map.shape[-2:])
    ventricle, atrium = (_center(frames, structure) for structure in (LEFT_VENTRICLE, LEFT_ATRIUM))
    if ventricle is None or atrium is None:
        return None
    down, right = atrium - ventricle
    size = math.sqrt((frames == LEFT_VENTRICLE.camus_code).sum() / len(frames))
    if math.hypot(down, right) < _APART * size:
        return None
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


def _center(frames: NDArray[np.uint8], structure: Structure) -> NDArray[np.float64] | None:
    """(row, column) of the middle of a structure in all frames; None where there is nothing of it."""
    found = (frames == structure.camus_code).sum(axis=0)
    if not found.any():
        return None
    return np.array([np.average(np.arange(size), weights=found.sum(axis=1 - n)) for n, size in enumerate(found.shape)])
