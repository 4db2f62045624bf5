"""Resizing to a network's grid and back: the one place where it is done."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def to_grid(image: NDArray[np.floating], grid: tuple[int, int]) -> NDArray[np.float32]:
    """Stretch an image (H, W) onto a grid (rows, columns): bilinear, antialiased, the outer pixel edges in place."""
    return _resize(image, grid)


def from_grid(planes: NDArray[np.floating], shape: tuple[int, int]) -> NDArray[np.float32]:
    """Bring planes (C, rows, columns) of a network back to the (H, W) that `to_grid` started from, as (C, H, W)."""
    return np.stack([_resize(plane, shape) for plane in planes])


def _resize(image: NDArray[np.floating], shape: tuple[int, int]) -> NDArray[np.float32]:
    from PIL import Image

    if image.shape == shape:
        return np.asarray(image, dtype=np.float32)
    picture = Image.fromarray(np.ascontiguousarray(image, dtype=np.float32))
    resized = picture.resize((shape[1], shape[0]), Image.Resampling.BILINEAR)
    return np.asarray(resized, dtype=np.float32)
