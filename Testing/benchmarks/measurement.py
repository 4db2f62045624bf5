"""Figures of the measurements and of the traffic light on CAMUS val: those of predicted against reference masks."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

import EchoSynthLib as es
from EchoSynthLib.evaluation.segmentation_metrics import structure_dice
from EchoSynthLib.images.datasets.camus import CamusArrays, find_camus, iterate_camus, load_camus_npz
from EchoSynthLib.images.datasets.camus_frame import CamusFrame
from EchoSynthLib.measurement import FrameMeasures, agreement, measure_frame, study_of_views
from EchoSynthLib.measurement.reliability.traffic_light import Light, light_of

ROW = dict[str, object]
Views = dict[str, dict[str, FrameMeasures]]

_WORST, _BEST = 0.1, 0.5


@dataclass(frozen=True)
class Read:
    """A val frame: measured from its reference and from the segmentation, and how well the two overlap."""

    frame: CamusFrame
    reference: FrameMeasures
    predicted: FrameMeasures
    dice: dict[str, float]


def read_frames(frames: Iterable[CamusFrame], spacing: tuple[float, float] | None = None) -> list[Read]:
    """Segment and measure frames as the task `measure` does."""
    return [_read(frame, frame.spacing or spacing) for frame in frames]


def biplane_figures(read: list[Read]) -> ROW:
    """Biplane ejection fraction, in points, of predicted against reference masks, over the patients with four frames.

    The 2CH views' pixel size rests on an assumption; ejection fractions do not depend on it, the choice of the longer
    axis does a little, and volumes are not judged here.
    """
    pairs = []
    for patient in sorted({r.frame.patient for r in read}):
        own = [r for r in read if r.frame.patient == patient]
        studies = [study_of_views(_views(own, kind)) for kind in ("reference", "predicted")]
        pairs.append([study.value("EF, biplane discs", "2CH + 4CH") for study in studies])
    truth, found = np.array(pairs).T
    return {"quantity": "EF, biplane discs [points]", "patients": len(truth), **_errors(truth, found)}


def volume_figures(read: list[Read]) -> list[ROW]:
    """Single-plane 4CH volumes of predicted against reference masks at native resolution; errors relative."""
    rows: list[ROW] = []
    for phases in (("ED",), ("ES",), ("ED", "ES")):
        own = [r for r in read if r.frame.phase in phases]
        for name in ("LV volume, discs", "LV volume, area-length"):
            truth, found = (
                np.array([getattr(r, kind).values[name] / 1000 for r in own]) for kind in ("reference", "predicted")
            )
            relative = (found - truth) / truth
            rows.append(
                {
                    "quantity": f"{name}, {' and '.join(phases)}",
                    "frames": len(own),
                    "mean absolute relative error [%]": 100 * float(np.abs(relative).mean()),
                    "bias [%]": 100 * float(relative.mean()),
                    "correlation": float(np.corrcoef(truth, found)[0, 1]),
                }
            )
    return rows


def single_plane_figures(read: list[Read]) -> ROW:
    """Single-plane 4CH ejection fraction at native resolution, in points."""
    by_patient: dict[str, dict[str, Read]] = {}
    for r in read:
        by_patient.setdefault(r.frame.patient, {})[r.frame.phase] = r
    pairs = []
    for phases in by_patient.values():
        volumes = {
            kind: [getattr(phases[p], kind).values["LV volume, discs"] for p in ("ED", "ES")]
            for kind in ("reference", "predicted")
        }
        pairs.append([100 * (1 - es_ / ed) for ed, es_ in volumes.values()])
    truth, found = np.array(pairs).T
    return {"quantity": "EF, 4CH discs [points]", "patients": len(truth), **_errors(truth, found)}


def light_figures(read: list[Read]) -> list[ROW]:
    """Of the worst tenth of the frames by Dice the share that is not green, of the best half the share that is.

    Dice is the mean over the structures, or the LV cavity's.
    """
    mean = np.array([np.mean(list(r.dice.values())) for r in read])
    cavity = np.array([r.dice["LV cavity"] for r in read])
    rows: list[ROW] = []
    for name, dice, lights in (
        ("of all together, by the mean Dice of the structures", mean, [r.predicted.light for r in read]),
        ("the same, cut-off atria left out", mean, [_without_cut_off_atria(r.predicted) for r in read]),
        ("of the ventricle, by the Dice of its cavity", cavity, [r.predicted.lights["LV"] for r in read]),
    ):
        green = np.array([light.color == "green" for light in lights])
        worst, best = dice <= np.quantile(dice, _WORST), dice >= np.quantile(dice, 1 - _BEST)
        rows.append(
            {
                "light": name,
                "worst 10 %: not green": float(1 - green[worst].mean()),
                "best 50 %: green": float(green[best].mean()),
                "green of all": float(green.mean()),
                "mean Dice of green": float(dice[green].mean()),
                "mean Dice of the others": float(dice[~green].mean()),
            }
        )
    return rows


def _without_cut_off_atria(measures: FrameMeasures) -> Light:
    """An atrium that the edge of the sector cuts off says nothing against the segmentation."""
    kept = [finding for finding in measures.findings if not (finding.structure == "LA" and finding.own)]
    return light_of(kept, measures.looked_at)


def figures(val: CamusArrays, folder: Path) -> dict[str, object]:
    """All of them; `folder` is that of CAMUS."""
    whole = read_frames(val.frame(index) for index in range(len(val)))
    report: dict[str, object] = {"biplane EF": [biplane_figures(whole)], "traffic light": light_figures(whole)}
    if (folder / "native_4ch").is_dir():
        native = read_frames(iterate_camus(folder / "native_4ch"))
        report |= {
            "4CH volumes, native": volume_figures(native),
            "4CH EF, native": [single_plane_figures(native)],
            "traffic light, native 4CH": light_figures(native),
        }
    return report


def print_figures(report: dict[str, object]) -> None:
    """One table a part."""
    for title, part in report.items():
        rows = list(part)  # type: ignore[call-overload]
        print(f"\n### {title}\n\n| " + " | ".join(rows[0]) + " |\n|" + "---|" * len(rows[0]))
        for row in rows:
            print("| " + " | ".join(f"{v:.3f}" if isinstance(v, float) else str(v) for v in row.values()) + " |")


def _read(frame: CamusFrame, spacing: tuple[float, float] | None) -> Read:
    if frame.label_map is None:
        raise ValueError(f"{frame.name} has no reference to be judged by")
    found = es.segment_detailed(frame.image)
    alike = agreement(frame.image, found.label_map, lambda image: es.segment(image)[0])
    second, _ = es.contour_detailed(frame.image, spacing)
    predicted = measure_frame(
        found.label_map, spacing, confidence=found.confidence, agreement=alike, second_contour=second
    )
    return Read(
        frame, measure_frame(frame.label_map, spacing), predicted, structure_dice(found.label_map, frame.label_map)
    )


def _views(read: list[Read], kind: str) -> Views:
    views: Views = {}
    for r in read:
        views.setdefault(r.frame.view, {})[r.frame.phase] = getattr(r, kind)
    return views


def _errors(truth: NDArray[np.float64], found: NDArray[np.float64]) -> ROW:
    return {
        "mean absolute error": float(np.abs(found - truth).mean()),
        "bias": float((found - truth).mean()),
        "correlation": float(np.corrcoef(truth, found)[0, 1]),
    }


if __name__ == "__main__":
    camus = find_camus()
    if camus is None:
        raise SystemExit("CAMUS was not found (ECHOSYNTH_DATA).")
    frames = load_camus_npz(camus / "camus_224.npz")
    print_figures(figures(frames.select(frames.split == "val"), camus))
