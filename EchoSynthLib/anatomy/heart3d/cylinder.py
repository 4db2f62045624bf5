"""The coordinates of the template: where points lie around the axis, among the layers, and how a layer is carried."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from EchoSynthLib.anatomy.heart3d.rays import COLUMNS
from EchoSynthLib.anatomy.heart3d.template import Template

_ROOM_MM = 14.0  # around the heart, for its motion to fade


@dataclass(frozen=True, eq=False)
class AtPhase:
    """A heart at a phase: what the map needs.

    Attributes:
        squares: as `Template.squares`, at the phase but over heights and angles of end-diastole; float32.
        ventricle, atrium: stretch of heights below and above the mitral plane.
        turn: (rows,) angle by which each level has turned.
    """

    squares: NDArray[np.float32]
    ventricle: float
    atrium: float
    turn: NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Cylinder:
    """Points in the coordinates of the template, all of end-diastole but the square of the distance.

    Attributes:
        height, square, angle, table: (N,); `table` is BESIDE_LV or BESIDE_LA.
        corners, weights: the places of the tables around each point, and how much each counts.
    """

    height: NDArray[np.floating]
    square: NDArray[np.floating]
    angle: NDArray[np.floating]
    table: NDArray[np.intp]
    corners: tuple[NDArray[np.intp], ...]
    weights: tuple[NDArray[np.floating], ...]

    def __getitem__(self, chosen: NDArray[np.intp]) -> Cylinder:
        """Some of the points."""
        return Cylinder(
            self.height[chosen],
            self.square[chosen],
            self.angle[chosen],
            self.table[chosen],
            tuple(corner[chosen] for corner in self.corners),
            tuple(weight[chosen] for weight in self.weights),
        )

    def layers(self, squares: NDArray[np.float32]) -> NDArray[np.float32]:
        """(N, LAYERS) of a table, bilinear."""
        flat = squares.reshape(-1, squares.shape[-1])
        out = flat.take(self.corners[0], axis=0)
        out *= self.weights[0][:, None]
        for corner, weight in zip(self.corners[1:], self.weights[1:], strict=True):
            part = flat.take(corner, axis=0)
            part *= weight[:, None]
            out += part
        return out


def locate(t: Template, points: NDArray[np.floating], pose: AtPhase | None) -> Cylinder:
    """Points (N, 3) of a heart at a phase (None: end-diastole) in the coordinates of its template."""
    x, y, z = (np.asarray(points[:, k], dtype=np.float32) for k in range(3))
    z = z - np.float32(t.tilt[0]) * x - np.float32(t.tilt[1]) * y
    if pose is not None:
        below, above = np.float32(t.length * pose.ventricle), np.float32(t.roof)
        z = (
            np.minimum(z, 0)
            + np.clip(z, 0, below) / np.float32(pose.ventricle)
            + np.clip(z - below, 0, above - below) / np.float32(pose.atrium)
            + np.maximum(z - above, 0)
        )
    row = np.clip((z - np.float32(t.rays.heights[0])) / np.float32(t.row_mm), 0, len(t.rays.axis) - 1.001)
    i = row.astype(np.intp)
    w = row - i
    center = t.rays.axis.astype(np.float32)
    cx, cy = (
        center[i, 0] + w * (center[i + 1, 0] - center[i, 0]),
        center[i, 1] + w * (center[i + 1, 1] - center[i, 1]),
    )
    dx, dy = x - cx, y - cy
    angle = np.arctan2(dy, dx)
    if pose is not None:
        turn = pose.turn.astype(np.float32)
        angle = angle - (turn[i] + w * (turn[i + 1] - turn[i]))
    column = angle * np.float32(COLUMNS / (2 * np.pi))
    column = column - np.float32(COLUMNS) * np.floor(column / np.float32(COLUMNS))
    j = column.astype(np.intp)
    v = column - j
    j %= COLUMNS
    k = (j + 1) % COLUMNS
    table = (z > np.float32(t.length)).astype(np.intp)
    first = (table * len(t.rays.axis) + i) * COLUMNS
    return Cylinder(
        z,
        dx * dx + dy * dy,
        angle,
        table,
        (first + j, first + k, first + COLUMNS + j, first + COLUMNS + k),
        ((1 - w) * (1 - v), (1 - w) * v, w * (1 - v), w * v),
    )


def carried(s: NDArray[np.floating], old: NDArray[np.float32], new: NDArray[np.float32]) -> NDArray[np.float64]:
    """s of each point carried from its old knots to its new ones, linear between; it fades around the last one."""
    s = s.astype(np.float64)
    support = (np.sqrt(np.maximum(old, new)[:, -1:].astype(np.float64)) + _ROOM_MM) ** 2
    zero = np.zeros((len(s), 1))
    a, b = np.hstack([zero, old, support]), np.hstack([zero, new, support])
    widths = np.maximum(np.diff(a), 1e-9)
    parts = np.clip(s[:, None] - a[:, :-1], 0, widths)
    return (parts * (np.diff(b) / widths)).sum(1) + np.maximum(s - a[:, -1], 0.0)
