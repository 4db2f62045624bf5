"""What of an image is looked at: the ultrasound without the scanner's text, the frames without the blank ones."""

from __future__ import annotations

from typing import TYPE_CHECKING

from EchoSynthLib.errors import InputError

if TYPE_CHECKING:
    from EchoSynthLib.images.frame import EchoCine, EchoFrame


def blank_frames(image: EchoFrame | EchoCine) -> list[int]:
    """The frames without contrast, which show nothing.

    Raises:
        InputError: that is all of them.
    """
    from EchoSynthLib.images.contrast import without_contrast

    tissue = image.pixels[..., *image.tissue]
    frames = tissue if tissue.ndim == 3 else tissue[None]
    blank = without_contrast(frames)
    if len(blank) == len(frames):
        raise InputError(
            f"{image.source} shows nothing: all of it is of nearly one gray level, which is no contrast to see a heart "
            f"by. Look at the file, and at the gray levels that it was saved with."
        )
    return blank
