"""A block of a heart as three-dimensional echo, coarsely: tissue, speckle that moves with it, and gray map.

What depends on the way of the sound is left out: attenuation, shadows, walls that fade along the beam.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

from EchoSynthLib.acoustics.draw import gray_levels
from EchoSynthLib.acoustics.echogenicity import table_of
from EchoSynthLib.acoustics.look import Look
from EchoSynthLib.acoustics.scatterers import scatterers, unevenness
from EchoSynthLib.anatomy.heart3d.heart import Heart
from EchoSynthLib.anatomy.heart3d.pose import Pose
from EchoSynthLib.anatomy.heart3d.tissue import Tissue
from EchoSynthLib.types import LabelMap

_GRAIN = 0.6
"""Standard deviation of the point spread, in voxels."""


@dataclass(frozen=True, eq=False)
class Block:
    """Voxels (D, H, W) that lie in a heart as the pictures of a pose do: behind, down and right of its origin.

    Attributes:
        pose: whose origin lies in the middle of the block across and behind, `above_mm` under its upper face.
        side: voxels along each axis.
        voxel_mm: side of a voxel.
        above_mm: from the upper face down to the origin.
    """

    pose: Pose
    side: int
    voxel_mm: float
    above_mm: float

    def places(self) -> NDArray[np.float64]:
        """(D * H * W, 3): the middles of the voxels in the heart, in mm."""
        along = self.voxel_mm * (np.arange(self.side) + 0.5)
        across = along - self.side * self.voxel_mm / 2
        behind, down, right = np.meshgrid(across, along - self.above_mm, across, indexing="ij")
        return self.pose.to_heart(np.column_stack([right.ravel(), down.ravel(), behind.ravel()]))

    @property
    def shape(self) -> tuple[int, int, int]:
        """(D, H, W)."""
        return (self.side, self.side, self.side)


def draw_volume(heart: Heart, block: Block, phase: float, seed: int, look: Look) -> tuple[NDArray[np.uint8], LabelMap]:
    """Draw a block of a heart at a phase of its beat.

    Args:
        heart: that is shown.
        block: where.
        phase: of the beat; drawn with the same seed, the speckle of another phase is that of the same tissue.
        seed: of the speckle.
        look: of patient and machine, as far as it is not about beams.

    Returns:
        Gray levels (D, H, W), and labels (D, H, W), codes of `Tissue`.
    """
    points = block.places()
    labels = heart.labels(points, phase).reshape(block.shape)
    rest = heart.material_points(points, phase) if phase else points
    places = block.pose.to_picture(rest).T
    table = table_of(look)
    # Sound that has met air tells nothing of what is behind, and without beams there is no behind.
    table[Tissue.LUNG] = look.soft_db
    level = table[labels] + look.unevenness_db * unevenness(places, seed).reshape(block.shape)
    amplitude = (10 ** (np.clip(level, -90, 40) / 20)).astype(np.float32)
    # A lattice as coarse as the voxels: of a finer one nothing would be left that both phases show.
    field = scatterers(places, seed, np.full(3, 1.5 * block.voxel_mm)).reshape(block.shape) * amplitude
    parts = [gaussian_filter(part, _GRAIN) for part in (field.real, field.imag)]
    speckle = np.hypot(*parts) * np.sqrt((4 * np.pi) ** 1.5 * _GRAIN**3)
    mean = gaussian_filter(amplitude, _GRAIN)
    heard = (speckle + 1e-6) ** (1 - look.compounding) * (mean + 1e-6) ** look.compounding
    heard += 10 ** (look.haze_db / 20)
    return np.rint(gray_levels(20 * np.log10(heard), look)).astype(np.uint8), labels
