"""Labels on a grid, asked only where they change: most of a cut lies in the middle of something.

One pixel of each block is asked first, and all pixels of those blocks whose neighbors answered otherwise. Where the
border of such a block shows another label than the block beside it was taken for, that one is asked, too, until
everything fits: so every outline that has been met anywhere is followed to its end. Only what lies by itself between
the pixels asked first, smaller than a block, can be missed.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from EchoSynthLib.types import LabelMap, Mask

BLOCK = 4
"""Pixels along a side."""

Ask = Callable[[NDArray[np.intp], NDArray[np.intp]], NDArray[np.uint8]]
"""The labels (n,) of pixels given by rows (n,) and columns (n,)."""


def fill(shape: tuple[int, int], wanted: Mask, ask: Ask, block: int = BLOCK) -> LabelMap:
    """The label (H, W) of every wanted pixel, and 0 elsewhere.

    Args:
        shape: (H, W).
        wanted: (H, W), which pixels count.
        ask: may be asked for pixels beyond the grid, by less than a block.
        block: side of the blocks in pixels.
    """
    blocks = (-(-shape[0] // block), -(-shape[1] // block))
    rows, columns = (index.ravel() * block + block // 2 for index in np.indices(blocks))
    coarse = ask(rows, columns).reshape(blocks)
    asked = _differ(coarse)
    labels = _spread(coarse, block)
    needed = _spread(_any_of_each(wanted, blocks, block), block)
    new = asked
    while new.any():
        pixels = np.flatnonzero(_spread(new, block) & needed)
        labels.ravel()[pixels] = ask(*np.divmod(pixels, labels.shape[1]))
        new = _any_of_each(_seams(labels, _spread(asked, block)) & needed, blocks, block) & ~asked
        asked = asked | new
    return np.where(wanted, labels[: shape[0], : shape[1]], np.uint8(0))


def _spread(coarse: NDArray, block: int) -> NDArray:
    return np.repeat(np.repeat(coarse, block, axis=0), block, axis=1)


def _differ(coarse: NDArray[np.uint8]) -> Mask:
    """Blocks with a neighbor, by side or corner, of another label."""
    rows, columns = coarse.shape
    padded = np.pad(coarse, 1, mode="edge")
    around = [padded[i : i + rows, j : j + columns] for i in range(3) for j in range(3)]
    differ = np.zeros(coarse.shape, bool)
    for other in around:
        differ |= other != coarse
    return differ


def _any_of_each(mask: Mask, blocks: tuple[int, int], block: int) -> Mask:
    """Blocks (h, w) in which any pixel of the mask lies."""
    whole = np.zeros((blocks[0] * block, blocks[1] * block), bool)
    whole[: mask.shape[0], : mask.shape[1]] = mask
    marked: Mask = whole.reshape(blocks[0], block, blocks[1], block).max(axis=(1, 3))
    return marked


def _seams(labels: LabelMap, known: Mask) -> Mask:
    """Pixels that nobody asked for beside one that was and has another label."""
    seams = np.zeros(labels.shape, bool)
    down = (labels[1:] != labels[:-1]) & (known[1:] != known[:-1])
    across = (labels[:, 1:] != labels[:, :-1]) & (known[:, 1:] != known[:, :-1])
    seams[1:] |= down
    seams[:-1] |= down
    seams[:, 1:] |= across
    seams[:, :-1] |= across
    return seams & ~known
