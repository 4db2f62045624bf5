"""Cuts of drawn hearts beside label maps of CAMUS: quantiles, distances, and how well a classifier tells them apart.

    .venv/bin/python Testing/benchmarks/cohort_statistics.py --hearts 200 --split val --output /tmp/statistics

The constants of `anatomy/heart3d/cohort.py`, `tracing.py` and the apical windows of `probe.py` were fitted to the
split train by this script. In the two-chamber view, millimeters of CAMUS rest on an assumption.
"""

from __future__ import annotations

import argparse
import csv
import sys
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

sys.path.insert(0, str(Path(__file__).parent))

from shape_numbers import MAIN, shape_numbers
from told_apart import told_apart

from EchoSynthLib.anatomy.discs import disc_volume
from EchoSynthLib.anatomy.heart3d.cohort import Cohort
from EchoSynthLib.anatomy.heart3d.cut import cut
from EchoSynthLib.anatomy.heart3d.probe import Examination
from EchoSynthLib.anatomy.structures import CamusCode
from EchoSynthLib.anatomy.views import BIPLANE, view_names
from EchoSynthLib.images.datasets.camus import find_camus, load_camus_npz
from EchoSynthLib.parallel import run_items

QUANTILES = (5, 25, 50, 75, 95)
SIDE = 224
"""Pixels of a frame of CAMUS's arrays, which are stretched to a square; drawn ones are cut on such a grid."""

Key = tuple[str, str]
Numbers = dict[Key, list[dict[str, float]]]


def drawn_heart(cohort: Cohort, index: int) -> list[tuple[str, str, dict[str, float] | None, float]]:
    """(view, phase, numbers, ml by discs) of a heart's four label maps."""
    found = []
    heart = cohort.heart(index)
    for view in (view.name for view in BIPLANE):
        framing = Examination(cohort.seed_of(index), 0, cohort.skill).frame(heart, view)
        width = 2 * framing.depth_mm * np.sin(np.radians(framing.opening_angle_deg / 2))
        spacing = (framing.depth_mm / (SIDE - 1), float(width) / (SIDE - 1))
        for phase, at in (("ED", 0.0), ("ES", heart.end_systole)):
            one = cut(heart, framing, at, shape=(SIDE, SIDE), spacing=spacing)
            labels = one.traced(cohort.tracing(index, view))
            found.append((view, phase, shape_numbers(labels, spacing), volume_of(labels, spacing)))
    return found


def volume_of(labels: NDArray[np.uint8], spacing: tuple[float, float]) -> float:
    """Ml by the discs of one plane; 0 where an empty ventricle is missed altogether."""
    return disc_volume(labels, spacing) / 1000 if (labels == CamusCode.LV_CAVITY).any() else 0.0


def real(split: str) -> Iterator[list[tuple[str, str, dict[str, float] | None, float]]]:
    """The same of the patients of CAMUS."""
    folder = find_camus()
    if folder is None:
        sys.exit("CAMUS was not found (ECHOSYNTH_DATA): there is nothing to compare with.")
    frames = load_camus_npz(folder / "camus_224.npz")
    frames = frames.select(frames.split == split)
    for patient in dict.fromkeys(frames.patient.tolist()):
        found = []
        for at in np.flatnonzero(frames.patient == patient):
            spacing = (float(frames.spacing[at, 0]), float(frames.spacing[at, 1]))
            if np.isfinite(spacing).all():
                labels = frames.label[at]
                where = str(frames.view[at]), str(frames.phase[at])
                found.append((*where, shape_numbers(labels, spacing), volume_of(labels, spacing)))
        yield found


def collect(hearts: Iterator[list[tuple[str, str, dict[str, float] | None, float]]]) -> tuple[Numbers, dict[str, list]]:
    """Numbers by view and phase, and ejection fractions (%) of single planes by view."""
    numbers: Numbers = {}
    fractions: dict[str, list[float]] = {}
    for maps in hearts:
        volumes = {(view, phase): volume for view, phase, _, volume in maps}
        for view, phase, values, _ in maps:
            if values is not None:
                numbers.setdefault((view, phase), []).append(values)
        for view in {view for view, _ in volumes}:
            if volumes.get((view, "ED")) and (view, "ES") in volumes:
                ratio = volumes[view, "ES"] / volumes[view, "ED"]
                fractions.setdefault(view, []).append(100 * (1 - ratio))
    return numbers, fractions


def rows_of(name: str, where: str, one: NDArray[np.float64], other: NDArray[np.float64]) -> dict[str, object]:
    """Quantiles of drawn and real, and the distance of Kolmogorov and Smirnov between the two."""
    from scipy.stats import ks_2samp

    row: dict[str, object] = {
        "where": where,
        "number": name,
        "distance": round(float(ks_2samp(one, other).statistic), 3),
    }
    for label, values in (("drawn", one), ("real", other)):
        quantiles = np.percentile(values, QUANTILES)
        row |= {f"{label} {q} %": round(float(v), 2) for q, v in zip(QUANTILES, quantiles, strict=True)}
    return row


def compare(drawn: Numbers, true: Numbers) -> tuple[list[dict[str, object]], list[str]]:
    """The table of all numbers, and a line for each view and phase."""
    rows, lines = [], []
    for (view, phase), real_ones in sorted(true.items()):
        ours = drawn[view, phase]
        table = {name: (column(ours, name), column(real_ones, name)) for name in real_ones[0]}
        own = [rows_of(name, f"{view} {phase}", *pair) for name, pair in table.items()]
        rows += own
        mean, main = (
            np.mean([float(str(r["distance"])) for r in own if r["number"] in names]) for names in (table, MAIN)
        )
        told = [
            told_apart(*(np.column_stack([table[name][side] for name in names]) for side in (0, 1)))
            for names in (MAIN, tuple(table))
        ]
        lines.append(
            f"{view} {phase}: {len(ours)} drawn, {len(real_ones)} real; mean distance {main:.2f} ({len(MAIN)} main "
            f"numbers), {mean:.2f} (all {len(table)}); told apart with AUC {told[0]:.2f} (main), {told[1]:.2f} (all)"
        )
    return rows, lines


def column(shapes: list[dict[str, float]], name: str) -> NDArray[np.float64]:
    return np.array([shape[name] for shape in shapes])


def speed(cohort: Cohort, hearts: int) -> float:
    """Cuts with all labels in a second of one core, every view of some hearts, 256 rows, making the hearts included.

    Of processor time, so that what else a machine does counts little.
    """
    started, frames = time.process_time(), 0
    for index in range(hearts):
        for view in view_names("heart cuts"):
            frames += sum(bool(frame.labels.any()) for frame in cohort.cuts(index, view))
    return frames / (time.process_time() - started)


def main() -> None:
    """Prints a line for each view and phase, and writes the table of all quantiles."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--hearts", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--split", choices=("train", "val"), default="val", help="of CAMUS")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--output", type=Path, help="folder for quantiles.csv")
    chosen = parser.parse_args()
    cohort = Cohort(chosen.seed)
    maps = run_items(partial(drawn_heart, cohort), range(chosen.hearts), workers=chosen.workers, chunk=4)
    (drawn, fractions), (true, true_fractions) = collect(maps), collect(real(chosen.split))
    rows, lines = compare(drawn, true)
    for view, values in true_fractions.items():
        rows.append(rows_of("EF, discs of one plane [%]", view, np.array(fractions[view]), np.array(values)))
        quantiles = [np.percentile(one, (25, 50, 75)).round(0).tolist() for one in (fractions[view], values)]
        lines.append(f"{view} EF by discs, quartiles: drawn {quantiles[0]}, real {quantiles[1]} %")
    lines.append(f"{speed(cohort, 6):.0f} cuts with labels a second of one core")
    print("\n".join(lines))
    if chosen.output:
        chosen.output.mkdir(parents=True, exist_ok=True)
        with (chosen.output / "quantiles.csv").open("w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, list(rows[0]))
            writer.writeheader()
            writer.writerows(rows)


if __name__ == "__main__":
    main()
