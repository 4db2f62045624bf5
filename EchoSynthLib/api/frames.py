"""The frames of a cine, segmented side by side."""

from __future__ import annotations

from collections.abc import Collection, Iterator

import numpy as np
from numpy.typing import NDArray

from EchoSynthLib.api.analysis import NO_CONTRAST, Segmentation, segmented
from EchoSynthLib.errors import InputError
from EchoSynthLib.images.contrast import has_contrast
from EchoSynthLib.parallel.threads import on_each_core
from EchoSynthLib.types import Spacing


def segment_frames(
    frames: NDArray[np.uint8],
    spacing: Spacing | None = None,
    *,
    view: str = "auto",
    model: str = "segmenter",
    blank: Collection[int] | None = None,
) -> Iterator[Segmentation]:
    """Segment the frames of a cine, each as `segment_detailed` does, and give them in their order as they are done.

    A frame without contrast shows nothing: its label map is empty, its confidence 0, and its record says `blank`.

    Args:
        frames: (T, H, W) uint8, row 0 at the transducer.
        spacing, view, model: as in `segment_detailed`.
        blank: numbers of the frames without contrast, where the caller knows them already.

    Raises:
        InputError: no frame has contrast; and as in `segment_detailed`.
        ModelError: as in `segment_detailed`.
    """
    if blank is None:
        blank = [index for index, frame in enumerate(frames) if not has_contrast(frame)]
    if len(blank) == len(frames):
        raise InputError(NO_CONTRAST)

    def one(index: int) -> Segmentation:
        found = segmented(frames[index], spacing, view, model, threads=1, blank=index in blank)
        return Segmentation(found.structures, found.record | {"blank": index in blank})

    yield from on_each_core(one, range(len(frames)))
