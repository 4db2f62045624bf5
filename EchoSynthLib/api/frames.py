"""The frames of a cine, segmented side by side."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from numpy.typing import NDArray

from EchoSynthLib.api.analysis import NO_CONTRAST, Segmentation, segmented
from EchoSynthLib.errors import InputError
from EchoSynthLib.images.contrast import has_contrast
from EchoSynthLib.runtime import usable_cores
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
    # A frame to each core: that takes three quarters of the time of one network that uses all cores, in batches or not.
    cores = usable_cores()
    executor = ThreadPoolExecutor(cores, thread_name_prefix="segment")

    def one(index: int) -> Segmentation:
        found = segmented(frames[index], spacing, view, model, threads=1, blank=index in blank)
        return Segmentation(found.structures, found.record | {"blank": index in blank})

    try:
        yield from executor.map(one, range(len(frames)))
    finally:
        # The caller may have had enough; what has begun takes some milliseconds to end.
        executor.shutdown(cancel_futures=True)
