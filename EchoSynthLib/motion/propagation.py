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
from EchoSynthLib.images.gray import cine_to_gray8
from EchoSynthLib.motion.tracking import checked_frames
from EchoSynthLib.parallel.threads import on_each_core
from EchoSynthLib.progress import silent
from EchoSynthLib.records import new_record
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
    model: str = "motion",
    progress: Progress | None = None,
) -> tuple[LabelMap, Record]:
    """Carry the label map of one frame of a cine to the others.

    Args:
        label_map: (H, W) in CAMUS codes, of the reference frame.
        cine: (T, H, W), or (T, H, W, 3) in color; gray levels as `segment_cine` takes them.
        reference: number of the label map's frame, from 0.
        first, last: numbers of the frames that get a label map, both included; None takes the cine's ends.
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
    labels = check_label_map(label_map)
    frames = cine_to_gray8(cine)
    if labels.shape != frames.shape[1:]:
        raise InputError(
            f"A label map lies on the grid of the cine's frames; given were {labels.shape} and {frames.shape[1:]}."
        )
    blank = checked_frames(frames, reference)
    chosen = range(0 if first is None else first, len(frames) if last is None else last + 1)
    folder = find_model(model, "motion", "Carrying labels along")
    registrar: Registrar = load_pipeline(folder, threads=1)
    carried = [index for index in chosen if index not in blank and index != reference]
    label_maps = np.zeros(frames.shape, np.uint8)
    label_maps[reference] = labels
    codes, soft = soft_memberships(labels)

    def one(index: int) -> LabelMap:
        return carried_labels(codes, soft, registrar(frames[reference], frames[index]))

    tell = progress or silent
    tell(0, len(carried), "propagating")
    for done, (index, found) in enumerate(zip(carried, on_each_core(one, carried), strict=True), start=1):
        label_maps[index] = found
        tell(done, len(carried), f"frame {index + 1} of {len(frames)}")
    record = new_record("propagate", model=folder, started=started) | {
        "frames": len(frames),
        "reference": int(reference),
        "propagated_frames": carried,
        "blank_frames": blank,
    }
    return label_maps, record


def soft_memberships(labels: LabelMap) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
    """The codes of a label map (H, W) and how far each pixel belongs to each, (codes, H, W) in [0, 1]."""
    codes = np.unique(labels)
    return codes, np.stack([gaussian_filter((labels == code).astype(np.float32), EDGE_PX) for code in codes])


def carried_labels(codes: NDArray[np.uint8], soft: NDArray[np.float32], displacement: NDArray[np.floating]) -> LabelMap:
    """The label map on the displacement's grid: at each pixel the code of the largest membership where it leads."""
    memberships = [deformation.warp(one, displacement, outside=None) for one in soft]
    return codes[np.argmax(memberships, axis=0)]
