"""The volume that every reconstruction fills: voxels of one size in the axes of the left ventricle, and its codes.

The axes: origin at the apex of the left ventricle's cavity; x to the right of the four-chamber image (the lateral
wall), y from that image towards who looks at it, z along the long axis from the apex to the middle of the mitral plane.
They are right-handed. A volume is stored (D, H, W) along (z, y, x).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import binary_dilation

from EchoSynthLib.anatomy.structures import (
    AORTA,
    LEFT_ATRIUM,
    LEFT_VENTRICLE,
    MYOCARDIUM,
    RIGHT_ATRIUM,
    RIGHT_VENTRICLE,
    CamusCode,
)


class VoxelCode:
    """Values of a reconstructed heart; the first three are those of CAMUS label maps."""

    BACKGROUND: Final = CamusCode.BACKGROUND
    LV_CAVITY: Final = CamusCode.LV_CAVITY
    MYOCARDIUM: Final = CamusCode.MYOCARDIUM
    LEFT_ATRIUM: Final = CamusCode.LEFT_ATRIUM
    RIGHT_VENTRICLE: Final = 4
    RIGHT_ATRIUM: Final = 5
    AORTA: Final = 6
    OTHER_WALLS: Final = 7


CODES: Mapping[str, int] = {
    LEFT_VENTRICLE.name: VoxelCode.LV_CAVITY,
    MYOCARDIUM.name: VoxelCode.MYOCARDIUM,
    LEFT_ATRIUM.name: VoxelCode.LEFT_ATRIUM,
    RIGHT_VENTRICLE.name: VoxelCode.RIGHT_VENTRICLE,
    RIGHT_ATRIUM.name: VoxelCode.RIGHT_ATRIUM,
    AORTA.name: VoxelCode.AORTA,
    "other walls": VoxelCode.OTHER_WALLS,
}
"""Name to code: cavities, the left ventricle's wall, and the walls of all others, which are thin."""

CLASSES = 1 + len(CODES)
"""Of a multi-label head, background counted."""

TISSUE = (VoxelCode.MYOCARDIUM, VoxelCode.OTHER_WALLS)
"""What is 1 in a volume of tissue or none: walls, no blood, as in arXiv 2207.13424."""

CHAMBERS = {name: code for name, code in CODES.items() if code not in (*TISSUE, VoxelCode.AORTA)}
"""Those whose volume is told."""

_BORDER = 2
"""Voxels around a structure that its probability is summed over."""


@dataclass(frozen=True)
class VolumeGrid:
    """A cube of voxels in the axes of the left ventricle.

    Attributes:
        side: voxels along each axis.
        voxel_mm: side of a voxel.
        corner_mm: (x, y, z) of the cube's corner, the outer one of its first voxel.
    """

    side: int
    voxel_mm: float
    corner_mm: tuple[float, float, float]

    @classmethod
    def of(cls, side: int) -> VolumeGrid:
        """The cube of 218 mm that holds the hearts of adults, dilated ones with large atria, too, in so many voxels.

        The right heart lies on the side of -x, the base at the top.
        """
        return cls(side, 217.6 / side, (-132.0, -108.8, -24.0))

    @property
    def shape(self) -> tuple[int, int, int]:
        """(D, H, W)."""
        return (self.side, self.side, self.side)

    @property
    def affine(self) -> NDArray[np.float64]:
        """(4, 4): index (d, h, w, 1) to (x, y, z, 1) in mm at the middle of the voxel."""
        matrix = np.zeros((4, 4))
        matrix[[0, 1, 2], [2, 1, 0]] = self.voxel_mm
        matrix[:3, 3] = np.array(self.corner_mm) + self.voxel_mm / 2
        matrix[3, 3] = 1.0
        return matrix

    def places(self) -> NDArray[np.float64]:
        """(D * H * W, 3): the middles of the voxels, (x, y, z) in mm, in the order of `labels.ravel()`."""
        x, y, z = (corner + self.voxel_mm * (np.arange(self.side) + 0.5) for corner in self.corner_mm)
        across = np.meshgrid(z, y, x, indexing="ij")
        return np.stack([axis.ravel() for axis in reversed(across)], axis=1)

    def read(self, labels: NDArray[np.uint8], places: NDArray[np.floating]) -> NDArray[np.uint8]:
        """The code at places (..., 3) in mm, of the nearest voxel; background beyond the cube."""
        index = np.floor((places - np.array(self.corner_mm)) / self.voxel_mm).astype(np.intp)
        inside = np.all((index >= 0) & (index < self.side), axis=-1)
        x, y, z = np.moveaxis(np.where(inside[..., None], index, 0), -1, 0)
        return np.where(inside, labels[z, y, x], VoxelCode.BACKGROUND).astype(np.uint8)

    def expected_ml(self, probability: NDArray[np.floating], found: NDArray[np.bool_]) -> float:
        """The volume in ml that probabilities (D, H, W) of a structure tell: their sum in and right around its voxels.

        Counting voxels would round each border to whole ones; and of the many voxels far away each is a little likely.
        """
        around = binary_dilation(found, iterations=_BORDER)
        return float(probability[around].sum()) * self.voxel_mm**3 / 1000

    def to_dict(self) -> dict[str, Any]:
        """Plain numbers for config.json."""
        return {"side": self.side, "voxel_mm": self.voxel_mm, "corner_mm": list(self.corner_mm)}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> VolumeGrid:
        """A grid from what `to_dict` gave.

        Raises:
            ValueError: a cube that is none.
            LookupError, TypeError: something is missing, or is no number.
        """
        x, y, z = (float(value) for value in values["corner_mm"])
        side, voxel_mm = int(values["side"]), float(values["voxel_mm"])
        if side < 1 or not voxel_mm > 0:
            raise ValueError(f"a volume has voxels, whose side is above 0 mm; found were {side} of {voxel_mm} mm")
        return cls(side, voxel_mm, (x, y, z))
