"""Hearts made by `anatomy/heart3d` in the axes and codes of reconstructions."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from EchoSynthLib.anatomy.heart3d.heart import Heart
from EchoSynthLib.anatomy.heart3d.planes import standard_plane
from EchoSynthLib.anatomy.heart3d.pose import Pose
from EchoSynthLib.anatomy.heart3d.tissue import Tissue
from EchoSynthLib.anatomy.views import FOUR_CHAMBER
from EchoSynthLib.reconstruction.volume import VolumeGrid, VoxelCode

_CODES: Final = {
    Tissue.LV_CAVITY: VoxelCode.LV_CAVITY,
    Tissue.PAPILLARY_MUSCLE: VoxelCode.LV_CAVITY,
    Tissue.MITRAL_LEAFLET: VoxelCode.LV_CAVITY,
    Tissue.LV_WALL: VoxelCode.MYOCARDIUM,
    Tissue.LEFT_ATRIUM: VoxelCode.LEFT_ATRIUM,
    Tissue.RV_CAVITY: VoxelCode.RIGHT_VENTRICLE,
    Tissue.TRICUSPID_LEAFLET: VoxelCode.RIGHT_VENTRICLE,
    Tissue.RIGHT_ATRIUM: VoxelCode.RIGHT_ATRIUM,
    Tissue.AORTA: VoxelCode.AORTA,
    Tissue.AORTIC_CUSP: VoxelCode.AORTA,
    Tissue.RV_WALL: VoxelCode.OTHER_WALLS,
    Tissue.LEFT_ATRIAL_WALL: VoxelCode.OTHER_WALLS,
    Tissue.RIGHT_ATRIAL_WALL: VoxelCode.OTHER_WALLS,
    Tissue.AORTIC_WALL: VoxelCode.OTHER_WALLS,
    Tissue.PULMONARY_ARTERIAL_WALL: VoxelCode.OTHER_WALLS,
}
_TABLE: Final = np.zeros(256, np.uint8)
_TABLE[list(_CODES)] = list(_CODES.values())
_NEAR_MM = 12.0
"""From the ascending aorta as it lies at end-diastole: its wall, and what it moves by in a beat."""


def voxels_of(heart: Heart, grid: VolumeGrid, phase: float = 0.0) -> NDArray[np.uint8]:
    """(D, H, W), `VoxelCode`: a heart at a phase of its beat, in the axes of the left ventricle.

    The descending aorta, which passes behind the heart, is no part of it.
    """
    x, y, z = grid.places().T
    points = volume_axes(heart, phase).to_heart(np.column_stack([x, z, -y]))
    codes = heart.labels(points, phase)
    vessel = np.flatnonzero(np.isin(codes, (Tissue.AORTA, Tissue.AORTIC_WALL)))
    x, y, z = points[vessel].T
    tilt = heart.template.tilt
    codes[vessel[heart.template.aorta.distance(x, y, z - tilt[0] * x - tilt[1] * y) > _NEAR_MM]] = Tissue.SOFT_TISSUE
    return _TABLE[codes].reshape(grid.shape)


def volume_axes(heart: Heart, phase: float = 0.0) -> Pose:
    """The four-chamber plane at a phase, its origin the apex: a volume's (x, z, -y) are its (right, down, behind)."""
    landmarks = heart.landmarks(phase)
    plane = standard_plane(landmarks, FOUR_CHAMBER.name)
    return Pose.facing(landmarks.apex, plane.pose.down, plane.pose.right)


def azimuth_deg(heart: Heart, pose: Pose, phase: float = 0.0) -> float:
    """Direction of an apical picture's right in the axes of the left ventricle, from x towards y."""
    axes = volume_axes(heart, phase)
    return float(np.degrees(np.arctan2(-pose.right @ axes.normal, pose.right @ axes.right)))
