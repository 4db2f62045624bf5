"""Stage 1: the label maps of train frames are varied."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import astuple, dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from EchoSynthLib.anatomy.sector.geometry import Sector
from EchoSynthLib.anatomy.variations import vary
from EchoSynthLib.experiment.checkpointed_map import Arrays, run_in_parts
from EchoSynthLib.experiment.frames import Frames, sector_of
from EchoSynthLib.experiment.stages import Workplace
from EchoSynthLib.images.writers.arrays import growing_array

REVISION = 1


@dataclass(frozen=True)
class Item:
    """A frame whose label map is to be varied; `row` is its number in the data."""

    row: int
    image: NDArray[np.uint8]
    label_map: NDArray[np.uint8]


@dataclass(frozen=True)
class Maps:
    """Label maps to draw images of; number i is variation `variation[i]` of the frame `row[i]`.

    Attributes:
        label_map: (N, H, W) uint8, the truth that a network learns. It is not cut at the sector, for neither are the
            annotations of real frames, of which a few per cent lie outside it; generators cut it themselves.
        row, variation: (N,) int64; variation 0 is the frame's own map.
        sector: (N, 7), the fields of the frame's `Sector`.
    """

    label_map: NDArray[np.uint8]
    row: NDArray[np.int64]
    variation: NDArray[np.int64]
    sector: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.row)

    def sector_of(self, index: int) -> Sector:
        """The sector to draw map `index` in."""
        return Sector(*(float(value) for value in self.sector[index]))


def inputs(frames: Frames, count: int | None, variations: int, seed: int) -> dict[str, Any]:
    """What the stage depends on."""
    told = {"frames": len(frames.evenly(count)), "variations": variations, "seed": seed}
    return {"revision": REVISION, "data": frames.sums, **told}


def make(
    frames: Frames, count: int | None, variations: int, seed: int, places: Mapping[str, Any], work: Workplace
) -> None:
    """`variations` maps of each of `count` train frames, the first of them the frame's own."""
    rows = frames.evenly(count)

    def item(index: int) -> Item:
        row = int(rows[index])
        return Item(row, frames.arrays.image[row], frames.arrays.label[row])

    shape = (len(rows) * variations, *frames.arrays.label.shape[1:])
    sectors: list[NDArray[np.generic]] = []
    with growing_array(work.result / "label_map.npy", shape, np.uint8) as append:
        for part in run_in_parts(partial(vary_frame, variations, seed), item, len(rows), places, work):
            append(part["label_map"])
            sectors += list(part["sector"])
    np.savez(
        work.result / "index.npz",
        row=np.repeat(rows, variations),
        variation=np.tile(np.arange(variations), len(rows)),
        sector=np.repeat(sectors, variations, axis=0),
    )


def vary_frame(variations: int, seed: int, item: Item) -> Arrays:
    """`label_map` (V, H, W) and `sector` (7,) of one frame; they depend on the frame, its row and the seed alone."""
    own = seed_of(seed, item.row)
    varied = [vary(item.label_map, own, index) for index in range(1, variations)]
    sector = sector_of(item.image, item.label_map)
    return {"label_map": np.stack([item.label_map, *varied]), "sector": np.array(astuple(sector))}


def load(folder: Path) -> Maps:
    """The maps of a stage's folder; label maps stay on disk until they are read."""
    with np.load(folder / "index.npz", allow_pickle=False) as file:
        index = {name: file[name] for name in ("row", "variation", "sector")}
    return Maps(np.load(folder / "label_map.npy", mmap_mode="r", allow_pickle=False), **index)


def seed_of(*numbers: int) -> int:
    """A seed, 0 to 2^31 - 1, that depends on these numbers and their order."""
    return int(np.random.SeedSequence(numbers).generate_state(1)[0] >> 1)
