"""Tracking: where each point of one frame of a cine lies in every other frame."""

from __future__ import annotations

import time

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.ndimage import gaussian_filter

from EchoSynthLib.anatomy import deformation
from EchoSynthLib.anatomy.labels import check_spacing
from EchoSynthLib.arguments import positive_number
from EchoSynthLib.images.gray import cine_to_gray8
from EchoSynthLib.motion.following import (
    agreed,
    checked_frames,
    doubts_of_time,
    off_grid,
    on_grid,
    registered,
)
from EchoSynthLib.motion.quality import local_correlation
from EchoSynthLib.motion.registration import motion_in_words, registrar_of
from EchoSynthLib.motion.steadying import ASSUMED_FRAME_TIME_MS, closures, period_of, steadied, without_drift
from EchoSynthLib.progress import silent
from EchoSynthLib.records import new_record, with_warnings
from EchoSynthLib.types import Progress, Record, Spacing

SHARES = (0.0, 0.25, 0.5, 0.75, 1.0)
"""Of the motion that is left after a whole beat, those that are tried for how much of it the pictures show."""
DARK = 8
"""Gray levels, blurred by a hundredth of the frame, under which nothing is seen that could be followed."""


def track(
    cine: ArrayLike,
    frame_time: float | None = None,
    reference: int = 0,
    *,
    spacing: Spacing | None = None,
    model: str = "motion",
    progress: Progress | None = None,
) -> tuple[NDArray[np.float32], Record]:
    """Follow each point of one frame of a cine through all others.

    Each frame is registered to the reference in both directions, so that errors do not add up from frame to frame, and
    each point's way is smoothed in time. What is left of the motion after whole beats is kept as far as the pictures
    bear it out, as where the probe slides; the rest is drift, and taken off evenly over the beat. In frames without
    contrast the motion is put between that of their neighbors, or stays as it is at the nearest, and a warning names
    them.

    Args:
        cine: (T, H, W), or (T, H, W, 3) in color; gray levels as `segment_cine` takes them.
        frame_time: milliseconds from frame to frame; smoothing is by time. None assumes 33 ms, and a warning says so.
        reference: number of the frame whose points are followed, from 0.
        spacing: (row, column) millimeters; for the record, which tells the motion in them.
        model: name of the model folder.
        progress: progress(done, total, message) after each registration; may raise `Cancelled`.

    Returns:
        displacements (T, 2, H, W) float32 in pixels, (row, column): what lies at x in the reference frame lies at
        x + displacements[t](x) in frame t, so that `warp(cine, displacements)` shows the reference frame's anatomy in
        each frame; 0 in the reference frame itself. And the record: `frame_time_source` ('given' or 'assumed'), mean
        and largest motion, `folded_share` of the pixels, `forward_backward_px` (how far a point that is carried to a
        frame and back ends from where it began, mean over what is not dark), `cycle_frames` (None where there is no
        whole beat) with `closure_px`, the mean motion that is left after one, and `drift_px`, what was taken off of it.

    Raises:
        InputError: cine, frame time, reference or spacing cannot be used, or no frame but the reference has contrast.
        ModelError: the model is missing or damaged.
    """
    started = time.perf_counter()
    check_spacing(spacing)
    frame_time = positive_number(frame_time, "frame_time", "milliseconds")
    frames = cine_to_gray8(cine)
    blank = checked_frames(frames, reference)
    folder, registrar = registrar_of(model, "Tracking", threads=1)
    seen = np.stack([on_grid(frame, registrar.grid) for frame in frames])
    shown = [index for index in range(len(frames)) if index not in blank and index != reference]
    pairs = [pair for index in shown for pair in ((index, reference), (reference, index))]
    found = registered(registrar, seen, pairs, progress or silent, "tracking")
    fields = np.zeros((len(frames), 2, *seen.shape[1:]), np.float32)
    apart = []
    bright = gaussian_filter(seen[reference].astype(np.float32), 0.01 * min(seen.shape[1:])) > DARK
    scale = (np.array(frames.shape[1:]) / np.array(seen.shape[1:]))[:, None]
    for index, forward, backward in zip(shown, found[::2], found[1::2], strict=True):
        fields[index] = agreed(forward, backward)
        missed = deformation.compose(backward, forward)[:, bright] * scale
        apart.append(float(np.linalg.norm(missed, axis=0).mean()) if bright.any() else 0.0)
    fields = steadied(fields, reference, frame_time, blank)
    fields, cycle = _closed(fields, seen, reference, blank, float(scale.mean()))
    displacements = np.stack([off_grid(field, frames.shape[1:]) for field in fields])
    displacements[reference] = 0
    record = new_record("track", model=folder, started=started) | {
        "supervision": folder.config.get("supervision"),
        "frames": len(frames),
        "reference": int(reference),
        "blank_frames": blank,
        "frame_time_ms": float(frame_time or ASSUMED_FRAME_TIME_MS),
        "frame_time_source": "assumed" if frame_time is None else "given",
        **motion_in_words(displacements, spacing),
        "forward_backward_px": round(float(np.mean(apart)), 3),
        **cycle,
    }
    return displacements, with_warnings(
        record, [*_told_of_gaps(blank, shown, reference), *doubts_of_time(frame_time, ASSUMED_FRAME_TIME_MS)]
    )


def _told_of_gaps(blank: list[int], shown: list[int], reference: int) -> list[str]:
    """Warnings of frames without contrast, by what the motion in them is taken from."""
    first, last = min(*shown, reference), max(*shown, reference)
    between = [index for index in blank if first < index < last]
    beyond = [index for index in blank if index not in between]
    nothing = "frames without contrast show nothing; the motion was "
    told = [(between, "put between that of their neighbors"), (beyond, "left as in the nearest frame that shows some")]
    return [f"{nothing}{what}: {frames}" for frames, what in told if frames]


def warnings_beside_time(record: Record, frame_time: float | None) -> list[str]:
    """What a record of `track` warns of but the frame time, of which strain tells by itself.

    Args:
        record: of `track`.
        frame_time: milliseconds, as it was given to it.
    """
    of_time = doubts_of_time(frame_time, ASSUMED_FRAME_TIME_MS)
    return [warning for warning in record.get("warnings", []) if warning not in of_time]


def _closed(
    fields: NDArray[np.float32], seen: NDArray[np.uint8], reference: int, blank: list[int], scale: float
) -> tuple[NDArray[np.float32], Record]:
    """The motion without what is wrong after whole beats, and what is told of that."""
    period = period_of(fields)
    ends = [] if period is None else [end for end in closures(len(fields), reference, period) if end not in blank]
    errors = {end: (1 - _shown_share(fields[end], seen[end], seen[reference])) * fields[end] for end in ends}

    def mean(motions: list[NDArray[np.float32]]) -> float | None:
        return round(scale * float(np.mean([np.linalg.norm(one, axis=0) for one in motions])), 3) if motions else None

    told: Record = {
        "cycle_frames": period,
        "closure_px": mean([fields[end] for end in ends]),
        "drift_px": mean(list(errors.values())),
    }
    return (without_drift(fields, reference, errors) if errors else fields), told


def _shown_share(field: NDArray[np.float32], moving: NDArray[np.uint8], fixed: NDArray[np.uint8]) -> float:
    """How much of a motion makes two frames most alike."""
    picture, target = moving.astype(np.float32), fixed.astype(np.float32)
    alike = [
        local_correlation(deformation.warp(picture, np.float32(share) * field, outside=None), target).mean()
        for share in SHARES
    ]
    return SHARES[int(np.argmax(alike))]
