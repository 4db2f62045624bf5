"""The pictures of a video stream as a player shows them: decoded, in gray, turned and with square pixels."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from EchoSynthLib.images.gray import to_gray8

if TYPE_CHECKING:
    from av import VideoFrame
    from av.container import InputContainer
    from av.video.stream import VideoStream

_ONE = 1 << 16  # of a display matrix, in 16.16 fixed point
# Of width to height of a pixel: below, a rounded header; beyond, a wrong one.
_LEAST_STRETCH, _MOST_STRETCH = 1.01, 4.0


@dataclass
class Clip:
    """What came out of a stream.

    Attributes:
        pixels: (H, W) uint8 of each frame.
        times: when each frame is shown, in the stream's time base.
        decoding_times: of each coded picture that is to be shown, in the order of the file.
        samples: how many coded pictures the file gave, those that an edit list hides and empty ones among them.
        end: of the last of them, in the stream's time base.
        damaged: how many of them could not be decoded, though they are to be shown.
        remarks: what was done to the pictures.
    """

    pixels: list[NDArray[np.uint8]] = field(default_factory=list)
    times: list[int | None] = field(default_factory=list)
    decoding_times: list[int] = field(default_factory=list)
    samples: int = 0
    end: int = 0
    damaged: int = 0
    remarks: tuple[str, ...] = ()


def decoded(container: InputContainer, stream: VideoStream) -> Clip:
    """Every frame of the stream that can be decoded."""
    import av

    clip = Clip()
    aspect = float(stream.sample_aspect_ratio or 1)
    interlaced = False
    for packet in container.demux(stream):
        if packet.dts is not None:
            clip.samples += 1
            clip.end = max(clip.end, packet.dts + (packet.duration or 0))
            if packet.is_corrupt:
                clip.damaged += 1
                continue
            if packet.size == 0:  # a dropped frame; the decoder would take it for the end
                continue
        try:
            frames = packet.decode()
        except av.InvalidDataError:
            clip.damaged += 1
            continue
        if packet.dts is not None and not packet.is_discard:
            clip.decoding_times.append(packet.dts)
        for frame in frames:
            clip.pixels.append(_displayed(frame, aspect))
            clip.times.append(frame.pts)
            interlaced |= frame.interlaced_frame
    # A decoder is silent on pictures whose references are missing.
    clip.damaged += max(0, len(clip.decoding_times) - len(clip.pixels))
    if _needs_stretching(aspect):
        clip.remarks += (f"the video's pixels are {aspect:.3g} times as wide as high; they were made square",)
    if interlaced:
        clip.remarks += ("the video is interlaced: what moves shows combs",)
    return clip


def _displayed(frame: VideoFrame, aspect: float) -> NDArray[np.uint8]:
    # Through RGB, because studio-range video becomes full-range gray on that way alone.
    gray = to_gray8(frame.to_ndarray(format="gray" if frame.format.name == "gray" else "rgb24"))
    return _turned(_with_square_pixels(gray, aspect), frame)


def _needs_stretching(aspect: float) -> bool:
    return _LEAST_STRETCH < max(aspect, 1 / aspect) < _MOST_STRETCH


def _with_square_pixels(gray: NDArray[np.uint8], aspect: float) -> NDArray[np.uint8]:
    """The longer side of the pixels becomes several pixels, so that nothing is lost."""
    from PIL import Image

    if not _needs_stretching(aspect):
        return gray
    rows, columns = gray.shape
    size = (round(columns * aspect), rows) if aspect > 1 else (columns, round(rows / aspect))
    return np.asarray(Image.fromarray(gray).resize(size, Image.Resampling.BILINEAR))


def _turned(gray: NDArray[np.uint8], frame: VideoFrame) -> NDArray[np.uint8]:
    """As the display matrix says: ISO/IEC 14496-12, 6.2.2, column' = a column + c row, row' = b column + d row."""
    a, b, c, d = _display_matrix(frame)
    if abs(a) + abs(d) >= abs(b) + abs(c):
        return gray[:: -1 if d < 0 else 1, :: -1 if a < 0 else 1]
    return gray.T[:: -1 if b < 0 else 1, :: -1 if c < 0 else 1]


def _display_matrix(frame: VideoFrame) -> tuple[int, int, int, int]:
    from av.sidedata.sidedata import Type

    data = frame.side_data.get(Type.DISPLAYMATRIX)
    if data is None:
        return _ONE, 0, 0, _ONE
    values = np.frombuffer(bytes(data), np.int32)
    return int(values[0]), int(values[1]), int(values[3]), int(values[4])
