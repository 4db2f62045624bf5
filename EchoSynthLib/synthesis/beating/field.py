"""Velocity fields on a coarse grid that lies in the heart, and the displacements of pictures that they stand for.

The grid goes with the left ventricle: its rows run along the long axis, from beyond the apex to beyond the atrium, and
a long axis has as many of them in every picture, whatever its pixels, its depth and how the heart lies in it. Fields
have the shape (2, *GRID), components along the rows and columns of that grid, in its steps. They are smooth, and come
to rest before the grid's rim, so that what lies beyond it stays.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np
from numpy.typing import NDArray

from EchoSynthLib.anatomy.bilinear import Bilinear
from EchoSynthLib.anatomy.deformation import exponential
from EchoSynthLib.anatomy.discs import ventricular_axis
from EchoSynthLib.anatomy.structures import CamusCode
from EchoSynthLib.errors import InputError
from EchoSynthLib.types import LabelMap, Spacing

Field = NDArray[np.float32]

STEP = 0.08
"""Of the grid, in lengths of the long axis: some 7 mm, a third of the finest motion that registration finds."""
GRID = (32, 30)
APEX_ROW = 6.0
MIDDLE_COLUMN = (GRID[1] - 1) / 2
"""Where on the grid the apex lies; the mitral plane is 1 / STEP rows below it."""
FINER = 3
"""Times finer is the grid on which a velocity is integrated: there and back it misses by tenths of a pixel."""
SAMPLES = 2
"""For each step, in what is seen of label maps and in training."""
SAMPLED = (GRID[0] * SAMPLES, GRID[1] * SAMPLES)
FINE = (GRID[0] * FINER, GRID[1] * FINER)
CODES = (CamusCode.LV_CAVITY, CamusCode.MYOCARDIUM, CamusCode.LEFT_ATRIUM)
_RIM = 3.0  # steps within which a field comes to rest
_SMALLEST_CAVITY = 30  # pixels; fewer have no long axis that could be told


@dataclass(frozen=True, eq=False)
class HeartGrid:
    """The grid of a left ventricle, in a picture.

    Attributes:
        apex: (row, column) in pixels.
        along: unit vector (row, column), in mm, from the apex to the mitral plane.
        length: of the long axis, in mm, or in pixels where their size is not known.
        spacing: (row, column) of the picture's pixels, in mm, or (1, 1).
        shape: (H, W) of the picture.
    """

    apex: NDArray[np.float64]
    along: NDArray[np.float64]
    length: float
    spacing: Spacing
    shape: tuple[int, int]

    @classmethod
    def of(cls, label_map: LabelMap, spacing: Spacing | None) -> HeartGrid:
        """The grid of a label map (H, W) in CAMUS codes.

        Raises:
            InputError: it has hardly a left ventricle.
        """
        size = int(np.count_nonzero(label_map == CamusCode.LV_CAVITY))
        if size < _SMALLEST_CAVITY:
            raise InputError(
                f"A heart beats from its left ventricle ({CamusCode.LV_CAVITY}) on, of which the label map has {size} "
                f"pixels; it needs {_SMALLEST_CAVITY} or more. Label the cavity, or give a finer map."
            )
        step = spacing or (1.0, 1.0)
        axis = ventricular_axis(label_map, step)
        return cls(axis.end, -axis.direction, axis.length, step, (label_map.shape[0], label_map.shape[1]))

    @cached_property
    def to_pixels(self) -> NDArray[np.float64]:
        """(2, 2): a step along the grid's rows and one along its columns, in pixels (row, column)."""
        row, column = self.along
        axes = np.array([[row, -column], [column, row]])
        return axes * (STEP * self.length) / np.array(self.spacing)[:, None]

    def places(self, finer: int = 1) -> NDArray[np.float64]:
        """(2, rows, columns): the pixel (row, column) of each node of the grid, or of one so many times finer."""
        rows, columns = (_nodes(size, finer) for size in GRID)
        steps = np.stack(np.meshgrid(rows - APEX_ROW, columns - MIDDLE_COLUMN, indexing="ij"))
        return np.einsum("ij,jrc->irc", self.to_pixels, steps) + self.apex[:, None, None]

    def on_fine_grid(self, pixels: NDArray[np.floating]) -> NDArray[np.float32]:
        """Where pixels (2, ...) lie on the fine grid, in its nodes."""
        off = np.tensordot(np.linalg.inv(self.to_pixels), pixels - self.apex.reshape(2, *[1] * (pixels.ndim - 1)), 1)
        origin = np.array([APEX_ROW, MIDDLE_COLUMN]).reshape(2, *[1] * (pixels.ndim - 1))
        return (FINER * (off + origin + 0.5) - 0.5).astype(np.float32)

    @cached_property
    def _everywhere(self) -> Bilinear:
        return Bilinear.at(self.on_fine_grid(np.indices(self.shape, dtype=np.float64)), FINE)

    def displacement(self, fine: Field, pixels: NDArray[np.floating] | None = None) -> Field:
        """The displacement of pixels in pixels, of one on the fine grid in its nodes.

        Args:
            fine: (2, *FINE).
            pixels: (2, ...) rows and columns; None for all of the picture, (2, H, W).
        """
        at = self._everywhere if pixels is None else Bilinear.at(self.on_fine_grid(pixels), FINE)
        read = np.stack([at.read(part) for part in fine])
        return np.tensordot((self.to_pixels / FINER).astype(np.float32), read, 1)


def integrated(velocity: Field) -> Field:
    """The displacement (2, *FINE) of exp(v), in nodes of the fine grid, of a velocity (2, *GRID)."""
    return np.asarray(exponential(refined(velocity)), np.float32)


def refined(velocity: Field) -> Field:
    """A velocity (2, *GRID) on the fine grid, in its nodes: cubic splines between, at rest at the rim."""
    rows, columns = (spline(size, FINER) for size in GRID)
    return (rows @ (velocity * rest_at_rim() * np.float32(FINER)) @ columns.T).astype(np.float32)


@lru_cache(maxsize=1)
def rest_at_rim() -> NDArray[np.float32]:
    """(*GRID): 1 inside, falling to 0 at the rim."""
    rows, columns = (np.minimum(np.arange(size), np.arange(size)[::-1]) / _RIM for size in GRID)
    near = np.clip(np.minimum(rows[:, None], columns[None]), 0.0, 1.0)
    return (near * near * (3 - 2 * near)).astype(np.float32)


def _nodes(size: int, finer: int) -> NDArray[np.float64]:
    """Places on the grid of the nodes of a finer one; both divide the same length into cells."""
    return (np.arange(size * finer) + 0.5) / finer - 0.5


@lru_cache(maxsize=4)
def spline(size: int, finer: int) -> NDArray[np.float32]:
    """(finer * size, size): from a grid's samples to the finer grid's."""
    from scipy.ndimage import map_coordinates

    at = np.clip(_nodes(size, finer), 0, size - 1)
    every = [map_coordinates(one, at[None], order=3, mode="nearest") for one in np.eye(size)]
    return np.stack(every, axis=1).astype(np.float32)


def moved_labels(label_map: LabelMap, displacement: Field, pixels: NDArray[np.floating] | None = None) -> LabelMap:
    """The label map of another frame, whose x lies at x + u(x) in the given one.

    Memberships are read between pixels, and the largest one wins, so that outlines move by parts of a pixel.

    Args:
        label_map: (H, W) in CAMUS codes.
        displacement: (2, ...) in pixels.
        pixels: (2, ...) at which it is asked; None for all of the map.
    """
    at = (np.indices(label_map.shape, dtype=np.float32) if pixels is None else pixels) + displacement
    return largest_membership(memberships(label_map), at)


def memberships(label_map: LabelMap) -> tuple[NDArray[np.float32], ...]:
    """(H, W) of each of `CODES`: 1 where a map has it, else 0."""
    return tuple((label_map == code).astype(np.float32) for code in CODES)


def largest_membership(members: Sequence[NDArray[np.float32]], at: NDArray[np.floating]) -> LabelMap:
    """Codes (...) at places (2, ...), by memberships (H, W) read between pixels."""
    places = Bilinear.at(at, (members[0].shape[0], members[0].shape[1]))
    shares = [places.read(member) for member in members]
    most = 1 - sum(shares[1:], shares[0])
    labels = np.full(most.shape, CamusCode.BACKGROUND, np.uint8)
    for code, share in zip(CODES, shares, strict=True):
        labels[share > most] = code
        np.maximum(most, share, out=most)
    return labels
