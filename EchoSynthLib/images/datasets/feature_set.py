"""What one expert sees in the frames of one site, as it travels instead of the frames: numbers, no pixels.

An .npz with features, logits, mean discrepancies and labels, and a card in JSON beside it.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from EchoSynthLib.checksums import sha256_of_file
from EchoSynthLib.errors import InputError
from EchoSynthLib.images.formats import existing_file, reading
from EchoSynthLib.outputs import replacing

ARRAYS = ("features", "logits", "discrepancy", "label", "group", "split")
"""All that the file holds; no frame can be made of it."""


@dataclass(frozen=True)
class FeatureSet:
    """N rows, of which several may be of one frame, augmented otherwise.

    Attributes:
        features: (N, F) float32, pooled.
        logits: (N, C) float32 of the expert's own classes.
        discrepancy: (N, D) float32, the neural mean discrepancy.
        label: (N,) numbers of `classes`.
        group: (N,) numbers of patients, without names.
        split: (N,) 'train', 'val', or what else is tested on.
        classes: of the site whose frames these are.
        site, expert: whose frames, and whose network.
    """

    features: NDArray[np.float32]
    logits: NDArray[np.float32]
    discrepancy: NDArray[np.float32]
    label: NDArray[np.int64]
    group: NDArray[np.int64]
    split: NDArray[np.str_]
    classes: tuple[str, ...]
    site: str
    expert: str

    def __post_init__(self) -> None:
        wide, narrow = (self.features, self.logits, self.discrepancy), (self.label, self.group, self.split)
        if any(array.ndim != 2 for array in wide) or any(array.ndim != 1 for array in narrow):
            raise InputError(
                "A feature set has rows of numbers; what has more dimensions, as images, has no place in it."
            )
        if len({len(array) for array in (*wide, *narrow)}) != 1:
            raise InputError("The arrays of a feature set have a row for each look at a frame; their lengths differ.")

    def __len__(self) -> int:
        return len(self.label)

    def save(self, path: Path) -> Path:
        """Write the .npz, and its card as .json beside it."""
        with replacing(path) as partial, partial.open("wb") as file:
            np.savez_compressed(file, **{name: getattr(self, name) for name in ARRAYS})
        with replacing(path.with_suffix(".json")) as partial:
            partial.write_text(json.dumps(self.card(path), indent=2) + "\n", encoding="utf-8")
        return path

    def card(self, path: Path) -> dict[str, object]:
        """What the set is, for whoever gets it."""
        splits = {name: int((self.split == name).sum()) for name in dict.fromkeys(self.split.tolist())}
        return {
            "what": "features, logits and neural mean discrepancies of frames; it holds no pixels and no names",
            "site": self.site,
            "expert": self.expert,
            "classes": list(self.classes),
            "rows": splits,
            "patients": len(set(self.group.tolist())),
            "arrays": {name: [*getattr(self, name).shape] for name in ARRAYS},
            "sha256": sha256_of_file(path),
        }


def load_feature_set(path: Path) -> FeatureSet:
    """A feature set with its card.

    Raises:
        InputError: a file is missing or damaged, holds anything else, or is not the one that the card tells of.
    """
    path, card = existing_file(path), existing_file(path.with_suffix(".json"))
    with reading(card, "the card of a feature set"):
        told = json.loads(card.read_text(encoding="utf-8"))
        classes, site, expert = tuple(told["classes"]), str(told["site"]), str(told["expert"])
        expected = str(told["sha256"])
    if sha256_of_file(path) != expected:
        raise InputError(f"{path} is not the file that {card.name} tells of: its SHA-256 is another; get both anew.")
    with reading(path, "a feature set"), np.load(path, allow_pickle=False) as file:
        if set(file.files) != set(ARRAYS):
            raise InputError(f"{path} holds {', '.join(file.files)}; a feature set holds {', '.join(ARRAYS)} alone.")
        arrays: dict[str, Any] = {name: file[name] for name in ARRAYS}
        return FeatureSet(**arrays, classes=classes, site=site, expert=expert)
