"""Figures of the contour model and of both baselines on CAMUS val: landmarks, contours, and frames a second.

Run alone: `python Testing/benchmarks/contour.py`. Targets come from the reference label maps.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

import numpy as np
from numpy.typing import NDArray

import EchoSynthLib as es
from EchoSynthLib.anatomy.heart2d.endocardium import APEX, BASAL_LEFT, BASAL_RIGHT, endocardium_of_mask, resample
from EchoSynthLib.errors import InputError
from EchoSynthLib.images.datasets.camus import CamusArrays, find_camus, iterate_camus, load_camus_npz

ROW = dict[str, object]
METHODS = {
    "points and distance map": {"heads": "both"},
    "points alone": {"heads": "points"},
    "mask network, its contour": {"heads": "mask", "model": "segmenter"},
}
JUDGED = {"P1": BASAL_LEFT, "apex": APEX, "P7": BASAL_RIGHT}
DENSE = 1000  # samples of a curve, so close that the distance to them is the distance to the curve


@dataclass(frozen=True)
class Case:
    """One frame with its reference.

    Attributes:
        unit: (row, column) length of a pixel in what errors are told in.
    """

    image: NDArray[np.uint8]
    label_map: NDArray[np.uint8]
    patient: str
    unit: tuple[float, float]


def native_cases(folder: Path) -> list[Case]:
    """The four-chamber val frames at native resolution, in mm."""
    return [
        Case(frame.image, frame.label_map, frame.patient, frame.spacing)
        for frame in iterate_camus(folder / "native_4ch")
        if frame.label_map is not None and frame.spacing is not None
    ]


def relative_cases(val: CamusArrays) -> list[Case]:
    """All val frames; errors are per cent of the frame's height, with the native aspect ratio."""
    sides = np.where(val.native_size > 0, val.native_size, 1)
    rows, columns = val.image.shape[1:]
    return [
        Case(image, label, str(patient), (100 / rows, 100 / columns * side[1] / side[0]))
        for image, label, patient, side in zip(val.image, val.label, val.patient, sides, strict=True)
    ]


def measured(cases: Sequence[Case], method: dict[str, str]) -> NDArray[np.float64]:
    """(N, 5) in the cases' unit: errors of P1, apex and P7; mean symmetric and 95th percentile curve distance."""
    rows = []
    for case in cases:
        truth = endocardium_of_mask(case.label_map, case.unit)
        try:
            points, curve, _ = es.contour(case.image, case.unit, **method)  # type: ignore[arg-type]
        except InputError:
            rows.append([np.nan] * 5)
            continue
        off = np.linalg.norm((points - truth.points) * case.unit, axis=1)
        rows.append([*off[list(JUDGED.values())], *curve_distances(curve, truth.curve, case.unit)])
    return np.array(rows)


def curve_distances(
    curve: NDArray[np.float64], truth: NDArray[np.float64], unit: tuple[float, float]
) -> tuple[float, float]:
    """Mean symmetric distance of two open curves and its 95th percentile (the larger of both directions)."""
    from scipy.spatial import KDTree

    one, other = (resample(c, DENSE, unit) * unit for c in (curve, truth))
    there, back = KDTree(other).query(one)[0], KDTree(one).query(other)[0]
    return float((there.mean() + back.mean()) / 2), float(max(np.percentile(there, 95), np.percentile(back, 95)))


def table(cases: Sequence[Case], bootstraps: int = 2000) -> list[ROW]:
    """A row for each method, with its gain on the landmarks over the mask network and that gain's 95 % interval."""
    found = {name: measured(cases, method) for name, method in METHODS.items()}
    usable = np.all([np.isfinite(values).all(axis=1) for values in found.values()], axis=0)
    landmarks = {name: values[usable, :3].mean(axis=1) for name, values in found.items()}
    baseline = landmarks["mask network, its contour"]
    patients = np.array([case.patient for case in cases])[usable]
    rows: list[ROW] = []
    for name, values in found.items():
        mean = values[usable].mean(axis=0)
        low, high = gain_interval(landmarks[name], baseline, patients, bootstraps)
        rows.append(
            {
                "method": name,
                **dict(zip((*JUDGED, "contour", "95th percentile"), mean.tolist(), strict=True)),
                "landmarks": float(landmarks[name].mean()),
                "gain": 1 - float(landmarks[name].mean() / baseline.mean()),
                "gain, low": low,
                "gain, high": high,
                "frames": int(usable.sum()),
                "without a contour": int(np.isnan(values[:, 0]).sum()),
            }
        )
    return rows


def gain_interval(
    errors: NDArray[np.float64], baseline: NDArray[np.float64], patients: NDArray[np.str_], bootstraps: int
) -> tuple[float, float]:
    """95 % interval of 1 - mean error / mean baseline error, by bootstrap over patients."""
    names = np.unique(patients)
    sums = np.array([[values[patients == name].sum() for name in names] for values in (errors, baseline)])
    drawn = np.random.default_rng(0).integers(0, len(names), (bootstraps, len(names)))
    ratio = sums[0][drawn].sum(axis=1) / sums[1][drawn].sum(axis=1)
    low, high = np.percentile(1 - ratio, [2.5, 97.5])
    return float(low), float(high)


def rate(cases: Sequence[Case], repeats: int = 40) -> float:
    """Frames a second of `es.contour` at native resolution, warm, the model loaded."""
    frames = [case.image for case in cases[:8]]
    for image in frames[:2]:
        es.contour(image)
    started = time.perf_counter()
    for i in range(repeats):
        es.contour(frames[i % len(frames)])
    return repeats / (time.perf_counter() - started)


def figures(folder: Path, every: int = 1) -> dict[str, object]:
    """Everything that is told of the contour model; of every n-th val frame."""
    frames = load_camus_npz(folder / "camus_224.npz")
    relative = relative_cases(frames.select(frames.split == "val"))[::every]
    report: dict[str, object] = {}
    native = native_cases(folder)[::every] if (folder / "native_4ch").is_dir() else []
    if native:
        report["native 4CH, mm"] = table(native)
        report["frames a second, native"] = rate(native)
    report["both views, % of the frame's height"] = table(relative)
    return report


def main() -> None:
    """Print the tables."""
    folder = find_camus()
    if folder is None:
        print("CAMUS was not found (ECHOSYNTH_DATA): the contour model cannot be measured.")
        return
    for title, part in figures(folder).items():
        print(f"\n### {title}\n")
        for row in part if isinstance(part, list) else [{"": part}]:
            print(" | ".join(f"{k} {v:.3f}" if isinstance(v, float) else f"{k} {v}" for k, v in row.items()))


if __name__ == "__main__":
    main()
