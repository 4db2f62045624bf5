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


def cropped(mask: Mask) -> tuple[Mask, NDArray[np.int64]]:
    """The part of a mask (H, W) that holds everything marked in it, and where (row, column) it begins."""
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    if not rows.size:
        return mask[:0, :0], np.zeros(2, np.int64)
    return mask[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1], np.array([rows[0], columns[0]])


def places_of(mask: Mask) -> NDArray[np.int64]:
    """What `numpy.argwhere` gives, (n, 2): faster where a small part of the mask is marked."""
    part, corner = cropped(mask)
    return np.argwhere(part) + corner


def holes(mask: Mask) -> int:
    """Number of pixels that the mask (H, W) encloses on all sides."""
    outside = _outside(mask)
    return 0 if outside is None else int((outside > 1).sum())


def filled(mask: Mask) -> Mask:
    """The mask (H, W) without holes; several times faster than scipy's `binary_fill_holes`."""
    outside = _outside(mask)
    return mask if outside is None else (outside != 1)[1:-1, 1:-1]


def _outside(mask: Mask) -> NDArray[np.int32] | None:
    """Parts of what is not in the mask, with a margin of one pixel, 1 the one around it; None where it has no hole."""
    from scipy import ndimage

    parts, count = ndimage.label(np.pad(~mask, 1, constant_values=True))
    return parts if count > 1 else None


def _shrunken(mask: Mask) -> Mask:
    result = np.zeros_like(mask)
    result[1:-1, 1:-1] = mask[1:-1, 1:-1] & mask[:-2, 1:-1] & mask[2:, 1:-1] & mask[1:-1, :-2] & mask[1:-1, 2:]
    return result
