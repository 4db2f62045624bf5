"""A long map over items whose results are kept in parts, so that an interrupted stage loses little."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from EchoSynthLib.experiment.stages import Workplace
from EchoSynthLib.outputs import replacing
from EchoSynthLib.parallel import run_items

Item = TypeVar("Item")
Arrays = dict[str, NDArray[np.generic]]

PART = 64
"""Results that are written together."""
CHUNK = 4


def run_in_parts(
    function: Callable[[Item], Arrays],
    item: Callable[[int], Item],
    count: int,
    places: Mapping[str, Any],
    work: Workplace,
) -> Iterator[Arrays]:
    """The results of items 0 to count - 1, stacked part by part in their order; those in the scratch folder are kept.

    Args:
        function: of one item; arrays whose shapes are the same for all items.
        item: makes the item of a number.
        count: how many items.
        places: `workers` and `cluster`, see `run_items`.
        work: its scratch folder keeps the parts.
    """
    parts = [range(start, min(start + PART, count)) for start in range(0, count, PART)]
    files = [work.scratch / f"part-{number:05d}.npz" for number in range(len(parts))]
    missing = [(file, part) for file, part in zip(files, parts, strict=True) if not file.exists()]
    total = sum(len(part) for _, part in missing)
    items = (item(index) for _, part in missing for index in part)
    with closing(run_items(function, items, total=total, chunk=CHUNK, progress=work.progress, **places)) as results:
        for file, part in missing:
            _save(file, [next(results) for _ in part])
    for file in files:
        with np.load(file, allow_pickle=False) as saved:
            yield {name: saved[name] for name in saved.files}


def _save(path: Path, results: list[Arrays]) -> None:
    stacked: dict[str, Any] = {name: np.stack([result[name] for result in results]) for name in results[0]}
    with replacing(path) as partial:
        np.savez(partial, **stacked)
