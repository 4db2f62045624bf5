"""Figures of frames that were made to beat, on CAMUS val.

Run alone: `python Testing/benchmarks/animate.py --every 10`, a quick look that keeps nothing; `--cascade NAME` measures
a video diffusion model that you have trained, as best of 1 and best of 3.

Adherence: 60 end-diastolic frames, wishes from U(15, 75) percent; each frame of the cine is segmented by `es.segment`,
and 1 - min / max of area^2 / length of its cavities is set against the wish. Corrected: with the line fitted on train.
Best of 3: of three seeds of the first 20 frames, the cine whose ejection fraction so measured is nearest to the wish.
Systole: of each end-diastolic frame with its reference label map the end-systole is made, for the ejection fraction
that both reference label maps have, and compared with the real one. Last, how alike frames are: `beating_temporal`.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

import beating_temporal
import numpy as np
from numpy.typing import NDArray

import EchoSynthLib as es
from EchoSynthLib import zoo
from EchoSynthLib.anatomy.deformation import folding_share
from EchoSynthLib.anatomy.sector.fit import fit_sector
from EchoSynthLib.anatomy.structures import CamusCode
from EchoSynthLib.api.animate import animate, animate_detailed, ejection_fraction_of
from EchoSynthLib.evaluation.feature_distances import frechet_distance
from EchoSynthLib.evaluation.segmentation_metrics import structure_dice
from EchoSynthLib.evaluation.structural_similarity import structural_similarity
from EchoSynthLib.images.datasets.camus import CamusArrays, find_camus, load_camus_npz
from EchoSynthLib.motion.fourier.data import diastole_and_systole
from EchoSynthLib.synthesis.beating.adherence import seen_in

MODEL = "beating"
HEARTS, LOWEST, HIGHEST = 60, 15.0, 75.0
SEEDS, BEST_OF_HEARTS = 3, 20
"""Seeds of each of the first so many hearts, of which the best one is taken."""
END_FRAMES = 8
"""Of a cine of which the end-systole alone is looked at; it is among the frames, however few they are."""
CORRECTED = "frame and its label map, corrected"
SOURCES = ("frame and its label map", CORRECTED, "label map alone, corrected")
FRAMES = 32
TIMED = 7
STRUCTURES = {"LV": (CamusCode.LV_CAVITY,), "myocardium": (CamusCode.MYOCARDIUM,), "LA": (CamusCode.LEFT_ATRIUM,)}
Row = dict[str, Any]
Image = NDArray[np.uint8]


def figures(val: CamusArrays, every: int = 1) -> Row:
    """All figures of the shipped model; of every n-th heart for a quick look."""
    report: Row = {"adherence, percent": adherence(val, every)}
    report["end-systole made for the true ejection fraction"] = systoles(val, every)
    report["frame-to-frame correlation beside real cines"] = beating_temporal.rows()
    report |= seconds(val)
    return report


def adherence(val: CamusArrays, every: int = 1, seeds: int = SEEDS) -> list[Row]:
    """How near the ejection fraction that is seen is to the wish, from frames and from label maps alone."""
    return [row for source in SOURCES for row in adherence_of(val, source, every, seeds)]


def adherence_of(val: CamusArrays, source: str, every: int = 1, seeds: int = SEEDS) -> list[Row]:
    """That of one of `SOURCES`."""
    rng = np.random.default_rng(5)
    diastoles = np.flatnonzero(val.phase == "ED")
    chosen = rng.permutation(diastoles)[:HEARTS]
    asked = rng.uniform(LOWEST, HIGHEST, len(chosen))[::every]
    count = seeds if source == CORRECTED else 1
    tries = [
        [
            adhered(val, int(place), float(wish), seed, source != SOURCES[-1], source != SOURCES[0])
            for seed in range(count if number < BEST_OF_HEARTS else 1)
        ]
        for number, (place, wish) in enumerate(zip(chosen[::every], asked, strict=True))
    ]
    first = [of_heart[0] for of_heart in tries]
    best = [
        min(of_heart, key=lambda one, wish=wish: abs(one["seen"] - wish))
        for of_heart, wish in zip(tries[:BEST_OF_HEARTS], asked, strict=False)
    ]
    told = {"of": source, "cines": len(asked)}
    rows = [told | {"measured on": "images"} | agreement([one["seen"] for one in first], asked) | dice_of(first)]
    if count > 1:
        some = told | {"cines": len(best)}
        for taken, how in ((first[: len(best)], "images, of these"), (best, f"images, best of {count}")):
            found = agreement([one["seen"] for one in taken], asked[: len(best)]) | dice_of(taken)
            rows.append(some | {"measured on": how} | found)
    if source == SOURCES[0]:
        labels = agreement([one["labels"] for one in first], asked)
        rows.append(told | {"measured on": "labels"} | labels | dice_of([]))
    print(*rows, sep="\n", flush=True)
    return rows


def drawn_by_chance(val: CamusArrays, model: str, every: int = 1, best_of: int = SEEDS) -> list[Row]:
    """How near a cascade comes to the wish: its first cine, and the nearest one of several, by its own record."""
    rng = np.random.default_rng(5)
    chosen = rng.permutation(np.flatnonzero(val.phase == "ED"))[:HEARTS]
    wishes = rng.uniform(LOWEST, HIGHEST, len(chosen))[::every]
    tries = []
    for number, (place, wish) in enumerate(zip(chosen[::every], wishes, strict=True)):
        how = {"ejection_fraction": float(wish), "spacing": spacing_of(val, int(place)), "seed": number}
        _, _, record = animate(
            val.image[place], val.label[place], view=str(val.view[place]), model=model, best_of=best_of, **how
        )
        each = [np.nan if one is None else one for one in record["ejection_fraction_of_each_drawn"]]
        tries.append([one if np.isfinite(one) else 0.0 for one in each])  # no ventricle is seen: far from any wish
        print(wish, each, flush=True)
    nearest = [
        min(of_one, key=lambda one, wish=wish: abs(one - wish)) for of_one, wish in zip(tries, wishes, strict=True)
    ]
    told = {"of": model, "cines": len(wishes)}
    return [
        told | {"measured on": "images"} | agreement([of_one[0] for of_one in tries], wishes),
        told | {"measured on": f"images, best of {best_of}"} | agreement(nearest, wishes),
    ]


def adhered(val: CamusArrays, place: int, wish: float, seed: int, from_image: bool, correct: bool = False) -> Row:
    """What is seen of one cine."""
    labels = val.label[place]
    cine, maps, record = animate(
        val.image[place] if from_image else None,
        labels,
        ejection_fraction=wish,
        view=str(val.view[place]),
        frames=FRAMES,
        seed=seed,
        spacing=spacing_of(val, place),
        model=MODEL,
        correct=correct,
    )
    seen = [es.segment(frame)[0] for frame in cine]
    ends = {"ED": record["end_diastole"], "ES": record["end_systole"]}
    return {
        "seen": seen_in(seen),
        "labels": record["ejection_fraction"]["labels"],
        **{phase: structure_dice(seen[frame], maps[frame], STRUCTURES) for phase, frame in ends.items()},
    }


def agreement(found: Sequence[float], asked: Sequence[float]) -> Row:
    """R2 about the line of identity, mean absolute and root mean square error, and bias, in points."""
    off = np.asarray(found) - np.asarray(asked)
    spread = np.square(np.asarray(asked) - np.mean(asked)).sum()
    return {
        "R2": 1 - float(np.square(off).sum() / spread),
        "MAE": float(np.abs(off).mean()),
        "RMSE": float(np.sqrt(np.square(off).mean())),
        "bias": float(off.mean()),
    }


def dice_of(cines: Sequence[Row]) -> Row:
    """Mean Dice of the label maps against the segmentation of their frames."""
    return {
        f"Dice {phase} {' / '.join(STRUCTURES)}": " / ".join(
            f"{np.mean([cine[phase][name] for cine in cines]):.3f}" for name in STRUCTURES
        )
        if cines
        else "-"
        for phase in ("ED", "ES")
    }


def systoles(val: CamusArrays, every: int = 1) -> list[Row]:
    """End-systoles that were made, beside the real ones, and beside end-diastole left as it is."""
    made, maps, folded = [], [], []
    pairs = diastole_and_systole(val.name.tolist())[::every]
    for diastole, systole in pairs:
        spacing = spacing_of(val, diastole)
        true = ejection_fraction_of(val.label[diastole], val.label[systole], spacing)
        how = dict(animate.__kwdefaults__ or {}) | {
            "ejection_fraction": float(np.clip(true or 0, 1, 90)),
            "view": str(val.view[diastole]),
            "frames": END_FRAMES,
            "spacing": spacing,
            "model": MODEL,
        }
        animation, _ = animate_detailed(val.image[diastole], val.label[diastole], **how)
        made.append(animation.cine[animation.es])
        maps.append(animation.label_maps[animation.es])
        if animation.displacement is not None:
            folded.append(100 * folding_share(animation.displacement(animation.es)))
    ed, es_ = pairs.T
    distances = frechet_distances({"made": made, "ED": list(val.image[ed])}, list(val.image[es_]))
    rows = []
    for name, images, labels in (("made", made, maps), ("ED", list(val.image[ed]), list(val.label[ed]))):
        scores = [structure_dice(one, val.label[systole], STRUCTURES) for one, systole in zip(labels, es_, strict=True)]
        inside = [fit_sector(val.image[systole]).mask(val.label[systole].shape) for systole in es_]
        likeness = [
            structural_similarity(one, val.image[systole], mask)
            for one, systole, mask in zip(images, es_, inside, strict=True)
        ]
        rows.append(
            {
                "frames": "made end-systole" if name == "made" else "end-diastole as it is",
                "pairs": len(pairs),
                **{f"Dice {code}": float(np.mean([score[code] for score in scores])) for code in STRUCTURES},
                "SSIM in the sector": float(np.mean(likeness)),
                "Frechet distance": distances[name],
                "folded, %": float(np.mean(folded)) if name == "made" and folded else 0.0,
            }
        )
    print(*rows, sep="\n", flush=True)
    return rows


def frechet_distances(of: dict[str, list[Image]], real: list[Image]) -> dict[str, float]:
    """Each set's distance to the real one, by 168 features of the segmenter's encoder."""
    from EchoSynthLib.networks.encoder_features import EncoderFeatures
    from EchoSynthLib.systems import load_torch_pipeline

    features = EncoderFeatures(load_torch_pipeline(zoo.find("segmenter")))
    wanted = np.stack([features(image) for image in real])
    return {
        name: frechet_distance(np.stack([features(image) for image in images]), wanted) for name, images in of.items()
    }


def seconds(val: CamusArrays) -> Row:
    """Of a whole call of 32 frames of 224 x 224: the median on the clock, and the least of the processor."""
    place = int(np.flatnonzero(val.phase == "ED")[0])
    told: Row = {}
    for name, image in (("frame and its label map", val.image[place]), ("label map alone", None)):
        clock, processor = [], []
        for seed in range(TIMED):
            started, worked = time.perf_counter(), time.process_time()
            animate(image, val.label[place], ejection_fraction=40, frames=FRAMES, seed=seed, model=MODEL)
            clock.append(time.perf_counter() - started)
            processor.append(time.process_time() - worked)
        told[f"seconds, {FRAMES} frames of 224 x 224, {name}: median of {TIMED}"] = float(np.median(clock[1:]))
        told[f"seconds, {FRAMES} frames of 224 x 224, {name}: least of the processor"] = min(processor[1:])
    print(told, flush=True)
    return told


def spacing_of(val: CamusArrays, place: int) -> tuple[float, float] | None:
    """(row, column) mm, where known."""
    row, column = (float(step) for step in val.spacing[place])
    return (row, column) if np.isfinite([row, column]).all() else None


def main() -> None:
    """Prints the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--every", type=int, default=1, help="use every n-th heart: a quick look, not the figure")
    parser.add_argument("--cascade", metavar="NAME", help="a model of video diffusion, in place of the shipped one")
    arguments = parser.parse_args()
    folder = find_camus()
    if folder is None:
        sys.exit("CAMUS was not found (ECHOSYNTH_DATA).")
    frames = load_camus_npz(folder / "camus_224.npz")
    val = frames.select(frames.split == "val")
    if arguments.cascade:
        print(*drawn_by_chance(val, arguments.cascade, arguments.every), sep="\n")
    else:
        figures(val, arguments.every)


if __name__ == "__main__":
    main()
