"""The small motion from a frame of a cine to the next one, without a network: some milliseconds on one core."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter, map_coordinates

from EchoSynthLib.images.grid import from_grid

Picture = NDArray[np.float32]

WINDOW_PX = 2.5
"""Standard deviation of the window whose pixels move alike, on each grid."""
STEPS = ((4, 2), (2, 3))
"""How many pixels of the network's grid make one, and how often the motion is mended there."""
STIFFNESS = 30.0
"""Squared gray levels per pixel, below which a window's edges do not tell where it moved."""
SMOOTH_PX = 1.0
"""Standard deviation by which the motion is smoothed after each step."""


def flow(moving: NDArray[np.uint8], fixed: NDArray[np.uint8]) -> NDArray[np.float32]:
    """The displacement (2, H, W) in pixels from `fixed` into `moving`, as a `Registrar` gives it, of small motions.

    Each window's gray levels are laid over those of the other frame along their slopes, coarse to fine (Lucas and
    Kanade, Proc. IJCAI 674-679, 1981). Beyond some eight pixels, and where hardly any edge is, it finds less motion
    than there is.

    Args:
        moving, fixed: (H, W), sides that are multiples of four.
    """
    found = np.zeros((2, 1, 1), np.float32)
    for cell, rounds in STEPS:
        picture, target = _coarse(moving, cell), _coarse(fixed, cell)
        found = _enlarged(found, target.shape)
        for _ in range(rounds):
            found = _mended(found, picture, target)
    return _enlarged(found, fixed.shape)


def _coarse(frame: NDArray[np.uint8], cell: int) -> Picture:
    rows, columns = (side // cell for side in frame.shape)
    return frame.reshape(rows, cell, columns, cell).mean(axis=(1, 3), dtype=np.float32)


def _enlarged(field: NDArray[np.float32], shape: tuple[int, ...]) -> NDArray[np.float32]:
    """A displacement on a grid of this shape, in its pixels."""
    if field.shape[1:] == (1, 1):
        return np.zeros((2, *shape), np.float32)
    scale = np.array(shape, np.float32) / np.array(field.shape[1:], np.float32)
    return from_grid((field * scale[:, None, None]).astype(np.float32), (shape[0], shape[1]))


def _mended(field: NDArray[np.float32], moving: Picture, fixed: Picture) -> NDArray[np.float32]:
    places = _indices(fixed.shape) + field
    warped = map_coordinates(moving, places, order=1, mode="nearest")
    down, across = np.gradient((warped + fixed) / 2)
    left = fixed - warped
    products = np.stack([down * down, down * across, across * across, down * left, across * left])
    # All in one call: on grids so small the calls cost as much as the sums.
    a, b, c, p, q = gaussian_filter(products, (0, WINDOW_PX, WINDOW_PX), mode="nearest", truncate=2.0)
    a += STIFFNESS
    c += STIFFNESS
    step = np.stack([(c * p - b * q), (a * q - b * p)]) / (a * c - b * b)
    step = np.clip(step, -1.5, 1.5)
    return gaussian_filter(field + step, (0, SMOOTH_PX, SMOOTH_PX), mode="nearest", truncate=2.0).astype(np.float32)


@lru_cache(maxsize=8)
def _indices(shape: tuple[int, int]) -> NDArray[np.float32]:
    return np.indices(shape, dtype=np.float32)
