"""A reconstructed heart as a segmentation: chambers, wall and aorta in voxels, each told by its terminology."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

import numpy as np
import slicer
import vtk
from numpy.typing import NDArray
from vtk.util.numpy_support import vtk_to_numpy

from EchoSynthLib.anatomy.structures import MYOCARDIUM, STRUCTURES
from EchoSynthLib.errors import InputError
from EchoSynthLib.reconstruction.volume import CODES
from EchoSynthMRML.heart_models import PALE, pale_color
from EchoSynthMRML.structures import dress_as

_AROUND = 2
"""Voxels around the heart, where its surface is smoothed."""
_CLEAR = 0.35
"""Opacity of the wall, which lies around its cavity."""
_SURFACE = slicer.vtkSegmentationConverter.GetClosedSurfaceRepresentationName()
_PIXELS = slicer.vtkSegmentationConverter.GetBinaryLabelmapRepresentationName()


def new_heart_segmentation(
    labels: NDArray[np.uint8], affine_ras: Sequence[Sequence[float]], name: str, pale: Collection[str] = ()
) -> Any:
    """A segmentation that is not in a scene yet.

    Args:
        labels: (D, H, W), `reconstruction.volume.VoxelCode`; walls of other chambers than the left ventricle, which are
            thinner than a voxel, are left out.
        affine_ras: (4, 4), index (d, h, w, 1) to RAS in mm.
        name: of the node.
        pale: names of structures that no picture shows: they are paler.

    Raises:
        InputError: there is no heart in the labels.
    """
    places = np.argwhere(labels)
    if not len(places):
        raise InputError("The volume holds no heart.")
    low = np.maximum(places.min(axis=0) - _AROUND, 0)
    high = np.minimum(places.max(axis=0) + _AROUND + 1, labels.shape)
    kept = labels[tuple(slice(first, last) for first, last in zip(low, high, strict=True))]
    layer = _image(kept, np.array(affine_ras, dtype=np.float64), low)
    node = slicer.vtkMRMLSegmentationNode()
    node.SetName(name)
    segmentation = node.GetSegmentation()
    segmentation.SetSourceRepresentationName(_PIXELS)
    for structure in STRUCTURES:
        segment = slicer.vtkSegment()
        dress_as(segment, structure)
        if structure.name in pale:
            segment.SetColor([part / 255 for part in pale_color(structure.color)])
        segment.SetLabelValue(CODES[structure.name])
        segment.AddRepresentation(_PIXELS, layer)
        segmentation.AddSegment(segment, structure.name.replace(" ", "_"))
    return node


def show_segments(node: Any, pale: Collection[str] = ()) -> None:
    """Lets a heart's segmentation in a scene show its surfaces in 3D, the wall and what no picture shows clear."""
    node.CreateClosedSurfaceRepresentation()
    display = node.GetDisplayNode()
    for structure in STRUCTURES:
        opacity = PALE if structure.name in pale else _CLEAR if structure is MYOCARDIUM else 1.0
        display.SetSegmentOpacity3D(structure.name.replace(" ", "_"), opacity)
    display.SetVisibility3D(True)


def has_surfaces(node: Any) -> bool:
    """Whether its segments can be shown in 3D."""
    return bool(node.GetSegmentation().ContainsRepresentation(_SURFACE))


def _image(labels: NDArray[np.uint8], affine: NDArray[np.float64], first: NDArray[np.integer]) -> Any:
    """Labels (D, H, W), whose first voxel has an index in the volume, as a vtkOrientedImageData."""
    depth, height, width = labels.shape
    to_ras = np.eye(4)
    # VTK counts the last axis of an array first.
    to_ras[:, :3] = affine[:, 2::-1]
    to_ras[:, 3] = affine @ [*first, 1.0]
    matrix = vtk.vtkMatrix4x4()
    matrix.DeepCopy(to_ras.ravel())
    image = slicer.vtkOrientedImageData()
    image.SetDimensions(width, height, depth)
    image.SetImageToWorldMatrix(matrix)
    image.AllocateScalars(vtk.VTK_UNSIGNED_CHAR, 1)
    vtk_to_numpy(image.GetPointData().GetScalars())[:] = labels.ravel()
    return image
