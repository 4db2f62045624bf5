"""What the Measure panel is asked to measure: a frame, a cine or views, from the label map or by the contour model."""

from __future__ import annotations

from typing import Any

from slicer.i18n import tr as _

from EchoSynthJobs.job import Job
from EchoSynthJobs.measure import Measured, measure, measure_views
from EchoSynthJobs.measured_frames import is_image
from EchoSynthLib.client import Client
from EchoSynthMRML.cines import cine_of
from EchoSynthMRML.volumes import check_frame
from EchoSynthPanels.application.chosen import image_of
from EchoSynthPanels.parameters import EndocardiumSource, MeasureScope

VIEWS = {
    "4CH ED": "fourChamberED",
    "4CH ES": "fourChamberES",
    "2CH ED": "twoChamberED",
    "2CH ES": "twoChamberES",
}
"""A view's place in a study to the parameter that names its label map, or for the contour model its image."""

LABEL_MAP_TYPES = ("vtkMRMLSegmentationNode", "vtkMRMLLabelMapVolumeNode")
IMAGE_TYPES = ("vtkMRMLScalarVolumeNode", "vtkMRMLVectorVolumeNode")


def by_model(parameters: Any) -> bool:
    """Whether the contour model draws the endocardium."""
    return bool(parameters.endocardiumSource is EndocardiumSource.CONTOUR_MODEL)


def reason_not_to_measure(parameters: Any) -> str:
    """Why nothing can be measured with these parameters, '' if it can.

    Raises:
        InputError: the image for the contour model is no echo frame.
    """
    if parameters.measureScope is MeasureScope.VIEWS:
        nodes = [node for node in _views(parameters).values() if node is not None]
        if not nodes:
            return _("Choose the label maps of the views")
        return "" if len(nodes) == len(set(nodes)) else _("One label map is chosen for two views")
    if by_model(parameters):
        if image_of(parameters) is None:
            return _("Choose an image in the module EchoSynth; the contour model draws the endocardium in it")
        check_frame(image_of(parameters))
    source = _source(parameters)
    if source is None:
        return _("Choose a label map, or segment an image first")
    if parameters.measureScope is MeasureScope.CINE and cine_of(source) is None:
        kind = _("image") if is_image(source) else _("label map")
        return _("The {kind} belongs to no cine; measure the shown frame").format(kind=kind)
    return ""


def job_of(parameters: Any, client: Client, ready: bool) -> Job[Measured]:
    """The job that measures it; where the engine is `ready`, the client's worker asks the models."""
    contour_by = client if by_model(parameters) else None
    judge_by = client if ready else None
    if parameters.measureScope is MeasureScope.VIEWS:
        return measure_views(_views(parameters), contour_by=contour_by, judge_by=judge_by)
    return measure(
        _source(parameters),
        all_frames=parameters.measureScope is MeasureScope.CINE,
        image=image_of(parameters),
        contour_by=contour_by,
        judge_by=judge_by,
    )


def _source(parameters: Any) -> Any:
    """The label map; for the contour model the image where there is no label map of its frames."""
    label_map = parameters.labelMap
    if not by_model(parameters):
        return label_map
    whole_cine = parameters.measureScope is MeasureScope.CINE
    lacking = label_map is None or (whole_cine and cine_of(label_map) is None)
    return image_of(parameters) if lacking else label_map


def _views(parameters: Any) -> dict[str, Any]:
    return {where: getattr(parameters, name) for where, name in VIEWS.items()}
