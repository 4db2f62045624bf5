"""Real hearts in 3D, cut as hands cut them and reconstructed from the cuts.

    .venv/bin/python Testing/benchmarks/real_planes.py --hands 20

The label volumes of HeartDeformNets (Apache-2.0; two scans, probably of one patient) are what is cut: planes of 4CH and
2CH are set by anatomy as in drawn hearts, and a hand of routine misses them. Nothing was learned from or tuned on them.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray
from scipy import ndimage

sys.path.insert(0, str(Path(__file__).parent))

from document import rows_of
from real_hearts import FOLDER

import EchoSynthLib as es
from EchoSynthLib.anatomy.heart3d.planes import standard_plane
from EchoSynthLib.anatomy.heart3d.pose import Pose
from EchoSynthLib.anatomy.heart3d.probe import Hand
from EchoSynthLib.anatomy.views import FOUR_CHAMBER, TWO_CHAMBER
from EchoSynthLib.evaluation.segmentation_metrics import dice
from EchoSynthLib.reconstruction.volume import CODES, VolumeGrid, VoxelCode

Row = dict[str, Any]
NAMES = ("mmwhs", "wh")
_WALL, _LA, _LV, _RA, _RV, _AORTA = range(1, 7)
_TO_VOXELS = {
    _LV: VoxelCode.LV_CAVITY,
    _WALL: VoxelCode.MYOCARDIUM,
    _LA: VoxelCode.LEFT_ATRIUM,
    _RV: VoxelCode.RIGHT_VENTRICLE,
    _RA: VoxelCode.RIGHT_ATRIUM,
    _AORTA: VoxelCode.AORTA,
}
VIEWS = (FOUR_CHAMBER.name, TWO_CHAMBER.name)
LV = "left ventricle"
SKIN_MM = 34.0
"""From the probe to the apex of the cavity: skin, fat and the wall."""
PICTURE = (200, 200)
STEP_MM = 1.0
SEED = 31


@dataclass(frozen=True, eq=False)
class LabeledHeart:
    """A label volume, in `VoxelCode`, and the places from which planes are set, in its millimeters."""

    codes: NDArray[np.uint8]
    spacing: NDArray[np.float64]
    direction: NDArray[np.float64]
    landmarks: Any

    @classmethod
    def read(cls, path: Path) -> LabeledHeart:
        image = sitk.ReadImage(str(path))
        labels = sitk.GetArrayFromImage(image)
        spacing, direction = np.array(image.GetSpacing()), np.array(image.GetDirection()).reshape(3, 3)
        table = np.zeros(256, np.uint8)
        table[list(_TO_VOXELS)] = list(_TO_VOXELS.values())

        def places(mask: NDArray[np.bool_]) -> NDArray[np.float64]:
            return (np.argwhere(mask)[:, ::-1] * spacing) @ direction.T

        def beside(code: int, other: int) -> NDArray[np.float64]:
            return places((labels == code) & ndimage.binary_dilation(labels == other, iterations=3)).mean(axis=0)

        mitral, cavity = beside(_LV, _LA), places(labels == _LV)
        apex = cavity[np.argsort(np.linalg.norm(cavity - mitral, axis=1))[-400:]].mean(axis=0)
        landmarks = SimpleNamespace(apex=apex, mitral=mitral, tricuspid=beside(_RV, _RA), aortic=beside(_LV, _AORTA))
        return cls(table[labels], spacing, direction, landmarks)

    @property
    def lv_ml(self) -> float:
        return float((self.codes == VoxelCode.LV_CAVITY).sum() * np.prod(self.spacing) / 1000)

    def at(self, points: NDArray[np.float64]) -> NDArray[np.uint8]:
        """The codes (...) at points (..., 3) in mm; background outside."""
        index = np.rint((points @ self.direction) / self.spacing)[..., ::-1].astype(np.intp)
        inside = np.all((index >= 0) & (index < self.codes.shape), axis=-1)
        d, h, w = np.moveaxis(np.where(inside[..., None], index, 0), -1, 0)
        return np.where(inside, self.codes[d, h, w], VoxelCode.BACKGROUND).astype(np.uint8)

    def cut(self, view: str, hand: Hand) -> NDArray[np.uint8]:
        """(H, W) in CAMUS codes."""
        plane = standard_plane(self.landmarks, view)
        pose = hand.hold(plane.pose.moved(down=-SKIN_MM), plane.aim)
        row, column = np.indices(PICTURE) * STEP_MM
        found = self.at(pose.to_heart(np.stack([column - PICTURE[1] * STEP_MM / 2, row], axis=-1)))
        return np.where(found <= VoxelCode.LEFT_ATRIUM, found, VoxelCode.BACKGROUND).astype(np.uint8)

    def voxels(self, grid: VolumeGrid) -> NDArray[np.uint8]:
        """(D, H, W) in the axes of its left ventricle."""
        pose = standard_plane(self.landmarks, FOUR_CHAMBER.name).pose
        axes = Pose.facing(self.landmarks.apex, pose.down, pose.right)
        x, y, z = grid.places().T
        return self.at(axes.to_heart(np.column_stack([x, z, -y]))).reshape(grid.shape)


def judged(heart: LabeledHeart, hands: list[Mapping[str, Hand]], model: str) -> Row:
    """Volume errors and overlaps of one heart as these hands cut it."""
    truth = heart.voxels(VolumeGrid.of(64))
    rows: list[Row] = []
    for hand in hands:
        maps = {view: heart.cut(view, hand[view]) for view in VIEWS}
        labels, record = es.reconstruct(maps, (STEP_MM, STEP_MM), model=model)
        told, low, high = record["volumes_ml"][LV], *record["intervals_ml"].get(LV, (np.nan, np.nan))
        rows.append(
            {
                "LV volume error %": 100 * abs(told / heart.lv_ml - 1),
                "bias %": 100 * (told / heart.lv_ml - 1),
                "expected: error %": 100 * abs(record["expected_ml"].get(LV, np.nan) / heart.lv_ml - 1),
                "within the interval": np.nan if np.isnan(low) else float(low <= heart.lv_ml <= high),
                "biplane discs: error %": 100 * abs(record["biplane_discs_ml"] / heart.lv_ml - 1),
            }
            | {f"Dice, {n}": dice(labels == c, truth == c) for n, c in CODES.items() if n != "other walls"}
        )
    return {name: float(np.mean([row[name] for row in rows])) for name in rows[0]}


def real_rows(models: tuple[str, ...] | list[str], hands: int = 20) -> list[Row]:
    """A row for each model, heart and hand; none where the data are missing."""
    paths = {name: FOLDER / f"heartdeformnet_{name}_seg.nii.gz" for name in NAMES}
    if not all(path.is_file() for path in paths.values()):
        print(f"Real hearts in 3D were not found in {FOLDER}: they are left out.")
        return []
    generator = np.random.default_rng(SEED)
    drawn: list[Mapping[str, Hand]] = [{view: Hand.drawn(generator) for view in VIEWS} for _ in range(hands)]
    rows = []
    for name, path in paths.items():
        heart = LabeledHeart.read(path)
        for planes, of_planes in (("exact", [dict.fromkeys(VIEWS, Hand())]), (f"{hands} hands", drawn)):
            for model in models:
                rows.append({"heart": name, "model": model, "planes": planes} | judged(heart, of_planes, model))
    return [{k: "" if isinstance(v, float) and np.isnan(v) else v for k, v in row.items()} for row in rows]


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Real hearts reconstructed from cuts.")
    parser.add_argument("--hands", type=int, default=20)
    print(rows_of({"real hearts": real_rows(["heart3d"], parser.parse_args().hands)}))
