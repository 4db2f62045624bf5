"""Whether an image shows anything: a black or uniform one does not, whatever hot pixels, noise or text lie on it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

# Medians of blocks hold the chambers and walls of a heart, but neither hot pixels, strokes of text nor fine noise.
# Small images are divided into fewer, for noise goes out of the medians of no less than some 6 x 6 pixels.
MOST_BLOCKS, FEWEST_BLOCKS = 32, 8  # along a side
_MOST_LISTED = 10  # numbers of frames in a warning
BLOCK_SIDE = 6
# A twentieth of the blocks may be anything (a logo, a line of large text) on either end of the scale.
PERCENTILES = (5.0, 95.0)
# Gray levels. Apical frames spread over 67 and more, and still over 13 at a fifth of their gain; noise with a standard
# deviation of 5 levels leaves 3 in the medians.
MINIMUM_SPREAD = 4.0


def has_contrast(gray: NDArray[np.uint8]) -> bool:
    """Whether the gray levels of an image differ from place to place by more than noise, hot pixels and text do.

    Args:
        gray: (H, W) uint8.
    """
    low, high = np.percentile(_block_medians(gray), PERCENTILES)
    return bool(high - low >= MINIMUM_SPREAD)


def _block_medians(gray: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Median (n,) of each block."""
    # Of large images every second or third pixel says as much, in a fraction of the time.
    step = max(1, min(gray.shape) // (MOST_BLOCKS * BLOCK_SIDE))
    gray = gray[::step, ::step]
    rows, columns = (max(1, side // MOST_BLOCKS, min(BLOCK_SIDE, side // FEWEST_BLOCKS)) for side in gray.shape)
    whole = gray[: gray.shape[0] // rows * rows, : gray.shape[1] // columns * columns]
    blocks = whole.reshape(whole.shape[0] // rows, rows, whole.shape[1] // columns, columns)
    # A median of 16 bits takes a third of the time that one of 8 does.
    each = blocks.swapaxes(1, 2).reshape(-1, rows * columns).astype(np.uint16)
    return np.asarray(np.median(each, axis=1))


def without_contrast(frames: Iterable[NDArray[np.uint8]]) -> list[int]:
    """Numbers, from 0, of the frames (H, W) without contrast."""
    return [number for number, frame in enumerate(frames) if not has_contrast(frame)]


def told_of_blank(blank: Sequence[int]) -> list[str]:
    """A warning that names these frames, counted from 0 as in files, of many the first; none where there are none."""
    if not blank:
        return []
    more = f" and {len(blank) - _MOST_LISTED} more" if len(blank) > _MOST_LISTED else ""
    listed = ", ".join(map(str, blank[:_MOST_LISTED])) + more
    return [f"frames without contrast show nothing and were left empty: {listed}"]
