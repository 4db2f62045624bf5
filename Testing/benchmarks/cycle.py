"""Cines read as cines: one ejection fraction at any frame rate, and label maps that agree over time.

Drawn hearts, whose truth is known: 112 x 112 pixels, 16 frames in two seconds with black levels crushed, and the same
hearts at 15 and 30 frames a second, segmented frame by frame and as a cine. The truth is the ejection fraction by discs
of the exact label maps at both ends of the beat, in the same plane, so that what is told is the error of reading the
cine, not that of one plane. `python Testing/benchmarks/cycle.py --hearts 12`; real cines, thinned, with `--real`.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from PIL import Image

import EchoSynthLib as es
from EchoSynthLib.acoustics import draw
from EchoSynthLib.anatomy.heart3d.cohort import Cohort
from EchoSynthLib.api.cine_labels import steadiness
from EchoSynthLib.errors import InputError
from EchoSynthLib.images.datasets.camus import find_camus

SIDE = 112
RATES = (8, 15, 30)
HEARTS = 4
SECONDS = 2.0
CRUSHED = 0.15


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--hearts", type=int, default=HEARTS)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--seed", type=int, default=17)
    parser.add_argument("--rates", type=int, nargs="*", default=list(RATES))
    parser.add_argument("--real", action="store_true", help="real cines, every frame and thinned, instead")
    arguments = parser.parse_args()
    if arguments.real:
        real()
        return
    hearts = range(arguments.first, arguments.first + arguments.hearts)
    for row in figures(hearts, arguments.rates, arguments.seed, tell=lambda text: print(text, flush=True)):
        print(
            ", ".join(f"{name} {value:.1f}" if isinstance(value, float) else f"{value}" for name, value in row.items())
        )


def figures(
    hearts: Sequence[int] = range(HEARTS),
    rates: Sequence[int] = RATES,
    seed: int = 17,
    tell: Callable[[str], None] = lambda text: None,
) -> list[dict[str, object]]:
    """A row for each frame rate and way to segment: errors of the ejection fraction, and what trembles."""
    cohort = Cohort(seed)
    ways = {"frame by frame": None, "as a cine": "motion"}
    errors: dict[tuple[int, str], list[float]] = {}
    jitter: dict[tuple[int, str], list[float]] = {}
    for index in hearts:
        for rate in rates:
            clip, truth = drawn(cohort, index, rate)
            for way, motion in ways.items():
                maps, record = es.segment_cine(clip, frame_time=1000 / rate, motion=motion)
                found = fraction(maps, 1000 / rate)
                errors.setdefault((rate, way), []).append(found - truth)
                steady = record["steadiness"]["after"] if motion else steadiness(maps)
                if steady is not None:
                    jitter.setdefault((rate, way), []).append(steady["area_percent"])
                tell(f"heart {index} {rate:2d}/s {way}: {found:5.1f} (true {truth:.1f})")
    rows: list[dict[str, object]] = []
    for (rate, way), off in errors.items():
        known = np.array(off)[np.isfinite(off)]
        rows.append(
            {
                "frames a second": rate,
                "segmented": way,
                "EF off by [points]": float(np.abs(known).mean()),
                "bias [points]": float(known.mean()),
                "hearts": len(off),
                "without EF": len(off) - len(known),
                "area trembles by [%]": float(np.median(jitter.get((rate, way), [np.nan]))),
            }
        )
    return rows


def drawn(cohort: Cohort, index: int, rate: int) -> tuple[np.ndarray, float]:
    """A clip (T, 112, 112) of a heart, and its ejection fraction by discs in this plane, percent."""
    generator = np.random.default_rng((cohort.seed, index, 1))
    heart_rate, begin = generator.uniform(52, 92), generator.random()
    first = cohort.cuts(index, "4CH")[0]
    turns = np.arange(round(rate * SECONDS)) / rate * heart_rate / 60 + begin
    cuts = [first.at(float(phase % 1.0)) for phase in turns]
    images, _ = draw(cuts, seed=index)
    small = [np.asarray(Image.fromarray(one).resize((SIDE, SIDE), Image.Resampling.BOX)) for one in images]
    floor = 255 * CRUSHED * generator.random()
    crushed = np.clip((np.stack(small) - floor) * 255 / (255 - floor), 0, 255).astype(np.uint8)
    ends = np.stack([first.at(phase).label_map for phase in (0.0, cohort.heart(index).end_systole)])
    return crushed, fraction(ends, None)


def fraction(maps: np.ndarray, frame_time: float | None) -> float:
    """Ejection fraction by discs, percent; NaN where there is none."""
    try:
        table, _ = es.measure(maps, frame_time=frame_time)
    except InputError:
        return float("nan")
    return next((one.value for one in table if (one.name, one.where) == ("EF, discs", "cine")), float("nan"))


def real() -> None:
    """Real cines of `ECHOSYNTH_DATA`, every frame and thinned."""
    camus = find_camus()
    if camus is None:
        raise SystemExit("The cines were not found (ECHOSYNTH_DATA).")
    for path in ("camus_cines/cines.npz", "apical_cines/cines.npz"):
        with np.load(Path(camus).parent / path, allow_pickle=False) as cines:
            for name in cines.files:
                cine = cines[name]
                if cine.ndim != 3 or len(cine) < 8:
                    continue
                for every in (1, 2, 4):
                    told = {}
                    for way, motion in (("frame by frame", None), ("as a cine", "motion")):
                        began = time.process_time()
                        maps, record = es.segment_cine(cine[::every], frame_time=33.0 * every, motion=motion)
                        seconds = time.process_time() - began
                        told[way] = f"EF {fraction(maps, 33.0 * every):.1f}, {seconds:.1f} s of the processor"
                    print(f"{name} each {every}. frame: {told}, {record['steadiness']}", flush=True)


if __name__ == "__main__":
    main()
