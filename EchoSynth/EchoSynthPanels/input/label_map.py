"""The chosen label map: what it shows, and why nothing can be made of it."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import slicer
from slicer.i18n import tr as _

from EchoSynthLib.anatomy.labels import CAMUS
from EchoSynthLib.errors import EchoSynthError
from EchoSynthMRML.label_maps import read_label_map

PIXELS = slicer.vtkSegmentationConverter.GetBinaryLabelmapRepresentationName()


def reason_not_to_draw(node: Any) -> str:
    """Why nothing can be made of a label map, '' if it can."""
    if node is None:
        return _("Choose a label map, or segment an image first")
    problem, present, _notes = _seen(node, state_of(node))
    if not problem and not present:
        return _("'{name}' is empty: draw a structure in it first (Edit), or choose another").format(
            name=node.GetName()
        )
    return problem


def describe(node: Any) -> str:
    """What a label map shows, or why it cannot be read; '' for None."""
    if node is None:
        return ""
    problem, present, notes = _seen(node, state_of(node))
    return problem or "; ".join([", ".join(present) or _("none yet"), *notes])


@lru_cache(maxsize=2)
def _seen(node: Any, state: tuple[int, ...]) -> tuple[str, list[str], tuple[str, ...]]:
    """What is wrong with a label map, the structures it has, and notes; kept, for panels ask at each change."""
    try:
        label_map = read_label_map(node)
    except EchoSynthError as error:
        return str(error), [], ()
    present = [name for name, code in CAMUS.items() if code and (label_map.codes == code).any()]
    return "", present, label_map.notes


def state_of(node: Any) -> tuple[int, ...]:
    """Numbers that are others after each change of a label map's pixels, names or place."""
    if not node.IsA("vtkMRMLSegmentationNode"):
        image = node.GetImageData()
        return (node.GetMTime(), image.GetMTime() if image is not None else 0)
    segmentation = node.GetSegmentation()
    segments = [segmentation.GetSegment(segment_id) for segment_id in segmentation.GetSegmentIDs()]
    layers = [segment.GetRepresentation(PIXELS) for segment in segments]
    stamps = [each.GetMTime() for each in (*segments, *layers) if each is not None]
    return (node.GetMTime(), segmentation.GetMTime(), *stamps)
