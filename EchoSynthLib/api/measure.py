"""One way to measure an image, a cine, a label map or a patient's views: for Python, the command line and 3D Slicer.

Lengths, areas and volumes come from label maps, and are arithmetic. How far to rely on them is told by networks, too,
where there is an image: `evidence_of` asks them, of a cine at the ends of its beats alone, for these make its results.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from EchoSynthLib import zoo
from EchoSynthLib.anatomy.labels import check_spacing
from EchoSynthLib.anatomy.sector.geometry import Sector
from EchoSynthLib.anatomy.views import taken_view
from EchoSynthLib.api.analysis import (
    NO_CONTRAST,
    likelier_view,
    segment_detailed,
    segmented,
)
from EchoSynthLib.api.frames import mean_views, segment_frames
from EchoSynthLib.errors import InputError
from EchoSynthLib.images.contrast import has_contrast
from EchoSynthLib.images.frame import Region, tissue_in
from EchoSynthLib.images.gray import to_gray8
from EchoSynthLib.measurement.frame import FrameMeasures, measure_frame
from EchoSynthLib.measurement.quantities import Measurement
from EchoSynthLib.measurement.reliability.agreement import agreement as agreement_of
from EchoSynthLib.measurement.reliability.evidence import Evidence
from EchoSynthLib.measurement.study import Study, study_of_places
from EchoSynthLib.parallel.threads import on_each_core
from EchoSynthLib.records import new_record, seconds_since
from EchoSynthLib.segmentation.results import SegmentationResult
from EchoSynthLib.systems import load_pipeline
from EchoSynthLib.types import Progress, Spacing

SEGMENTER = "segmenter"
SECOND_MODEL = "contour"
"""Draws the endocardium a second time where it is there, for the traffic light; the numbers come from the label map."""

_DOUBTS = ("confidence", "agreement", "second_contour")


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
        spacing: (row, column) millimetres where they can be trusted; a mapping gives one for each view. Without it
            lengths are pixels, areas square pixels, and of volumes only ratios such as the ejection fraction are given.
        image: (H, W) or in color (H, W, 3), below each label map, arranged as these. Frames of a cine that show nothing
            take no part.
        model: name of the segmenter, which finds the label maps of images and judges given ones.
        confidence: (H, W) in [0, 1], of a segmenter, arranged as the label maps; the traffic light looks at it. Like
            `agreement` and `second_contour` it is found where there is an image, and need not be given.
        agreement: of each frame, see `EchoSynthLib.measurement.agreement`, arranged likewise.
        contour: an `Endocardium` for each frame, such as one drawn by hand, that replaces the label map's.
        second_contour: what `es.contour_detailed` found in each image; the traffic light compares it with the cavity.
        progress: called before each frame.

    Returns:
        The measurements, each with unit, place, formula and source; and the record, which holds them, too, with the
        traffic lights and their reasons and, of a cine, its curves and phases.

    Raises:
        InputError: a label map, an image or the spacing cannot be used.
        ModelError: the model is missing or damaged.
    """
    started = time.perf_counter()
    doubts = {"confidence": confidence, "agreement": agreement, "contour": contour, "second_contour": second_contour}
    given = _arranged(label_map, image, spacing, doubts)
    study, made = study_of_frames(given, model=model, progress=progress)
    record = new_record("measure") | {"spacing_mm": spacing, **study.to_record()}
    if made:
        record["made"] = made
    return study.table, record | {"seconds": seconds_since(started)}


def study_of(
    label_map: Any, spacing: Spacing | Mapping[str, Spacing | None] | None = None, *, image: Any = None, **doubts: Any
) -> Study:
    """What `measure` tells, as a study; for arguments and errors see there."""
    return study_of_frames(_arranged(label_map, image, spacing, doubts))[0]


@dataclass(frozen=True, eq=False)
class Given:
    """What there is of one frame.

    Attributes:
        label_map: (H, W) in CAMUS codes; None where it has to be found.
        image: (H, W) uint8 below it; None where there is none.
        spacing: (row, column) in mm where they are trusted.
        region: where the ultrasound lies in the image; beside it a scanner draws scales and text.
        view: that the segmentation's record tells.
        extras: what else `measure_frame` takes.
    """

    label_map: Any = None
    image: NDArray[np.uint8] | None = None
    spacing: Spacing | None = None
    region: Region | None = None
    view: str | None = None
    extras: Mapping[str, Any] = field(default_factory=dict)

    @property
    def tissue(self) -> tuple[slice, slice]:
        """Rows and columns of the ultrasound in the image."""
        return tissue_in(self.image.shape, self.region) if self.image is not None else (slice(None), slice(None))

    @property
    def blank(self) -> bool:
        """Whether there is an image, and it shows nothing."""
        return self.image is not None and not has_contrast(self.image[self.tissue])

    @property
    def is_judged(self) -> bool:
        """Whether what the models see in the image is to be asked for."""
        return self.image is not None and not set(_DOUBTS) & set(self.extras) and not self.blank

    def measured(self, evidence: Evidence | None = None) -> FrameMeasures:
        """The measures of its label map."""
        return measure_frame(self.label_map, self.spacing, evidence=evidence, view=self.view, **self.extras)


def study_of_frames(
    given: Mapping[str, Given], *, view: str = "auto", model: str = SEGMENTER, progress: Progress | None = None
) -> tuple[Study, dict[str, Any]]:
    """Measure frames that belong together.

    Args:
        given: by place: '' for a frame alone, 'frame 0', 'frame 1' ... of a cine, '4CH ED', '2CH ES' ... of a patient.
        view: of images, 'auto' to let the model tell it.
        model: name of the segmenter, which finds label maps that are not there and judges those that are.
        progress: progress(done, total, message) before each frame; may raise `Cancelled`.

    Returns:
        The study, and what made or judged the label maps.

    Raises:
        InputError: nothing that can be measured, see `measure_frame` and `study_of_places`.
        ModelError: the model is missing or damaged.
    """
    tell = progress or _silent
    is_cine = any(where.startswith("frame ") for where in given)
    found, made = _with_label_maps(given, is_cine, view, model, tell)
    blank = [where for where, one in found.items() if one.blank]
    if is_cine:
        nothing = {where: np.zeros(np.shape(found[where].label_map), np.uint8) for where in blank}
        found |= {where: replace(found[where], label_map=it, extras={}) for where, it in nothing.items()}
    frames = {}
    for index, (where, one) in enumerate(found.items()):
        tell(len(found) + index, 3 * len(found), f"measuring {where}".strip())
        frames[where] = one.measured()
    study = study_of_places(frames)
    asked = [where for where in study.rests_on if found[where].is_judged]
    seen = evidence_of_each([found[where] for where in asked], model)
    for index, (where, evidence) in enumerate(zip(asked, seen, strict=True)):
        tell(2 * len(found) + index * len(found) // len(asked), 3 * len(found), f"looking at {where}".strip())
        frames[where] = found[where].measured(evidence)
        if evidence.second_contour is not None:
            made["second_contour"] = SECOND_MODEL
    if asked and "model" not in made:
        made["judged_by"] = model
    if view != "auto":
        view = taken_view(view, "measurement").name
        frames = {where: frame if where[:1].isdigit() else frame.seen_as(view) for where, frame in frames.items()}
    study = study_of_places(frames)
    if blank and not is_cine:
        told = [f"{where or 'the image'} shows nothing; its label map is judged by its shape alone" for where in blank]
        study = replace(study, warnings=(*study.warnings, *told))
    return study, made


def evidence_of(
    image: ArrayLike,
    spacing: Spacing | None = None,
    *,
    region: Region | None = None,
    model: str = SEGMENTER,
    threads: int | None = None,
) -> Evidence:
    """What networks see in one image (H, W), whatever label map lies on it.

    Args:
        image: (H, W) or (H, W, 3), row 0 at the transducer.
        spacing: (row, column) in mm where they are trusted.
        region: (row0, row1, column0, column1) where the ultrasound lies, half-open; None for all of the image.
        model: name of the segmenter.
        threads: of each network; None for all cores. With 1, calls may run side by side.

    Raises:
        InputError: the image cannot be used, or shows nothing.
        ModelError: a model is damaged, or the segmenter is missing.
    """
    gray = to_gray8(image)
    rows, columns = tissue_in(gray.shape, region)
    tissue = gray[rows, columns]
    if not has_contrast(tissue):
        raise InputError(NO_CONTRAST)

    def seen_in(picture: NDArray[np.uint8]) -> SegmentationResult:
        return segmented(picture, spacing, "auto", model, threads)

    found = seen_in(tissue)
    seen = Evidence(
        found.label_map,
        found.confidence,
        agreement_of(tissue, found.label_map, lambda picture: seen_in(picture).label_map),
        found.view_probabilities,
        load_pipeline(SECOND_MODEL, threads=threads)(tissue, spacing) if zoo.has(SECOND_MODEL) else None,
        _sector_in(tissue, spacing),
    )
    return seen.placed((gray.shape[0], gray.shape[1]), (rows.start, columns.start))


def evidence_of_each(frames: Sequence[Given], model: str = SEGMENTER) -> Iterator[Evidence]:
    """What networks see in each of several frames that all show something, see `evidence_of`; in their order."""
    threads = None if len(frames) == 1 else 1

    def one(frame: Given) -> Evidence:
        assert frame.image is not None
        return evidence_of(frame.image, frame.spacing, region=frame.region, model=model, threads=threads)

    return on_each_core(one, frames)


def _sector_in(tissue: NDArray[np.uint8], spacing: Spacing | None) -> Sector | None:
    from EchoSynthLib.anatomy.sector.fit import fit_sector

    try:
        return fit_sector(tissue, spacing)
    except InputError:  # an image that was cropped to the heart shows none
        return None


def _with_label_maps(
    given: Mapping[str, Given], is_cine: bool, view: str, model: str, tell: Progress
) -> tuple[dict[str, Given], dict[str, Any]]:
    """The frames with a label map each, found where there was none, and what found them."""
    lacking = [where for where, one in given.items() if one.label_map is None]
    if not lacking:
        return dict(given), {}
    found, records = dict(given), []
    for index, (where, one_found) in enumerate(
        zip(lacking, _segmented(given, lacking, is_cine, view, model), strict=True)
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
        made["view"] = likelier_view(mean_views(shown))
    return found, made


def _segmented(
    given: Mapping[str, Given], lacking: Sequence[str], is_cine: bool, view: str, model: str
) -> Iterator[SegmentationResult]:
    first = given[lacking[0]]
    images = [given[where].image for where in lacking]
    if any(image is None for image in images):
        raise InputError(f"{lacking[0] or 'The frame'} has neither a label map nor an image; give one.")
    if is_cine:
        frames = np.stack([image[first.tissue] for image in images if image is not None])
        yield from segment_frames(frames, first.spacing, view=view, model=model)
        return
    for where in lacking:
        one = given[where]
        if one.blank:
            raise InputError(f"{where}: {NO_CONTRAST}" if where else NO_CONTRAST)
        if one.image is not None:
            yield segment_detailed(one.image[one.tissue], one.spacing, view=view, model=model)


def _arranged(label_map: Any, image: Any, spacing: Any, extras: Mapping[str, Any]) -> dict[str, Given]:
    """What `measure` is given, by place."""
    given = {name: it for name, it in {**extras, "label_map": label_map, "image": image}.items() if it is not None}
    leading = given.get("label_map", given.get("image"))
    if leading is None:
        raise InputError("Neither a label map nor an image is given; give what is to be measured.")
    if isinstance(leading, Mapping):
        return _by_view(leading, given, spacing)
    if isinstance(spacing, Mapping):
        raise InputError("A spacing for each view goes with label maps given by view; give (row, column) in mm.")
    count = _frames_in(leading, is_image=label_map is None)
    if count is None:
        return {"": _given(given, spacing)}
    for name, of_all in given.items():
        if len(of_all) != count:
            raise InputError(
                f"A cine of {count} frames was given with {len(of_all)} of {name}; give one for each frame."
            )
    frames = [{name: _of(of_all, index) for name, of_all in given.items()} for index in range(count)]
    if count == 1:
        return {"": _given(frames[0], spacing)}
    return {f"frame {index}": _given(frame, spacing) for index, frame in enumerate(frames)}


def _by_view(leading: Mapping[str, Any], given: Mapping[str, Any], spacing: Any) -> dict[str, Given]:
    found: dict[str, Given] = {}
    for view, phases in leading.items():
        if not isinstance(phases, Mapping):
            raise InputError(
                f"The view {view!r} is given as {{'ED': label map, 'ES': label map}}; "
                f"given was {type(phases).__name__}."
            )
        step = spacing.get(view) if isinstance(spacing, Mapping) else spacing
        known = taken_view(view, "measurement").name
        if any(where.startswith(f"{known} ") for where in found):
            raise InputError(f"The view {known} is given twice, once as {view!r}; give its phases together.")
        for phase in phases:
            own = {name: _of(_of(of_all, view), phase) for name, of_all in given.items()}
            found[f"{known} {phase}"] = _given(own, step)
    return found


def _given(own: Mapping[str, Any], spacing: Any) -> Given:
    check_spacing(spacing)
    extras = {name: it for name, it in own.items() if name not in ("label_map", "image") and it is not None}
    image = own.get("image")
    label_map = own.get("label_map")
    gray = None if image is None else to_gray8(image)
    if label_map is not None and gray is not None and np.shape(label_map) != gray.shape:
        raise InputError(
            f"A label map lies on its image's own grid; given were {np.shape(label_map)} and {gray.shape} pixels."
        )
    return Given(label_map, gray, spacing, extras=extras)


def _frames_in(leading: Any, is_image: bool) -> int | None:
    """The number of frames in a cine; None for a frame alone. Images may be in color, (rows, columns, 3)."""
    shape = np.shape(leading)
    if is_image and len(shape) in (3, 4) and shape[-1] in (3, 4):
        shape = shape[:-1]
    if len(shape) == 2:
        return None
    if len(shape) != 3 or not shape[0]:
        what = "An image" if is_image else "A label map"
        raise InputError(
            f"{what} is (rows, columns), a cine of them (frames, rows, columns); given was {np.shape(leading)}."
        )
    return int(shape[0])


def _of(given: Any, key: Any) -> Any:
    """The part of something optional that belongs to a frame or view."""
    if given is None:
        return None
    return given.get(key) if isinstance(given, Mapping) else given[key]


def _silent(done: int, total: int, message: str) -> None:
    """Nobody asked."""
