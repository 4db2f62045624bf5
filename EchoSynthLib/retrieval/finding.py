"""Which frame of a clip shows the same as a reference of an earlier examination."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from EchoSynthLib.arguments import whole_number
from EchoSynthLib.errors import InputError
from EchoSynthLib.images.contrast import has_contrast, told_of_blank
from EchoSynthLib.images.gray import frames_to_gray8
from EchoSynthLib.records import new_record, with_warnings
from EchoSynthLib.retrieval.windows import WINDOW, best_frames, smoothed, window_means
from EchoSynthLib.systems import find_model, load_pipeline
from EchoSynthLib.types import Progress, Record

if TYPE_CHECKING:
    from EchoSynthLib.retrieval import Retriever

MODEL = "retrieval"
ALIKE = 0.5
"""Score below which the best frame is told not to look like the reference."""


def retrieve(
    reference: ArrayLike,
    clip: ArrayLike,
    *,
    frame: int | None = None,
    model: str = MODEL,
    progress: Progress | None = None,
) -> tuple[int, NDArray[np.float64], Record]:
    """Find the frame of a clip that shows the same view as a reference: heart or muscle, of an earlier examination.

        best, scores, record = es.retrieve(earlier_frame, later_clip)
        best, scores, record = es.retrieve(earlier_clip, later_clip, frame=12)

    Frames become embeddings that two scans of one subject share, averaged over five frames and compared in pairs
    (Kerdegari et al., MICCAI 2023, arXiv 2306.04739; trained otherwise, see Docs/training.md).

    Args:
        reference: a frame (H, W), or (H, W, 3) in color, or a clip (T, H, W) or (T, H, W, 3), all of which is the
            reference unless `frame` names a frame of it; gray levels as `segment` takes them.
        clip: that is searched, likewise; of any length.
        frame: number of a frame of the reference, from 0: it and the two on either side are looked for.
        model: name of the folder of a model that retrieves.
        progress: progress(done, total, message) before each frame of the clip; may raise `Cancelled`.

    Returns:
        The number of the best frame, from 0. The scores (T,) in [0, 1], the median over five frames of how likely each
        shows the same; 0 where a frame shows nothing. And the record: `frames`, the best and the next two that are no
        neighbors of those before, with `frame_scores`.

    Raises:
        InputError: reference or clip cannot be used or shows nothing, or there is no such frame.
        ModelError: the model is missing or damaged.
    """
    started = time.perf_counter()
    asked = _chosen(frames_to_gray8(reference), frame)
    frames = frames_to_gray8(clip)
    shown = np.array([has_contrast(one) for one in frames])
    if not shown.any():
        raise InputError("The clip shows nothing: all of each frame is of nearly one gray level.")
    folder = find_model(model, "retrieval", "Retrieving")
    pipeline: Retriever = load_pipeline(folder)
    wanted = pipeline.embedded(asked).mean(axis=0)
    found = pipeline.embedded(frames[shown], progress)
    if progress is not None:
        progress(len(frames), len(frames), "comparing")
    own = np.zeros(len(frames))
    own[shown] = pipeline.likeness(wanted, window_means(len(found)) @ found)
    scores = np.where(shown, smoothed(own), 0.0)
    chosen = [number for number in best_frames(np.where(shown, own, -1.0)) if shown[number]]
    record = new_record("retrieve", model=folder, started=started) | {
        "frames": chosen,
        "frame_scores": [round(float(scores[number]), 4) for number in chosen],
        "reference_frame": frame,
        "reference_shape": list(asked.shape[1:]),
        "shape": list(frames.shape),
    }
    doubt = f"frame {chosen[0]} is the best of the clip, and hardly shows what the reference does"
    told = [doubt] if scores[chosen[0]] < ALIKE else []
    return chosen[0], scores, with_warnings(record, [*told_of_blank(np.flatnonzero(~shown).tolist()), *told])


def _chosen(frames: NDArray[np.uint8], frame: int | None) -> NDArray[np.uint8]:
    """The frames of a reference that are looked for."""
    if frame is not None:
        number = whole_number(frame, "frame", 0, len(frames) - 1)
        frames = frames[max(0, number - WINDOW // 2) : number + WINDOW // 2 + 1]
    frames = frames[[has_contrast(one) for one in frames]]
    if not len(frames):
        raise InputError("The reference shows nothing: all of it is of nearly one gray level.")
    return frames
