"""What a reconstruction gives, and what is told of it: volumes, planes, and how well each picture agrees with it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field

import numpy as np
from numpy.typing import NDArray

from EchoSynthLib.anatomy.heart3d.parameters import HeartParameters
from EchoSynthLib.evaluation.segmentation_metrics import structure_dice
from EchoSynthLib.reconstruction.volume import VolumeGrid, VoxelCode
from EchoSynthLib.types import LabelMap, Record, Spacing

_STEP_MM = 1.5
"""Between the pixels at which a heart is compared with its pictures."""


@dataclass(frozen=True, eq=False)
class Reconstruction:
    """A heart made from views.

    Attributes:
        labels: (D, H, W) uint8, `volume.VoxelCode`; (z, y, x) in the axes of the left ventricle.
        grid: where its voxels lie in them.
        volumes_ml: of each chamber that was reconstructed.
        planes: (4, 4) for each view whose place is known: (row, column, 0, 1) in pixels of its picture to (x, y, z, 1)
            in mm; the third column is 1 mm behind the picture.
        intervals_ml: (low, high) of a chamber's volume, which nine hearts of ten lie within; of those that are told.
        expected_ml: what chambers truly hold on average where pictures look like these: a hand that misses the apex
            shows a ventricle smaller than it is; of those that are told.
        parameters: of the heart, whose end-diastole is the moment of the pictures; None where it is voxels alone.
    """

    labels: NDArray[np.uint8]
    grid: VolumeGrid
    volumes_ml: Mapping[str, float]
    planes: Mapping[str, NDArray[np.float64]]
    intervals_ml: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    expected_ml: Mapping[str, float] = field(default_factory=dict)
    parameters: HeartParameters | None = None


def summary(heart: Reconstruction, label_maps: Mapping[str, LabelMap], spacing: Mapping[str, Spacing]) -> Record:
    """What a record tells of a heart and of how well its views agree with it."""
    agreement = {
        view: view_agreement(heart, label_maps[view], spacing[view], plane) for view, plane in heart.planes.items()
    }
    worst = [min(found.values()) for found in agreement.values()]
    told = {} if heart.parameters is None else {"heart": asdict(heart.parameters)}
    return told | {
        "affine_mm": heart.grid.affine.tolist(),
        "voxel_mm": heart.grid.voxel_mm,
        "volumes_ml": {name: round(volume, 2) for name, volume in heart.volumes_ml.items()},
        "expected_ml": {name: round(volume, 2) for name, volume in heart.expected_ml.items()},
        "intervals_ml": {name: [round(end, 2) for end in ends] for name, ends in heart.intervals_ml.items()},
        "planes": {view: plane.tolist() for view, plane in heart.planes.items()},
        "agreement": {
            view: {name: round(value, 4) for name, value in found.items()} for view, found in agreement.items()
        },
        "trust": round(min(worst), 4) if worst else None,
    }


def view_agreement(
    heart: Reconstruction, label_map: LabelMap, spacing: Spacing, plane: NDArray[np.float64]
) -> dict[str, float]:
    """Dice of each structure that a picture shows, between its label map and the heart cut by its plane.

    Structures that neither of them has are left out.
    """
    steps = [max(1, round(_STEP_MM / side)) for side in spacing]
    rows, columns = (np.arange(0, size, step) for size, step in zip(label_map.shape, steps, strict=True))
    row, column = np.meshgrid(rows, columns, indexing="ij")
    pixels = np.stack([row, column, np.zeros_like(row), np.ones_like(row)], axis=-1)
    cut = heart.grid.read(heart.labels, (pixels @ plane.T)[..., :3])
    cut[cut > VoxelCode.LEFT_ATRIUM] = VoxelCode.BACKGROUND  # what CAMUS does not mark
    given = label_map[row, column]
    shown = structure_dice(cut, given)
    return shown if (given == VoxelCode.LEFT_ATRIUM).any() else {k: v for k, v in shown.items() if "atrium" not in k}
