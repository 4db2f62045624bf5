"""Segmentations and label map volumes to label maps in CAMUS codes, and back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import slicer
import vtk
from numpy.typing import NDArray
from vtk.util.numpy_support import vtk_to_numpy

from EchoSynthLib.anatomy.labels import CAMUS
from EchoSynthLib.errors import InputError
from EchoSynthMRML.color_tables import codes_of_values
from EchoSynthMRML.grid import Grid
from EchoSynthMRML.segment_layers import merged_codes, write_layer
from EchoSynthMRML.structures import DRAWN, code_of


@dataclass
class LabelMap:
    """A label map and where it lies.

    Attributes:
        codes: (H, W) uint8 in CAMUS codes: 0 other, 1 LV cavity, 2 myocardium, 3 left atrium.
        grid: where its pixels lie.
        notes: what the user should know, such as segments that were left out.
    """

    codes: NDArray[np.uint8]
    grid: Grid
    notes: tuple[str, ...] = ()


def read_label_map(node: Any, reference: Any = None, placed_as: Any = None) -> LabelMap:
    """The label map that a segmentation or a label map volume shows; the node is not changed.

    Args:
        node: vtkMRMLSegmentationNode or vtkMRMLLabelMapVolumeNode.
        reference: volume on whose grid a segmentation is read; None takes the grid it was drawn on. Where segments
            overlap, the left ventricle wins over the myocardium and both over the left atrium.
        placed_as: node of the scene under whose transform it lies; None stands for the node itself. A frame inside a
            sequence is under no transform, though the node that shows it may be.

    Raises:
        InputError: another kind of node, several slices, or no structure of CAMUS label maps in it.
    """
    if node is None:
        raise InputError("No label map is chosen. Choose a segmentation or a label map volume.")
    if node.IsA("vtkMRMLSegmentationNode"):
        return _read_segmentation(node, reference, placed_as or node)
    if node.IsA("vtkMRMLLabelMapVolumeNode"):
        return _read_volume(node)
    raise InputError(
        f"'{node.GetName()}' is a {node.GetNodeTagName()}; a segmentation or a label map volume was expected. "
        "If it is a volume that holds labels, convert it to a label map first (Volumes module)."
    )


def new_segmentation(codes: NDArray, grid: Grid, name: str) -> Any:
    """A segmentation that is not in a scene yet, with the three segments of CAMUS label maps, empty ones too.

    Raises:
        InputError: see `write_segments`.
    """
    _check_codes(codes, grid)
    node = slicer.vtkMRMLSegmentationNode()
    node.SetName(name)
    write_layer(node, codes, grid, CAMUS.values())
    return node


def write_segments(node: Any, codes: NDArray, grid: Grid) -> None:
    """Writes a label map (H, W) in CAMUS codes into a segmentation, and makes the grid its reference geometry.

    Its segments of the three structures keep their ids, names and colors, and become empty where the label map lacks
    the code; what is missing is added; segments of other structures stay as they are.

    Raises:
        InputError: the label map has another shape than the grid, or holds other codes.
    """
    _check_codes(codes, grid)
    blocked = node.StartModify()
    write_layer(node, codes, grid, [code for code in CAMUS.values() if np.any(codes == code)])
    node.EndModify(blocked)


def link_to_volume(segmentation: Any, volume: Any) -> None:
    """Makes a volume the reference of a segmentation, so that it is edited on the volume's grid; both in one scene."""
    segmentation.SetReferenceImageGeometryParameterFromVolumeNode(volume)


def linked_volume(segmentation: Any) -> Any:
    """The image that a segmentation was drawn on, or None."""
    return segmentation.GetNodeReference(segmentation.GetReferenceImageGeometryReferenceRole())


def _read_segmentation(node: Any, reference: Any, placed_as: Any) -> LabelMap:
    segmentation = node.GetSegmentation()
    codes = {segment_id: code_of(segmentation.GetSegment(segment_id)) for segment_id in segmentation.GetSegmentIDs()}
    found = {segment_id: code for segment_id, code in codes.items() if code is not None}
    if not found:
        known = ", ".join(f"'{drawn.name}'" for drawn in DRAWN)
        raise InputError(
            f"No segment of '{node.GetName()}' is one of {known}. Name its segments so, or set their terminology."
        )
    notes = tuple(
        f"The segment '{segmentation.GetSegment(left_out).GetName()}' is no structure EchoSynth knows and was left out."
        for left_out in codes
        if left_out not in found
    )
    grid = Grid.of_segmentation(node) if reference is None else Grid.of_volume(reference)
    read = merged_codes(node, found, _seen_from(placed_as, reference, grid))
    if reference is not None and not read.any() and _holds_pixels(node, found):
        raise InputError(
            f"'{node.GetName()}' lies nowhere on '{reference.GetName()}', whose pixels it was to be read on. Choose "
            "another reference, or none."
        )
    return LabelMap(read, grid, notes)


def _holds_pixels(node: Any, code_of_id: Mapping[str, int]) -> bool:
    try:
        return bool(merged_codes(node, code_of_id, Grid.of_segmentation(node)).any())
    except InputError:
        return False


def _read_volume(node: Any) -> LabelMap:
    grid = Grid.of_volume(node)
    values = vtk_to_numpy(node.GetImageData().GetPointData().GetScalars()).reshape(grid.shape)
    code_of_value, notes = codes_of_values(node, np.unique(values).tolist())
    codes = np.zeros(grid.shape, np.uint8)
    for value, code in code_of_value.items():
        codes[values == value] = code
    return LabelMap(codes, grid, notes)


def _seen_from(node: Any, reference: Any, grid: Grid) -> Grid:
    """The reference's grid in the coordinates of the segmentation, where a transform lies between them."""
    if reference is None or reference.GetScene() is not node.GetScene():
        return grid
    ours, theirs = node.GetParentTransformNode(), reference.GetParentTransformNode()
    if ours is theirs:
        return grid
    between = vtk.vtkMatrix4x4()
    if not slicer.vtkMRMLTransformNode.GetMatrixTransformBetweenNodes(theirs, ours, between):
        raise InputError(f"'{node.GetName()}' or its image is under a transform that bends it. Harden the transform.")
    vtk.vtkMatrix4x4.Multiply4x4(between, grid.matrix(), between)
    return Grid.of_matrix(grid.shape, between)


def _check_codes(codes: NDArray, grid: Grid) -> None:
    if np.shape(codes) != grid.shape:
        raise InputError(f"The label map has the shape {np.shape(codes)}, its grid {grid.shape}; both are one.")
    if np.asarray(codes).dtype.kind not in "ui" or np.max(codes, initial=0) > max(CAMUS.values()):
        raise InputError("The label map holds other values than the whole numbers 0 to 3 of CAMUS label maps.")
