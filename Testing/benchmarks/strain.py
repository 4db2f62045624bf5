"""Global longitudinal strain of CAMUS: tracked from ED to ES against that of the reference masks.

The reference's is (L_ES - L_ED) / L_ED of the endocardial contours of the two masks, `strain_of_label_maps`; the
tracked one begins with the ED mask and goes where `es.register` says, or `es.track`, which registers both ways.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

import EchoSynthLib as es
from EchoSynthLib.errors import InputError
from EchoSynthLib.images.datasets.camus import CamusArrays, find_camus, load_camus_npz
from EchoSynthLib.images.datasets.camus_frame import CamusFrame
from EchoSynthLib.measurement.strain import StrainResult, measure_strain, strain_of_label_maps
from EchoSynthLib.measurement.strain.judged import judged
from EchoSynthLib.motion import tracking_quality
from EchoSynthLib.types import Spacing

ROW = dict[str, object]


@dataclass(frozen=True)
class Pair:
    """ED and ES of one patient's view: strain in % of the reference masks, and what was tracked."""

    name: str
    view: str
    reference: float
    tracked: StrainResult

    @property
    def error(self) -> float:
        """Points, tracked less reference."""
        return self.tracked.gls - self.reference


def pairs_of(
    frames: CamusArrays, model: str = "motion", patients: int | None = None, by_track: bool = False
) -> Iterator[Pair]:
    """ED and ES of each view, tracked, measured and judged; of so many patients where not all are asked."""
    chosen = np.unique(frames.patient)[:patients]
    place = {name: index for index, name in enumerate(frames.name)}
    for name in sorted(place):
        index, systole = place[name], place.get(name.replace("_ED", "_ES"))
        if name.endswith("_ED") and systole is not None and frames.patient[index] in chosen:
            yield pair_of(frames.frame(index), frames.frame(systole), model, by_track)


def pair_of(diastole: CamusFrame, systole: CamusFrame, model: str = "motion", by_track: bool = False) -> Pair:
    """One of them."""
    spacing = _pixel(diastole)
    labels = [frame.label_map for frame in (diastole, systole)]
    if labels[0] is None or labels[1] is None:
        raise InputError(f"{diastole.name} has no reference to be judged by; give frames with label maps.")
    forward, _ = es.register(systole.image, diastole.image, model=model)
    backward, _ = es.register(diastole.image, systole.image, model=model)
    still = np.zeros_like(forward)
    both = np.stack([diastole.image, systole.image])
    fields = es.track(both, model=model)[0] if by_track else np.stack([still, forward])
    quality = tracking_quality(both, fields, np.stack([still, backward]))
    result = measure_strain(labels[0], fields, spacing, view=diastole.view)
    result = judged(result, {name: maps[1] for name, maps in quality.items()})
    return Pair(diastole.name, diastole.view, strain_of_label_maps(labels[0], labels[1], spacing), result)


def figures(pairs: list[Pair]) -> list[ROW]:
    """Errors in points of all pairs, of each view, and of those of each light."""
    groups = {
        "all": pairs,
        **{view: [pair for pair in pairs if pair.view == view] for view in ("2CH", "4CH")},
        **{
            f"light {color}": [p for p in pairs if p.tracked.light.color == color]
            for color in ("green", "yellow", "red")
        },
    }
    return [_errors(name, group) for name, group in groups.items() if len(group) > 2]


def _errors(name: str, pairs: list[Pair]) -> ROW:
    truth, found = np.array([(pair.reference, pair.tracked.gls) for pair in pairs]).T
    return {
        "pairs": name,
        "number": len(pairs),
        "mean absolute error": float(np.abs(found - truth).mean()),
        "bias": float((found - truth).mean()),
        "correlation": float(np.corrcoef(truth, found)[0, 1]),
        "mean of the references": float(truth.mean()),
    }


def _pixel(frame: CamusFrame) -> Spacing:
    """Its size; where that is not known its shape, which is all that strain needs."""
    if frame.spacing is not None:
        return frame.spacing
    rows, columns = frame.native_size or frame.image.shape
    return rows / frame.image.shape[0], columns / frame.image.shape[1]


if __name__ == "__main__":
    import argparse

    parser = argparse.ArgumentParser(description="GLS of tracked against that of reference masks on CAMUS.")
    parser.add_argument("--split", default="val")
    parser.add_argument("--patients", type=int)
    parser.add_argument("--model", default="motion")
    parser.add_argument("--by-track", action="store_true")
    arguments = parser.parse_args()
    camus = find_camus()
    if camus is None:
        raise SystemExit("CAMUS was not found (ECHOSYNTH_DATA).")
    arrays = load_camus_npz(camus / "camus_224.npz")
    frames = arrays.select(arrays.split == arguments.split)
    rows = figures(list(pairs_of(frames, arguments.model, arguments.patients, arguments.by_track)))
    print("| " + " | ".join(rows[0]) + " |\n|" + "---|" * len(rows[0]))
    for row in rows:
        print("| " + " | ".join(f"{v:.2f}" if isinstance(v, float) else str(v) for v in row.values()) + " |")
