"""Tracking: where each point of one frame of a cine lies in every other frame."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from EchoSynthLib.anatomy import deformation
from EchoSynthLib.anatomy.labels import check_spacing
from EchoSynthLib.errors import InputError
from EchoSynthLib.images.contrast import has_contrast
from EchoSynthLib.images.gray import cine_to_gray8
from EchoSynthLib.parallel.threads import on_each_core
from EchoSynthLib.progress import silent
from EchoSynthLib.records import new_record, with_warnings
from EchoSynthLib.systems import find_model, load_pipeline
from EchoSynthLib.types import Progress, Record, Spacing

if TYPE_CHECKING:
    from EchoSynthLib.motion import Registrar


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

    Args:
        cine: (T, H, W), or (T, H, W, 3) in color; gray levels as `segment_cine` takes them.
        frame_time: milliseconds from frame to frame.
        reference: number of the frame whose points are followed, from 0.
        spacing: (row, column) millimeters; for the record, which tells the motion in them.
        model: name of the model folder.
        progress: progress(done, total, message) after each frame; may raise `Cancelled`.

    Returns:
        displacements (T, 2, H, W) float32 in pixels, (row, column): what lies at x in the reference frame lies at
        x + displacements[t](x) in frame t, so that `warp(cine, displacements)` shows the reference frame's anatomy in
        each frame; 0 in the reference frame itself. And the record.

    Raises:
        InputError: cine, frame time, reference or spacing cannot be used, or no frame but the reference has contrast.
        ModelError: the model is missing or damaged.
    """
    started = time.perf_counter()
    check_spacing(spacing)
    frames = cine_to_gray8(cine)
    blank = checked_frames(frames, reference)
    folder = find_model(model, "motion", "Tracking")
    registrar: Registrar = load_pipeline(folder, threads=1)
    shown = [index for index in range(len(frames)) if index not in blank and index != reference]
    displacements = np.zeros((len(frames), 2, *frames.shape[1:]), np.float32)
    tell = progress or silent
    tell(0, len(shown), "tracking")
    found = on_each_core(lambda index: registrar(frames[index], frames[reference]), shown)
    for done, (index, displacement) in enumerate(zip(shown, found, strict=True), start=1):
        displacements[index] = displacement
        tell(done, len(shown), f"frame {index + 1} of {len(frames)}")
    record = new_record("track", model=folder, started=started) | {
        "frames": len(frames),
        "reference": int(reference),
        "blank_frames": blank,
        "frame_time_ms": frame_time,
        "shape": list(frames.shape[1:]),
        "spacing_mm": None if spacing is None else [float(side) for side in spacing],
        "folded_share": float(np.mean([deformation.folding_share(one) for one in displacements])),
    }
    return displacements, with_warnings(record, [])


def checked_frames(frames: NDArray[np.uint8], reference: Any) -> list[int]:
    """The numbers of the frames without contrast; InputError where the reference is none of the others."""
    if isinstance(reference, bool) or not isinstance(reference, int | np.integer) or not 0 <= reference < len(frames):
        raise InputError(
            f"The reference is the number of a frame, from 0 to {len(frames) - 1}; given was {reference!r}."
        )
    blank = [index for index, frame in enumerate(frames) if not has_contrast(frame)]
    if reference in blank:
        raise InputError(
            f"The reference frame {reference} has no contrast, so there is nothing in it to follow; take another."
        )
    return blank
