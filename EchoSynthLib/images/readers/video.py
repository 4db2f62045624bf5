"""AVI, MP4, MOV, MKV and WMV cines, through PyAV."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from EchoSynthLib.errors import InputError
from EchoSynthLib.images.formats import reading
from EchoSynthLib.images.frame import EchoCine, EchoFrame, frame_or_cine
from EchoSynthLib.images.readers.video_frames import Clip, decoded

if TYPE_CHECKING:
    from av.container import InputContainer
    from av.video.stream import VideoStream

_EXPECTED = "an AVI, MP4, MOV, MKV or WMV video"
# Of FFmpeg's containers those that are read; others, such as lists of network addresses, are not even tried.
_CONTAINERS = "avi,mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,asf"
_ASF_FILE_PROPERTIES = bytes.fromhex("a1dcab8c47a9cf118ee400c00c205365")  # the object that holds a WMV file's size
_MOST_LOST = 0.1  # of the frames of a damaged video whose rest is read
_UNEVEN = 0.1  # of the time from frame to frame, or one tick of the file's clock


def read_video(path: Path) -> EchoFrame | EchoCine:
    """The frames of a video as players show them, with the time from frame to frame; videos carry no spacing.

    Frames that the recorder dropped are the last one again, so that time stays even; frames that an edit list hides are
    left out; a display matrix turns the picture, and pixels that are not square are made so.

    Raises:
        InputError: no video, or more than a tenth of its frames cannot be read.
    """
    import av

    # A name may look like a protocol or a pattern to FFmpeg, as in a4c:beat1.avi; an open file does not.
    with (
        reading(path, _EXPECTED),
        path.open("rb") as file,
        av.open(file, options={"format_whitelist": _CONTAINERS}) as container,
    ):
        stream, of_stream = _stream(container, path)
        clip = decoded(container, stream)
        announced = _announced(stream) or _by_duration(container, stream, clip)
        of_damage = _check_complete(path, stream, clip, announced)
        frame_time, of_time = _frame_time(stream, clip)
        remarks = (*of_stream, *of_damage, *of_time, *clip.remarks)
        pixels = np.stack(clip.pixels)
        shown = _with_dropped(stream, clip, announced)
        if len(shown) > len(pixels):
            pixels = pixels[shown]
            remarks += (f"the recorder dropped {len(shown) - len(clip.pixels)} frames; the one before stands for each",)
        elif not of_damage and _is_avi(stream) and _ticks_of_a_frame(clip) == 1 and announced > clip.samples:
            remarks += (f"the recorder dropped {announced - clip.samples} frames; time is uneven there",)
        return frame_or_cine(EchoCine(pixels, source=str(path), frame_time_ms=frame_time, remarks=remarks))


def _stream(container: InputContainer, path: Path) -> tuple[VideoStream, tuple[str, ...]]:
    """The stream of the largest picture, the first of these; a cover picture is none."""
    from av.stream import Disposition

    streams = [one for one in container.streams.video if not one.disposition & Disposition.attached_pic]
    if not streams:
        raise InputError(f"{path} holds no moving pictures; expected was {_EXPECTED}.")
    largest = max(streams, key=lambda one: one.width * one.height)
    if len(streams) == 1:
        return largest, ()
    told = f"the file holds {len(streams)} videos; the one of {largest.height} x {largest.width} pixels was read"
    return largest, (told,)


def _is_avi(stream: VideoStream) -> bool:
    return "avi" in stream.container.format.name


def _announced(stream: VideoStream) -> int:
    """How many samples the file says it has; 0 where it does not say."""
    # The index of MP4 knows which samples an edit list leaves out; that of AVI stands at the end, and has no gaps.
    return stream.frames if _is_avi(stream) else len(stream.index_entries) if stream.frames else 0


def _by_duration(container: InputContainer, stream: VideoStream, clip: Clip) -> int:
    """How many samples the duration of a container without a count stands for, less two that rounding may add."""
    import av

    rate = stream.average_rate
    if len(container.streams) > 1 or not container.duration or not rate:
        return 0
    # The duration counts from 0, where a clip that was cut out need not begin.
    before = float((clip.times[0] or 0) * (stream.time_base or 0)) if clip.times else 0.0
    return max(0, int((container.duration / av.time_base - before) * rate) - 2)


def _check_complete(path: Path, stream: VideoStream, clip: Clip, announced: int) -> tuple[str, ...]:
    reached, missing = clip.samples, _bytes_missing(path)
    if _is_avi(stream):
        # Empty chunks stand for dropped frames. They are counted, but not given, the last ones not even by time.
        reached = max(reached, clip.end if missing or clip.samples < announced / 2 else announced)
        # Of a clock that ticks faster than frames come, ticks after the last frame are none.
        reached = announced if 0 < announced - reached < _ticks_of_a_frame(clip) else reached
    lost = max(0, announced - reached, round(missing * clip.samples)) + clip.damaged
    if not clip.pixels or lost > _MOST_LOST * max(announced, reached):
        raise InputError(
            f"{path} is incomplete or damaged: of {announced or clip.samples or 'its'} frames {len(clip.pixels)} "
            f"can be read. Copy or export it again."
        )
    sizes = {frame.shape for frame in clip.pixels}
    if len(sizes) > 1:
        told = ", ".join(f"{rows} x {columns}" for rows, columns in sorted(sizes))
        raise InputError(f"{path} has pictures of several sizes ({told}); export a video of one size.")
    if not lost:
        return ()
    return (f"the video is incomplete or damaged: {lost} of {max(announced, reached)} frames cannot be read",)


def _bytes_missing(path: Path) -> float:
    """The share of its bytes that an AVI or WMV file lacks, by the size that its header gives."""
    with path.open("rb") as file:
        header = file.read(4096)
    size, found = 0, path.stat().st_size
    if header[:4] == b"RIFF":
        size = int.from_bytes(header[4:8], "little") + 8
    elif (at := header.find(_ASF_FILE_PROPERTIES)) >= 0:
        size = int.from_bytes(header[at + 40 : at + 48], "little")
    return max(0.0, 1 - found / size) if size else 0.0


def _with_dropped(stream: VideoStream, clip: Clip, announced: int) -> NDArray[np.intp]:
    """Index of the frame to show at each tick of an AVI file, whose clock ticks once a frame; else each frame once."""
    count = len(clip.pixels)
    # Those of showing are wrong in AVI files with B-frames.
    times = clip.decoding_times
    in_order = min(np.diff(times), default=1) >= 1
    if not _is_avi(stream) or len(times) != count or not in_order or _ticks_of_a_frame(clip) > 1:
        return np.arange(count)
    ticks = np.arange(times[0], max(times[-1] + 1, clip.end, 0 if clip.damaged else announced))
    return np.searchsorted(times, ticks, side="right") - 1


def _ticks_of_a_frame(clip: Clip) -> float:
    """More than 1 where the clock of an AVI file ticks faster than frames come, which tells of no dropped frames."""
    return max(1.0, float(np.median(np.diff(clip.decoding_times)))) if len(clip.decoding_times) > 1 else 1.0


def _frame_time(stream: VideoStream, clip: Clip) -> tuple[float | None, tuple[str, ...]]:
    """Milliseconds from frame to frame, and a remark where they differ."""
    rate = stream.average_rate
    mean = float(1000 / rate) if rate else None
    if stream.time_base is None or len(clip.pixels) < 2:
        return mean, ()
    tick = float(1000 * stream.time_base)
    if _is_avi(stream):  # of even time, once its dropped frames are filled
        return tick * _ticks_of_a_frame(clip), ()
    times = np.array([time for time in clip.times if time is not None], dtype=np.float64)
    if len(times) < len(clip.times):
        return mean, ()
    steps = np.diff(times) * tick
    typical = float(np.median(steps))
    if typical <= 0:
        return mean, ()
    if np.ptp(steps) <= max(_UNEVEN * typical, 1.01 * tick):
        return float(steps.mean()), ()
    told = f"the time from frame to frame varies from {steps.min():.0f} to {steps.max():.0f} ms"
    return typical, (f"{told}; {typical:.0f} ms, the median, was taken for all",)
