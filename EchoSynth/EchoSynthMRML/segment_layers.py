"""The pixels of segments: merged into one array, and written as one layer that the segments share."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import count
from typing import Any

import numpy as np
import slicer
import vtk
from numpy.typing import NDArray
from vtk.util.numpy_support import vtk_to_numpy

from EchoSynthLib.errors import InputError
from EchoSynthMRML.grid import Grid
from EchoSynthMRML.structures import DRAWN, code_of, new_segment

_PIXELS = slicer.vtkSegmentationConverter.GetBinaryLabelmapRepresentationName()
_REFERENCE_GEOMETRY = slicer.vtkSegmentationConverter.GetReferenceImageGeometryParameterName()


def merged_codes(node: Any, code_of_id: Mapping[str, int], grid: Grid) -> NDArray[np.uint8]:
    """The segments (id to CAMUS code) of a segmentation in one array (H, W); where they overlap the lowest code wins.

    Args:
        node: vtkMRMLSegmentationNode; its segments may lie on any layers, be cropped, empty, or surfaces alone.
        code_of_id: which segments are read, and as what.
        grid: on which they are read, in the coordinates of the node.

    Raises:
        InputError: the segments cannot be drawn with pixels.
    """
    ids, codes, merged = vtk.vtkStringArray(), vtk.vtkIntArray(), slicer.vtkOrientedImageData()
    # Slicer draws later segments over earlier ones.
    for segment_id, code in sorted(code_of_id.items(), key=lambda item: item[1], reverse=True):
        ids.InsertNextValue(segment_id)
        codes.InsertNextValue(code)
    whole = slicer.vtkSegmentation.EXTENT_REFERENCE_GEOMETRY
    drawn = _with_pixels(node, grid)
    if not drawn.GenerateMergedLabelmapForAllSegments(merged, whole, grid.oriented_image(), ids, codes):
        raise InputError(f"The segments of '{node.GetName()}' cannot be read on this grid. Draw them on the image.")
    return vtk_to_numpy(merged.GetPointData().GetScalars()).reshape(grid.shape).astype(np.uint8)


def write_layer(node: Any, codes: NDArray, grid: Grid, wanted: Iterable[int]) -> None:
    """Writes codes (H, W) into all CAMUS segments, on one new layer, and adds what is wanted and missing."""
    segmentation = node.GetSegmentation()
    _make_pixels_the_source(segmentation)
    segments = _segments_for(segmentation, wanted)
    layer = grid.oriented_image()
    vtk_to_numpy(layer.GetPointData().GetScalars())[:] = np.ravel(codes)
    for segment, value in zip(segments, _label_values(segments), strict=True):
        segment.SetLabelValue(value)
        segment.AddRepresentation(_PIXELS, layer)
        if not segmentation.GetSegmentIdBySegment(segment):
            segment_id = segmentation.GenerateUniqueSegmentID(segment.GetName().replace(" ", "_"))
            segmentation.AddSegment(segment, segment_id)
    segmentation.SetConversionParameter(_REFERENCE_GEOMETRY, grid.serialized())


def _with_pixels(node: Any, grid: Grid) -> Any:
    """The node, or a copy drawn with pixels on the grid where its segments are surfaces alone."""
    if node.GetSegmentation().ContainsRepresentation(_PIXELS):
        return node
    copy = slicer.vtkMRMLSegmentationNode()
    segmentation = copy.GetSegmentation()
    segmentation.DeepCopy(node.GetSegmentation())
    segmentation.SetConversionParameter(_REFERENCE_GEOMETRY, grid.serialized())
    if not segmentation.CreateRepresentation(_PIXELS, True):
        raise InputError(f"The segments of '{node.GetName()}' cannot be drawn with pixels. Draw them on the image.")
    return copy


def _make_pixels_the_source(segmentation: Any) -> None:
    if segmentation.GetSourceRepresentationName() != _PIXELS:
        segmentation.CreateRepresentation(_PIXELS)
        segmentation.SetSourceRepresentationName(_PIXELS)
    # A surface made from the old pixels would go on showing them.
    segmentation.InvalidateNonSourceRepresentations()


def _segments_for(segmentation: Any, wanted: Iterable[int]) -> list[Any]:
    """The segments of CAMUS structures, cut out of the layers of other segments, then new ones for what is missing."""
    segments = {segment_id: segmentation.GetSegment(segment_id) for segment_id in segmentation.GetSegmentIDs()}
    codes = {segment_id: code_of(segment) for segment_id, segment in segments.items()}
    foreign = {segments[segment_id].GetRepresentation(_PIXELS) for segment_id, code in codes.items() if code is None}
    own = [segment_id for segment_id, code in codes.items() if code is not None]
    for segment_id in own:
        if segments[segment_id].GetRepresentation(_PIXELS) in foreign:
            segmentation.ClearSegment(segment_id)
    missing = set(wanted) - set(codes.values())
    added = [new_segment(drawn.camus_code) for drawn in DRAWN if drawn.camus_code in missing]
    return [segments[segment_id] for segment_id in own] + added


def _label_values(segments: list[Any]) -> Iterator[int]:
    """The value of each segment on the layer: its CAMUS code; of two of one structure the first has the pixels."""
    free, taken = count(1 + len(DRAWN)), set()
    for segment in segments:
        code = code_of(segment)
        yield next(free) if code in taken or code is None else code
        taken.add(code)
