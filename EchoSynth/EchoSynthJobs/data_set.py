"""Save a data set: pairs from the scene, or new ones from variations, in a training layout."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from EchoSynthJobs.job import Job, Report, in_worker, working_folder
from EchoSynthJobs.synthesize import Wish, pixel_size
from EchoSynthLib.client import Client
from EchoSynthLib.errors import InputError
from EchoSynthMRML.cines import cine_of
from EchoSynthMRML.files import write_frame, write_label_map
from EchoSynthMRML.label_maps import read_label_map
from EchoSynthMRML.provenance import stamps_of


@dataclass(frozen=True)
class Pair:
    """An image and the label map that belongs to it, two nodes of the scene."""

    image: Any
    label_map: Any


@dataclass(frozen=True)
class Place:
    """Where and how a data set is written.

    Attributes:
        folder: made where it does not exist.
        layout: 'nnunet', 'nifti' or 'png'.
        name: of the data set.
    """

    folder: Path
    layout: str = "nnunet"
    name: str = "EchoSynth"


def save_pairs(client: Client, pairs: Sequence[Pair], place: Place) -> Job[dict[str, Any]]:
    """Writes pairs of the scene, cines frame by frame; gives the task's record.

    Raises:
        InputError: there are none, or a node cannot be used; and what the task raises.
    """
    if not pairs:
        raise InputError("The scene holds no image with a label map on its grid; segment or synthesize one first.")
    with working_folder() as folder:
        source = folder / "pairs"
        for kind in ("images", "labels", "records"):
            (source / kind).mkdir(parents=True)
        for index, pair in enumerate(pairs):
            yield from _export(source, f"{index:03d}_{_file_name(pair.image.GetName())}", pair)
        parameters = {"source": source, "output": place.folder, "layout": place.layout, "dataset_name": place.name}
        record = yield from in_worker(client, "collect", parameters)
    return record


def save_variations(
    client: Client, source: Any, wish: Wish, place: Place, *, variations: int, strength: float, reference: Any = None
) -> Job[dict[str, Any]]:
    """Writes synthetic pairs: the label map and variations of it, `wish.count` images each; gives the task's record.

    Raises:
        InputError: the node is no label map; and what the task raises.
    """
    label_map = read_label_map(source, reference)
    with working_folder() as folder:
        name = _file_name(source.GetName())
        write_label_map(label_map.codes, label_map.grid, folder / f"{name}.nii")
        parameters: dict[str, Any] = {
            "source": folder / f"{name}.nii",
            "output": place.folder,
            "layout": place.layout,
            "dataset_name": place.name,
            "variations": variations,
            "strength": strength,
            "images": wish.count,
            "seed": wish.seed,
            "view": wish.view,
            "steps": wish.steps,
            "quality": wish.quality,
            "model": wish.model,
            **pixel_size(label_map.grid, reference),
        }
        if reference is not None:
            write_frame(reference, folder / "reference.nii")
            parameters["reference"] = folder / "reference.nii"
        record = yield from in_worker(client, "dataset", parameters)
    return record


def _export(folder: Path, name: str, pair: Pair) -> Job[None]:
    images, label_maps = cine_of(pair.image), cine_of(pair.label_map)
    if images is None or label_maps is None or images.browser is not label_maps.browser:
        _export_frame(folder, name, pair.image, pair.label_map)
        yield Report(message=f"reading {pair.image.GetName()}")
        return
    for index in range(min(len(images), len(label_maps))):
        _export_frame(folder, f"{name}_f{index:03d}", images.node(index), label_maps.node(index))
        yield Report(message=f"reading {pair.image.GetName()}, frame {index + 1} of {len(images)}")


def _export_frame(folder: Path, name: str, image: Any, label_map: Any) -> None:
    found = read_label_map(label_map, image)
    write_frame(image, folder / "images" / f"{name}.nii")
    write_label_map(found.codes, found.grid, folder / "labels" / f"{name}.nii")
    (folder / "records" / f"{name}.json").write_text(json.dumps(stamps_of(image)), encoding="utf-8")


def _file_name(name: str) -> str:
    return re.sub(r"[^A-Za-z0-9-]+", "_", name).strip("_") or "case"
