"""The frames of a cine, segmented side by side, and what holds for all of them."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from EchoSynthLib.api.analysis import NO_CONTRAST, likelier_view, mean_views, segmented
from EchoSynthLib.api.cine_labels import MOTION, joined_over_time
from EchoSynthLib.arguments import positive_number, whole_number
from EchoSynthLib.errors import InputError
from EchoSynthLib.image_trust import trust_of, trusted
from EchoSynthLib.images.contrast import told_of_blank, without_contrast
from EchoSynthLib.images.gray import cine_to_gray8
from EchoSynthLib.parallel.threads import on_each_core
from EchoSynthLib.progress import silent
from EchoSynthLib.records import seconds_since, with_warnings
from EchoSynthLib.segmentation.results import SegmentationResult
from EchoSynthLib.types import Progress, Record, Spacing


def segment_cine(
    cine: ArrayLike,
    spacing: Spacing | None = None,
    frame_time: float | None = None,
    *,
    view: str = "auto",
    model: str = "segmenter",
    motion: str | None = MOTION,
    blank: Collection[int] | None = None,
    each: Callable[[int, SegmentationResult], None] | None = None,
    strict: bool = False,
    progress: Progress | None = None,
) -> tuple[NDArray[np.uint8], Record]:
    """Segment a cine as a cine, on all cores: LV cavity, myocardium and left atrium.

    Each frame's own labels are joined with those of the frames around it, carried onto it by the motion between them,
    as far as that explains the frame: edges tremble less, and a frame that fails alone is repaired, which the record
    tells (`repaired_frames`), as it tells how steady area, length and base are before and after (`steadiness`). A frame
    without contrast shows nothing: its label map is empty, and a warning names it.

    Args:
        cine: (T, H, W), or (T, H, W, 3) in color; gray levels as `segment` takes them, on one scale for all frames.
        spacing, view, model: as in `segment`; 'auto' takes the mean over the frames.
        frame_time: milliseconds from frame to frame; None assumes a heart of 70 beats a minute.
        motion: name of the model that finds the motion where frames are more than 60 ms apart; at less, gray levels
            are followed without one. None takes each frame for itself.
        blank: numbers of the frames without contrast, where the caller knows them already.
        each: each(number, found) is told of each frame when all are done: of its confidence, for instance. Where its
            neighbors overruled it, that is what the frame itself leaves for other codes.
        strict: refuse a cine that is not trusted, see `es.trust`; without it the record warns.
        progress: progress(done, total, message) after each frame; may raise `Cancelled`.

    Returns:
        Label maps (T, H, W) uint8 in CAMUS codes; and the record, with the mean of the frames' confidences and view
        probabilities.

    Raises:
        InputError: the cine or the view cannot be used, no frame has contrast, or it is not trusted and `strict`.
        ModelError: the model is missing or damaged.
    """
    started = time.perf_counter()
    frames = cine_to_gray8(cine)
    frame_time = positive_number(frame_time, "frame_time", "milliseconds")
    tell, count = progress or silent, len(frames)
    seen = trust_of(frames, strict=strict)
    label_maps = np.zeros(frames.shape, np.uint8)
    records: list[Record] = []
    kept: list[SegmentationResult] = []
    tell(0, count, f"frame 1 of {count}")
    for index, found in enumerate(segment_frames(frames, spacing, view=view, model=model, blank=blank)):
        label_maps[index] = found.label_map
        records.append(found.record)
        if each is not None:
            kept.append(found)
        tell(index + 1, count, f"frame {index + 1} of {count}")
    record = _record_of_all(records) | {"frame_time_ms": frame_time}
    nothing = record["blank_frames"]
    told: list[str] = []
    if motion is not None and count - len(nothing) > 1:
        label_maps, joined, told = joined_over_time(frames, label_maps, frame_time, motion, nothing, tell)
        record |= joined
    for index, found in enumerate(kept):
        if each is not None:
            each(index, _overruled(found, label_maps[index]))
    record = with_warnings(record | {"seconds": seconds_since(started)}, [*told_of_blank(nothing), *told])
    return label_maps, trusted(record, seen)


def _overruled(found: SegmentationResult, label_map: NDArray[np.uint8]) -> SegmentationResult:
    """What was found in a frame, with the label map that its neighbors make of it."""
    changed = found.label_map != label_map
    if not changed.any():
        return found
    confidence = np.where(changed, 1 - found.confidence, found.confidence)
    return replace(SegmentationResult.of(label_map, confidence, found.view_probabilities), record=found.record)


def segment_frames(
    frames: NDArray[np.uint8],
    spacing: Spacing | None = None,
    *,
    view: str = "auto",
    model: str = "segmenter",
    blank: Collection[int] | None = None,
) -> Iterator[SegmentationResult]:
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
    blank = without_contrast(frames) if blank is None else _checked_blank(blank, len(frames))
    if len(blank) == len(frames):
        raise InputError(NO_CONTRAST)

    def one(index: int) -> SegmentationResult:
        found = segmented(frames[index], spacing, view, model, threads=1, blank=index in blank)
        return replace(found, record=found.record | {"blank": index in blank})

    yield from on_each_core(one, range(len(frames)))


def _checked_blank(blank: Collection[int], count: int) -> list[int]:
    try:
        return [whole_number(number, "A blank frame's number", 0, count - 1) for number in blank]
    except TypeError as error:
        raise InputError(
            f"blank lists the numbers of frames without contrast, or is None; given was {blank!r:.120}."
        ) from error


def _record_of_all(records: Sequence[Record]) -> Record:
    """The first shown frame's record, but with what holds for all: the mean view and confidence."""
    shown = [record for record in records if not record["blank"]]
    views = mean_views([record["view_probabilities"] for record in shown])
    first = {key: value for key, value in shown[0].items() if key != "blank"}
    return first | {
        "frames": len(records),
        "blank_frames": [index for index, record in enumerate(records) if record["blank"]],
        "view": likelier_view(views) if first["view_source"] == "model" else first["view"],
        "view_probabilities": views,
        "mean_confidence": float(np.mean([record["mean_confidence"] for record in shown])),
    }
