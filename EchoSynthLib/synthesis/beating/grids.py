"""Where the pixels and the beams of a frame lie in each other."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage, sparse

from EchoSynthLib.anatomy.beam import BEAM_SHAPE, beam_coordinates, image_coordinates, to_beam_space
from EchoSynthLib.anatomy.bilinear import Bilinear
from EchoSynthLib.anatomy.sector.geometry import Sector
from EchoSynthLib.synthesis.beating.texture import MARGIN, Beams

Field = NDArray[np.float32]

_LEAST_DEPTH = np.float32(1e-3)  # pixels below the apex


class Grids:
    """The grids of one sector.

    Args:
        sector: the ultrasound sector.
        shape: (H, W) of the frame.

    Attributes:
        inside: (H, W) pixels inside the sector, N of them.
        pixels: (2, N) their rows and columns.
        beams: (2, R, A) rows and columns of the samples of the beams.
        lattice: (2, padded R, padded A) the same, going on beyond the sector.
    """

    def __init__(self, sector: Sector, shape: tuple[int, int]) -> None:
        self._sector = sector
        self.inside = sector.mask(shape)
        self.pixels = np.stack(np.nonzero(self.inside)).astype(np.float32)
        self.beams = beam_coordinates(sector)
        self._to_pixels = image_coordinates(sector, shape)[:, self.inside].astype(np.float32)
        samples, beams = (np.arange(-margin, size + margin) for margin, size in zip(MARGIN, BEAM_SHAPE, strict=True))
        radius = np.maximum((samples + 0.5) / BEAM_SHAPE[0] * sector.radius_far, 0.5)
        angle = sector.angle_left + (beams + 0.5) / BEAM_SHAPE[1] * sector.opening_angle
        self._at_pixels = _cubic_reading(self._to_pixels, BEAM_SHAPE)
        self.lattice = np.stack(sector.cartesian(radius[:, None], angle[None])).astype(np.float32)

    def to_beams(self, points: NDArray[np.floating]) -> Field:
        """Sample and beam (2, ...) of rows and columns (2, ...)."""
        sector = self._sector
        down = points[0].astype(np.float32) - np.float32(sector.apex_row)
        across = (points[1].astype(np.float32) - np.float32(sector.apex_column)) * np.float32(sector.aspect)
        # In float32, and with nothing above the apex, this takes half of the time of `Sector.polar`.
        radius, angle = np.sqrt(down * down + across * across), np.arctan(across / np.maximum(down, _LEAST_DEPTH))
        beams = np.stack([radius, angle - np.float32(sector.angle_left)])
        scale = BEAM_SHAPE[0] / sector.radius_far, BEAM_SHAPE[1] / sector.opening_angle
        beams *= np.array(scale, np.float32).reshape(2, *[1] * down.ndim)
        beams -= np.float32(0.5)
        return beams

    def at_pixels(self, beams: Beams) -> Field:
        """(N,) of beams (R, A)."""
        coefficients = ndimage.spline_filter(beams, order=3, mode="mirror", output=np.float32)
        return np.asarray(self._at_pixels @ coefficients.ravel())

    def of_image(self, image: NDArray[np.uint8]) -> Beams:
        """(R, A) gray levels from -1 to 1 along the beams.

        The outermost samples are half black in the image; those next to them take their place.
        """
        beams = to_beam_space(image, self._sector, order=3) / 127.5 - 1
        near = int(np.ceil(self._sector.radius_near / self._sector.radius_far * BEAM_SHAPE[0]))
        rows = np.clip(np.arange(BEAM_SHAPE[0]), near + 1, BEAM_SHAPE[0] - 3)
        columns = np.clip(np.arange(BEAM_SHAPE[1]), 2, BEAM_SHAPE[1] - 3)
        return np.clip(beams[np.ix_(rows, columns)], -1, 1).astype(np.float32)


def doubled(beams: Beams) -> Beams:
    """(2 R, 2 A): a field by cubic splines on a grid twice as fine, on which straight lines are as good as they are."""
    rows, columns = ((np.arange(2 * size) + 0.5) / 2 - 0.5 for size in beams.shape)
    at = np.stack(np.meshgrid(rows, columns, indexing="ij"))
    return ndimage.map_coordinates(beams, at, order=3, mode="nearest", output=np.float32)


def on_doubled(at: Field) -> Bilinear:
    """Where samples and beams (2, ...) are read on the grid of `doubled`."""
    return Bilinear.at(2 * at + np.float32(0.5), (2 * BEAM_SHAPE[0], 2 * BEAM_SHAPE[1]))


def _cubic_reading(at: Field, shape: tuple[int, int]) -> sparse.csr_array:
    """(N, R * A), which times the coefficients of a field's cubic splines is the field at places (2, N).

    Coefficients go on beyond the grid as in a mirror, whose plane is the outermost sample.
    """
    numbers, weights = [], []
    for place, size in zip(at, shape, strict=True):
        first = np.floor(place)
        x = (place - first).astype(np.float32)
        sample = first.astype(int)[:, None] + np.arange(-1, 3)
        mirrored = np.abs(sample)
        numbers.append(np.where(mirrored < size, mirrored, 2 * (size - 1) - mirrored))
        weights.append(np.stack([(1 - x) ** 3, 4 - 6 * x**2 + 3 * x**3, 1 + 3 * x * (1 + x - x**2), x**3], axis=1) / 6)
    columns = (numbers[0][:, :, None] * shape[1] + numbers[1][:, None, :]).reshape(-1)
    values = (weights[0][:, :, None] * weights[1][:, None, :]).reshape(-1).astype(np.float32)
    starts = np.arange(0, len(values) + 1, 16)
    return sparse.csr_array((values, columns, starts), shape=(at.shape[1], shape[0] * shape[1]))
