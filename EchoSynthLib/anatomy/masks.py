"""Neighbours and holes of masks, much faster than the general morphology of scipy."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Mask = NDArray[np.bool_]


def grown(mask: Mask) -> Mask:
    """The mask (H, W) and every pixel that shares a side with it."""
    result = mask.copy()
    result[1:] |= mask[:-1]
    result[:-1] |= mask[1:]
    result[:, 1:] |= mask[:, :-1]
    result[:, :-1] |= mask[:, 1:]
    return result


def border(mask: Mask) -> Mask:
    """Pixels (H, W) of the mask that share a side with one outside it; beyond the picture nothing is inside."""
    return mask & ~_shrunken(mask)


def holes(mask: Mask) -> int:
    """Number of pixels that the mask (H, W) encloses on all sides."""
    from scipy import ndimage

    outside, count = ndimage.label(np.pad(~mask, 1, constant_values=True))
    return int((outside > 1).sum()) if count > 1 else 0


def _shrunken(mask: Mask) -> Mask:
    result = np.zeros_like(mask)
    result[1:-1, 1:-1] = mask[1:-1, 1:-1] & mask[:-2, 1:-1] & mask[2:, 1:-1] & mask[1:-1, :-2] & mask[1:-1, 2:]
    return result
