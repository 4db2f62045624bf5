"""AVI and MP4 cines, through PyAV."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from EchoSynthLib.errors import InputError
from EchoSynthLib.images.formats import reading
from EchoSynthLib.images.frame import EchoCine, EchoFrame, frame_or_cine
from EchoSynthLib.images.gray import to_gray8

if TYPE_CHECKING:
    from av import VideoFrame

# Containers may count frames that edit lists or encoder delay hide.
_FRAMES_THAT_MAY_BE_HIDDEN = 2


def read_video(path: Path) -> EchoFrame | EchoCine:
    """The frames of a video with its mean frame time; videos carry no spacing."""
    import av

    with reading(path, "an AVI or MP4 video"), av.open(str(path)) as container:
        if not container.streams.video:
            raise InputError(f"{path} holds no pictures; expected was an AVI or MP4 video.")
        stream = container.streams.video[0]
        frames = [_gray(frame) for frame in container.decode(stream)]
        _check_complete(path, len(frames), stream.frames)
        rate = stream.average_rate
        frame_time = float(1000 / rate) if rate else None
        return frame_or_cine(EchoCine(np.stack(frames), source=str(path), frame_time_ms=frame_time))


def _gray(frame: VideoFrame) -> NDArray[np.uint8]:
    # Through RGB, because studio-range video becomes full-range grey on that way alone.
    return to_gray8(frame.to_ndarray(format="gray" if frame.format.name == "gray" else "rgb24"))


def _check_complete(path: Path, found: int, announced: int) -> None:
    if found == 0 or found < announced - _FRAMES_THAT_MAY_BE_HIDDEN:
        raise InputError(f"{path} is incomplete: {announced or 'some'} frames are announced, but {found} can be read.")
