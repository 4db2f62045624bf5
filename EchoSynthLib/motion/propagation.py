"""Propagation: the label map of one frame of a cine, carried along with the tissue to the others."""

from __future__ import annotations

import time
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.ndimage import gaussian_filter, label

from EchoSynthLib.anatomy import deformation
from EchoSynthLib.anatomy.labels import check_label_map
from EchoSynthLib.arguments import positive_number, whole_number
from EchoSynthLib.errors import InputError
from EchoSynthLib.images.contrast import told_of_blank
from EchoSynthLib.images.gray import cine_to_gray8
from EchoSynthLib.motion.following import checked_frames, off_grid, on_grid, registered
from EchoSynthLib.motion.registration import registrar_of
from EchoSynthLib.motion.steadying import ASSUMED_FRAME_TIME_MS, steadied
from EchoSynthLib.parallel.threads import on_each_core
from EchoSynthLib.progress import silent
from EchoSynthLib.records import new_record, with_warnings
from EchoSynthLib.types import LabelMap, Progress, Record

EDGE_PX = 1.0
"""Standard deviation by which the structures' edges are softened before they are carried, so that they stay smooth."""
ROUNDS = 4
"""In which crumbs are given away, which may make others."""


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
    frame_time = positive_number(frame_time, "frame_time", "milliseconds")
    labels = check_label_map(label_map)
    frames = cine_to_gray8(cine)
    if labels.shape != frames.shape[1:]:
        raise InputError(
            f"A label map lies on the grid of the cine's frames; given were {labels.shape} and {frames.shape[1:]}."
        )
    blank = checked_frames(frames, reference)
    chosen = _range(first, last, len(frames))
    folder, registrar = registrar_of(model, "Carrying labels along", threads=1)
    # All from the reference on take part, so that what a range gets does not depend on where it ends.
    low, high = min(reference, chosen.start), max(reference + 1, chosen.stop)
    seen = np.stack([on_grid(frame, registrar.grid) for frame in frames[low:high]])
    within = [index - low for index in range(low, high) if index not in blank and index != reference]
    pairs = [(reference - low, index) for index in within]
    fields = np.zeros((high - low, 2, *seen.shape[1:]), np.float32)
    if within:
        fields[within] = registered(registrar, seen, pairs, progress or silent, "propagating")
    nothing = [index - low for index in blank if low <= index < high]
    fields = steadied(fields, reference - low, frame_time, nothing)
    shape = (frames.shape[1], frames.shape[2])
    carried = [index for index in chosen if index not in blank and index != reference]
    memberships = Memberships.of(labels)
    label_maps = np.zeros(frames.shape, np.uint8)
    label_maps[reference] = labels

    def one(index: int) -> LabelMap:
        return memberships.carried(off_grid(fields[index - low], shape))

    for index, found in zip(carried, on_each_core(one, carried), strict=True):
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
    low = 0 if first is None else whole_number(first, "first, the number of a frame,", 0, count - 1)
    high = count - 1 if last is None else whole_number(last, "last, the number of a frame,", 0, count - 1)
    if low > high:
        raise InputError(f"The last frame comes after the first; given were first {low} and last {high}.")
    return range(low, high + 1)


@dataclass(frozen=True)
class Memberships:
    """A label map on its way.

    Attributes:
        codes: (n,) that it holds.
        pieces: (n,) in how many each lies.
        soft: (n, H, W), how far each pixel belongs to each, 0 to 1.
    """

    codes: NDArray[np.uint8]
    pieces: tuple[int, ...]
    soft: NDArray[np.float32]

    @classmethod
    def of(cls, labels: LabelMap) -> Memberships:
        """Those of a label map (H, W), its edges softened so that they stay smooth where they are carried."""
        codes = np.unique(labels)
        masks = [labels == code for code in codes]
        pieces = tuple(int(label(mask)[1]) for mask in masks)
        return cls(codes, pieces, np.stack([gaussian_filter(mask.astype(np.float32), EDGE_PX) for mask in masks]))

    def carried(self, displacement: NDArray[np.floating]) -> LabelMap:
        """The label map on the displacement's grid: at each pixel the code that most of what it leads to belongs to.

        No structure comes in more pieces than it had: crumbs go to what is next likely there.
        """
        likely = np.stack([deformation.warp(one, displacement, outside=None) for one in self.soft])
        for _ in range(ROUNDS):
            found = np.argmax(likely, axis=0)
            crumbs = [_beyond(found == index, pieces) for index, pieces in enumerate(self.pieces)]
            if not any(crumb.any() for crumb in crumbs):
                break
            for one, crumb in zip(likely, crumbs, strict=True):
                one[crumb] = -1
        return self.codes[found]


def _beyond(mask: NDArray[np.bool_], pieces: int) -> NDArray[np.bool_]:
    """What of a mask lies beyond its so many largest pieces."""
    numbered, count = label(mask)
    if count <= pieces:
        return np.zeros_like(mask)
    sizes = np.bincount(numbered.ravel())
    sizes[0] = 0
    kept = np.argsort(sizes)[-pieces:]
    return mask & ~np.isin(numbered, kept)
