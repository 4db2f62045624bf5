"""From what a caller has - a label map, a cine, a patient's views - to a study of it."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from EchoSynthLib.anatomy.discs import Spacing
from EchoSynthLib.errors import InputError
from EchoSynthLib.measurement.frame import FrameMeasures, measure_frame
from EchoSynthLib.measurement.quantities import Measurement
from EchoSynthLib.measurement.study import Study, study_of_cine, study_of_frame, study_of_views

Progress = Callable[[int, int, str], None]


def measure(
    label_map: ArrayLike | Mapping[str, Mapping[str, ArrayLike]],
    spacing: Spacing | Mapping[str, Spacing | None] | None = None,
    *,
    confidence: Any = None,
    agreement: Any = None,
    contour: Any = None,
    second_contour: Any = None,
    progress: Progress | None = None,
) -> tuple[list[Measurement], dict[str, Any]]:
    """Measure the left heart in label maps.

        table, record = es.measure(label_map, (0.3, 0.3))                      # one frame
        table, record = es.measure(cine, (0.3, 0.3))                           # finds ED and ES, gives EF and FAC
        table, record = es.measure({"4CH": {"ED": a, "ES": b}, "2CH": {"ED": c, "ES": d}}, (0.3, 0.3))   # biplane
        found = es.segment_detailed(image)
        table, record = es.measure(found.label_map, confidence=found.confidence)   # the light knows the doubts

    Args:
        label_map: (H, W) in CAMUS codes, (T, H, W) for a cine, or label maps by view and phase.
        spacing: (row, column) millimetres where they can be trusted; a mapping gives one for each view. Without it
            lengths are pixels, areas square pixels, and of volumes only ratios such as the ejection fraction are given.
        confidence: (H, W) in [0, 1], the segmenter's, arranged as the label maps; the traffic light looks at it.
        agreement: of each frame, see `EchoSynthLib.measurement.agreement`, arranged likewise.
        contour: an `Endocardium` for each frame, such as one drawn by hand, that replaces the label map's.
        second_contour: what `es.contour_detailed` found in each image; the traffic light compares it with the cavity.
        progress: called before each frame.

    Returns:
        The measurements, each with unit, place, formula and source; and the record, which holds them, too, with the
        traffic lights and their reasons and, of a cine, its curves and phases.

    Raises:
        InputError: a label map or the spacing cannot be used.
    """
    from EchoSynthLib import __version__

    started = time.perf_counter()
    study = study_of(
        label_map,
        spacing,
        confidence=confidence,
        agreement=agreement,
        contour=contour,
        second_contour=second_contour,
        progress=progress,
    )
    record = {"task": "measure", "echosynth_version": __version__, "spacing_mm": spacing, **study.to_record()}
    return study.table, record | {"seconds": round(time.perf_counter() - started, 4)}


def study_of(
    label_map: Any,
    spacing: Spacing | Mapping[str, Spacing | None] | None = None,
    *,
    confidence: Any = None,
    agreement: Any = None,
    contour: Any = None,
    second_contour: Any = None,
    progress: Progress | None = None,
) -> Study:
    """Measure a label map (H, W), a cine (T, H, W), or views {'4CH': {'ED': (H, W), 'ES': (H, W)}, '2CH': ...}.

    Args:
        label_map: in CAMUS codes, row 0 at the transducer.
        spacing: (row, column) in mm where it can be trusted; views may have one each, {'4CH': (0.3, 0.3), ...}.
        confidence: (H, W) in [0, 1] of each frame, arranged as the label maps; None where there is none.
        agreement: of each frame, see `certainty.agreement`; arranged likewise (for a cine a sequence).
        contour: `Endocardium` of each frame that replaces the label map's; arranged likewise.
        second_contour: see `certainty.SecondContour`; of each frame, arranged likewise.
        progress: progress(done, total, message) before each frame; may raise `Cancelled`.

    Raises:
        InputError: see `measure_frame`, `study_of_cine` and `study_of_views`.
    """
    extras = {
        "confidence": confidence,
        "agreement": agreement,
        "contour": contour,
        "second_contour": second_contour,
    }
    if isinstance(label_map, Mapping):
        return study_of_views(_views(label_map, spacing, extras, progress))
    if isinstance(spacing, Mapping):
        raise InputError("A spacing for each view goes with label maps given by view; give (row, column) in mm.")
    dimensions = np.ndim(label_map)
    if dimensions == 2:
        return study_of_frame(measure_frame(label_map, spacing, **extras))
    if dimensions != 3 or not len(label_map):
        raise InputError(
            f"A label map is (rows, columns), a cine of them (frames, rows, columns); given was {np.shape(label_map)}."
        )
    frames = []
    for index, labels in enumerate(label_map):
        if progress is not None:
            progress(index, len(label_map), f"frame {index + 1} of {len(label_map)}")
        own = {name: _of(given, index) for name, given in extras.items()}
        frames.append(measure_frame(labels, spacing, **own))
    return study_of_cine(frames) if len(frames) > 1 else study_of_frame(frames[0])


def _views(
    views: Mapping[str, Any],
    spacing: Spacing | Mapping[str, Spacing | None] | None,
    extras: Mapping[str, Any],
    progress: Progress | None,
) -> dict[str, dict[str, FrameMeasures]]:
    strange = [view for view, phases in views.items() if not isinstance(phases, Mapping)]
    if strange:
        raise InputError(
            f"The view {strange[0]!r} is given as {{'ED': label map, 'ES': label map}}; "
            f"given was {type(views[strange[0]]).__name__}."
        )
    total = sum(len(phases) for phases in views.values())
    measured: dict[str, dict[str, FrameMeasures]] = {}
    for view, phases in views.items():
        step = spacing.get(view) if isinstance(spacing, Mapping) else spacing
        measured[view] = {}
        for phase, labels in phases.items():
            if progress is not None:
                progress(sum(map(len, measured.values())), total, f"{view} {phase}")
            own = {name: _of(_of(given, view), phase) for name, given in extras.items()}
            measured[view][phase] = measure_frame(labels, step, **own)
    return measured


def _of(given: Any, key: Any) -> Any:
    """The part of something optional that belongs to a frame or view."""
    if given is None:
        return None
    return given.get(key) if isinstance(given, Mapping) else given[key]
