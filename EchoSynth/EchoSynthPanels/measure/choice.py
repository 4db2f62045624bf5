"""What the Measure panel is asked to measure: a frame, a cine or views, from the label map or by the contour model."""

from __future__ import annotations

from typing import Any

import slicer
from slicer.i18n import tr as _

from EchoSynthJobs.job import Job
from EchoSynthJobs.measure import Measured, measure
from EchoSynthJobs.measured_frames import is_image
from EchoSynthJobs.segment_first import measure_image
from EchoSynthJobs.study import measure_study
from EchoSynthLib.client import Client
from EchoSynthMRML.cines import cine_of
from EchoSynthMRML.provenance import frame_stamped
from EchoSynthMRML.volumes import check_frame
from EchoSynthPanels.application.chosen import image_of
from EchoSynthPanels.measure.study_rows import StudyRows
from EchoSynthPanels.parameters import EndocardiumSource, MeasureScope


def by_model(parameters: Any) -> bool:
    """Whether the contour model draws the endocardium."""
    return bool(parameters.endocardiumSource is EndocardiumSource.CONTOUR_MODEL)


def scope_of(parameters: Any, rows: StudyRows) -> MeasureScope:
    """What is measured; where that is automatic the views, if both are there, else the cine, else the frame."""
    if parameters.measureScope is not MeasureScope.AUTO:
        return MeasureScope(parameters.measureScope)
    study, chosen = rows.study, rows.chosen
    if study is not None and study.has_both_views and (chosen is None or study.holds(chosen)):
        return MeasureScope.VIEWS
    if any(node is not None for node in rows.by_hand.values()):
        return MeasureScope.VIEWS
    cine = None if chosen is None else cine_of(chosen)
    whole = cine is not None and len(cine) > 1 and frame_stamped(chosen) is None
    return MeasureScope.CINE if whole else MeasureScope.FRAME


def reason_not_to_measure(parameters: Any, scope: MeasureScope, rows: StudyRows) -> str:
    """Why nothing can be measured with these parameters, '' if it can.

    Raises:
        InputError: the image is no echo frame.
    """
    if scope is MeasureScope.VIEWS:
        given = [node for node in rows.nodes.values() if node is not None]
        if not given and (rows.study is None or not rows.study.clips):
            return _("Open the patient's frames or cines of both views, or choose their label maps")
        frames = [node for node in given if cine_of(node) is None]
        return "" if len(frames) == len(set(frames)) else _("One label map is chosen for two views")
    source, image = _source(parameters, scope, rows)
    if by_model(parameters) and image is None:
        return _("Choose an image; the contour model draws the endocardium in it")
    if source is None:
        return _("Choose an image or a label map")
    if is_image(source) or by_model(parameters):
        check_frame(image)
    if scope is MeasureScope.CINE and cine_of(source) is None:
        kind = _("image") if is_image(source) else _("label map")
        return _("The {kind} belongs to no cine; measure the shown frame").format(kind=kind)
    return ""


def needs_engine(parameters: Any, scope: MeasureScope, rows: StudyRows) -> bool:
    """Whether an image has to be looked at by a model before anything can be measured."""
    if by_model(parameters):
        return True
    if scope is MeasureScope.VIEWS:
        return rows.study is not None and any(clip.label_map is None for clip in rows.study.clips)
    source, _image = _source(parameters, scope, rows)
    return source is not None and is_image(source)


def job_of(parameters: Any, scope: MeasureScope, rows: StudyRows, client: Client, ready: bool) -> Job[Measured]:
    """The job that measures it; where the engine is `ready`, the client's worker segments and asks the models."""
    contour_by = client if by_model(parameters) else None
    judge_by = client if ready else None
    scene = slicer.mrmlScene
    if scope is MeasureScope.VIEWS:
        hand, chosen = rows.by_hand, rows.chosen
        return measure_study(scene, judge_by, hand, chosen, contour_by=contour_by, judge_by=judge_by)
    source, image = _source(parameters, scope, rows)
    all_frames = scope is MeasureScope.CINE
    if is_image(source) and contour_by is None:
        return measure_image(scene, client, source, all_frames=all_frames, judge=ready)
    return measure(source, all_frames=all_frames, image=image, contour_by=contour_by, judge_by=judge_by)


def _source(parameters: Any, scope: MeasureScope, rows: StudyRows) -> tuple[Any, Any]:
    """The label map, or the image where there is no label map of its frames; and the image below."""
    label_map, image, chosen = parameters.labelMap, image_of(parameters), rows.chosen
    if chosen is not None and chosen is not image and is_image(chosen):
        # It was chosen after the label map of another one.
        label_map, image = None, chosen
    if label_map is None and image is not None and not by_model(parameters):
        clips = () if rows.study is None else rows.study.clips
        label_map = next((clip.label_map for clip in clips if clip.image is image), None)
    lacking = label_map is None or (scope is MeasureScope.CINE and cine_of(label_map) is None)
    return (image if lacking and (image is not None or label_map is None) else label_map), image
