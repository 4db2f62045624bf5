"""Training data of a segmentation network: real train frames, synthetic ones, or both, with the real val frames."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from EchoSynthLib.experiment import images as drawn_images
from EchoSynthLib.experiment import label_maps
from EchoSynthLib.experiment.frames import Frames
from EchoSynthLib.images.datasets.camus_frame import index_rows
from EchoSynthLib.training.camus_fingerprints import of_camus
from EchoSynthLib.training.terms import CAMUS, FILE, UNKNOWN

NAME = "camus_224.npz"


def write_pairs(frames: Frames, real: bool, synthetic: tuple[Path, Path] | None, folder: Path) -> Path:
    """A CAMUS .npz with index.csv, as the recipes read it; returns the path of the former.

    Args:
        frames: the real frames; their val rows are taken as they are, none of them is augmented.
        real: whether the real train rows are in it.
        synthetic: folders of the label maps and of the images that follow them; None for none.
        folder: to write into.
    """
    rows = index_rows(frames.path.with_name("index.csv"))
    images: list[NDArray[np.uint8]] = []
    labels: list[NDArray[np.uint8]] = []
    table: list[dict[str, str]] = []
    if real:
        _add(frames, frames.train, rows, images, labels, table)
    if synthetic is not None:
        maps = label_maps.load(synthetic[0])
        drawn, numbers = drawn_images.load(synthetic[1])
        images.append(np.asarray(drawn))
        labels.append(np.asarray(maps.label_map[numbers]))
        table += [_synthetic_row(rows[maps.row[n]], int(maps.variation[n])) for n in numbers]
    _add(frames, frames.val, rows, images, labels, table)
    if terms := _terms(frames, None if synthetic is None else synthetic[1]):
        (folder / FILE).write_text(terms, encoding="utf-8")
    path = folder / NAME
    np.savez(
        path,
        image=np.concatenate(images),
        label=np.concatenate(labels),
        name=np.array([row["name"] for row in table]),
        split=np.array([row["split"] for row in table]),
    )
    with path.with_name("index.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(table[0]))
        writer.writeheader()
        writer.writerows(row | {"row": str(number)} if "row" in row else row for number, row in enumerate(table))
    return path


def _terms(frames: Frames, drawn: Path | None) -> str:
    """What TERMS.md says of the pairs: the terms of the frames, and of the model that drew images of their maps."""
    own, known = frames.path.with_name(FILE), of_camus(frames.arrays.image)
    told = own.read_text(encoding="utf-8") if own.exists() else ""
    if not told and not known.all():
        told = UNKNOWN
    of_model = drawn / FILE if drawn is not None else None
    if of_model is not None and of_model.exists():
        terms = of_model.read_text(encoding="utf-8").strip()
        if terms != CAMUS.strip() or not known.any():  # Else they are told by the frames.
            told += f"\n\nIts synthetic images were drawn by a model of these terms:\n\n{terms}"
    return told.strip()


def _add(
    frames: Frames,
    chosen: NDArray[np.intp],
    rows: list[dict[str, str]],
    images: list[NDArray[np.uint8]],
    labels: list[NDArray[np.uint8]],
    table: list[dict[str, str]],
) -> None:
    images.append(frames.arrays.image[chosen])
    labels.append(frames.arrays.label[chosen])
    table += [rows[number] for number in chosen]


def _synthetic_row(row: dict[str, str], variation: int) -> dict[str, str]:
    return row | {"name": f"{row['name']}_synthetic{variation}"}
