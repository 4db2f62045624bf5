"""Frames with a class each, and the mask of their sector where it is known: what classifiers learn from."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from EchoSynthLib.errors import InputError
from EchoSynthLib.images.formats import existing_file, reading
from EchoSynthLib.outputs import replacing


@dataclass(frozen=True)
class LabeledFrames:
    """Frames of one size.

    Attributes:
        image: (N, H, W) uint8.
        label: (N,) numbers of classes.
        classes: their names.
        mask: (N, H, W) bool, true inside the sector; without meaning where `is_masked` is false.
        is_masked: (N,) bool, whether the sector is known.
        group: (N,) the patient or heart of each: no group is in two splits.
        split: (N,) 'train', 'val', or what else is tested on.
        site: where they are from, in a word.
    """

    image: NDArray[np.uint8]
    label: NDArray[np.int64]
    classes: tuple[str, ...]
    mask: NDArray[np.bool_]
    is_masked: NDArray[np.bool_]
    group: NDArray[np.str_]
    split: NDArray[np.str_]
    site: str = ""

    def __post_init__(self) -> None:
        count = len(self.image)
        if self.image.ndim != 3 or self.image.dtype != np.uint8 or self.mask.shape != self.image.shape:
            raise InputError(
                f"Labeled frames are (N, H, W) uint8 with masks of that shape; given were {self.image.shape} "
                f"{self.image.dtype} and masks {self.mask.shape}."
            )
        if any(len(values) != count for values in (self.label, self.is_masked, self.group, self.split)):
            raise InputError(f"Of {count} labeled frames each has one label, group and split; their numbers differ.")
        if count and not 0 <= int(self.label.min()) <= int(self.label.max()) < len(self.classes):
            raise InputError(
                f"Labels are numbers of the {len(self.classes)} classes, from 0; given were {self.label.min()} to "
                f"{self.label.max()}."
            )

    def __len__(self) -> int:
        return len(self.image)

    def take(self, chosen: NDArray[np.generic]) -> LabeledFrames:
        """Those of some numbers, or where a mask (N,) is true."""
        return LabeledFrames(
            self.image[chosen],
            self.label[chosen],
            self.classes,
            self.mask[chosen],
            self.is_masked[chosen],
            self.group[chosen],
            self.split[chosen],
            self.site,
        )

    def part(self, split: str) -> LabeledFrames:
        """Those of a split.

        Raises:
            InputError: there are none.
        """
        chosen = self.split == split
        if not chosen.any():
            known = ", ".join(sorted(set(self.split.tolist()))) or "none"
            raise InputError(f"There are no labeled frames of the split {split!r}; there are {known}.")
        return self.take(chosen)

    def save(self, path: Path) -> Path:
        """Write an .npz file that `load_labeled_frames` reads."""
        with replacing(path) as partial, partial.open("wb") as file:
            np.savez_compressed(
                file,
                image=self.image,
                label=self.label,
                classes=np.array(self.classes),
                mask=np.packbits(self.mask, axis=-1),
                is_masked=self.is_masked,
                group=self.group,
                split=self.split,
                site=np.array(self.site),
            )
        return path


def load_labeled_frames(path: Path) -> LabeledFrames:
    """The frames of an .npz file as `LabeledFrames.save` writes it.

    Raises:
        InputError: it cannot be read, or is another file.
    """
    path = existing_file(path)
    with reading(path, "an .npz that `LabeledFrames.save` wrote"), np.load(path, allow_pickle=False) as file:
        image = file["image"]
        mask = np.unpackbits(file["mask"], axis=-1, count=image.shape[-1]).astype(bool)
        classes = tuple(str(name) for name in file["classes"])
        known, group, split = (file[name] for name in ("is_masked", "group", "split"))
        return LabeledFrames(image, file["label"], classes, mask, known, group, split, str(file["site"]))


def joined(parts: list[LabeledFrames], site: str = "") -> LabeledFrames:
    """Several sets as one, whose classes are those of all in order of appearance.

    Raises:
        InputError: their frames differ in size.
    """
    if len({part.image.shape[1:] for part in parts}) != 1:
        raise InputError(
            f"Sets of labeled frames that are joined have one size; given were {[p.image.shape for p in parts]}."
        )
    classes = tuple(dict.fromkeys(name for part in parts for name in part.classes))
    label = [np.array([classes.index(name) for name in part.classes])[part.label] for part in parts]

    def together(name: str) -> NDArray[Any]:
        return np.concatenate([getattr(part, name) for part in parts])

    return LabeledFrames(
        together("image"),
        np.concatenate(label),
        classes,
        together("mask"),
        together("is_masked"),
        together("group"),
        together("split"),
        site,
    )
