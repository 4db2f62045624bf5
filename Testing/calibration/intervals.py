"""Fit the constants of the 90 % intervals on CAMUS train and compare them with the shipped ones: `make calibrate`.

Predicted label maps of train come from `segmenter-synthetic`, which has seen none of these images; the shipped
segmenter has, and would promise too much of itself. Truth is what is measured in the reference of the same frames.
How many measurements of val lie in their intervals is told with `--split val`, which fits nothing. `--kept FILE.npz`
keeps what was measured, for another fit. Some ten minutes on one core.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

import EchoSynthLib as es
from EchoSynthLib.images.datasets.camus import CamusArrays, find_camus, load_camus_npz
from EchoSynthLib.measurement import FrameMeasures, agreement, measure_frame, study_of_views
from EchoSynthLib.measurement.reliability import intervals
from EchoSynthLib.measurement.reliability.intervals import FRACTIONS, Bounds, doubt_of, factor_of, structure_of
from EchoSynthLib.measurement.study import BOTH

Values = NDArray[np.float64]
Table = dict[str, NDArray]

OF_FIVE = (0, 2)  # patients, in their order, that are fitted on
HELD_OUT = "segmenter-synthetic"
SIZES = (
    "LV length", "LV area", "LV volume, discs", "LV volume, area-length", "myocardium area", "LA length", "LA area",
    "LA volume, discs", "LA volume, area-length", "wall thickness, mean", "wall thickness, smallest",
    "wall thickness, largest", "LV volume, biplane discs", "LA volume, biplane discs", "LA volume, biplane area-length",
)  # fmt: skip
CLOSE = 0.01  # what processors may make of a bound


def gather(frames: CamusArrays, patients: NDArray[np.str_], model: str) -> Table:
    """Rows of measurements: name, measured and true value, and the doubts (n, 4) of the frames they come from."""
    rows: list[tuple[str, float, float, list[float]]] = []
    for patient in patients:
        found: dict[str, dict[str, FrameMeasures]] = {}
        truth: dict[str, dict[str, FrameMeasures]] = {}
        for index in np.flatnonzero(frames.patient == patient):
            view, phase = str(frames.view[index]), str(frames.phase[index])
            frame = frames.frame(index)
            image, spacing = frame.image, frame.spacing
            seen = es.segment_detailed(image, model=model)
            alike = agreement(image, seen.label_map, lambda shown: es.segment(shown, model=model)[0])
            predicted = measure_frame(seen.label_map, spacing, confidence=seen.confidence, agreement=alike)
            found.setdefault(view, {})[phase] = predicted
            truth.setdefault(view, {})[phase] = measure_frame(frames.label[index], spacing)
        studies = study_of_views(found), study_of_views(truth)
        known = {(entry.name, entry.where): entry.value for entry in studies[1].table}
        for entry in studies[0].table:
            if entry.name in (*SIZES, *FRACTIONS) and (entry.name, entry.where) in known:
                own = [frame for where, frame in studies[0].frames.items() if belongs(where, entry.where)]
                doubts = [doubt_of(frame.values, structure_of(entry.name)) for frame in own]
                padded = [np.nan if doubt is None else doubt for doubt in doubts] + [np.nan] * (4 - len(doubts))
                rows.append((entry.name, entry.value, known[entry.name, entry.where], padded))
    names, values, true, doubts_of = zip(*rows, strict=True)
    return {"name": np.array(names), "found": np.array(values), "truth": np.array(true), "doubts": np.array(doubts_of)}


def fitted_on(patients: NDArray[np.str_]) -> NDArray[np.str_]:
    """Two of five of the patients, one fifth after the other."""
    return np.concatenate([patients[of::5] for of in OF_FIVE])


def belongs(frame: str, where: str) -> bool:
    """Whether what was measured at a place, such as '2CH + 4CH ED', comes from the frame at another, '4CH ED'."""
    view, phase = frame.split()
    return (where.startswith(BOTH) or where.startswith(view)) and (phase in where.split() or where in (BOTH, view))


def constants(table: Table) -> tuple[dict[str, float], dict[str, Bounds]]:
    """The usual doubt of each structure, and the bounds of each measurement."""
    usual = {}
    for structure in intervals.USUAL_DOUBT:
        own = [structure_of(name) == structure and name in SIZES for name in table["name"]]
        usual[structure] = round(float(np.nanmedian(table["doubts"][own, 0])), 3)
    bounds = {}
    fifths = np.array_split(np.arange(len(table["name"])), len(OF_FIVE))
    for name in (*SIZES, *FRACTIONS):
        # A patient has one fraction or two, and their quantiles differ from fifth to fifth: the widest are taken.
        parts = [table] if name in SIZES else [{key: of[fifth] for key, of in table.items()} for fifth in fifths]
        ends = []
        for part in parts:
            errors, factors = errors_of(part, name, usual)
            ends.append(np.quantile(errors / factors, [(1 - intervals.INSIDE) / 2, (1 + intervals.INSIDE) / 2]))
        low, high = min(end[0] for end in ends), max(end[1] for end in ends)
        bounds[name] = Bounds(round(float(low), 3), round(float(high), 3))
    return usual, bounds


def errors_of(table: Table, name: str, usual: dict[str, float]) -> tuple[Values, Values]:
    """Logarithms of true over measured of what is bounded, and the factors by which the bounds grow."""
    own = table["name"] == name
    found, truth = table["found"][own], table["truth"][own]
    if name in FRACTIONS:
        found, truth = 1 - found / 100, 1 - truth / 100
    shipped, intervals.USUAL_DOUBT = intervals.USUAL_DOUBT, usual
    factors = [factor_of([d for d in doubts if np.isfinite(d)], name) for doubts in table["doubts"][own]]
    intervals.USUAL_DOUBT = shipped
    good = (found > 0) & (truth > 0)
    return np.log(truth[good] / found[good]), np.array(factors)[good]


def coverage(table: Table) -> dict[str, tuple[int, float, float]]:
    """Of each measurement how many there are, and the share within its interval: by the doubt, and without it."""
    told = {}
    for name, bounds in intervals.BOUNDS.items():
        errors, factors = errors_of(table, name, intervals.USUAL_DOUBT)
        inside = [float(np.mean((errors >= f * bounds.low) & (errors <= f * bounds.high))) for f in (factors, 1.0)]
        told[name] = (len(errors), inside[0], inside[1])
    return told


def main() -> None:
    """Print each constant as fitted and as shipped, or the coverage of a split."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--split", choices=("train", "val"), default="train")
    parser.add_argument("--model", help="segmenter; none takes the held-out one for train and the shipped one for val")
    parser.add_argument("--kept", type=Path, help="read what was measured from this .npz, or keep it there")
    arguments = parser.parse_args()
    folder = find_camus()
    if folder is None:
        raise SystemExit("CAMUS was not found (ECHOSYNTH_DATA); the intervals are fitted on it.")
    frames = load_camus_npz(folder / "camus_224.npz")
    chosen = frames.select(frames.split == arguments.split)
    patients = np.unique(chosen.patient)
    patients = fitted_on(patients) if arguments.split == "train" else patients
    kept: Path | None = arguments.kept
    if kept is not None and kept.exists():
        with np.load(kept) as stored:
            table = dict(stored)
    else:
        table = gather(chosen, patients, arguments.model or (HELD_OUT if arguments.split == "train" else "segmenter"))
        if kept is not None:
            np.savez(kept, allow_pickle=False, **table)
    if arguments.split == "val":
        for name, (count, told, untold) in coverage(table).items():
            print(f"{name}: {count} measured, {100 * told:.0f} % within, {100 * untold:.0f} % without the doubt")
        return
    usual, bounds = constants(table)
    differing = []
    print(f"USUAL_DOUBT = {usual}")
    for name, fitted in bounds.items():
        print(f'    "{name}": Bounds({fitted.low}, {fitted.high}),')
        if not np.allclose(fitted, intervals.BOUNDS.get(name, (np.nan, np.nan)), rtol=0, atol=CLOSE):
            differing.append(name)
    if differing:
        raise SystemExit(f"Not as fitted: {', '.join(differing)}.")


if __name__ == "__main__":
    main()
