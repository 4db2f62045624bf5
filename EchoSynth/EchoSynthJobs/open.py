"""Open an echo file as the library reads it: with pixel size, frame time, tissue region and the reader's remarks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from EchoSynthJobs.job import Job, Report, in_worker, working_folder
from EchoSynthLib.client import Client
from EchoSynthLib.images.clip_names import told_by_name
from EchoSynthLib.images.formats import kind_of, stem_of
from EchoSynthLib.images.frame import Geometry
from EchoSynthLib.measurement.study_places import NAME
from EchoSynthMRML.cines import CineBuilder
from EchoSynthMRML.grid import Grid
from EchoSynthMRML.study_folder import EXAM_DATE, put_into_folder, tell
from EchoSynthMRML.volumes import REGION, SPACING_TRUST, add_to_scene, new_frame, trusted_spacing


@dataclass
class Opened:
    """What opening a file gave.

    Attributes:
        volume: the node; of a cine the one that follows its frames.
        record: what the file says, with the reader's remarks under "warnings".
    """

    volume: Any
    record: dict[str, Any]


def is_echo_file(path: Path) -> bool:
    """Whether the library reads files of this kind; what it does not know may be one of Slicer's."""
    return kind_of(path) is not None


def open_echo(scene: Any, client: Client, path: Path) -> Job[Opened]:
    """Reads a file in the worker, and adds its frame or cine to the scene, named after the file.

    Where the name tells the patient, it lies in that patient's folder.

    Raises:
        InputError: the file cannot be read as a frame or a cine.
    """
    with working_folder() as folder:
        record = yield from in_worker(client, "read", {"image": path, "output": folder / "read"})
        pixels = np.load(record["outputs"]["pixels"], allow_pickle=False)
    name, attributes = stem_of(path), _attributes(record)
    grid = _grid_of(record)
    if pixels.ndim == 2:
        volume = add_to_scene(scene, _frame(pixels, grid, name, attributes))
        _sort_in(volume)
        return Opened(volume, record)
    builder = CineBuilder(name, frame_time_ms=record["frame_time_ms"])
    for index, frame in enumerate(pixels):
        builder.append(_frame(frame, grid, name, attributes))
        yield Report(index + 1, len(pixels), f"frame {index + 1} of {len(pixels)}")
    volume = builder.finish(scene)
    _tell(volume, attributes)
    _sort_in(volume)
    return Opened(volume, record)


def _sort_in(volume: Any) -> None:
    """Puts an opened frame or cine into the folder of the patient that its name tells, and keeps what else it tells."""
    told = told_by_name(volume.GetName())
    put_into_folder(volume, told.patient)
    tell(
        volume,
        view=told.view,
        view_from=NAME if told.view else "",
        phase=told.phase,
        phase_from=NAME if told.phase else "",
        pixel_size="unknown" if trusted_spacing(volume) is None else "trusted",
    )


def _frame(pixels: np.ndarray, grid: Grid, name: str, attributes: Mapping[str, str]) -> Any:
    frame = new_frame(pixels, grid, name)
    _tell(frame, attributes)
    return frame


def _tell(node: Any, attributes: Mapping[str, str]) -> None:
    for name, text in attributes.items():
        node.SetAttribute(name, text)


def _attributes(record: Mapping[str, Any]) -> dict[str, str]:
    region = {} if record["region"] is None else {REGION: " ".join(map(str, record["region"]))}
    date = {EXAM_DATE: record["exam_date"]} if record["exam_date"] else {}
    return {SPACING_TRUST: "trusted" if record["spacing_trusted"] else "untrusted", **region, **date}


def _grid_of(record: Mapping[str, Any]) -> Grid:
    """Where the frames lie in Slicer's RAS space; all of a cine in the place of the first."""
    told = record["geometry"]
    spacing = record["spacing_mm"]
    place = Geometry(**{key: tuple(values) for key, values in told.items()}) if told else Geometry.flat(spacing)
    place = place.for_array(2)
    if place.dimension == 2:
        place = place.with_axis()
    matrix = np.eye(4)
    matrix[:3, :3] = place.matrix() * place.spacing
    matrix[:3, 3] = place.origin
    # Files tell of left and posterior, Slicer of right and anterior.
    matrix[:2] *= -1
    return Grid((record["rows"], record["columns"]), tuple(matrix.ravel().tolist()))
