"""The box of what a screen shows beside its text: the sector, or a trace, as networks see it.

Drawn pictures and real ones go through the same function, which has an answer for every picture.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

SIDE = 96
"""Pixels along each side of what the network sees; the box is stretched to it."""
Bounds = tuple[int, int, int, int]
"""Rows and columns [top, bottom, left, right) of a screen."""
_WORKING_SIDE = 128
_FLOOR = 6.0  # gray levels that are black on every screen, with the noise of a lossy file
_DARK = 0.06  # of the brightest, below which it is background
_OPENING = 5  # pixels of 128: strokes of text, rulers and color bars are thinner
_LIT = 0.55  # of the opening's window
_BESIDE = 0.2  # of the largest region's size, from which another one is shown as well
_BESIDE_IT = 0.25  # of the lit pixels of the box, that text may have around it
_MARGIN = 1
_SMALLEST = 12  # pixels of 128 along a side of a box


def picture_box(gray: NDArray[np.uint8]) -> Bounds:
    """Rows and columns [top, bottom, left, right) of the pictures on a screen; all of it where none stands out.

    Args:
        gray: (H, W) uint8.
    """
    from PIL import Image
    from scipy.ndimage import find_objects, label, uniform_filter

    rows, columns = gray.shape
    factor = max(1, max(gray.shape) // _WORKING_SIDE)
    small = np.asarray(Image.fromarray(gray).reduce(factor), np.float32)
    scale = max(small.shape) / _WORKING_SIDE
    level = small - _background(small)
    bright = level > max(_FLOOR, _DARK * float(np.percentile(level, 99.5)))
    window = max(3, round(_OPENING * scale))
    solid = uniform_filter(bright.astype(np.float32), window, mode="constant") > _LIT
    regions, count = label(solid)
    if not count:
        return 0, rows, 0, columns
    sizes = np.bincount(regions.ravel())[1:]
    kept = [box for box, size in zip(find_objects(regions), sizes, strict=True) if size >= _BESIDE * sizes.max()]
    # The window takes half of itself off the edges of a region that is convex there.
    grown = window // 2 if window > 3 else _MARGIN
    top = max(0, min(box[0].start for box in kept) - grown)
    left = max(0, min(box[1].start for box in kept) - grown)
    bottom = min(small.shape[0], max(box[0].stop for box in kept) + grown)
    right = min(small.shape[1], max(box[1].stop for box in kept) + grown)
    if bright.sum() > (1 + _BESIDE_IT) * bright[top:bottom, left:right].sum():
        # More than text lies beside it: a dark trace, or a sector in which hardly anything is lit.
        lit_rows, lit_columns = (np.flatnonzero(bright.any(axis=axis)) for axis in (1, 0))
        top, bottom, left, right = lit_rows[0], lit_rows[-1] + 1, lit_columns[0], lit_columns[-1] + 1
    if min(bottom - top, right - left) < _SMALLEST * scale:
        return 0, rows, 0, columns
    return int(top * factor), int(min(rows, bottom * factor)), int(left * factor), int(min(columns, right * factor))


def seen(gray: NDArray[np.uint8], side: int = SIDE) -> NDArray[np.uint8]:
    """What the network sees of a picture (H, W): its box, stretched to (side, side)."""
    return boxed(gray[None], picture_box(gray), side)[0]


def boxed(frames: NDArray[np.uint8], box: Bounds, side: int, nearest: bool = False) -> NDArray[np.uint8]:
    """One box of all frames (T, H, W), stretched to (T, side, side); of label maps by the nearest pixels."""
    from PIL import Image

    top, bottom, left, right = box
    how = Image.Resampling.NEAREST if nearest else Image.Resampling.BILINEAR
    cuts = (Image.fromarray(np.ascontiguousarray(frame[top:bottom, left:right])) for frame in frames)
    return np.stack([np.asarray(cut.resize((side, side), how)) for cut in cuts])


def standardized(gray: NDArray[np.uint8], side: int = SIDE) -> NDArray[np.float32]:
    """What a network sees of a picture (H, W), (side, side) of mean 0 and variance 1."""
    return of_unit_variance(seen(gray, side))


def of_unit_variance(pictures: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Gray levels of any shape with mean 0 and variance 1, all together; `networks.resnet.standardized` in numpy."""
    gray = pictures.astype(np.float32) / np.float32(255)
    return (gray - gray.mean()) / (gray.std() + np.float32(0.05))


def _background(small: NDArray[np.float32]) -> float:
    """The gray level around the pictures where the whole edge of the screen has one, else 0."""
    edge = np.concatenate([small[0], small[-1], small[:, 0], small[:, -1]])
    low, middle, high = np.percentile(edge, (15, 50, 85))
    return float(middle) if high - low < _FLOOR else 0.0
