"""What the tasks' results are called and how their records are written."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from EchoSynthLib.errors import InputError
from EchoSynthLib.files import check_readable

if TYPE_CHECKING:
    from EchoSynthLib.images.frame import EchoCine, EchoFrame

FORMATS = {"nifti": ".nii.gz", "png": ".png", "npy": ".npy"}
RECORD = "record.json"


def check_exists(path: Path, what: str) -> Path:
    """The path, if there is something that can be read.

    Raises:
        InputError: there is nothing, or it cannot be read.
    """
    start = "" if path.is_absolute() else f" (it starts at {Path.cwd()})"
    return check_readable(path, f"There is no {what} {path}; check the path{start}.")


@contextmanager
def naming(path: Path) -> Iterator[None]:
    """Puts the file's name before what is wrong with it, where that was found in its pixels, which have no name."""
    try:
        yield
    except InputError as error:
        if path.name in str(error):
            raise
        raise InputError(f"{path}: {error}") from error


def check_holds(format: str, labels: EchoFrame | EchoCine) -> None:
    """InputError where a cine is to be written in a format that holds one frame."""
    if format == "png" and labels.pixels.ndim == 3:
        raise InputError(
            f"{labels.source} is a cine of {len(labels.pixels)} frames and PNG holds one; take nifti or npy as format."
        )


def told_of_pairs(record: Mapping[str, Any]) -> list[str]:
    """How many pairs a data set has, and in which folder they lie."""
    pairs = record["pairs"]
    return [f"{pairs} {'pair' if pairs == 1 else 'pairs'} in {Path(record['outputs']['record']).parent}"]


def told_of_light(light: Mapping[str, Any]) -> str:
    """The color of a record's light, with the first reason where it is not green."""
    return str(light["color"]) if light["color"] == "green" else f"{light['color']}: {light['reasons'][0]}"


def told_of_folder(record: Mapping[str, Any], done: str) -> list[str]:
    """Of a folder, how many of its images were done, as in "2 images segmented"; nothing of a lone image."""
    if "failures" not in record:
        return []
    count, failed = record["images"], len(record["failures"])
    rest = f", {failed} could not be used" if failed else ""
    return [f"{count} {'image' if count == 1 else 'images'} {done}{rest}"]


def write_records(hidden: Path, name: str, folder: Path, record: dict[str, Any]) -> dict[str, Any]:
    """Writes a record among the results in `hidden`, and returns it as it holds once they have moved to `folder`.

    On disk `outputs` holds the files' names alone, so that the folder can be moved; in the record that is returned they
    are whole paths.
    """
    from EchoSynthLib.images.write import write_record

    record = {**record, "outputs": {**record["outputs"], "record": name}}
    write_record(hidden / name, record)
    return {**record, "outputs": _absolute(folder.resolve(), record["outputs"])}


def _absolute(folder: Path, names: Any) -> Any:
    if isinstance(names, dict):
        return {key: _absolute(folder, value) for key, value in names.items()}
    if isinstance(names, list):
        return [_absolute(folder, value) for value in names]
    return str(folder / names)
