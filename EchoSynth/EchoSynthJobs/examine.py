"""Look through an examination: the clips of a folder, or of the scene, become a list.

Of a hundred clips the scene gets those that are looked at or used; all others are known by their rows and thumbnails.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from EchoSynthJobs.frames import write_frames
from EchoSynthJobs.job import Job, in_worker, saying, working_folder
from EchoSynthJobs.open import open_echo
from EchoSynthJobs.study import clips_of_patient, set_what_it_shows
from EchoSynthLib.anatomy.views import view_of
from EchoSynthLib.client import Client
from EchoSynthLib.errors import InputError
from EchoSynthLib.images.clip_names import name_without_patient, told_by_name
from EchoSynthLib.images.formats import stem_of
from EchoSynthLib.measurement.study_places import MODEL, SET
from EchoSynthLib.tasks.parts.examined_clip import LOOKED_AT, evenly
from EchoSynthMRML.cines import cine_of, frame_time_of
from EchoSynthMRML.examinations import (
    ExaminedClip,
    add_examination,
    clips_of,
    file_of,
    keep_view,
    keep_volume,
    volume_of,
)
from EchoSynthMRML.frame_stack import FrameStack
from EchoSynthMRML.grid import Grid
from EchoSynthMRML.study_folder import exam_date_of, patient_of, put_into_folder, tell
from EchoSynthMRML.volumes import trusted_spacing


def examine_folder(scene: Any, client: Client, folder: Path) -> Job[Any]:
    """Looks through the clips of a folder and of those within it; the node of the examination.

    Raises:
        InputError: there is no clip, or none that can be used.
    """
    with working_folder() as results:
        record = yield from in_worker(client, "examine", {"folder": folder, "output": results / "examined"})
        thumbnails = np.load(record["outputs"]["thumbnails"], allow_pickle=False)
    rows = [_without_paths(row, folder) for row in record["results"]]
    return add_examination(scene, folder.name or str(folder), folder, rows, thumbnails)


def examine_scene(scene: Any, client: Client, chosen: Any = None) -> Job[Any]:
    """Looks through a patient's frames and cines that are in the scene, as those of DICOM; the node of the examination.

    Args:
        scene: where they are.
        client: whose worker looks.
        chosen: image or label map of the patient, see `clips_of_patient`.

    Raises:
        InputError: there is none, or none that can be used.
    """
    images = [clip.image for clip in clips_of_patient(scene, chosen).clips if clip.image is not None]
    if not images:
        raise InputError("There is no frame or cine in the scene; open a folder, or load the clips.")
    with working_folder() as folder:
        for number, image in enumerate(images):
            told = f"reading {image.GetName()} ({number + 1} of {len(images)})"
            yield from saying(_write_some(image, folder / "clips" / f"{number:04}.npy"), told)
        record = yield from in_worker(client, "examine", {"folder": folder / "clips", "output": folder / "examined"})
        thumbnails = np.load(record["outputs"]["thumbnails"], allow_pickle=False)
        rows = [
            {**_without_paths(row, folder / "clips"), **_held(image)}
            for row, image in zip(record["results"], images, strict=True)
        ]
    name = patient_of(images[0]) or "Examination"
    node = add_examination(scene, name, None, rows, thumbnails)
    for number, image in enumerate(images):
        keep_volume(node, number, image)
    return node


def bring_into_scene(scene: Any, client: Client | None, node: Any, number: int) -> Job[Any]:
    """The volume of a clip of an examination, which is opened where it is not in the scene.

    It goes into its patient's folder, and knows the view that is seen in it.

    Raises:
        InputError: its file cannot be read, or it was removed from the scene and has none.
    """
    volume = volume_of(node, number)
    if volume is not None:
        return volume
    clip, path = clips_of(node)[number], file_of(node, number)
    if clip.failure or path is None:
        raise InputError(clip.failure or f"'{clip.title}' was removed from the scene; load it again.")
    if client is None:
        raise InputError(f"'{clip.title}' is not in the scene; install the engine, which opens it.")
    volume = (yield from open_echo(scene, client, path)).volume
    put_into_folder(volume, told_by_name(volume.GetName()).patient or _patient(node))
    keep_volume(node, number, volume)
    _tell_view(volume, clip)
    return volume


def correct(node: Any, number: int, view: str) -> None:
    """Sets the view of a clip as a user tells it, here and where it is in the scene; '' forgets it.

    Raises:
        InputError: no view is called so.
    """
    known = view_of(view).name if view else ""
    keep_view(node, number, known)
    volume = volume_of(node, number)
    if volume is not None:
        set_what_it_shows(volume, view=known)
        _tell_view(volume, clips_of(node)[number])


def _tell_view(volume: Any, clip: ExaminedClip) -> None:
    view, source = clip.view_from
    if source == SET:
        set_what_it_shows(volume, view=view)
    elif source == MODEL:
        tell(volume, view=view, view_from=MODEL)


def _patient(node: Any) -> str:
    """Whose clips are those whose names tell nobody: of the only patient that others tell, else of the examination."""
    names = (told_by_name(stem_of(clip.row["file"])).patient for clip in clips_of(node))
    patients = list(dict.fromkeys(filter(None, names)))
    return patients[0] if len(patients) == 1 else str(node.GetName())


def _write_some(image: Any, path: Path) -> Job[None]:
    """Writes a few frames of a cine, or a frame alone."""
    path.parent.mkdir(exist_ok=True)
    cine = cine_of(image)
    frames = [image] if cine is None else [cine.node(index) for index in evenly(range(len(cine)), LOOKED_AT)]
    yield from write_frames(FrameStack(frames), path)


def _held(image: Any) -> dict[str, Any]:
    """What a row tells of a clip of the scene, where its few frames in a file would tell otherwise."""
    cine, spacing = cine_of(image), trusted_spacing(image)
    grid = Grid.of_volume(image)
    return {
        "file": image.GetName(),
        "name": name_without_patient(image.GetName(), [patient_of(image)]),
        "frames": 1 if cine is None else len(cine),
        "rows": grid.shape[0],
        "columns": grid.shape[1],
        "spacing_mm": list(spacing or grid.spacing),
        "spacing_trusted": spacing is not None,
        "frame_time_ms": None if cine is None else frame_time_of(cine),
        "exam_date": exam_date_of(image) or None,
    }


def _without_paths(row: Mapping[str, Any], folder: Path) -> dict[str, Any]:
    """A row whose failure does not tell the path, in which the patient may be named."""
    if "failure" not in row:
        return dict(row)
    name = row["name"] or "this file"
    failure = row["failure"].replace(str(folder / row["file"]), name).replace(row["file"], name)
    return {**row, "failure": failure}
