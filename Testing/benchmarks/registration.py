"""Figures of registration: ours beside VoxelMorph, demons and nothing, on CAMUS val, known motion and real cines.

Run alone: `python Testing/benchmarks/registration.py --baselines runs --every 10`, a quick look that keeps nothing.
Each of the 100 val pairs, ED to ES in both views, is registered at 224 x 224; the end-diastolic label map, carried by
the nearest pixel, is judged by the end-systolic one. HD95 is told of four-chamber pairs alone, whose mm are known.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

import known_motion
import numpy as np
import registration_baselines as baselines
import registration_cines
import strain
from numpy.typing import NDArray

import EchoSynthLib as es
from EchoSynthLib import zoo
from EchoSynthLib.evaluation.registration import STRUCTURES, overlap
from EchoSynthLib.images.datasets.camus import CamusArrays, find_camus, load_camus_npz
from EchoSynthLib.motion.fourier.data import diastole_and_systole
from EchoSynthLib.motion.fourier.presets import GRID
from EchoSynthLib.systems import find_model, load_pipeline, load_torch_pipeline

MODELS = {"motion": "ours, weakly supervised", "motion-unsupervised": "ours, unsupervised"}
DEFAULT, UNSUPERVISED = MODELS.values()
VOXELMORPH = {
    "voxelmorph": "VoxelMorph, weakly supervised",
    "voxelmorph-x2": "VoxelMorph, channels x 2",
    "voxelmorph-x4": "VoxelMorph, channels x 4",
}
DEMONS, NOTHING = "demons (SimpleITK)", "not registered"
COSTS = {"GMAC": "multiply-adds", "ms": "time in onnxruntime", "ms, torch": "time in torch"}
BASELINES_HELP = "folder in which registration_baselines.py --train has put voxelmorph, voxelmorph-x2, ..."
REFINEMENT = 30
"""Steps of a pair."""
REFINED = f", refined in {REFINEMENT} steps"
JUDGED = ("LV cavity", "myocardium", "left atrium")
HEARTS = [("4CH", 1), ("2CH", 2), ("4CH", 3)]
SIDE = 256
REPEATS = 9
Row = dict[str, Any]


@dataclass(frozen=True)
class Method:
    """A way to register, and what is run to time it.

    Attributes:
        register: moving and fixed frame (H, W) uint8 to the displacement (2, H, W).
        fast: the same on onnxruntime with one thread; None where there is none.
        torch: the same in torch.
        network: the network in torch, whose products are counted; None where there is none.
        grid: (rows, columns) of what it is given.
        told: what else is to know.
    """

    register: baselines.Registrar
    fast: baselines.Registrar | None = None
    torch: baselines.Registrar | None = None
    network: Any = None
    grid: tuple[int, int] = GRID
    told: str = ""


def figures(val: CamusArrays, folder: Path, trained: Path, earlier: Mapping[str, Any] = {}) -> Row:
    """Everything that is told of registration.

    Args:
        folder: of CAMUS, the cines beside it.
        trained: folder with the trained baselines, each in a folder of its name.
        earlier: figures of another run, of which those of baselines that are not there now are taken over: they are as
            good as they were, but their times were measured beside others.
    """
    pairs = diastole_and_systole(val.name.tolist())
    found = methods(trained)
    seconds = pair_seconds(found, val.image[pairs[0]])
    report: Row = {"pairs": len(pairs)}
    rows: list[Row] = []
    for name, method in found.items():
        rows.append({"method": name} | dice_row(val, pairs, method) | cost_row(method) | seconds[name])
        print(rows[-1], flush=True)
    budgets = {name: method.told for name, method in found.items() if method.told}
    for row in earlier.get("methods", []):
        if row["method"] in VOXELMORPH.values() and row["method"] not in found:
            rows.append(row | {"ms": None, "ms, torch": None})
            budgets[row["method"]] = earlier["trained for"][row["method"]]
    report["methods"], report["trained for"] = rows, budgets
    report |= against_voxelmorph(rows)
    report["ms of one 256 x 256 pair, fast path"] = register_milliseconds(val)
    for model in filter(exists, MODELS):
        report[f"GLS in points, {MODELS[model]}"] = strain.figures(list(strain.pairs_of(val, model, by_track=True)))
    hearts = [known_motion.moving_heart(seed, view) for view, seed in HEARTS]
    report["known motion, mm"] = [
        {"model": MODELS[model], **_mean([known_motion.errors(heart, model) for heart in hearts])}
        for model in filter(exists, MODELS)
    ]
    print(report["known motion, mm"], flush=True)
    if (half := registration_cines.half_cycles(folder.parent, list(filter(exists, MODELS)))) is not None:
        report["half cycles"] = half
    if (whole := registration_cines.whole_cines(folder.parent)) is not None:
        report["whole cines"] = whole
    return report


def every_nth_patient(frames: CamusArrays, n: int) -> CamusArrays:
    """The frames of some patients, so that pairs stay together."""
    return frames.select(np.isin(frames.patient, np.unique(frames.patient)[::n]))


def exists(model: str) -> bool:
    """Whether a model is there and sound."""
    try:
        zoo.find(model)
    except es.EchoSynthError:
        return False
    return True


def methods(trained: Path) -> dict[str, Method]:
    """All ways that can be run here, by name."""
    found = {NOTHING: Method(lambda moving, fixed: np.zeros((2, *fixed.shape))), DEMONS: Method(baselines.demons)}
    for folder, name in VOXELMORPH.items():
        if (loaded := baselines.load(trained / folder)) is not None:
            network, told = loaded
            run = baselines.voxelmorph(network)
            about = f"{told.iterations} iterations, {told.minutes:.0f} minutes on {told.device}"
            found[name] = Method(run, baselines.voxelmorph_on_onnxruntime(network), run, network, told=about)
    for model, name in MODELS.items():
        if not exists(model):
            continue
        folder = find_model(model, "motion", "Registering")
        fast, in_torch = load_pipeline(folder, threads=1), load_torch_pipeline(folder)
        network = in_torch.network.network
        found[name] = Method(fast, fast, in_torch, network, in_torch.grid)
        found[name + REFINED] = Method(partial(_refined, model=model))
    return found


def _refined(moving: NDArray[np.uint8], fixed: NDArray[np.uint8], model: str) -> NDArray[np.floating]:
    return es.register(moving, fixed, model=model, refine=REFINEMENT)[0]


def dice_row(val: CamusArrays, pairs: NDArray[np.int64], method: Method) -> Row:
    """Mean over pairs of Dice, HD95 on four-chamber pairs, and per cent of folds."""
    dice: dict[str, list[float]] = {name: [] for name in STRUCTURES}
    distances: dict[str, list[float]] = {name: [] for name in JUDGED}
    folded = []
    for diastole, systole in pairs:
        field = method.register(val.image[diastole], val.image[systole])
        known = bool(val.spacing_trusted[systole])
        spacing = (float(val.spacing[systole][0]), float(val.spacing[systole][1])) if known else None
        found = overlap(field, val.label[diastole], val.label[systole], spacing)
        folded.append(found.folded_share)
        for name in STRUCTURES:
            dice[name].append(found.dice[name])
        if known:
            for name in JUDGED:
                distances[name].append(found.hausdorff95[name])
    row: Row = {name: float(np.mean(values)) for name, values in dice.items()}
    # Where a structure is not in the picture there is no distance.
    row |= {f"HD95 {name}": float(np.mean([d for d in values if np.isfinite(d)])) for name, values in distances.items()}
    return row | {"folded, %": 100 * float(np.mean(folded))}


def cost_row(method: Method) -> Row:
    """Multiply-adds of a pair on the network's grid, and parameters."""
    if method.network is None:
        return {"GMAC": None, "M parameters": None}
    import torch
    from torch.utils.flop_counter import FlopCounterMode

    frame = torch.zeros(1, 1, *method.grid)
    with torch.no_grad(), FlopCounterMode(display=False) as counter:
        method.network(frame, frame)
    parameters = sum(part.numel() for part in method.network.parameters())
    return {"GMAC": counter.get_total_flops() / 2e9, "M parameters": parameters / 1e6}


def pair_seconds(found: Mapping[str, Method], frames: NDArray[np.uint8]) -> dict[str, Row]:
    """Processor's milliseconds of a 224 x 224 pair on one core, least of several runs; the methods take turns."""
    import SimpleITK as sitk
    import torch

    calls = {(name, "ms"): method.fast or method.register for name, method in found.items()}
    calls |= {(name, "ms, torch"): method.torch for name, method in found.items() if method.torch}
    slow = {key for key in calls if REFINED in key[0] or key[0] == DEMONS}
    took: dict[tuple[str, str], list[float]] = {key: [] for key in calls}
    threads = torch.get_num_threads(), sitk.ProcessObject.GetGlobalDefaultNumberOfThreads()
    torch.set_num_threads(1)
    sitk.ProcessObject.SetGlobalDefaultNumberOfThreads(1)
    for repeat in range(REPEATS + 1):
        for key, call in calls.items():
            if key in slow and repeat > 2:
                continue
            started = time.process_time()
            call(*frames)
            took[key].append(1000 * (time.process_time() - started))
    torch.set_num_threads(threads[0])
    sitk.ProcessObject.SetGlobalDefaultNumberOfThreads(threads[1])
    rows: dict[str, Row] = {name: {"ms": None, "ms, torch": None} for name in found}
    for (name, column), values in took.items():
        if name != NOTHING:
            rows[name][column] = min(values[1:])
    return rows


def against_voxelmorph(rows: Sequence[Row]) -> Row:
    """Cost of the default over that of the cheapest VoxelMorph whose mean Dice is as high; of the best if none is."""
    ours = next((row for row in rows if row["method"] == DEFAULT), None)
    others = [row for row in rows if row["method"] in VOXELMORPH.values()]
    if ours is None or not others:
        return {}
    equal = [row for row in others if mean_dice(row) >= mean_dice(ours)]
    other = min(equal, key=lambda row: row["GMAC"]) if equal else max(others, key=mean_dice)
    ratios = {
        f"its {what}, over ours": other[column] / ours[column]
        for column, what in COSTS.items()
        if other[column] is not None and ours[column] is not None
    }
    return {
        "compared with": other["method"] + ("" if equal else ", the best of them; none is as good"),
        "its mean Dice": mean_dice(other),
        "mean Dice of ours": mean_dice(ours),
    } | ratios


def mean_dice(row: Mapping[str, Any]) -> float:
    """Of cavity, myocardium and atrium."""
    return float(np.mean([row[name] for name in JUDGED]))


def register_milliseconds(val: CamusArrays) -> float:
    """Of `es.register` on a pair of 256 x 256, all cores, warm; the least of many runs."""
    from EchoSynthLib.images.grid import to_grid

    moving, fixed = (np.rint(to_grid(frame, (SIDE, SIDE))).astype(np.uint8) for frame in val.image[:2])
    took = []
    for _ in range(21):
        started = time.perf_counter()
        es.register(moving, fixed)
        took.append(1000 * (time.perf_counter() - started))
    return min(took[1:])


def _mean(rows: Sequence[Mapping[str, float]]) -> dict[str, float]:
    return {name: float(np.mean([row[name] for row in rows])) for name in rows[0]}


def main() -> None:
    """Print the figures."""
    import json

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--baselines", type=Path, default=Path("runs"), help=BASELINES_HELP)
    parser.add_argument("--every", type=int, default=1, help="use every n-th val patient")
    arguments = parser.parse_args()
    folder = find_camus()
    if folder is None:
        sys.exit("CAMUS was not found (ECHOSYNTH_DATA): registration cannot be measured.")
    frames = load_camus_npz(folder / "camus_224.npz")
    val = every_nth_patient(frames.select(frames.split == "val"), arguments.every)
    print(json.dumps(figures(val, folder, arguments.baselines), indent=1))


if __name__ == "__main__":
    main()
