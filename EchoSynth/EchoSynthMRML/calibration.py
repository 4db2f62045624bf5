"""A new pixel size for a frame or cine and for all that lies on its pixels, so that it goes on fitting."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import slicer
import vtk

from EchoSynthLib.errors import InputError
from EchoSynthMRML.cines import calibrate, cine_of
from EchoSynthMRML.grid import Grid, same_place
from EchoSynthMRML.label_maps import linked_volume
from EchoSynthMRML.provenance import linked_label_map

_PIXELS = slicer.vtkSegmentationConverter.GetBinaryLabelmapRepresentationName()
_REFERENCE_GEOMETRY = slicer.vtkSegmentationConverter.GetReferenceImageGeometryParameterName()


def calibrate_all(scene: Any, volume: Any, row_mm: float, column_mm: float) -> None:
    """Sets the spacing of a frame volume, of the segmentations drawn on it, and of the images drawn from those.

    Of cines every frame is changed. Pixels stay as they are; overlapping segments and those of other structures too.

    Raises:
        InputError: see `volumes.set_spacing`.
    """
    before = Grid.of_volume(volume)
    segmentations = [node for node in scene.GetNodesByClass("vtkMRMLSegmentationNode") if _drawn_on(node, volume)]
    images = [
        node
        for node in scene.GetNodesByClass("vtkMRMLScalarVolumeNode")
        if linked_label_map(node) in segmentations and _lies_on(node, before)
    ]
    calibrate(volume, row_mm, column_mm)
    for image in images:
        calibrate(image, row_mm, column_mm)
    after = Grid.of_volume(volume)
    seen: set[Any] = set()
    for segmentation in segmentations:
        for node in _with_frames(segmentation):
            _move(node, before, after, seen)


def _drawn_on(segmentation: Any, volume: Any) -> bool:
    if linked_volume(segmentation) is not volume:
        return False
    try:
        return same_place(Grid.of_segmentation(segmentation), Grid.of_volume(volume))
    except InputError:
        return False


def _lies_on(image: Any, grid: Grid) -> bool:
    try:
        return same_place(Grid.of_volume(image), grid)
    except InputError:
        return False


def _with_frames(node: Any) -> Iterator[Any]:
    cine = cine_of(node)
    if cine is not None:
        yield from cine
    yield node


def _move(node: Any, before: Grid, after: Grid, seen: set[Any]) -> None:
    """Moves a segmentation's layers as the volume's pixels moved; `seen` holds those that are moved already."""
    step = vtk.vtkMatrix4x4()
    vtk.vtkMatrix4x4.Invert(before.matrix(), step)
    vtk.vtkMatrix4x4.Multiply4x4(after.matrix(), step, step)
    segmentation = node.GetSegmentation()
    blocked = node.StartModify()
    for segment_id in segmentation.GetSegmentIDs():
        layer = segmentation.GetSegment(segment_id).GetRepresentation(_PIXELS)
        if layer is not None and layer not in seen:
            seen.add(layer)
            place = vtk.vtkMatrix4x4()
            layer.GetImageToWorldMatrix(place)
            vtk.vtkMatrix4x4.Multiply4x4(step, place, place)
            layer.SetImageToWorldMatrix(place)
    segmentation.SetConversionParameter(_REFERENCE_GEOMETRY, after.serialized())
    segmentation.InvalidateNonSourceRepresentations()
    node.EndModify(blocked)
    node.Modified()
