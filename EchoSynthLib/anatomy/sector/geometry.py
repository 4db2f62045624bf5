"""The ultrasound sector as geometry."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from EchoSynthLib.errors import InputError


@dataclass(frozen=True)
class Sector:
    """The circular sector that a phased-array probe insonifies, on a pixel grid.

    Pixel centers lie at integer (row, column); row 0 is at the transducer.

    Attributes:
        apex_row, apex_column: where the beams meet, in pixels; may lie above the image.
        angle_left, angle_right: first and last beam in radians from straight down, positive towards higher columns.
        radius_near, radius_far: where the beams begin and end, in row pixels from the apex.
        aspect: width of a pixel over its height; 1 for square pixels.
    """

    apex_row: float
    apex_column: float
    angle_left: float
    angle_right: float
    radius_near: float
    radius_far: float
    aspect: float = 1.0

    def __post_init__(self) -> None:
        values = tuple(asdict(self).values())
        if not all(math.isfinite(v) for v in values):
            raise InputError(f"A sector needs finite numbers, not {values}.")
        if not -math.pi / 2 < self.angle_left < self.angle_right < math.pi / 2:
            raise InputError(
                f"A sector's beams run from a left to a right angle within 90 degrees of straight down; "
                f"given were {math.degrees(self.angle_left):.1f} and {math.degrees(self.angle_right):.1f} degrees."
            )
        if not 0 <= self.radius_near < self.radius_far or self.aspect <= 0:
            raise InputError(
                f"A sector needs 0 <= near radius < far radius and a positive aspect; given were "
                f"{self.radius_near:.1f}, {self.radius_far:.1f} and {self.aspect:.3f}."
            )

    @property
    def opening_angle(self) -> float:
        """Angle between the first and the last beam, in radians."""
        return self.angle_right - self.angle_left

    def polar(self, row: ArrayLike, column: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Radius (row pixels) and angle (radians) of points given in pixels."""
        down = np.asarray(row, dtype=np.float64) - self.apex_row
        across = (np.asarray(column, dtype=np.float64) - self.apex_column) * self.aspect
        return np.hypot(down, across), np.arctan2(across, down)

    def cartesian(self, radius: ArrayLike, angle: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Row and column (pixels) of points given by radius (row pixels) and angle (radians)."""
        r = np.asarray(radius, dtype=np.float64)
        a = np.asarray(angle, dtype=np.float64)
        return self.apex_row + r * np.cos(a), self.apex_column + r * np.sin(a) / self.aspect

    def mask(self, shape: tuple[int, int]) -> NDArray[np.bool_]:
        """Pixels (H, W) whose centers lie inside the sector."""
        rows, columns = np.indices(shape, sparse=True)
        radius, angle = self.polar(rows, columns)
        inside_angles = (angle >= self.angle_left) & (angle <= self.angle_right)
        return inside_angles & (radius >= self.radius_near) & (radius <= self.radius_far)

    def scaled(self, row_factor: float, column_factor: float) -> Sector:
        """The same sector after the image was resized by these factors, pixel edges kept in place."""
        return Sector(
            apex_row=(self.apex_row + 0.5) * row_factor - 0.5,
            apex_column=(self.apex_column + 0.5) * column_factor - 0.5,
            angle_left=self.angle_left,
            angle_right=self.angle_right,
            radius_near=self.radius_near * row_factor,
            radius_far=self.radius_far * row_factor,
            aspect=self.aspect * row_factor / column_factor,
        )

    def to_dict(self) -> dict[str, float]:
        """Plain numbers for a record."""
        return {name: float(value) for name, value in asdict(self).items()}

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Sector:
        """A sector from what `to_dict` gave."""
        return cls(**{name: float(value) for name, value in values.items()})
