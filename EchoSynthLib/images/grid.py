"""Resizing to a network's grid and back: the one place where it is done."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from PIL import Image

Box = tuple[slice, slice]
"""Rows and columns of an image, half-open."""


def to_grid(image: NDArray[np.number], grid: tuple[int, int]) -> NDArray[np.float32]:
    """Stretch an image (H, W) onto a grid (rows, columns): bilinear, antialiased, the outer pixel edges in place."""
    from PIL import Image

    if image.dtype == np.uint8:
        # Pillow turns whole pixels into floats faster than numpy does.
        return _resize(Image.fromarray(np.ascontiguousarray(image)).convert("F"), grid)
    return _resize(Image.fromarray(np.ascontiguousarray(image, dtype=np.float32)), grid)


def from_grid(planes: NDArray[np.floating], shape: tuple[int, int], box: Box | None = None) -> NDArray[np.float32]:
    """Bring planes (C, rows, columns) of a network back to the (H, W) that `to_grid` started from, as (C, H, W).

    Args:
        planes: on the network's grid.
        shape: (H, W) of the image.
        box: rows and columns of the image; only these are made, as (C, rows in it, columns in it).
    """
    from PIL import Image

    rows, columns = planes.shape[1:]
    height, width = shape
    if 1 < rows <= height and 1 < columns <= width:
        return _enlarged(planes, shape, box or (slice(0, height), slice(0, width)))
    part, size = None, shape
    if box is not None:
        across, down = columns / width, rows / height
        part = (box[1].start * across, box[0].start * down, box[1].stop * across, box[0].stop * down)
        size = (box[0].stop - box[0].start, box[1].stop - box[1].start)
    pictures = (Image.fromarray(np.ascontiguousarray(plane, dtype=np.float32)) for plane in planes)
    return np.stack([_resize(picture, size, part) for picture in pictures])


def volume_to_grid(volume: NDArray[np.number], grid: tuple[int, int, int]) -> NDArray[np.float32]:
    """Stretch a volume (D, H, W) onto a grid as `to_grid` does a frame, first in its slices, then across them."""
    slices = np.stack([to_grid(plane, (grid[1], grid[2])) for plane in volume])
    return to_grid(slices.reshape(len(slices), -1), (grid[0], grid[1] * grid[2])).reshape(grid)


def volume_from_grid(volumes: NDArray[np.floating], shape: tuple[int, int, int]) -> NDArray[np.float32]:
    """Bring volumes (C, *grid) of a network back to the (D, H, W) that `volume_to_grid` started from."""
    count, depth = volumes.shape[:2]
    slices = from_grid(volumes.reshape(count * depth, *volumes.shape[2:]), (shape[1], shape[2]))
    deep = from_grid(slices.reshape(count, depth, -1), (shape[0], shape[1] * shape[2]))
    return deep.reshape(count, *shape)


def reach(cells: NDArray[np.bool_], shape: tuple[int, int]) -> Box | None:
    """The box of the pixels of an image (H, W) to which `from_grid` carries something of any of these cells.

    Args:
        cells: (rows, columns) of the network's grid.
        shape: (H, W) of the image.

    Returns:
        Rows and columns of the image, or None where no cell is chosen. Outside of it all pixels are mixed from other
        cells alone.
    """
    sides = [_reach(np.asarray(cells.any(axis=1 - axis)), shape[axis]) for axis in (0, 1)]
    return None if sides[0] is None or sides[1] is None else (sides[0], sides[1])


def _reach(cells: NDArray[np.bool_], size: int) -> slice | None:
    chosen = np.flatnonzero(cells)
    if not chosen.size:
        return None
    # Pixel y lies at (y + 1/2) cells / size, cell r at r + 1/2; the triangle between them is this wide on either side.
    pixels_a_cell, half = size / len(cells), max(1.0, len(cells) / size)
    first = math.floor((chosen[0] + 0.5 - half) * pixels_a_cell - 0.5)
    last = math.ceil((chosen[-1] + 0.5 + half) * pixels_a_cell - 0.5)
    return slice(max(0, first), min(size, last + 1))


def _enlarged(planes: NDArray[np.floating], shape: tuple[int, int], box: Box) -> NDArray[np.float32]:
    """What Pillow makes of planes that become larger, in two thirds of its time: first wider, then higher."""
    above, down = _neighbors(planes.shape[1], shape[0], box[0])
    left, across = _neighbors(planes.shape[2], shape[1], box[1])
    used = np.asarray(planes[:, above[0] : above[-1] + 2], dtype=np.float32)
    # Other than an index in brackets, `take` leaves the planes one after the other in memory.
    wide = used.take(left, axis=2)
    wide += (used.take(left + 1, axis=2) - wide) * across
    above -= above[0]
    high, step = wide.take(above, axis=1), np.diff(wide, axis=1).take(above, axis=1)
    step *= down[:, None]
    high += step
    return high


def _neighbors(cells: int, size: int, pixels: slice) -> tuple[NDArray[np.intp], NDArray[np.float32]]:
    """Of each pixel the cell before it, and how far (0 to 1) it lies on the way from that one to the next."""
    places = ((np.arange(pixels.start, pixels.stop) + 0.5) * (cells / size) - 0.5).clip(0, cells - 1)
    before = np.minimum(places.astype(np.intp), cells - 2)
    return before, (places - before).astype(np.float32)


def _resize(
    picture: Image.Image, shape: tuple[int, int], part: tuple[float, float, float, float] | None = None
) -> NDArray[np.float32]:
    from PIL import Image

    if part is None and picture.size == (shape[1], shape[0]):
        return np.asarray(picture, dtype=np.float32)
    return np.asarray(picture.resize((shape[1], shape[0]), Image.Resampling.BILINEAR, part), dtype=np.float32)
