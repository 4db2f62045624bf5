"""Distances to the surfaces of a parametric left heart: cavity, outer wall, atrium.

The surfaces are those of `anatomy/heart3d`: tables of the squared distance S(z, theta) from the long axis. A point at
the distance r from the axis lies off a surface by (r^2 - S) / |grad (r^2 - S)|, to first order; unlike r - sqrt(S) this
holds at the apex, too, where S goes through 0 and is continued below it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from EchoSynthLib.anatomy.heart3d import left
from EchoSynthLib.anatomy.heart3d.parameters import HeartParameters
from EchoSynthLib.anatomy.heart3d.rays import COLUMNS, Rays, Table
from EchoSynthLib.anatomy.heart3d.vessels import Tube, aorta

ROWS = 28
"""Of the ventricle: half as many as a heart is drawn with, which changes distances by tenths of a millimeter."""
_BELOW, _ABOVE = 12, 36
"""Rows below the apex and above the mitral plane."""
_OF_THE_WALL = ("wall_", "septum_", "apex_")
"""Numbers that the cavity does not depend on begin so."""


@dataclass(frozen=True, eq=False)
class Aorta:
    """The aorta of a heart, and where rays from the axis meet it; it is asked for seldom, for it takes its time."""

    tube: Tube
    begins: Table

    @classmethod
    def of(cls, parameters: HeartParameters) -> Aorta:
        """That of a heart with these numbers."""
        tube = aorta(parameters)
        return cls(tube, tube.interval(rays_of(parameters))[0])


@dataclass(frozen=True, eq=False)
class LeftHeart:
    """The surfaces of a left heart at one moment.

    Attributes:
        rays: from the long axis.
        squares: (rows, COLUMNS) of cavity, outer wall and atrium each; continued below 0 where a surface has ended.
        tilt: rise of planes of equal height along x and y.
        cavity: as `heart3d.left.cavity` has it.
    """

    rays: Rays
    squares: Sequence[Table]
    tilt: tuple[float, float]
    cavity: tuple[Table, Table, Table]

    @classmethod
    def of(cls, parameters: HeartParameters, vessel: Aorta) -> LeftHeart:
        """That of a heart at end-diastole."""
        rays = rays_of(parameters)
        cavity = left.cavity(parameters, rays, vessel.tube)
        parts = [
            _continued(cavity[0] ** 2, rays.heights),
            _wall(parameters, rays, cavity),
            _atrium(parameters, rays, vessel),
        ]
        return cls(rays, parts, _tilt_of(parameters), cavity)

    def changed(self, parameters: HeartParameters, vessel: Aorta, name: str) -> LeftHeart:
        """The same where only the number of this name differs: what it has no part in is taken over."""
        rays = rays_of(parameters)
        if name.startswith("base_tilt"):
            return LeftHeart(rays, self.squares, _tilt_of(parameters), self.cavity)
        parts, cavity = list(self.squares), self.cavity
        if not name.startswith(("la_", *_OF_THE_WALL)):
            cavity = left.cavity(parameters, rays, vessel.tube)
            parts[0] = _continued(cavity[0] ** 2, rays.heights)
        if not name.startswith("la_"):
            parts[1] = _wall(parameters, rays, cavity)
        if name.startswith("la_") or name == "lv_length_mm":
            parts[2] = _atrium(parameters, rays, vessel)
        return LeftHeart(rays, parts, self.tilt, cavity)

    def shares(self, surface: int, other: LeftHeart) -> bool:
        """Whether a surface is the same in another one, as `changed` left it."""
        same = self.squares[surface] is other.squares[surface] and self.tilt == other.tilt
        return same and np.array_equal(self.rays.axis, other.rays.axis) and self.rays.length == other.rays.length

    def distances(self, surface: int, places: NDArray[np.float64]) -> NDArray[np.float64]:
        """mm from cavity (0), outer wall (1) or atrium (2) to places (..., 3), negative inside."""
        x, y = places[..., 0], places[..., 1]
        z = places[..., 2] - self.tilt[0] * x - self.tilt[1] * y
        rays = self.rays
        row_mm = rays.heights[1] - rays.heights[0]
        row = np.clip((z - rays.heights[0]) / row_mm, 0, len(rays.heights) - 1.001)
        i = row.astype(np.intp)
        w = row - i
        middle = rays.axis[i] + w[..., None] * (rays.axis[i + 1] - rays.axis[i])
        dx, dy = x - middle[..., 0], y - middle[..., 1]
        column = np.arctan2(dy, dx) * (COLUMNS / (2 * math.pi)) % COLUMNS
        j = column.astype(np.intp) % COLUMNS
        k, v = (j + 1) % COLUMNS, column - column.astype(np.intp)
        table = self.squares[surface]
        low, high = table[i, j] * (1 - v) + table[i, k] * v, table[i + 1, j] * (1 - v) + table[i + 1, k] * v
        along = (high - low) / row_mm
        around = ((table[i, k] - table[i, j]) * (1 - w) + (table[i + 1, k] - table[i + 1, j]) * w) * (
            COLUMNS / (2 * math.pi)
        )
        square = dx * dx + dy * dy
        steep = np.sqrt(4 * square + along**2 + around**2 / (square + 1.0) + 1.0)
        side = (square - (low * (1 - w) + high * w)) / steep
        if surface == 0:
            return np.maximum(side, z - rays.length)
        return np.maximum(side, rays.length - z) if surface == 2 else side


def rays_of(parameters: HeartParameters) -> Rays:
    """The rays of a heart, as `heart3d.template` has them, on fewer rows."""
    heights = parameters.lv_length_mm / ROWS * np.arange(-_BELOW, ROWS + _ABOVE + 1, dtype=np.float64)
    up = np.clip(heights - parameters.lv_length_mm, 0.0, 45.0)
    axis = np.column_stack([parameters.la_lean_x * up, parameters.la_lean_y * up])
    return Rays(heights, axis, parameters.lv_length_mm)


def _tilt_of(parameters: HeartParameters) -> tuple[float, float]:
    return parameters.base_tilt_x, parameters.base_tilt_y


def _wall(parameters: HeartParameters, rays: Rays, cavity: tuple[Table, Table, Table]) -> Table:
    return _continued(left.epicardium(parameters, rays, *cavity) ** 2, rays.heights)


def _atrium(parameters: HeartParameters, rays: Rays, vessel: Aorta) -> Table:
    return _continued(left.atrium(parameters, rays, vessel.begins)[0] ** 2, rays.heights)


def _continued(square: Table, heights: NDArray[np.float64]) -> Table:
    """Beyond both ends of a surface its square goes on falling as it did, through 0."""
    there = square > 0
    rows = np.arange(len(heights))[:, None]
    first, last = there.argmax(axis=0), len(heights) - 1 - there[::-1].argmax(axis=0)
    columns = np.arange(square.shape[1])
    row_mm = heights[1] - heights[0]
    rise = np.maximum((square[np.minimum(first + 1, last), columns] - square[first, columns]) / row_mm, 1.0)
    fall = np.maximum((square[np.maximum(last - 1, first), columns] - square[last, columns]) / row_mm, 1.0)
    below = square[first, columns] + (rows - first) * row_mm * rise
    above = square[last, columns] - (rows - last) * row_mm * fall
    return np.where(rows < first, below, np.where(rows > last, above, square))
