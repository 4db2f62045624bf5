"""AVI and MP4 cines, through PyAV."""

from __future__ import annotations

import json
from collections.abc import Mapping
from fractions import Fraction
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from EchoSynthLib.files import in_utf8
from EchoSynthLib.images.formats import suffix_of

DEFAULT_FRAME_TIME_MS = 40.0
# Motion JPEG opens everywhere in research; H.264 in presentations. Both at settings that keep speckle.
_CODECS = {
    ".avi": ("mjpeg", "yuvj420p", {"qmin": "1", "qmax": "2"}),
    ".mp4": ("libx264", "yuv420p", {"crf": "12", "preset": "fast"}),
}


def write_video(
    path: Path, array: NDArray[np.uint8], frame_time_ms: float | None, attributes: Mapping[str, str]
) -> None:
    """Write (T, H, W), or (H, W) as one frame; H.264 needs even sides: an odd one of an MP4 gets a black row or column.

    Raises:
        OSError: it was not written.
    """
    import av

    frames = array[np.newaxis] if array.ndim == 2 else array
    codec, pixel_format, options = _CODECS[suffix_of(path)]
    if codec == "libx264":
        frames = np.pad(frames, ((0, 0), (0, frames.shape[1] % 2), (0, frames.shape[2] % 2)))
    rate = Fraction(1000 / (frame_time_ms or DEFAULT_FRAME_TIME_MS)).limit_denominator(1000)
    try:
        with in_utf8(path) as name, av.open(str(name), "w") as container:
            container.metadata["comment"] = json.dumps({f"EchoSynth.{key}": value for key, value in attributes.items()})
            stream = container.add_stream(codec, rate=rate, options=options)
            stream.height, stream.width = frames.shape[1:]
            stream.pix_fmt = pixel_format
            for pixels in frames:
                color = np.ascontiguousarray(np.repeat(pixels[..., np.newaxis], 3, axis=-1))
                container.mux(stream.encode(av.VideoFrame.from_ndarray(color, format="rgb24")))
            container.mux(stream.encode(None))
    except av.FFmpegError as error:
        raise OSError(error.errno, f"the video writer stopped: {error.strerror}") from error
