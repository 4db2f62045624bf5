"""What the tasks' results are called and how their records are written."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from EchoSynthLib.errors import InputError

FORMATS = {"nifti": ".nii.gz", "png": ".png", "npy": ".npy"}
RECORD = "record.json"


def check_exists(path: Path, what: str) -> Path:
    """The path, if there is something.

    Raises:
        InputError: there is nothing.
    """
    if not path.exists():
        raise InputError(f"There is no {what} {path}; check the path (relative ones start at {Path.cwd()}).")
    return path


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
