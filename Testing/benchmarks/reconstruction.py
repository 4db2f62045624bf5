"""Hearts in 3D from two and three views: drawn hearts whose truth is known, and CAMUS beside biplane discs.

    .venv/bin/python Testing/benchmarks/reconstruction.py --hearts 30

Drawn hearts are those of `Cohort(901)`, which nothing was learned from or tuned on; their label maps are cuts as they
are, not as an observer of CAMUS traces them. CAMUS has no volumes: there the heart's are compared with biplane discs of
the same label maps, whose own bias is in the figures.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

sys.path.insert(0, str(Path(__file__).parent))

from document import rows_of
from real_planes import real_rows

import EchoSynthLib as es
from EchoSynthLib import zoo
from EchoSynthLib.anatomy.heart3d.cohort import Cohort
from EchoSynthLib.anatomy.views import FOUR_CHAMBER, LONG_AXIS, TWO_CHAMBER
from EchoSynthLib.evaluation.segmentation_metrics import dice
from EchoSynthLib.evaluation.voxel_metrics import MeanShape
from EchoSynthLib.images.datasets.camus import CamusArrays, find_camus, load_camus_npz
from EchoSynthLib.reconstruction.drawn import drawn_moments
from EchoSynthLib.reconstruction.hearts import voxels_of
from EchoSynthLib.reconstruction.volume import CLASSES, CODES, VolumeGrid
from EchoSynthLib.types import LabelMap, Spacing

MODELS = ("heart3d", "heart3d-voxels")
SEED, OTHERS = 901, 902
HANDS = {"exact": 0.0, "by hand": 1.0}
TWO = (FOUR_CHAMBER.name, TWO_CHAMBER.name)
THREE = (*TWO, LONG_AXIS.name)
LV = "left ventricle"
ASSUMED_MM = (0.3, 0.3)
"""Where CAMUS's arrays tell no pixel size: it cancels out of all that is compared here."""
Row = dict[str, Any]


@dataclass(frozen=True, eq=False)
class Moment:
    """A drawn heart at one phase: what is seen of it, and what it is."""

    label_maps: Mapping[str, LabelMap]
    spacing: Mapping[str, Spacing]
    truth: NDArray[np.uint8]
    lv_ml: float


def moments(hearts: int, skill: float, views: Sequence[str] = THREE, seed: int = SEED) -> Iterator[Moment]:
    """Drawn hearts at end-diastole and end-systole; one whose cavity a plane misses is left out."""
    cohort, grid = Cohort(seed, rows=200, skill=skill), VolumeGrid.of(64)
    for index in range(hearts):
        for seen in drawn_moments(cohort, index, views):
            truth = voxels_of(seen.heart, grid, seen.phase)
            yield Moment(seen.label_maps, seen.spacing, truth, seen.heart.volumes(seen.phase)["LV"])


def judged(seen: Sequence[Moment], model: str, views: Sequence[str]) -> Row:
    """Overlap, volume error and intervals of one model on drawn hearts."""
    overlaps, errors, discs, expected, inside = [], [], [], [], []
    for moment in seen:
        maps = {view: moment.label_maps[view] for view in views}
        labels, record = es.reconstruct(maps, {view: moment.spacing[view] for view in views}, model=model)
        overlaps.append(_overlaps(labels, moment.truth))
        errors.append(record["volumes_ml"][LV] / moment.lv_ml - 1)
        discs.append(record["biplane_discs_ml"] / moment.lv_ml - 1)
        if LV in record["intervals_ml"]:
            low, high = record["intervals_ml"][LV]
            inside.append(low <= moment.lv_ml <= high)
            expected.append(record["expected_ml"][LV] / moment.lv_ml - 1)
    mean = {name: float(np.nanmean([row[name] for row in overlaps])) for name in overlaps[0]}
    return mean | {
        "LV volume error %": 100 * float(np.abs(errors).mean()),
        "bias %": 100 * float(np.mean(errors)),
        "expected: error %": 100 * float(np.abs(expected).mean()) if expected else None,
        "biplane discs: error %": 100 * float(np.abs(discs).mean()),
        "within the interval": float(np.mean(inside)) if inside else None,
    }


def _overlaps(labels: NDArray[np.uint8], truth: NDArray[np.uint8]) -> dict[str, float]:
    whole = float(np.logical_and(labels > 0, truth > 0).sum() / np.logical_or(labels > 0, truth > 0).sum())
    each = {
        f"Dice, {name}": dice(labels == code, truth == code) if (truth == code).any() else np.nan
        for name, code in CODES.items()
        if name != "other walls"
    }
    return {"IoU, all": whole} | each


def drawn_rows(hearts: int, models: Sequence[str]) -> list[Row]:
    """A row for each model, hand and number of views; the mean shape of other hearts first."""
    mean = MeanShape(np.stack([moment.truth for moment in moments(hearts, 0.0, TWO, OTHERS)]), CLASSES).labels
    rows: list[Row] = []
    for hand, skill in HANDS.items():
        seen = list(moments(hearts, skill))
        shape = [_overlaps(mean, moment.truth) for moment in seen]
        rows.append({"model": "mean shape", "planes": hand, "views": 0} | {
            name: float(np.nanmean([row[name] for row in shape])) for name in shape[0]
        })  # fmt: skip
        for model in models:
            for views in (TWO, THREE):
                rows.append({"model": model, "planes": hand, "views": len(views)} | judged(seen, model, views))
    columns = dict.fromkeys(column for row in rows for column in row)
    return [{column: "" if row.get(column) is None else row[column] for column in columns} for row in rows]


def camus_row(frames: CamusArrays, model: str) -> Row:
    """The left ventricle's volumes and ejection fractions of CAMUS beside those of biplane discs."""
    place = {name: index for index, name in enumerate(frames.name)}
    found: list[list[float]] = []
    discs: list[list[float]] = []
    for patient in np.unique(frames.patient):
        stem = next(name for name in frames.name if frames.patient[place[name]] == patient).split("_")[0]
        of_patient = []
        for phase in ("ED", "ES"):
            both = {view: frames.frame(place[f"{stem}_{view}_{phase}"]) for view in TWO}
            spacing = {view: frame.spacing or ASSUMED_MM for view, frame in both.items()}
            of_patient.append(es.reconstruct({v: f.label_map for v, f in both.items()}, spacing, model=model)[1])
        found.append([record["volumes_ml"][LV] for record in of_patient])
        discs.append([record["biplane_discs_ml"] for record in of_patient])
    ours, theirs = np.array(found), np.array(discs)
    fractions = [100 * (1 - volumes[:, 1] / volumes[:, 0]) for volumes in (ours, theirs)]
    return {
        "model": model,
        "patients": len(ours),
        "volumes: r": float(np.corrcoef(ours.ravel(), theirs.ravel())[0, 1]),
        "difference %": 100 * float(np.abs(ours / theirs - 1).mean()),
        "bias %": 100 * float((ours / theirs - 1).mean()),
        "EF: r": float(np.corrcoef(*fractions)[0, 1]),
        "EF: difference, points": float(np.abs(fractions[0] - fractions[1]).mean()),
    }


def figures(val: CamusArrays | None, hearts: int = 30) -> dict[str, list[Row]]:
    """All tables."""
    models = [model for model in MODELS if zoo.has(model)]
    found = {f"drawn hearts ({hearts}, end-diastole and end-systole)": drawn_rows(hearts, models)}
    real = real_rows(models)
    if real:
        found["real hearts in 3D, cut by hands"] = real
    if val is not None:
        found["CAMUS val, reference masks, beside biplane discs"] = [camus_row(val, model) for model in models]
    return found


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Hearts reconstructed from views, judged.")
    parser.add_argument("--hearts", type=int, default=30)
    arguments = parser.parse_args()
    camus = find_camus()
    arrays = None if camus is None else load_camus_npz(camus / "camus_224.npz")
    print(rows_of(figures(None if arrays is None else arrays.select(arrays.split == "val"), arguments.hearts)))
