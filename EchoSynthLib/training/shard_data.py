"""Shards as a data set of torch: https://docs.pytorch.org/docs/stable/data.html#iterable-style-datasets."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import torch
from torch.utils.data import IterableDataset, get_worker_info

from EchoSynthLib.images.datasets.labeled_image import LabeledImage
from EchoSynthLib.images.datasets.shards import read_shard, shards_of

Pair = tuple[LabeledImage, dict[str, Any]]
Thing = TypeVar("Thing")


def tensors_of(pair: Pair) -> tuple[torch.Tensor, torch.Tensor]:
    """The image (1, H, W) and the label map (H, W), both uint8."""
    case, _ = pair
    return torch.from_numpy(np.array(case.image))[None], torch.from_numpy(np.array(case.label_map))


class ShardDataset(IterableDataset):
    """The pairs in a folder of shards, each once an epoch, however many workers the DataLoader has.

    A worker reads whole shards, front to back; so there should be at least as many shards as workers, and memory holds
    `shuffle` pairs at most.

    Args:
        folder: with shard-000000.tar and so on.
        transform: of (case, record), for example `tensors_of`; importable where the DataLoader starts processes.
        shuffle: 0 for the order they were written in; else shards come in random order, and each pair is drawn from the
            next `shuffle`. Which order is decided by the DataLoader's generator (in the main process by torch's own).
    """

    def __init__(self, folder: Path, transform: Callable[[Pair], Any] = tensors_of, shuffle: int = 0) -> None:
        self.shards = shards_of(Path(folder))
        self.transform = transform
        self.shuffle = shuffle

    def __iter__(self) -> Iterator[Any]:
        worker = get_worker_info()
        index, count = (0, 1) if worker is None else (worker.id, worker.num_workers)
        shards = self.shards
        if self.shuffle:
            # All workers of an epoch know one seed, and have to agree on the order they divide.
            seed = int(torch.empty((), dtype=torch.int64).random_()) if worker is None else worker.seed - worker.id
            shards = [shards[i] for i in np.random.default_rng(seed).permutation(len(shards))]
        samples: Iterable[Any] = (sample for shard in shards[index::count] for sample in read_shard(shard))
        if self.shuffle:
            samples = shuffled(samples, self.shuffle, np.random.default_rng([seed, index]))
        return (self.transform(sample.pair()) for sample in samples)


def shuffled(things: Iterable[Thing], size: int, rng: np.random.Generator) -> Iterator[Thing]:
    """Each thing once, drawn from the next `size`."""
    held: list[Thing] = []
    for thing in things:
        held.append(thing)
        if len(held) == size:
            yield held.pop(int(rng.integers(size)))
    rng.shuffle(held)
    yield from held
