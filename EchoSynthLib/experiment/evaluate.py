"""Stage 5: a trained network is judged on the real val frames."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from EchoSynthLib.evaluation.bootstrap import accuracy_of_subsets, bootstrap_over_patients
from EchoSynthLib.evaluation.segmentation_metrics import STRUCTURE_CODES, hausdorff_distance, structure_dice
from EchoSynthLib.experiment.frames import Frames
from EchoSynthLib.experiment.stages import Workplace, read_json
from EchoSynthLib.images.datasets.camus_frame import CamusFrame
from EchoSynthLib.images.write import write_record
from EchoSynthLib.systems import load_pipeline
from EchoSynthLib.types import Spacing

REVISION = 2
LV_ENDO = STRUCTURE_CODES["LV cavity"]
PERCENTILES = {"Hausdorff": 100.0, "HD95": 95.0}
HAUSDORFF = {f"LV endo {name}, {unit}": f"{name.lower()}_{unit}" for name in PERCENTILES for unit in ("px", "mm")}
"""Name of a distance in the report to its key in a frame's row."""


def inputs(frames: Frames, network_key: str) -> dict[str, Any]:
    """What the stage depends on."""
    return {"revision": REVISION, "data": frames.sums, "network": network_key}


def make(frames: Frames, model: Path, work: Workplace) -> None:
    """judged.json: what the network makes of each val frame, as its user would call it."""
    pipeline = load_pipeline(model)
    rows = []
    for done, number in enumerate(frames.val):
        work.progress(done, len(frames.val), "")
        frame = frames.arrays.frame(int(number))
        found = pipeline(frame.image)
        probabilities = found.view_probabilities
        view = max(probabilities, key=lambda name: probabilities[name])
        rows.append(judged_frame(frame, found.label_map, view))
    write_record(work.result / "judged.json", {"frames": rows})


def judged_frame(frame: CamusFrame, label_map: NDArray[np.uint8], view: str) -> dict[str, Any]:
    """Dice of each structure, Hausdorff distance and HD95 of the LV's endocardium, and whether the view was told right.

    A ventricle that was not found at all is as far away as the image is wide: its diagonal. Millimeters are given where
    the pixel size can be trusted.
    """
    truth = frame.label_map
    assert truth is not None
    endo, true_endo = (np.isin(codes, LV_ENDO) for codes in (label_map, truth))
    pixels = {"px": (1.0, 1.0), "mm": frame.spacing if frame.spacing_trusted else None}
    distances = {
        f"{name.lower()}_{unit}": None if pixel is None else _distance(endo, true_endo, pixel, percentile)
        for unit, pixel in pixels.items()
        for name, percentile in PERCENTILES.items()
    }
    return {
        "name": frame.name,
        "patient": frame.patient,
        "dice": structure_dice(label_map, truth),
        **distances,
        "view_right": view == frame.view,
    }


def load(folder: Path) -> list[dict[str, Any]]:
    """The rows of a stage's folder."""
    rows: list[dict[str, Any]] = read_json(folder / "judged.json")["frames"]
    return rows


def summary(rows: Sequence[Mapping[str, Any]], baseline: Sequence[Mapping[str, Any]] | None) -> dict[str, Any]:
    """Means with 95 % intervals over patients; `baseline` rows, of the same frames, give the differences from them."""
    patients = [row["patient"] for row in rows]
    told: dict[str, Any] = {"frames": len(rows), "patients": len(set(patients)), "dice": {}, "difference": {}}
    for name in STRUCTURE_CODES:
        values = np.array([row["dice"][name] for row in rows])
        told["dice"][name] = asdict(bootstrap_over_patients(values, patients)) | {"std": float(values.std())}
        if baseline is not None:
            less = np.array([row["dice"][name] for row in baseline])
            told["difference"][name] = asdict(bootstrap_over_patients(values - less, patients))
    for name, key in HAUSDORFF.items():
        known = [row for row in rows if row[key] is not None]
        if known:
            told[name] = asdict(bootstrap_over_patients([r[key] for r in known], [r["patient"] for r in known]))
            told[name]["frames"] = len(known)
    right = np.array([row["view_right"] for row in rows])
    told["view"] = asdict(bootstrap_over_patients(right, patients)) | {"subsets": accuracy_of_subsets(right)}
    return told


def _distance(mask: NDArray[np.bool_], truth: NDArray[np.bool_], spacing: Spacing, percentile: float) -> float:
    diagonal = math.hypot(mask.shape[0] * spacing[0], mask.shape[1] * spacing[1])
    return min(hausdorff_distance(mask, truth, spacing, percentile), diagonal)
