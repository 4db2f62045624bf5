"""A cine to strain: the ventricle found in one frame, followed through the others, measured and judged."""

from __future__ import annotations

import time

import numpy as np
from numpy.typing import ArrayLike, NDArray

from EchoSynthLib.anatomy.views import taken_view
from EchoSynthLib.api.evidence import SEGMENTER, evidence_of
from EchoSynthLib.api.frames import segment_cine
from EchoSynthLib.array_like import as_array
from EchoSynthLib.errors import InputError
from EchoSynthLib.images.gray import cine_to_gray8
from EchoSynthLib.measurement.beats import cycle_of_label_maps
from EchoSynthLib.measurement.reliability.evidence import Evidence
from EchoSynthLib.measurement.strain import StrainResult, measure_strain
from EchoSynthLib.measurement.strain.judged import judged
from EchoSynthLib.motion import register, track, tracking_quality
from EchoSynthLib.motion.tracking import warnings_beside_time
from EchoSynthLib.progress import part, silent
from EchoSynthLib.records import new_record, seconds_since, with_warnings
from EchoSynthLib.types import Progress, Record, Spacing

MOTION = "motion"
AUTO = "auto"


def strain_of_cine(
    cine: ArrayLike,
    label_map: ArrayLike | None = None,
    spacing: Spacing | None = None,
    frame_time: float | None = None,
    *,
    view: str = AUTO,
    reference: int | None = None,
    end_systole: int | None = None,
    model: str = MOTION,
    segmenter: str = SEGMENTER,
    progress: Progress | None = None,
) -> tuple[StrainResult, Record]:
    """Segment, track and measure a cine.

    Args:
        cine: (T, H, W) gray, or (T, H, W, 3) in color.
        label_map: (H, W) in CAMUS codes of the reference frame, or (T, H, W) of all frames; None segments the cine.
        spacing, frame_time, end_systole: as `EchoSynthLib.strain` takes them.
        view: '2CH', '4CH', or 'auto' for the one that a model sees.
        reference: number of the frame that is followed; None takes end-diastole, the fullest frame of the first beat
            by the label maps, or of a single label map the first frame.
        model, segmenter: names of the models.
        progress: progress(done, total, message); may raise `Cancelled`.

    Returns:
        What was measured, and the record, which also tells what made it.

    Raises:
        InputError: the cine, the label map or another argument cannot be used.
        ModelError: a model is missing or damaged.
    """
    started = time.perf_counter()
    frames, tell = cine_to_gray8(cine), progress or silent
    made: Record = {"model": model}
    if label_map is None:
        label_maps, found = segment_cine(
            frames, spacing, frame_time, view=view, model=segmenter, progress=part(tell, 0, 3, "segmenting")
        )
        made |= {"segmenter": segmenter, "segmenter_sha256": found["model_sha256"], "view_source": found["view_source"]}
        view = found["view"]
    else:
        label_maps = as_array(label_map, "A label map")
    reference, labels = _reference_of(label_maps, len(frames), reference, frame_time)
    tell(1, 3, "judging the label map")
    evidence = evidence_of(frames[reference], spacing, model=segmenter)
    if view.casefold() == AUTO:
        view, made["view_source"] = evidence.view, "model"
    displacements, tracked = track(
        frames, frame_time, reference, spacing=spacing, model=model, progress=part(tell, 1, 3, "tracking")
    )
    displacements[tracked["blank_frames"]] = np.nan
    tell(2, 3, "measuring")
    result = measure_strain(
        labels, displacements, spacing, frame_time,
        view=view, reference=reference, end_systole=end_systole, evidence=evidence,
    )  # fmt: skip
    result = judged(result, _quality(frames, displacements, result, model))
    record = new_record("strain") | made | {"model_sha256": tracked["model_sha256"]} | result.to_record()
    doubts = _view_doubts(view, evidence)
    record = with_warnings(record, [*warnings_beside_time(tracked, frame_time), *result.warnings, *doubts])
    return result, record | {"seconds": seconds_since(started)}


def _reference_of(
    label_maps: NDArray[np.uint8], frames: int, reference: int | None, frame_time: float | None
) -> tuple[int, NDArray[np.uint8]]:
    """The frame to follow, and its label map, which is checked by whoever measures it."""
    if label_maps.ndim == 2:
        return (0 if reference is None else reference), label_maps
    if len(label_maps) != frames:
        raise InputError(
            f"A cine of {frames} frames takes a label map of one of them, or of each; given were {len(label_maps)}."
        )
    if reference is None:
        reference = cycle_of_label_maps(label_maps, frame_time).diastole.frame
    if not 0 <= reference < frames:
        raise InputError(f"The reference is the number of a frame, from 0 to {frames - 1}; given was {reference}.")
    return reference, label_maps[reference]


def _quality(
    frames: NDArray[np.uint8], displacements: NDArray[np.float32], result: StrainResult, model: str
) -> dict[str, NDArray[np.float32]]:
    """Maps (H, W) of how well the tracking from the reference to end-systole holds."""
    ends = [result.reference, result.beat.end_systole]
    if ends[0] == ends[1]:
        return {}
    back, _ = register(frames[ends[0]], frames[ends[1]], model=model)
    maps = tracking_quality(frames[ends], displacements[ends], np.stack([np.zeros_like(back), back]))
    return {name: both[1] for name, both in maps.items()}


def _view_doubts(view: str, evidence: Evidence) -> list[str]:
    known = taken_view(view, "measurement").name
    if evidence.view == known:
        return []
    return [f"strain is told of {known}, but a model sees {evidence.view}; the segments' names hang on it"]
