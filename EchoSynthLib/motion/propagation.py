"""Propagation: the label map of one frame of a cine, carried along with the tissue to the others."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.ndimage import gaussian_filter

from EchoSynthLib.anatomy import deformation
from EchoSynthLib.anatomy.labels import check_label_map
from EchoSynthLib.errors import InputError
from EchoSynthLib.images.contrast import told_of_blank
from EchoSynthLib.images.gray import cine_to_gray8
from EchoSynthLib.motion.following import at_full_size, check_frame_time, checked_frames, on_the_grid, registered
from EchoSynthLib.motion.steadying import ASSUMED_FRAME_TIME_MS, steadied
from EchoSynthLib.parallel.threads import on_each_core
from EchoSynthLib.progress import silent
from EchoSynthLib.records import new_record, with_warnings
from EchoSynthLib.systems import find_model, load_pipeline
from EchoSynthLib.types import LabelMap, Progress, Record

if TYPE_CHECKING:
    from EchoSynthLib.motion import Registrar

EDGE_PX = 1.0
"""Standard deviation by which the structures' edges are softened before they are carried, so that they stay smooth."""


def propagate(
    label_map: ArrayLike,
    cine: ArrayLike,
    reference: int = 0,
    *,
    first: int | None = None,
    last: int | None = None,
    frame_time: float | None = None,
    model: str = "motion",
    progress: Progress | None = None,
) -> tuple[LabelMap, Record]:
    """Carry the label map of one frame of a cine to the others.

    Args:
        label_map: (H, W) in CAMUS codes, of the reference frame.
        cine: (T, H, W), or (T, H, W, 3) in color; gray levels as `segment_cine` takes them.
        reference: number of the label map's frame, from 0.
        first, last: numbers of the frames that get a label map, both included; None takes the cine's ends.
        frame_time: milliseconds from frame to frame; the motion is smoothed by time. None assumes 33 ms.
        model: name of the model folder.
        progress: progress(done, total, message) after each frame; may raise `Cancelled`.

    Returns:
        Label maps (T, H, W) uint8 of all frames, the reference's as it was given, empty beyond `first` and `last` and
        where a frame has no contrast; and the record.

    Raises:
        InputError: label map, cine, reference or range cannot be used or do not fit.
        ModelError: the model is missing or damaged.
    """
    started = time.perf_counter()
    check_frame_time(frame_time)
    labels = check_label_map(label_map)
    frames = cine_to_gray8(cine)
    if labels.shape != frames.shape[1:]:
        raise InputError(
            f"A label map lies on the grid of the cine's frames; given were {labels.shape} and {frames.shape[1:]}."
        )
    blank = checked_frames(frames, reference)
    chosen = _range(first, last, len(frames))
    folder = find_model(model, "motion", "Carrying labels along")
    registrar: Registrar = load_pipeline(folder, threads=1)
    # All from the reference on take part, so that what a range gets does not depend on where it ends.
    low, high = min(reference, chosen.start), max(reference + 1, chosen.stop)
    seen = on_the_grid(frames[low:high], registrar.grid)
    within = [index - low for index in range(low, high) if index not in blank and index != reference]
    pairs = [(reference - low, index) for index in within]
    fields = np.zeros((high - low, 2, *seen.shape[1:]), np.float32)
    if within:
        fields[within] = registered(registrar, seen, pairs, progress or silent, "propagating")
    nothing = [index - low for index in blank if low <= index < high]
    fields = steadied(fields, reference - low, frame_time, nothing)
    shape = (frames.shape[1], frames.shape[2])
    carried = [index for index in chosen if index not in blank and index != reference]
    codes, soft = soft_memberships(labels)
    label_maps = np.zeros(frames.shape, np.uint8)
    label_maps[reference] = labels
    each = on_each_core(
        lambda index: carried_labels(codes, soft, at_full_size(fields[[index - low]], shape)[0]), carried
    )
    for index, found in zip(carried, each, strict=True):
        label_maps[index] = found
    record = new_record("propagate", model=folder, started=started) | {
        "supervision": folder.config.get("supervision"),
        "frames": len(frames),
        "reference": int(reference),
        "propagated_frames": carried,
        "blank_frames": blank,
        "frame_time_ms": float(frame_time or ASSUMED_FRAME_TIME_MS),
        "frame_time_source": "assumed" if frame_time is None else "given",
        "shape": list(shape),
    }
    return label_maps, with_warnings(record, told_of_blank([index for index in blank if index in chosen]))


def _range(first: int | None, last: int | None, count: int) -> range:
    low, high = 0 if first is None else first, count - 1 if last is None else last
    whole = all(isinstance(end, int | np.integer) and not isinstance(end, bool) for end in (low, high))
    if not whole or not 0 <= low <= high < count:
        raise InputError(
            f"first and last are numbers of frames, from 0 to {count - 1}, in this order; given were {first!r} and "
            f"{last!r}."
        )
    return range(int(low), int(high) + 1)


def soft_memberships(labels: LabelMap) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
    """The codes of a label map (H, W) and how far each pixel belongs to each, (codes, H, W) in [0, 1]."""
    codes = np.unique(labels)
    return codes, np.stack([gaussian_filter((labels == code).astype(np.float32), EDGE_PX) for code in codes])


def carried_labels(codes: NDArray[np.uint8], soft: NDArray[np.float32], displacement: NDArray[np.floating]) -> LabelMap:
    """The label map on the displacement's grid: at each pixel the code of the largest membership where it leads."""
    memberships = [deformation.warp(one, displacement, outside=None) for one in soft]
    return codes[np.argmax(memberships, axis=0)]
