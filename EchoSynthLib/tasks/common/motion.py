"""What the tasks that follow tissue through a cine share: its file, its frame time, what they are told."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from EchoSynthLib.errors import InputError
from EchoSynthLib.tasks.common.results import check_exists
from EchoSynthLib.tasks.task import parameter

if TYPE_CHECKING:
    from EchoSynthLib.images.frame import EchoCine

CINE = "cine (NIfTI, MHD, NRRD, DICOM, AVI, MP4, npy)"
SHORTEST_FRAME_TIME_MS, LONGEST_FRAME_TIME_MS = 0.1, 10_000.0
LAST_FRAME = 99_999
SAME_FRAME_TIME = 0.01
"""How far a frame time given by hand may differ from the file's, over it: what rounding explains."""


def frame_parameter(help: str, default: int | None = 0) -> Any:
    """The declaration of the number of a frame in its cine."""
    return parameter(default, minimum=0, maximum=LAST_FRAME, help=help)


def frame_time_parameter() -> Any:
    """The declaration of the time from frame to frame by hand."""
    return parameter(
        None,
        minimum=SHORTEST_FRAME_TIME_MS,
        maximum=LONGEST_FRAME_TIME_MS,
        unit="ms",
        help="time from frame to frame, where the file carries none",
    )


def motion_model() -> Any:
    """The declaration of the model."""
    return parameter("motion", help="name of the model, see `echosynth models`")


def refine_parameter() -> Any:
    """The declaration of test-time refinement."""
    return parameter(
        0,
        minimum=0,
        maximum=500,
        unit="steps",
        help="of refinement on the two pictures themselves, some 30 to the second; 0 takes the network's answer",
    )


def cine_of(path: Path) -> EchoCine:
    """The cine of a file.

    Raises:
        InputError: there is none, or it holds a single frame.
    """
    from EchoSynthLib.images.frame import EchoCine
    from EchoSynthLib.images.read_echo import read_echo

    if check_exists(path, "cine").is_dir():
        raise InputError(f"{path} is a folder; give one cine.")
    cine = read_echo(path)
    if not isinstance(cine, EchoCine):
        raise InputError(f"{path} is a single frame, in which nothing moves; give a cine of two frames or more.")
    return cine


def frame_time_of(cine: EchoCine, given: float | None) -> float | None:
    """Milliseconds from frame to frame: the file's, else those given, if any.

    Raises:
        InputError: both are there, and differ by more than 1 %.
    """
    return agreed_frame_time(cine.source, cine.frame_time_ms, given)


def agreed_frame_time(source: object, told: float | None, given: float | None) -> float | None:
    """Milliseconds from frame to frame: as a file tells them, else those given, if any.

    Raises:
        InputError: both are there, and differ by more than 1 %.
    """
    if told is None or given is None:
        return told or given
    if abs(given / told - 1) > SAME_FRAME_TIME:
        raise InputError(
            f"{source} says that a frame takes {told:.4g} ms, and frame_time that it is {given:.4g} ms. Leave it "
            "out, or correct the file."
        )
    return told
