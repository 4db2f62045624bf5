"""Rays from the axis, level by level: how far they go in a body, over height and angle."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

Table = NDArray[np.float64]
"""(rows, columns) over height and angle."""

COLUMNS = 144


@cache
def angles() -> NDArray[np.float64]:
    """(COLUMNS,) from lateral (0) through inferior (90 degrees), septal (180) and anterior (270), in radians."""
    theta = np.linspace(0.0, 2 * math.pi, COLUMNS, endpoint=False, dtype=np.float64)
    theta.setflags(write=False)
    return theta


@cache
def _waves() -> tuple[NDArray[np.float64], ...]:
    theta = angles()[None]
    return np.cos(theta), np.sin(theta), np.cos(2 * theta), np.sin(2 * theta)


@dataclass(frozen=True, eq=False)
class Rays:
    """The rays of a heart: one for each height and angle, perpendicular to the axis.

    Attributes:
        heights: (rows,) mm above the apex.
        axis: (rows, 2) x and y where they begin.
        length: height of the mitral plane.
    """

    heights: NDArray[np.float64]
    axis: NDArray[np.float64]
    length: float

    @property
    def share(self) -> NDArray[np.float64]:
        """(rows, 1) height over the length of the ventricle."""
        return self.heights[:, None] / self.length

    def points(self, distance: NDArray[np.float64] | float) -> tuple[Table, Table, Table]:
        """x, y and z at distances (rows, columns) along the rays."""
        x = self.axis[:, :1] + distance * np.cos(angles())
        y = self.axis[:, 1:] + distance * np.sin(angles())
        return x, y, np.broadcast_to(self.heights[:, None], x.shape)

    def volume(self, squares: Table, low: float, high: float) -> float:
        """mm3 between two heights, from the axis to a surface whose squared distances are linear between rows."""
        inside = self.heights[(self.heights > low + 1e-9) & (self.heights < high - 1e-9)]
        z = np.concatenate([[low], inside, [high]])
        return math.pi * float(np.trapezoid(np.interp(z, self.heights, squares.mean(1)), z))

    def ellipsoid(
        self, center: NDArray[np.float64], half_axes: NDArray[np.float64], turned: float, lean: tuple[float, float]
    ) -> tuple[Table, Table, Table]:
        """Where rays enter an ellipsoid, where they leave it, and how far outside its surface they pass.

        Its axes lie along x, y and z, the first two turned by an angle in radians, and it is sheared by `lean` along x
        and y, per height. The third of what is told is a ratio, 0 for rays that meet the surface; those that do not
        enter and leave where they come nearest.
        """
        c, s = np.cos(angles() - turned)[None] / half_axes[0], np.sin(angles() - turned)[None] / half_axes[1]
        up = self.heights[:, None] - center[2]
        dx, dy = self.axis[:, :1] - center[0] - lean[0] * up, self.axis[:, 1:] - center[1] - lean[1] * up
        x = (math.cos(turned) * dx + math.sin(turned) * dy) / half_axes[0]
        y = (math.cos(turned) * dy - math.sin(turned) * dx) / half_axes[1]
        z = up / half_axes[2]
        a, b = c * c + s * s, x * c + y * s
        near = np.maximum(-b / a, 0.0)
        aside = np.sqrt((x + near * c) ** 2 + (y + near * s) ** 2 + z * z) - 1
        half = np.sqrt(np.maximum(b * b - a * (x * x + y * y + z * z - 1), 0.0)) / a
        return np.maximum(-b / a - half, 0.0), np.maximum(-b / a + half, 0.0), np.maximum(aside, 0.0)


def form(coefficients: tuple[float, ...], height: NDArray[np.float64]) -> Table:
    """Factor (rows, COLUMNS) by which a surface deviates: exp of waves in the angle; heights (rows, 1) from 0 to 1."""
    h = np.clip(height, 0.0, 1.0)
    odd = np.cos(math.pi * h)
    total = sum((coefficients[2 * k] + coefficients[2 * k + 1] * odd) * wave for k, wave in enumerate(_waves()))
    return np.exp(total)
