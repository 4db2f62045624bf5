"""Stage 3: an image is drawn of each label map."""

from __future__ import annotations

import math
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from EchoSynthLib.experiment import label_maps
from EchoSynthLib.experiment.checkpointed_map import Arrays, run_in_parts
from EchoSynthLib.experiment.frames import Frames
from EchoSynthLib.experiment.label_maps import Maps, seed_of
from EchoSynthLib.experiment.sampling import ImagePlan, Sampling, draw, draw_and_tell
from EchoSynthLib.experiment.stages import Workplace
from EchoSynthLib.images.write import write_record
from EchoSynthLib.images.writers.arrays import growing_array, write_array
from EchoSynthLib.training.terms import FILE

REVISION = 1


def inputs(maps_key: str, chosen: int | None, sampling: Sampling, seed: int) -> dict[str, Any]:
    """What the stage depends on."""
    return {
        "revision": REVISION,
        "maps": maps_key,
        "chosen": chosen,
        "model": sampling.key,
        "solver": sampling.solver,
        "steps": sampling.steps,
        "device": sampling.device,
        "seed": seed,
    }


def evenly(total: int, chosen: int | None) -> NDArray[np.int64]:
    """`chosen` numbers of 0 to total - 1, evenly spread; all where it is None or there are no more."""
    if chosen is None or chosen >= total:
        return np.arange(total)
    return np.linspace(0, total - 1, chosen).round().astype(np.int64)


def make(
    frames: Frames,
    maps_folder: Path,
    chosen: int | None,
    sampling: Sampling,
    seed: int,
    places: Mapping[str, Any],
    work: Workplace,
) -> None:
    """images.npy (N, H, W), number.npy (N,) with the maps that they follow, sampling.json, and the model's terms."""
    maps = label_maps.load(maps_folder)
    numbers = evenly(len(maps), chosen)
    parts = run_in_parts(
        partial(draw_arrays, sampling),
        lambda index: plan_of(frames, maps, int(numbers[index]), seed),
        len(numbers),
        places,
        work,
    )
    shape = (len(numbers), *maps.label_map.shape[1:])
    with growing_array(work.result / "images.npy", shape, np.uint8) as append:
        for part in parts:
            append(part["image"])
    write_array(work.result / "number.npy", numbers)
    _, about = draw_and_tell(sampling, plan_of(frames, maps, int(numbers[0]), seed))
    write_record(work.result / "sampling.json", about)
    if terms := _terms_of(sampling.folder):
        (work.result / FILE).write_text(terms, encoding="utf-8")


def _terms_of(model: Path) -> str:
    """The terms on a model's card; empty where it has none."""
    card = model / "README.md"
    _, _, terms = card.read_text(encoding="utf-8").partition("## Terms\n") if card.is_file() else ("", "", "")
    return terms.strip()


def draw_arrays(sampling: Sampling, plan: ImagePlan) -> Arrays:
    """The `image` (H, W) of a plan."""
    return {"image": draw(sampling, plan)}


def plan_of(frames: Frames, maps: Maps, number: int, seed: int) -> ImagePlan:
    """How map `number` is drawn: in its frame's sector, view, quality and depth, from a seed of its own."""
    row = int(maps.row[number])
    sector = maps.sector_of(number)
    row_mm = float(frames.arrays.spacing[row, 0])
    return ImagePlan(
        label_map=np.array(maps.label_map[number]),
        sector=sector,
        view=str(frames.arrays.view[row]),
        quality=str(frames.arrays.quality[row]) or None,
        depth_mm=None if math.isnan(row_mm) else sector.radius_far * row_mm,
        seed=seed_of(seed, row, int(maps.variation[number])),
    )


def load(folder: Path) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """The images of a stage's folder, on disk until they are read, and the numbers of their maps."""
    images = np.load(folder / "images.npy", mmap_mode="r", allow_pickle=False)
    return images, np.load(folder / "number.npy", allow_pickle=False)
