"""Hearts of ellipsoids in the axes of the left ventricle, whose cuts and volumes are known in closed form."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from EchoSynthLib.reconstruction.pix2vox.data import Example
from EchoSynthLib.reconstruction.volume import VolumeGrid, VoxelCode

SPACING = (0.9, 0.8)
SHAPE = (240, 260)
AZIMUTH = {"4CH": 0.0, "2CH": -60.0, "3CH": -120.0}


@dataclass(frozen=True)
class EllipsoidHeart:
    """A ventricle that is an ellipsoid cut off at two thirds of its length's far side, a wall, and a round atrium.

    Attributes:
        length: mm from the apex to the mitral plane.
        radius: mm of the short axis.
        wall: mm.
        oval: ratio of the half axes along x and y.
        atrium: radius in mm.
    """

    length: float = 85.0
    radius: float = 24.0
    wall: float = 9.0
    oval: float = 1.0
    atrium: float = 22.0

    def labels(self, places: NDArray[np.floating]) -> NDArray[np.uint8]:
        """Codes of places (..., 3) in mm."""
        x, y, z = np.moveaxis(places, -1, 0)

        def inside(grow: float) -> NDArray[np.bool_]:
            half = 0.6 * self.length
            across = (x / (self.radius * self.oval + grow)) ** 2 + (y / (self.radius / self.oval + grow)) ** 2
            return (across + ((z - half) / (half + grow)) ** 2 < 1) & (z < self.length)

        codes = np.zeros(x.shape, np.uint8)
        codes[inside(self.wall)] = VoxelCode.MYOCARDIUM
        codes[inside(0.0)] = VoxelCode.LV_CAVITY
        above = (x**2 + y**2 + (z - self.length - 0.8 * self.atrium) ** 2 < self.atrium**2) & (z >= self.length)
        codes[above] = VoxelCode.LEFT_ATRIUM
        return codes

    @property
    def volume_ml(self) -> float:
        """Of the cavity: the integral of the ellipsoid's section from apex to mitral plane."""
        half = 0.6 * self.length
        top = self.length - half
        return np.pi * self.radius**2 * (2 / 3 * half + top - top**3 / (3 * half**2)) / 1000

    def view(self, view: str, lean_deg: float = 0.0, place: tuple[float, float] = (130.0, 30.0)) -> NDArray[np.uint8]:
        """The label map (H, W) of an exact apical view, with the apex at a place (column, row) and the axis leaning."""
        row, column = np.indices(SHAPE)
        across, along = (column - place[0]) * SPACING[1], (row - place[1]) * SPACING[0]
        lean, angle = np.deg2rad(lean_deg), np.deg2rad(AZIMUTH[view])
        right = across * np.cos(lean) + along * np.sin(lean)
        down = -across * np.sin(lean) + along * np.cos(lean)
        return self.labels(np.stack([right * np.cos(angle), right * np.sin(angle), down], axis=-1))

    def example(self, side: int = 32, views: tuple[str, ...] = ("4CH", "2CH"), seed: int = 0) -> Example:
        """The heart with its views, each somewhere in its picture."""
        generator = np.random.default_rng(seed)
        maps = {
            view: self.view(view, generator.uniform(-10, 10), (generator.uniform(110, 150), generator.uniform(20, 40)))
            for view in views
        }
        grid = VolumeGrid.of(side)
        volume = self.labels(grid.places()).reshape(grid.shape)
        return Example(maps, dict.fromkeys(views, SPACING), volume, grid)

    @classmethod
    def drawn(cls, seed: int) -> EllipsoidHeart:
        """A random one."""
        generator = np.random.default_rng(seed)
        return cls(
            *(generator.uniform(low, high) for low, high in ((65, 110), (17, 32), (6, 14), (0.92, 1.08), (16, 28)))
        )
