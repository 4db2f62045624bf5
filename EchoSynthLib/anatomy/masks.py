"""Neighbors, parts, holes and outlines of masks, much faster than the general morphology of scipy."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from EchoSynthLib.types import Mask


def grown(mask: Mask) -> Mask:
    """The mask (H, W) and every pixel that shares a side with it."""
    result = mask.copy()
    result[1:] |= mask[:-1]
    result[:-1] |= mask[1:]
    result[:, 1:] |= mask[:, :-1]
    result[:, :-1] |= mask[:, 1:]
    return result


def grown_by_disc(mask: Mask, radius: int) -> Mask:
    """The mask (H, W) and every pixel that lies within `radius` pixels of it.

    Row by row of the disc, each a little wider than the one beyond it: the radius, not its square, tells the time.
    """
    result, wide, reach = mask.copy(), mask.copy(), 0
    for down in range(radius, -1, -1):
        across = math.isqrt(radius**2 - down**2)
        while reach < across:
            before = wide.copy()
            wide[:, 1:] |= before[:, :-1]
            wide[:, :-1] |= before[:, 1:]
            reach += 1
        left = max(0, len(mask) - down)
        result[down:] |= wide[:left]
        result[:left] |= wide[down:]
    return result


def shrunken_by_disc(mask: Mask, radius: int) -> Mask:
    """Pixels (H, W) of the mask that are farther than `radius` pixels from all that is not in it."""
    return ~grown_by_disc(~mask, radius)


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


def largest_part(mask: Mask) -> Mask:
    """The largest part of a mask (H, W) whose pixels hang together by their sides; of equal ones the topmost."""
    from scipy import ndimage

    parts, count = ndimage.label(mask)
    return mask if count < 2 else parts == 1 + np.bincount(parts.ravel())[1:].argmax()


def solid(mask: Mask) -> Mask:
    """The largest part of a mask (H, W), its holes filled."""
    part = largest_part(mask)
    return filled(part) if _has_hole(part) else part


def holes(mask: Mask) -> int:
    """Number of pixels that the mask (H, W) encloses on all sides."""
    outside = _outside(mask)
    return 0 if outside is None else int((outside > 1).sum())


def filled(mask: Mask) -> Mask:
    """The mask (H, W) without holes; several times faster than scipy's `binary_fill_holes`."""
    outside = _outside(mask)
    return mask if outside is None else (outside != 1)[1:-1, 1:-1]


def fill_polygon(corners: NDArray[np.float64], shape: tuple[int, int]) -> Mask:
    """The pixels (H, W) whose centers lie within a polygon with corners (n, 2), (row, column), by the even-odd rule.

    An open curve is closed by the line from its end to its start.
    """
    inside = np.zeros(shape, bool)
    low = np.clip(np.floor(corners.min(axis=0)).astype(int), 0, shape)
    high = np.clip(np.ceil(corners.max(axis=0)).astype(int) + 1, 0, shape)
    start, end = corners, np.roll(corners, -1, axis=0)
    rows = np.arange(low[0], high[0])[:, None]
    crossed = (start[:, 0] <= rows) != (end[:, 0] <= rows)
    row, edge = np.nonzero(crossed)
    share = (row + low[0] - start[edge, 0]) / (end[edge, 0] - start[edge, 0])
    column = np.ceil(start[edge, 1] + share * (end[edge, 1] - start[edge, 1])).astype(int)
    # Each crossing turns everything to its right from outside to inside or back.
    turns = np.zeros((len(rows), max(high[1] - low[1], 0) + 1), np.uint8)
    np.add.at(turns, (row, np.clip(column - low[1], 0, turns.shape[1] - 1)), 1)
    inside[low[0] : high[0], low[1] : high[1]] = np.bitwise_and(np.cumsum(turns, axis=1, dtype=np.uint8)[:, :-1], 1)
    return inside


def _outside(mask: Mask) -> NDArray[np.int32] | None:
    """Parts of what is not in the mask, with a margin of one pixel, 1 the one around it; None where it has no hole."""
    from scipy import ndimage

    parts, count = ndimage.label(np.pad(~mask, 1, constant_values=True))
    return parts if count > 1 else None


def _has_hole(part: Mask) -> bool:
    """Whether a mask of one part (H, W) encloses something.

    By Euler's formula, what is not in it has as many parts, less its one hole (the mask), as it has pixels less pairs
    of neighbors plus blocks of four. To count these takes a fraction of the time of looking for the parts.
    """
    around = np.pad(~part, 1, constant_values=True)
    pairs = around[:, 1:] & around[:, :-1]
    blocks = np.count_nonzero(pairs[1:] & pairs[:-1])
    edges = np.count_nonzero(pairs) + np.count_nonzero(around[1:] & around[:-1])
    return bool(np.count_nonzero(around) - edges + blocks)


def _shrunken(mask: Mask) -> Mask:
    result = np.zeros_like(mask)
    result[1:-1, 1:-1] = mask[1:-1, 1:-1] & mask[:-2, 1:-1] & mask[2:, 1:-1] & mask[1:-1, :-2] & mask[1:-1, 2:]
    return result
