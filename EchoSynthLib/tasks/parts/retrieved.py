"""What the tasks share that find an earlier examination's view in a later one."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from EchoSynthLib.errors import InputError
from EchoSynthLib.tasks.common.results import check_exists
from EchoSynthLib.tasks.task import parameter

if TYPE_CHECKING:
    from EchoSynthLib.images.frame import EchoCine, EchoFrame

EARLIER = "the earlier examination: image or cine (NIfTI, MHD, NRRD, PNG, JPEG, DICOM, AVI, MP4, npy)"


def retrieval_model() -> Any:
    """The declaration of the model."""
    return parameter("retrieval", help="name of the model that finds views again, see `echosynth models`")


def reference_of(path: Path) -> EchoFrame | EchoCine:
    """The image or cine of an earlier examination.

    Raises:
        InputError: there is none, or a folder of several.
    """
    from EchoSynthLib.images.read_echo import read_echo

    if check_exists(path, "earlier image or cine").is_dir():
        raise InputError(f"{path} is a folder; give one image or cine of the earlier examination.")
    return read_echo(path)
