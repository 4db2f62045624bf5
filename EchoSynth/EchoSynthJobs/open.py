"""Open an echo file as the library reads it: with pixel size, frame time, tissue region and the reader's remarks."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from EchoSynthJobs.job import Job, Report, each_report, in_worker, working_folder
from EchoSynthLib.client import Client
from EchoSynthLib.errors import Cancelled, EchoSynthError, InputError
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
    add = yield from _read(client, path)
    return add(scene)


def open_files(scene: Any, client: Client, paths: Sequence[Path]) -> Job[Opened]:
    """Reads files one after another, and adds them all to the scene when the last is read; gives the first of them.

    What cannot be read costs the others nothing: it is named, with the reason, among the warnings of the record, where
    the remarks on the others begin with the name of their file.

    Raises:
        InputError: none can be read; of a single file what `open_echo` raises.
    """
    if len(paths) == 1:
        return (yield from open_echo(scene, client, paths[0]))
    read: list[tuple[Path, Callable[[Any], Opened]]] = []
    failed: list[str] = []
    for number, path in enumerate(paths, 1):
        try:
            add = yield from _numbered(_read(client, path), f"{path.name} ({number} of {len(paths)})")
        except Cancelled:
            raise
        except EchoSynthError as error:
            failed.append(f"{path.name} was not opened: {error}")
        else:
            read.append((path, add))
    if not read:
        raise InputError(" ".join(failed))
    opened = [(path, add(scene)) for path, add in read]
    remarks = [f"{path.name}: {text}" for path, one in opened for text in one.record.get("warnings", ())]
    first = opened[0][1]
    return Opened(first.volume, {**first.record, "warnings": [*failed, *remarks]})


def _numbered(job: Job[Callable[[Any], Opened]], name: str) -> Job[Callable[[Any], Opened]]:
    """A job whose reports tell which file it is about."""

    def named(report: Report) -> Report:
        return replace(report, message=": ".join(filter(None, (name, report.message))))

    return each_report(job, named)


def _read(client: Client, path: Path) -> Job[Callable[[Any], Opened]]:
    """Reads a file; gives what adds it to a scene, so that a job that is cancelled leaves nothing there."""
    with working_folder() as folder:
        record = yield from in_worker(client, "read", {"image": path, "output": folder / "read"})
        pixels = np.load(record["outputs"]["pixels"], allow_pickle=False)
    name, attributes = stem_of(path), _attributes(record)
    grid = _grid_of(record)
    if pixels.ndim == 2:
        frame = _frame(pixels, grid, name, attributes)
        return lambda scene: _sorted_in(add_to_scene(scene, frame), record)
    builder = CineBuilder(name, frame_time_ms=record["frame_time_ms"])
    for index, image in enumerate(pixels):
        builder.append(_frame(image, grid, name, attributes))
        yield Report(index + 1, len(pixels), f"frame {index + 1} of {len(pixels)}")

    def add(scene: Any) -> Opened:
        volume = builder.finish(scene)
        _tell(volume, attributes)
        return _sorted_in(volume, record)

    return add


def _sorted_in(volume: Any, record: dict[str, Any]) -> Opened:
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
