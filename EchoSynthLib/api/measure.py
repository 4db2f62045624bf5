"""One way to measure an image, a cine, a label map or a patient's views, for Python and the command line.

Lengths, areas and volumes come from label maps, and are arithmetic. How far to rely on them is told by networks, too,
where there is an image: `evidence_of` asks them, of a cine at the ends of its beats alone, for these make its results.
3D Slicer takes the same steps from nodes, frame by frame, so that its window lives meanwhile (`EchoSynthJobs.measure`):
label maps from the task `segment`, the ends of beats by `places_to_rest_on`, their evidence from the task `evidence`.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from EchoSynthLib.anatomy.views import taken_view
from EchoSynthLib.api.analysis import (
    NO_CONTRAST,
    likelier_view,
    mean_views,
    segment_detailed,
)
from EchoSynthLib.api.cine_labels import MOTION
from EchoSynthLib.api.evidence import SECOND_MODEL, SEGMENTER, evidence_of_each
from EchoSynthLib.api.frames import segment_cine
from EchoSynthLib.arguments import positive_number
from EchoSynthLib.errors import InputError
from EchoSynthLib.image_trust import refusal
from EchoSynthLib.images.contrast import told_of_blank
from EchoSynthLib.measurement.given import Given, arranged
from EchoSynthLib.measurement.quantities import Measurement
from EchoSynthLib.measurement.study import Study, study_of_places
from EchoSynthLib.progress import silent
from EchoSynthLib.records import new_record, seconds_since
from EchoSynthLib.segmentation.results import SegmentationResult
from EchoSynthLib.types import Progress, Spacing


def measure(
    label_map: ArrayLike | Mapping[str, Mapping[str, ArrayLike]] | None = None,
    spacing: Spacing | Mapping[str, Spacing | None] | None = None,
    *,
    image: Any = None,
    model: str = SEGMENTER,
    confidence: Any = None,
    agreement: Any = None,
    contour: Any = None,
    second_contour: Any = None,
    frame_time: float | None = None,
    strict: bool = False,
    progress: Progress | None = None,
) -> tuple[list[Measurement], dict[str, Any]]:
    """Measure the left heart in label maps, in images, or in label maps of images.

        table, record = es.measure(label_map, (0.3, 0.3))                      # one frame
        table, record = es.measure(label_map, (0.3, 0.3), image=image)         # the light asks the models
        table, record = es.measure(image=image)                                # it is segmented first
        table, record = es.measure(cine, (0.3, 0.3))                           # finds ED and ES, gives EF and FAC
        table, record = es.measure({"4CH": {"ED": a, "ES": b}, "2CH": {"ED": c, "ES": d}}, (0.3, 0.3))   # biplane

    Args:
        label_map: (H, W) in CAMUS codes, (T, H, W) for a cine, or label maps by view and phase; None where there are
            images alone, which are segmented.
        spacing: (row, column) millimeters where they can be trusted; a mapping gives one for each view. Without it
            lengths are pixels, areas square pixels, and of volumes only ratios such as the ejection fraction are given.
        image: (H, W) or in color (H, W, 3), below each label map, arranged as these. Frames of a cine that show nothing
            take no part.
        model: name of the segmenter, which finds the label maps of images and judges given ones.
        confidence: (H, W) in [0, 1], of a segmenter, arranged as the label maps; the traffic light looks at it. Like
            `agreement` and `second_contour` it is found where there is an image, and need not be given.
        agreement: of each frame, see `EchoSynthLib.measurement.agreement`, arranged likewise.
        contour: an `Endocardium` for each frame, such as one drawn by hand, that replaces the label map's.
        second_contour: what `es.contour_detailed` found in each image; the traffic light compares it with the cavity.
        frame_time: of a cine, milliseconds from frame to frame: beats are found, and curves smoothed, in time. None
            assumes a heart of 70 beats a minute, and the record says so.
        strict: refuse images that are not trusted, see `es.trust`; without it their light is red.
        progress: called before each frame.

    Returns:
        The measurements, each with unit, place, formula and source; and the record, which holds them, too, with the
        traffic lights and their reasons and, of a cine, its curves and phases.

    Raises:
        InputError: a label map, an image or the spacing cannot be used, or an image is not trusted and `strict`.
        ModelError: the model is missing or damaged.
    """
    started = time.perf_counter()
    doubts = {"confidence": confidence, "agreement": agreement, "contour": contour, "second_contour": second_contour}
    frame_time = positive_number(frame_time, "frame_time", "milliseconds")
    given = arranged(label_map, image, spacing, doubts)
    study, made = study_of_frames(given, model=model, frame_time=frame_time, strict=strict, progress=progress)
    record = new_record("measure") | {"spacing_mm": spacing, **study.to_record()}
    if made:
        record["made"] = made
    return study.table, record | {"seconds": seconds_since(started)}


def study_of(
    label_map: Any,
    spacing: Spacing | Mapping[str, Spacing | None] | None = None,
    *,
    image: Any = None,
    frame_time: float | None = None,
    **doubts: Any,
) -> Study:
    """What `measure` tells, as a study; for arguments and errors see there."""
    return study_of_frames(arranged(label_map, image, spacing, doubts), frame_time=frame_time)[0]


def study_of_frames(
    given: Mapping[str, Given],
    *,
    view: str = "auto",
    model: str = SEGMENTER,
    frame_time: float | None = None,
    strict: bool = False,
    progress: Progress | None = None,
) -> tuple[Study, dict[str, Any]]:
    """Measure frames that belong together.

    Args:
        given: by place: '' for a frame alone, 'frame 0', 'frame 1' ... of a cine, '4CH ED', '2CH ES' ... of a patient.
        view: of images, 'auto' to let the model tell it.
        model: name of the segmenter, which finds label maps that are not there and judges those that are.
        frame_time: of a cine, milliseconds from frame to frame where they are known.
        strict: refuse images that are not trusted.
        progress: progress(done, total, message) before each frame; may raise `Cancelled`.

    Returns:
        The study, and what made or judged the label maps.

    Raises:
        InputError: nothing that can be measured, see `measure_frame` and `study_of_places`.
        ModelError: the model is missing or damaged.
    """
    tell = progress or silent
    is_cine = any(where.startswith("frame ") for where in given)
    found, made, told = _with_label_maps(given, is_cine, view, model, frame_time, tell)
    blank = [where for where, one in found.items() if one.blank]
    if is_cine:
        nothing = {where: np.zeros(np.shape(found[where].label_map), np.uint8) for where in blank}
        found |= {where: replace(found[where], label_map=it, extras={}) for where, it in nothing.items()}
    frames = {}
    for index, (where, one) in enumerate(found.items()):
        tell(len(found) + index, 3 * len(found), f"measuring {where}".strip())
        frames[where] = one.measured()
    study = study_of_places(frames, frame_time)
    asked = [where for where in study.rests_on if found[where].is_judged]
    seen = evidence_of_each([found[where] for where in asked], model)
    for index, (where, evidence) in enumerate(zip(asked, seen, strict=True)):
        tell(2 * len(found) + index * len(found) // len(asked), 3 * len(found), f"looking at {where}".strip())
        if strict and evidence.distrust:
            raise refusal(evidence.trust or 0.0, evidence.distrust, where or "The image")
        frames[where] = found[where].measured(evidence)
        if evidence.second_contour is not None:
            made["second_contour"] = SECOND_MODEL
    if asked and "model" not in made:
        made["judged_by"] = model
    if str(view).casefold() != "auto":
        view = taken_view(view, "measurement").name
        frames = {where: frame if where[:1].isdigit() else frame.seen_as(view) for where, frame in frames.items()}
    study = study_of_places(frames, frame_time)
    if blank and not is_cine:
        nothing_seen = [
            f"{where or 'the image'} shows nothing; its label map is judged by its shape alone" for where in blank
        ]
        study = replace(study, warnings=(*study.warnings, *nothing_seen))
    distrusted = [
        f"{where or 'the image'} is not trusted: {frame.distrust}" for where, frame in frames.items() if frame.distrust
    ]
    return replace(study, warnings=(*distrusted[:1], *told, *study.warnings)), made


def _with_label_maps(
    given: Mapping[str, Given], is_cine: bool, view: str, model: str, frame_time: float | None, tell: Progress
) -> tuple[dict[str, Given], dict[str, Any], list[str]]:
    """The frames with a label map each, found where there was none; what found them; and warnings."""
    lacking = [where for where, one in given.items() if one.label_map is None]
    if not lacking:
        return dict(given), {}, []
    found, records = dict(given), []
    told: list[str] = []
    for index, (where, one_found) in enumerate(
        zip(lacking, _segmented(given, lacking, is_cine, view, model, frame_time, told), strict=True)
    ):
        tell(index, 3 * len(given), f"segmenting {where}".strip())
        one = given[where]
        assert one.image is not None
        label_map = np.zeros(one.image.shape, np.uint8)
        label_map[one.tissue] = one_found.label_map
        found[where] = replace(one, label_map=label_map)
        records.append(one_found.record)
    shown = [record for record in records if not record.get("blank")]
    made = {name: shown[0][name] for name in ("model", "model_sha256", "view", "view_source")}
    if is_cine and made["view_source"] == "model":
        made["view"] = likelier_view(mean_views([record["view_probabilities"] for record in shown]))
    return found, made, told


def _segmented(
    given: Mapping[str, Given],
    lacking: Sequence[str],
    is_cine: bool,
    view: str,
    model: str,
    frame_time: float | None,
    told: list[str],
) -> Iterator[SegmentationResult]:
    first = given[lacking[0]]
    images = [given[where].image for where in lacking]
    if any(image is None for image in images):
        raise InputError(f"{lacking[0] or 'The frame'} has neither a label map nor an image; give one.")
    if is_cine:
        frames = np.stack([image[first.tissue] for image in images if image is not None])
        found: list[SegmentationResult] = []
        _, record = segment_cine(
            frames, first.spacing, frame_time, view=view, model=model,
            # Beside label maps that are given as they are, frames are taken one by one.
            motion=MOTION if len(lacking) == len(given) else None,
            each=lambda _, one: found.append(one),
        )  # fmt: skip
        told.extend(text for text in record.get("warnings", []) if text not in told_of_blank(record["blank_frames"]))
        yield from found
        return
    for where in lacking:
        one = given[where]
        if one.blank:
            raise InputError(f"{where}: {NO_CONTRAST}" if where else NO_CONTRAST)
        if one.image is not None:
            yield segment_detailed(one.image[one.tissue], one.spacing, view=view, model=model)
