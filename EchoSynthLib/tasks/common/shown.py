"""What of an image is looked at: the ultrasound without the scanner's text, the frames without the blank ones."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from EchoSynthLib.errors import InputError

if TYPE_CHECKING:
    from EchoSynthLib.images.frame import EchoCine, EchoFrame

_MOST_LISTED = 10


def blank_frames(image: EchoFrame | EchoCine) -> list[int]:
    """The frames without contrast, which show nothing.

    Raises:
        InputError: that is all of them.
    """
    from EchoSynthLib.images.contrast import has_contrast

    tissue = image.pixels[..., *image.tissue]
    frames = tissue if tissue.ndim == 3 else tissue[None]
    blank = [index for index, frame in enumerate(frames) if not has_contrast(frame)]
    if len(blank) == len(frames):
        raise InputError(
            f"{image.source} shows nothing: all of it is of nearly one gray level, which is no contrast to see a heart "
            f"by. Look at the file, and at the gray levels that it was saved with."
        )
    return blank


def told_of_blank(blank: Sequence[int]) -> list[str]:
    """A warning that names these frames, counted from 0 as in files, of many the first; none where there are none."""
    if not blank:
        return []
    more = f" and {len(blank) - _MOST_LISTED} more" if len(blank) > _MOST_LISTED else ""
    listed = ", ".join(map(str, blank[:_MOST_LISTED])) + more
    return [f"frames without contrast show nothing and were left empty: {listed}"]
