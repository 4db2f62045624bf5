"""Ejection fractions by looking, beside those from outlines: pairs of frames of CAMUS, and what real cines there are.

    .venv/bin/python Testing/benchmarks/ejection_fraction.py

Of CAMUS val each patient's frames at end-diastole and end-systole, one view at a time, go to `es.ejection_fraction` as
two frames, and to `es.segment`, whose label maps give the ejection fraction by discs in that view; the reference is
CAMUS' own, of both views together. Cines lie in `camus_cines` and `apical_cines` beside CAMUS; of those `es.measure`
tells the other one. `--split train` looks at frames that the generator of the synthetic cines and the segmenter have
learned from.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

import EchoSynthLib as es
from EchoSynthLib.api.animate import ejection_fraction_of
from EchoSynthLib.errors import InputError
from EchoSynthLib.images.datasets.camus import CamusArrays, find_camus, load_camus_npz


def compared(reference: NDArray[np.float64], found: NDArray[np.float64]) -> dict[str, float]:
    """Of two columns in percent: differences, their mean and mean size, and correlation."""
    difference = found - reference
    return {
        "n": len(found),
        "mean absolute error": round(float(np.abs(difference).mean()), 2),
        "mean error": round(float(difference.mean()), 2),
        "correlation": round(float(np.corrcoef(reference, found)[0, 1]), 3),
    }


def pairs(arrays: CamusArrays, split: str, model: str, outlines: bool) -> dict[str, Any]:
    """Figures of both views, looked at and outlined, and of the mean over both views of a patient."""
    chosen = arrays.select(arrays.split == split)
    place = {name: index for index, name in enumerate(chosen.name.tolist())}
    rows: dict[str, dict[str, list[float]]] = {}
    for name, index in place.items():
        patient, view, phase = name.split("_")
        systole = place.get(f"{patient}_{view}_ES")
        reference = 100 * float(chosen.ejection_fraction[index])
        if phase != "ED" or systole is None or not np.isfinite(reference):
            continue
        pair = chosen.image[[index, systole]]
        row = [reference, es.ejection_fraction(pair, model=model)[0]]
        if outlines:
            # Frames are stretched to a square; a pixel's aspect is enough for a ratio of volumes.
            step = chosen.spacing[index]
            spacing = (float(step[0]), float(step[1])) if np.isfinite(step).all() else (1.0, 1.3)
            maps = [es.segment(frame, spacing, view=view)[0] for frame in pair]
            row.append(ejection_fraction_of(maps[0], maps[1], spacing) or 0.0)
        rows.setdefault(view, {})[patient] = row
    both = [patient for patient in rows.get("4CH", {}) if patient in rows.get("2CH", {})]
    tables = {view: np.array(list(of.values())) for view, of in rows.items()}
    tables["mean of both views"] = np.array([np.mean([rows[view][one] for view in rows], axis=0) for one in both])
    ways = ("looked at", "outlined")[: 1 + outlines]
    found = {view: {way: compared(t[:, 0], t[:, 1 + i]) for i, way in enumerate(ways)} for view, t in tables.items()}
    if outlines:
        mixed = {view: compared(t[:, 0], t[:, 1:].mean(axis=1)) for view, t in tables.items()}
        found = {view: told | {"mean of both ways": mixed[view]} for view, told in found.items()}
    return found


def cines(data: Path, reference: dict[str, float], model: str) -> list[dict[str, Any]]:
    """Each real cine that is there, looked at and measured; none tells its frame time."""
    rows = []
    for path in sorted(data.glob("*_cines/cines.npz")):
        with np.load(path, allow_pickle=False) as arrays:
            for name in arrays.files:
                percent, record = es.ejection_fraction(arrays[name], model=model)
                row = {"cine": name, "frames": len(arrays[name]), "reference": reference.get(name.split("_")[0])}
                rows.append(row | {"looked at": round(percent, 1), "interval": record["interval"]})
                try:
                    table, _ = es.measure(image=arrays[name])
                    rows[-1]["measured"] = next((round(o.value, 1) for o in table if o.name.startswith("EF")), None)
                except InputError as error:
                    rows[-1]["measured"] = str(error)
    return rows


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--split", default="val", choices=("val", "train"))
    parser.add_argument("--model", default="ejection-fraction")
    parser.add_argument("--no-outlines", action="store_true", help="look alone")
    arguments = parser.parse_args()
    camus = find_camus()
    if camus is None:
        raise SystemExit("CAMUS is not there; see ECHOSYNTH_DATA in CONTRIBUTING.md.")
    every = load_camus_npz(camus / "camus_224.npz")
    names = zip(every.patient.tolist(), (100 * every.ejection_fraction).tolist(), strict=True)
    outlined = not arguments.no_outlines
    print(json.dumps(pairs(every, arguments.split, arguments.model, outlined), indent=1))
    for told in cines(camus.parent, dict(names), arguments.model):
        print(json.dumps(told))
