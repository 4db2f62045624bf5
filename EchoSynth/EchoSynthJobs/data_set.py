"""Save a data set: pairs from the scene, or new ones from variations, in a training layout."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from EchoSynthJobs.job import Job, Report, in_worker, working_folder
from EchoSynthJobs.synthesize import SynthesisRequest, notes_of, pixel_size
from EchoSynthLib.client import Client
from EchoSynthLib.errors import EchoSynthError, InputError
from EchoSynthMRML.cines import cine_of
from EchoSynthMRML.files import write_frame, write_label_map
from EchoSynthMRML.grid import Grid, same_place
from EchoSynthMRML.label_maps import LabelMap, linked_volume, read_label_map
from EchoSynthMRML.provenance import linked_label_map, sha256_of, stamps_of
from EchoSynthMRML.volumes import check_frame


@dataclass(frozen=True)
class Pair:
    """An image and the label map that belongs to it, two nodes of the scene."""

    image: Any
    label_map: Any


@dataclass(frozen=True)
class DataSetTarget:
    """Where and how a data set is written.

    Attributes:
        folder: made where it does not exist.
        layout: a name in `images.datasets.layouts.LAYOUTS`.
        name: of the data set.
    """

    folder: Path
    layout: str = "nnunet"
    name: str = "EchoSynth"


def save_pairs(client: Client, pairs: Sequence[Pair], target: DataSetTarget) -> Job[dict[str, Any]]:
    """Writes pairs of the scene, cines frame by frame; gives the task's record, with "notes" for the user.

    Raises:
        InputError: there are none, a node cannot be used, or a label map was edited since its synthetic image was
            drawn; and what the task raises.
    """
    if not pairs:
        raise InputError("The scene holds no image with a label map on its grid; segment or synthesize one first.")
    with working_folder() as folder:
        source = folder / "pairs"
        for kind in ("images", "labels", "records"):
            (source / kind).mkdir(parents=True)
        label_maps: list[LabelMap] = []
        for index, pair in enumerate(pairs):
            label_maps += yield from _export(source, f"{index:03d}_{_file_name(pair.image.GetName())}", pair)
        parameters = {"source": source, "output": target.folder, "layout": target.layout, "dataset_name": target.name}
        record = yield from in_worker(client, "collect", parameters)
    return record | {"notes": notes_of(label_maps)}


def save_variations(
    client: Client,
    source: Any,
    request: SynthesisRequest,
    target: DataSetTarget,
    *,
    variations: int,
    strength: float,
    reference: Any = None,
) -> Job[dict[str, Any]]:
    """Writes synthetic pairs: the label map and variations of it, `request.count` images each; gives the task's record,
    with "notes" for the user.

    Raises:
        InputError: the node is no label map; and what the task raises.
    """
    request = request.of(source)
    label_map = read_label_map(source, reference)
    with working_folder() as folder:
        name = _file_name(source.GetName())
        write_label_map(label_map.codes, label_map.grid, folder / f"{name}.nii")
        parameters: dict[str, Any] = {
            "source": folder / f"{name}.nii",
            "output": target.folder,
            "layout": target.layout,
            "dataset_name": target.name,
            "variations": variations,
            "strength": strength,
            **_each_pair(request),
            **pixel_size(label_map.grid, reference),
        }
        if reference is not None:
            write_frame(reference, folder / "reference.nii")
            parameters["reference"] = folder / "reference.nii"
        record = yield from in_worker(client, "dataset", parameters)
    return record | {"notes": label_map.notes}


def _each_pair(request: SynthesisRequest) -> dict[str, Any]:
    """The request as the task `dataset` takes it; each label map has a sector of its own."""
    asked = {name: value for name, value in asdict(request).items() if name != "sector"}
    return {"images": asked.pop("count"), **asked}


def _export(folder: Path, name: str, pair: Pair) -> Job[list[LabelMap]]:
    images, label_maps = cine_of(pair.image), cine_of(pair.label_map)
    if images is None or label_maps is None or images.browser is not label_maps.browser:
        frames = [(name, pair.image, pair.label_map)]
    else:
        count = min(len(images), len(label_maps))
        frames = [(f"{name}_f{index:03d}", images.node(index), label_maps.node(index)) for index in range(count)]
    found = []
    for index, (frame_name, image, label_map) in enumerate(frames):
        found.append(_export_frame(folder, frame_name, image, label_map))
        yield Report(message=f"reading {pair.image.GetName()}, frame {index + 1} of {len(frames)}")
    _check_follows(pair, found)
    return found


def _export_frame(folder: Path, name: str, image: Any, label_map: Any) -> LabelMap:
    found = read_label_map(label_map, image)
    write_frame(image, folder / "images" / f"{name}.nii")
    write_label_map(found.codes, found.grid, folder / "labels" / f"{name}.nii")
    (folder / "records" / f"{name}.json").write_text(json.dumps(stamps_of(image)), encoding="utf-8")
    return found


def _check_follows(pair: Pair, found: list[LabelMap]) -> None:
    drawn_from = stamps_of(pair.image).get("label_map_sha256")
    if drawn_from and drawn_from != sha256_of(np.stack([one.codes for one in found])):
        raise InputError(
            f"'{pair.label_map.GetName()}' was edited after '{pair.image.GetName()}' was drawn from it, so the two do "
            "not match. Synthesize it anew, or remove that image."
        )


def _file_name(name: str) -> str:
    # File systems end names at 255 bytes.
    return re.sub(r"[^A-Za-z0-9-]+", "_", name).strip("_")[:100] or "case"


def pairs_in(scene: Any) -> list[Pair]:
    """Each echo frame of the scene with the segmentation that was drawn on it, or that it was drawn from."""
    drawn_on: dict[Any, Any] = {}
    for segmentation in scene.GetNodesByClass("vtkMRMLSegmentationNode"):
        volume = linked_volume(segmentation)
        if volume is not None:
            drawn_on.setdefault(volume, segmentation)
    found = []
    for volume in scene.GetNodesByClass("vtkMRMLScalarVolumeNode"):
        label_map = linked_label_map(volume) or drawn_on.get(volume)
        if label_map is not None and _fit(volume, label_map):
            found.append(Pair(volume, label_map))
    return found


def _fit(volume: Any, label_map: Any) -> bool:
    try:
        check_frame(volume)
        if label_map.IsA("vtkMRMLSegmentationNode"):
            # One that was drawn on the image's own pixels, or is read on them as it was for the image.
            return linked_label_map(volume) is label_map or same_place(
                Grid.of_volume(volume), Grid.of_segmentation(label_map)
            )
        return same_place(Grid.of_volume(volume), Grid.of_volume(label_map))
    except EchoSynthError:
        return False
