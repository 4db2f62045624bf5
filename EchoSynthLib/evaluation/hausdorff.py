"""Hausdorff distance between the outlines of two masks."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from scipy.spatial.distance import directed_hausdorff


def hausdorff_distance(a: NDArray[np.bool_], b: NDArray[np.bool_], spacing: tuple[float, float] = (1.0, 1.0)) -> float:
    """Largest distance from a point of one outline to the nearest point of the other, both ways.

    H(A, B) = max(max_a min_b |a - b|, max_b min_a |a - b|) over the centres of the pixels on the outlines (those of a
    mask that have a neighbour outside it, side by side).

    Args:
        a, b: masks (H, W).
        spacing: (row, column) of a pixel in mm; left out, the distance is in pixels.

    Returns:
        The distance; 0 where both masks are empty, infinity where one of them is.
    """
    if not a.any() or not b.any():
        return 0.0 if a.any() == b.any() else math.inf
    first, second = (_outline(mask) * np.array(spacing) for mask in (a, b))
    return max(directed_hausdorff(first, second)[0], directed_hausdorff(second, first)[0])


def _outline(mask: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Rows and columns (N, 2); what reaches the image's border ends there."""
    return np.argwhere(mask & ~ndimage.binary_erosion(mask))
