"""Drawn scans by the hundred, kept in files: drawing a sweep takes longer than learning from it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from EchoSynthLib.progress import silent
from EchoSynthLib.retrieval.contrastive.drawn.hearts import heart_scans
from EchoSynthLib.retrieval.contrastive.drawn.muscles import muscle_scans
from EchoSynthLib.retrieval.contrastive.scans import Scans
from EchoSynthLib.training.derived import derived
from EchoSynthLib.types import Progress

DRAWN: Mapping[str, Callable[[int, int], Scans]] = MappingProxyType({"hearts": heart_scans, "muscles": muscle_scans})
CHUNK = 20
_REVISION = 1
"""Changes with how scans are drawn."""


def drawn_scans(folder: Path, kind: str, seed: int, count: int, progress: Progress | None = None) -> list[Scans]:
    """The first `count` scans of a kind in `DRAWN` and a seed; those that the folder has are read, the others drawn."""
    tell = progress or silent
    made: list[Scans] = []
    while len(made) < count:
        tell(len(made), count, f"drawing {kind}, {len(made)} of {count}")
        made += _chunk(folder, kind, seed, len(made) // CHUNK)
    return made[:count]


def _chunk(folder: Path, kind: str, seed: int, number: int) -> list[Scans]:
    origin = f"drawn {kind} {_REVISION}, seed {seed}, chunk {number} of {CHUNK}"
    kept = derived(folder / f"{kind}_{seed}_{number:04d}.npz", origin, lambda: _drawn(kind, seed, number))
    parts = zip(kept["first"], kept["second"], kept["apart"], kept["subject"], strict=True)
    return [Scans(first, second, apart, str(subject)) for first, second, apart, subject in parts]


def _drawn(kind: str, seed: int, number: int) -> dict[str, NDArray]:
    made = [DRAWN[kind](seed, index) for index in range(number * CHUNK, (number + 1) * CHUNK)]
    names = ("first", "second", "apart", "subject")
    return {name: np.stack([np.asarray(getattr(one, name)) for one in made]) for name in names}
