"""Drawn pictures by the thousand, kept in files: drawing one takes longer than learning from it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from EchoSynthLib.classification.views.drawn.pictures import SCREENS, pictures
from EchoSynthLib.progress import silent
from EchoSynthLib.training.derived import derived
from EchoSynthLib.types import Progress

CHUNK = 500
_REVISION = 1
"""Changes with how pictures are drawn."""


@dataclass(frozen=True, eq=False)
class Pictures:
    """What the network sees, and what it is to say.

    Attributes:
        images: (N, 96, 96) uint8.
        places: (N,) of `classes.CLASSES`.
    """

    images: NDArray[np.uint8]
    places: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.images)

    @classmethod
    def joined(cls, parts: Sequence[Pictures]) -> Pictures:
        """All of these, one after another."""
        return cls(np.concatenate([part.images for part in parts]), np.concatenate([part.places for part in parts]))


def drawn_pictures(folder: Path, seed: int, count: int, progress: Progress | None = None) -> Pictures:
    """The first `count` drawn pictures of a seed, each on `SCREENS` screens.

    Those that the folder has are read, the others drawn and kept.
    """
    chunks = -(-count // CHUNK)
    tell = progress or silent
    parts = []
    for number in range(chunks):
        tell(number * CHUNK, count, f"drawing pictures, {number * CHUNK} of {count}")
        parts.append(chunk(folder, seed, number))
    every = Pictures.joined(parts)
    return Pictures(every.images[: count * SCREENS], every.places[: count * SCREENS])


def chunk(folder: Path, seed: int, number: int) -> Pictures:
    """Pictures `CHUNK` * number and on."""
    origin = f"drawn views {_REVISION}, seed {seed}, chunk {number} of {CHUNK}"
    kept = derived(folder / f"drawn_{seed}_{number:04d}.npz", origin, lambda: _drawn(seed, number))
    return Pictures(kept["images"], kept["places"])


def _drawn(seed: int, number: int) -> dict[str, NDArray]:
    made = [pictures(seed, index) for index in range(number * CHUNK, (number + 1) * CHUNK)]
    images, places = zip(*made, strict=True)
    return {"images": np.concatenate(images), "places": np.repeat(np.array(places, np.int64), SCREENS)}
