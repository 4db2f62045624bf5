"""The label maps of a cine's frames, made to agree over time, and how steady they are."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from EchoSynthLib.errors import InputError
from EchoSynthLib.measurement.beats import cycle_of
from EchoSynthLib.measurement.cavity import Cavity, implausible
from EchoSynthLib.motion.fusion import fused
from EchoSynthLib.motion.registration import registrar_of
from EchoSynthLib.motion.steadying import ASSUMED_FRAME_TIME_MS
from EchoSynthLib.segmentation.postprocessing import clean
from EchoSynthLib.types import Progress, Record

MOTION = "motion"
FAR_MS = 60.0
"""From frame to frame, over which the heart moves farther than gray levels can be followed without a network."""
_TOLD = 12  # numbers of frames that a warning lists


def joined_over_time(
    frames: NDArray[np.uint8],
    label_maps: NDArray[np.uint8],
    frame_time: float | None,
    motion: str,
    blank: Sequence[int],
    tell: Progress,
) -> tuple[NDArray[np.uint8], Record, list[str]]:
    """Label maps (T, H, W) that agree over time, what the record tells of that, and warnings.

    Args:
        frames: (T, H, W) uint8.
        label_maps: (T, H, W) in CAMUS codes, of each frame by itself.
        frame_time: milliseconds, or None.
        motion: name of the model for frames that are far apart.
        blank: numbers of the frames that show nothing.
        tell: progress(done, total, message).

    Raises:
        InputError, ModelError: the model is missing, damaged or of another kind.
    """
    cavities = [Cavity.of_labels(labels) for labels in label_maps]
    time, doubted = _time(cavities, label_maps, frame_time), implausible(cavities)
    registrar = registrar_of(motion, "Joining the frames of a cine", threads=1)[1] if time > FAR_MS else None
    found = fused(frames, label_maps, time, tell, registrar=registrar, blank=blank, doubted=list(doubted))
    maps = np.stack([clean(labels) for labels in found.label_maps])
    record: Record = {
        "joined_by": "gray levels" if registrar is None else motion,
        "joined_frame_time_ms": round(time, 3),
        "joined_frame_time_source": "assumed" if frame_time is None else "given",
        "neighbor_weights": [round(float(weight), 3) for weight in found.weights],
        "repaired_frames": sorted(found.repaired),
        "steadiness": {"before": _jitter(cavities), "after": steadiness(maps)},
    }
    if not found.repaired:
        return maps, record, []
    numbers = sorted(found.repaired)
    listed = ", ".join(map(str, numbers[:_TOLD])) + (", ..." if len(numbers) > _TOLD else "")
    many = "frames" if len(numbers) > 1 else "frame"
    return (
        maps,
        record,
        [
            f"{many} {listed} (counted from 0): what was seen there fits neither the frames around nor a heart's size; "
            "the labels were made from these"
        ],
    )


def _time(cavities: Sequence[Cavity | None], label_maps: NDArray[np.uint8], frame_time: float | None) -> float:
    if frame_time is not None:
        return frame_time
    try:
        return cycle_of(cavities, [bool(labels.any()) for labels in label_maps], None).frame_time
    except InputError:  # without a ventricle nothing tells
        return ASSUMED_FRAME_TIME_MS


def steadiness(label_maps: NDArray[np.uint8]) -> dict[str, float] | None:
    """How much area, length and base of the ventricle tremble in label maps (T, H, W), see `_jitter`."""
    return _jitter([Cavity.of_labels(labels) for labels in label_maps])


def _jitter(cavities: Sequence[Cavity | None]) -> dict[str, float] | None:
    """How much area, length and base tremble from frame to frame, in percent of area, length and length.

    The root mean square of second differences over sqrt(6): of errors that do not hang together their standard
    deviation, and where frames are few, also what the heart itself turns around in a frame. None under three frames.
    """
    runs = [(a, b, c) for a, b, c in zip(cavities, cavities[1:], cavities[2:], strict=False) if a and b and c]
    if not runs:
        return None
    length = float(np.mean([b.length for _, b, _ in runs]))
    curves = {
        "area_percent": np.array([[np.log(one.area) for one in run] for run in runs])[..., None],
        "length_percent": np.array([[np.log(one.length) for one in run] for run in runs])[..., None],
        "base_percent_of_length": np.array([[one.base / length for one in run] for run in runs]),
    }
    return {
        name: round(100 * float(np.sqrt(np.square(np.diff(curve, 2, axis=1)).sum(axis=-1).mean() / 6)), 3)
        for name, curve in curves.items()
    }
