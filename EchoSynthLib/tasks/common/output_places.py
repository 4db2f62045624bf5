"""Where a task's results go: is an output a folder or a file, and what of it may be replaced?"""

from __future__ import annotations

import errno
import json
import os
import stat
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from EchoSynthLib.errors import EchoSynthError, InputError, OutputError
from EchoSynthLib.files import printable, unreadable
from EchoSynthLib.images.formats import DICOM_SUFFIXES, ITK_SUFFIXES, PICTURE_SUFFIXES, VIDEO_SUFFIXES
from EchoSynthLib.outputs import sweep
from EchoSynthLib.outputs.trouble import output_error

REPLACES = "results of the same input are replaced, those of another never"
_IMAGES = (*ITK_SUFFIXES, *PICTURE_SUFFIXES, *VIDEO_SUFFIXES, *DICOM_SUFFIXES, ".npy")
_FILES = (*_IMAGES, ".csv", ".json", ".html", ".txt", ".npz", ".tar")


def names_file(output: Path) -> bool:
    """Whether an output is a file's name: no folder is there, and it ends as files do that EchoSynth reads or writes.

    A dot alone makes no file of it: results_2024.11.28 is a folder.
    """
    return output.name.lower().endswith(_FILES) and not is_folder(output)


def is_folder(output: Path) -> bool | None:
    """Whether a folder is there; None where nothing is.

    Raises:
        OutputError: it cannot be told, for want of permission mostly.
    """
    try:
        return stat.S_ISDIR(output.stat().st_mode)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise output_error(output, error) from error


def output_folder(output: Path) -> Path:
    """The output of a task that writes several files, which is a folder, there or not.

    Raises:
        InputError: the name is a file's.
        OutputError: a file is there, or it cannot be told what is.
    """
    if is_folder(output) is False:
        raise OutputError(f"The output {output} is a file, but results are several files; give a folder.")
    if names_file(output):
        raise InputError(f"The output {output} names a file, but results are several files; give a folder.")
    return output


@contextmanager
def in_words(output: object) -> Iterator[None]:
    """Tells what the system says of a file as an error of that input or output, where nobody has foreseen it.

    Raises:
        OutputError: the file lies in `output`, the output that the task was given.
        InputError: it lies elsewhere.
    """
    try:
        yield
    except EchoSynthError:
        raise
    except OSError as error:
        if error.errno is None or not isinstance(error.filename, str | bytes):
            raise
        path = Path(os.fsdecode(error.filename)).absolute()
        if isinstance(output, str | Path) and path.is_relative_to(Path(output).absolute()):
            raise output_error(path, error) from error
        raise unreadable(path, error) from error


def check_writable(output: Path) -> Path:
    """The output, a folder that is there or can be made: asked before work that takes long.

    Raises:
        OutputError: a file is there, or the folder cannot be made or written.
    """
    if is_folder(output) is False:
        raise OutputError(f"The output {output} is a file; give a folder.")
    nearest = next((place for place in (output, *output.absolute().parents) if is_folder(place) is not None), output)
    if not is_folder(nearest):
        raise output_error(output, NotADirectoryError(errno.ENOTDIR, ""))
    if not os.access(nearest, os.W_OK | os.X_OK):
        raise output_error(output, PermissionError(errno.EACCES, ""))
    return output


def check_replaceable(folder: Path, record: str, files: Iterable[str], task: str, source: Path) -> list[str]:
    """Whether results may be written into a folder: they replace those of the same task and input, and nothing else.

    Args:
        record, files: the names of the record and of all that it tells of.
        task, source: of the new results.

    Returns:
        Warnings about what an earlier run of the same task and input left there and this one will not replace.

    Raises:
        OutputError: there are results of another input or task, or files of which no record tells whose they are.
    """
    sweep(folder)  # What a killed run was replacing there comes back first.
    names = {record, *files}
    taken = sorted(name for name in names if os.path.lexists(folder / name))
    if not taken:
        return []
    told = _told(folder / record)
    made_of = next((printable(str(told[key])) for key in ("input", "source_label_map", "source") if key in told), None)
    given = printable(str(source.resolve()))
    if made_of is None:
        raise OutputError(
            f"{folder / taken[0]} is there already, and no record beside it says that it was made of {source}; "
            "choose another output, or take it away. Nothing was changed."
        )
    if (made_of, told.get("task")) != (given, task):
        raise OutputError(
            f"{folder / taken[0]} is a result of {told.get('task')} for another input, {made_of}; "
            "choose another output, or take it away. Nothing was changed."
            if made_of != given
            else f"{folder / taken[0]} is a result of {told.get('task')}; choose another output for those of {task}, "
            "or take it away. Nothing was changed."
        )
    left = sorted(name for name in names_in(told.get("outputs")) - names if os.path.lexists(folder / name))
    if not left:
        return []
    more = f" and {len(left) - 1} more" if len(left) > 1 else ""
    return [f"{left[0]}{more} in {folder} are of an earlier run and were left there; the record does not tell of them"]


def _told(record: Path) -> dict[str, Any]:
    try:
        told = json.loads(record.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}
    return told if isinstance(told, dict) else {}


def names_in(outputs: Any) -> set[str]:
    """The names of files in a record's `outputs`, whatever their roles."""
    if isinstance(outputs, dict):
        outputs = list(outputs.values())
    return set().union(*map(names_in, outputs)) if isinstance(outputs, list) else {str(outputs)}
