"""Where a task's results go: does the name of an output mean a folder or a file?"""

from __future__ import annotations

from pathlib import Path

from EchoSynthLib.errors import InputError, OutputError
from EchoSynthLib.images.formats import DICOM_SUFFIXES, ITK_SUFFIXES, PICTURE_SUFFIXES, VIDEO_SUFFIXES

_IMAGES = (*ITK_SUFFIXES, *PICTURE_SUFFIXES, *VIDEO_SUFFIXES, *DICOM_SUFFIXES, ".npy")
_FILES = (*_IMAGES, ".csv", ".json", ".html", ".txt", ".npz", ".tar")


def names_file(output: Path) -> bool:
    """Whether an output is a file's name: no folder is there, and it ends as files do that EchoSynth reads or writes.

    A dot alone makes no file of it: results_2024.11.28 is a folder.
    """
    return output.name.lower().endswith(_FILES) and not output.is_dir()


def output_folder(output: Path) -> Path:
    """The output of a task that writes several files, which is a folder, there or not.

    Raises:
        InputError: the name is a file's.
        OutputError: a file is there.
    """
    if output.exists() and not output.is_dir():
        raise OutputError(f"The output {output} is a file, but results are several files; give a folder.")
    if names_file(output):
        raise InputError(f"The output {output} names a file, but results are several files; give a folder.")
    return output
