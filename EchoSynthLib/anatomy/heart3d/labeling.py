"""What is at a point at a phase."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from EchoSynthLib.anatomy.heart3d.motion import Motion
from EchoSynthLib.anatomy.heart3d.tissue import Tissue

_TISSUE_OF_LAYER = np.array(
    [
        [
            Tissue.LV_CAVITY,
            Tissue.LV_WALL,
            Tissue.FAT,
            Tissue.RV_WALL,
            Tissue.RV_CAVITY,
            Tissue.RV_WALL,
            Tissue.PERICARDIUM,
            Tissue.FAT,
            Tissue.SOFT_TISSUE,
        ],
        [
            Tissue.LV_CAVITY,
            Tissue.LV_WALL,
            Tissue.FAT,
            Tissue.RIGHT_ATRIAL_WALL,
            Tissue.RIGHT_ATRIUM,
            Tissue.RIGHT_ATRIAL_WALL,
            Tissue.PERICARDIUM,
            Tissue.FAT,
            Tissue.SOFT_TISSUE,
        ],
        [
            Tissue.LEFT_ATRIUM,
            Tissue.LEFT_ATRIAL_WALL,
            Tissue.FAT,
            Tissue.RIGHT_ATRIAL_WALL,
            Tissue.RIGHT_ATRIUM,
            Tissue.RIGHT_ATRIAL_WALL,
            Tissue.PERICARDIUM,
            Tissue.FAT,
            Tissue.SOFT_TISSUE,
        ],
    ],
    dtype=np.uint8,
)


def labels(motion: Motion, points: NDArray[np.floating], phase: float) -> NDArray[np.uint8]:
    """Codes of `Tissue` (...) at points (..., 3)."""
    flat = points.reshape(-1, 3)
    pose = motion.pose(phase)
    at = motion.locate(flat, pose)
    knots = at.layers(pose.squares)
    layer = (at.square[:, None] >= knots).sum(1)
    return _TISSUE_OF_LAYER[at.table, layer].reshape(points.shape[:-1])
