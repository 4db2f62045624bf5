"""What the Measure panel is asked to measure: a frame, a cine or views, from the label map or by the contour model."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import slicer
from slicer.i18n import tr as _

from EchoSynthJobs.job import Job
from EchoSynthJobs.measure import Measured, measure
from EchoSynthJobs.measured_frames import is_image
from EchoSynthJobs.segment_first import measure_image
from EchoSynthJobs.study import PatientClips, measure_study
from EchoSynthLib.client import Client
from EchoSynthMRML.cines import cine_of
from EchoSynthMRML.provenance import frame_stamped
from EchoSynthMRML.volumes import check_frame
from EchoSynthPanels.application.chosen import image_of
from EchoSynthPanels.parameters import EndocardiumSource, MeasureScope


def by_model(parameters: Any) -> bool:
    """Whether the contour model draws the endocardium."""
    return bool(parameters.endocardiumSource is EndocardiumSource.CONTOUR_MODEL)


def scope_of(parameters: Any, study: PatientClips | None, by_hand: Mapping[str, Any]) -> MeasureScope:
    """What is measured; where that is automatic the views, if both are there, else the cine, else the frame."""
    if parameters.measureScope is not MeasureScope.AUTO:
        return MeasureScope(parameters.measureScope)
    chosen = parameters.labelMap if parameters.labelMap is not None else parameters.inputVolume
    if study is not None and study.has_both_views and (chosen is None or study.holds(chosen)):
        return MeasureScope.VIEWS
    if any(node is not None for node in by_hand.values()):
        return MeasureScope.VIEWS
    cine = None if chosen is None else cine_of(chosen)
    whole = cine is not None and len(cine) > 1 and frame_stamped(chosen) is None
    return MeasureScope.CINE if whole else MeasureScope.FRAME


def reason_not_to_measure(
    parameters: Any, scope: MeasureScope, study: PatientClips | None, places: Mapping[str, Any]
) -> str:
    """Why nothing can be measured with these parameters, '' if it can.

    Raises:
        InputError: the image is no echo frame.
    """
    if scope is MeasureScope.VIEWS:
        given = [node for node in places.values() if node is not None]
        if not given and (study is None or not study.clips):
            return _("Open the patient's frames or cines of both views, or choose their label maps")
        frames = [node for node in given if cine_of(node) is None]
        return "" if len(frames) == len(set(frames)) else _("One label map is chosen for two views")
    if by_model(parameters) and image_of(parameters) is None:
        return _("Choose an image; the contour model draws the endocardium in it")
    source = _source(parameters, scope)
    if source is None:
        return _("Choose an image or a label map")
    if is_image(source) or by_model(parameters):
        check_frame(image_of(parameters))
    if scope is MeasureScope.CINE and cine_of(source) is None:
        kind = _("image") if is_image(source) else _("label map")
        return _("The {kind} belongs to no cine; measure the shown frame").format(kind=kind)
    return ""


def needs_engine(parameters: Any, scope: MeasureScope, study: PatientClips | None) -> bool:
    """Whether an image has to be looked at by a model before anything can be measured."""
    if by_model(parameters):
        return True
    if scope is MeasureScope.VIEWS:
        return study is not None and any(clip.label_map is None for clip in study.clips)
    source = _source(parameters, scope)
    return source is not None and is_image(source)


def job_of(
    parameters: Any, scope: MeasureScope, by_hand: Mapping[str, Any], client: Client, ready: bool
) -> Job[Measured]:
    """The job that measures it; where the engine is `ready`, the client's worker segments and asks the models."""
    contour_by = client if by_model(parameters) else None
    judge_by = client if ready else None
    if scope is MeasureScope.VIEWS:
        chosen = parameters.labelMap if parameters.labelMap is not None else parameters.inputVolume
        scene = slicer.mrmlScene
        return measure_study(scene, judge_by, by_hand, chosen, contour_by=contour_by, judge_by=judge_by)
    source, all_frames = _source(parameters, scope), scope is MeasureScope.CINE
    if is_image(source) and contour_by is None:
        return measure_image(slicer.mrmlScene, client, source, all_frames=all_frames, judge=ready)
    image = image_of(parameters)
    return measure(source, all_frames=all_frames, image=image, contour_by=contour_by, judge_by=judge_by)


def _source(parameters: Any, scope: MeasureScope) -> Any:
    """The label map; the image where there is no label map of its frames."""
    label_map = parameters.labelMap
    image = image_of(parameters)
    lacking = label_map is None or (scope is MeasureScope.CINE and cine_of(label_map) is None)
    return image if lacking and (image is not None or label_map is None) else label_map
