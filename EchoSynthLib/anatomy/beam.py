"""Resampling between the image grid and beam space (range x angle)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from EchoSynthLib.anatomy.sector.geometry import Sector

BEAM_SHAPE = (192, 128)
"""Samples along the range and beams across the opening angle."""


def beam_coordinates(sector: Sector, shape: tuple[int, int] = BEAM_SHAPE) -> NDArray[np.float64]:
    """Image (row, column) of every beam sample, shape (2, R, A); samples sit at the centers of equal cells."""
    samples, beams = shape
    radius = (np.arange(samples) + 0.5) / samples * sector.radius_far
    angle = sector.angle_left + (np.arange(beams) + 0.5) / beams * sector.opening_angle
    return np.stack(sector.cartesian(radius[:, None], angle[None, :]))


def image_coordinates(
    sector: Sector, shape: tuple[int, int], beam_shape: tuple[int, int] = BEAM_SHAPE
) -> NDArray[np.float64]:
    """Beam-space (sample, beam) of every image pixel, shape (2, H, W)."""
    rows, columns = np.indices(shape, sparse=True)
    radius, angle = sector.polar(rows, columns)
    sample = radius / sector.radius_far * beam_shape[0] - 0.5
    beam = (angle - sector.angle_left) / sector.opening_angle * beam_shape[1] - 0.5
    return np.stack([sample, beam])


def to_beam_space(
    image: NDArray[np.generic], sector: Sector, shape: tuple[int, int] = BEAM_SHAPE, order: int = 1
) -> NDArray[np.float32]:
    """Resample an image (H, W) along the sector's beams to (R, A); range starts at the apex, whatever the near radius.

    `order` is the spline order: 0 for label maps, 1 or 3 for images.
    """
    from scipy.ndimage import map_coordinates

    return map_coordinates(image.astype(np.float32), beam_coordinates(sector, shape), order=order, mode="nearest")


class ScanConversion:
    """Resamples beam space onto one image grid; frames of a cine share what that takes.

    Args:
        sector: the ultrasound sector on the grid.
        shape: (H, W) of the grid.
        beam_shape: (R, A).
    """

    def __init__(self, sector: Sector, shape: tuple[int, int], beam_shape: tuple[int, int] = BEAM_SHAPE) -> None:
        self._shape = shape
        self._inside = sector.mask(shape)
        self._coordinates = image_coordinates(sector, shape, beam_shape)[:, self._inside]

    def __call__(self, beams: NDArray[np.generic], order: int = 1) -> NDArray[np.float32]:
        """The image (H, W) of beams (R, A), 0 outside the sector; `order` as in `to_beam_space`."""
        from scipy.ndimage import map_coordinates

        image = np.zeros(self._shape, np.float32)
        image[self._inside] = map_coordinates(beams.astype(np.float32), self._coordinates, order=order, mode="nearest")
        return image
