"""Figures of the motion that frames are given: how near to real end-systoles, how exact, how smooth, how fast.

.venv/bin/python Testing/benchmarks/beating_motion.py --every 2

On CAMUS val (`ECHOSYNTH_DATA`). The end-diastolic label map of each pair is moved with the pair's true ejection
fraction and compared with the experts' map of end-systole; beside it the same by a contraction without learning
(`heart2d.contract`) and unmoved. Then each end-diastole is given ejection fractions from 5 to 80 %.
"""

from __future__ import annotations

import argparse
import time
from typing import Any

import numpy as np
from numpy.typing import NDArray

from EchoSynthLib import zoo
from EchoSynthLib.anatomy.deformation import folding_share
from EchoSynthLib.anatomy.discs import disc_volume
from EchoSynthLib.anatomy.heart2d.contraction import contract
from EchoSynthLib.errors import InputError
from EchoSynthLib.evaluation.segmentation_metrics import structure_dice
from EchoSynthLib.images.datasets.camus import find_camus
from EchoSynthLib.synthesis.beating.beat import TEMPERATURE, HeartBeat, make_beat
from EchoSynthLib.synthesis.beating.field import moved_labels
from EchoSynthLib.synthesis.beating.generator import MotionGenerator
from EchoSynthLib.synthesis.beating.pairs import Pairs, read_pairs
from EchoSynthLib.synthesis.beating.recipe import STRUCTURES

WISHES = (5.0, 20.0, 40.0, 60.0, 80.0)
LEAST_EF, LARGEST_EF = 1.0, 80.0
"""Percent, outside of which a pair's tracings contradict each other, or no contraction is known."""
USUAL: dict[str, Any] = {"frames": 32, "beats": 1, "heart_rate": 70.0, "frame_rate": None, "seed": 1}
REPEATS = 5


def figures(pairs: Pairs, model: MotionGenerator) -> dict[str, dict[str, float]]:
    """All tables: by title, by row."""
    return {
        "Dice with the real end-systole, true EF": nearness(pairs, model, "ED"),
        "Dice with the real end-diastole, true EF, from end-systole": nearness(pairs, model, "ES"),
        "EF asked for": reach(pairs, model, 1.0) | reach(pairs, model, TEMPERATURE),
        "seconds": seconds(pairs, model),
    }


def nearness(pairs: Pairs, model: MotionGenerator, phase: str) -> dict[str, float]:
    """Mean Dice by structure, of the map moved to the other end of the stroke."""
    rows: dict[str, list[dict[str, float]]] = {}
    for index in range(len(pairs)):
        spacing = pairs.spacing_of(index)
        ends = (pairs.diastole[index], pairs.systole[index])
        given, truth = ends if phase == "ED" else ends[::-1]
        volumes = [disc_volume(labels, spacing) for labels in ends]
        percent = 100 * (1 - volumes[1] / volumes[0])
        if not LEAST_EF <= percent <= LARGEST_EF:
            continue
        made = {"not moved": given}
        if phase == "ED":
            made["contracted"] = contract(given, percent / 100, spacing)
        for name, temperature in (("mean motion", 0.0), ("drawn by a seed", TEMPERATURE)):
            beat = beat_of(pairs, index, model, given, percent, phase=phase, temperature=temperature)
            made[name] = moved_labels(given, beat.displacement(beat.es if phase == "ED" else beat.ed))
        for name, labels in made.items():
            rows.setdefault(name, []).append(structure_dice(labels, truth, STRUCTURES))
    return {
        f"{name}, {structure}": float(np.mean([row[structure] for row in of_one]))
        for name, of_one in rows.items()
        for structure in STRUCTURES
    }


def reach(pairs: Pairs, model: MotionGenerator, temperature: float) -> dict[str, float]:
    """How exactly ejection fractions are met, and whether anything folds."""
    missed, folded, told = [], [], []
    for index in range(len(pairs)):
        for wish in WISHES:
            beat = beat_of(pairs, index, model, pairs.diastole[index], wish, temperature=temperature)
            missed.append(abs(beat.ejection_fraction - wish))
            told.append(beat.reached == (missed[-1] <= 0.5))
            folded.append(folding_share(beat.displacement(beat.es)))
    name = f"temperature {temperature:g}"
    return {
        f"{name}: within half a point, share": float(np.mean(np.array(missed) <= 0.5)),
        f"{name}: missed, mean points": float(np.mean(missed)),
        f"{name}: missed, most points": float(np.max(missed)),
        f"{name}: told rightly whether met, share": float(np.mean(told)),
        f"{name}: folded pixels, %": 100 * float(np.mean(folded)),
    }


def seconds(pairs: Pairs, model: MotionGenerator) -> dict[str, float]:
    """Median processor time of one motion and of its 32 displacements, at 224 x 224."""
    making, reading = [], []
    for index in range(min(REPEATS, len(pairs))):
        started = time.process_time()
        beat = beat_of(pairs, index, model, pairs.diastole[index], 55.0)
        made = time.process_time()
        for t in range(len(beat.phases)):
            beat.displacement(t)
        making.append(made - started)
        reading.append(time.process_time() - made)
    return {"make_beat": float(np.median(making)), "32 displacements": float(np.median(reading))}


def beat_of(
    pairs: Pairs,
    index: int,
    model: MotionGenerator,
    given: NDArray[np.uint8],
    percent: float,
    phase: str = "ED",
    temperature: float = TEMPERATURE,
) -> HeartBeat:
    """The beat of one frame of a pair."""
    return make_beat(
        given,
        str(pairs.view[index]),
        pairs.spacing_of(index),
        ejection_fraction=percent,
        phase=phase,
        model=model,
        temperature=temperature,
        **USUAL,
    )


def main() -> None:
    """Prints the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--every", type=int, default=1, help="only each so manieth pair, for a quick look")
    parser.add_argument("--model", default="beating", help="name of the model")
    arguments = parser.parse_args()
    folder = find_camus()
    if folder is None:
        raise InputError("The figures need CAMUS; set ECHOSYNTH_DATA.")
    pairs, _ = read_pairs(folder / "camus_224.npz")
    val = pairs.chosen(np.flatnonzero(~pairs.is_train)[:: arguments.every])
    found = zoo.find(arguments.model)
    for title, table in figures(val, MotionGenerator.from_folder(found.path, found.config, 1)).items():
        print(f"{title} ({len(val)} pairs)")
        for name, value in table.items():
            print(f"  {name}: {value:.4f}")


if __name__ == "__main__":
    main()
