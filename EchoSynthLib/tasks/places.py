"""Where a task's results go: does the name of an output mean a folder or a file?"""

from __future__ import annotations

import stat
from pathlib import Path

from EchoSynthLib.errors import InputError, OutputError
from EchoSynthLib.images.formats import DICOM_SUFFIXES, ITK_SUFFIXES, PICTURE_SUFFIXES, VIDEO_SUFFIXES
from EchoSynthLib.outputs.trouble import output_error

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
