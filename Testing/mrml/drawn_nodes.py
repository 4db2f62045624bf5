"""Nodes for the tests, made with Slicer's own classes and none of EchoSynth's writers."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import slicer
import vtk
from numpy.typing import NDArray
from vtk.util.numpy_support import get_vtk_array_type, vtk_to_numpy

from EchoSynthMRML.grid import Grid

PIXELS = slicer.vtkSegmentationConverter.GetBinaryLabelmapRepresentationName()
SURFACE = slicer.vtkSegmentationConverter.GetClosedSurfaceRepresentationName()
REFERENCE_GEOMETRY = slicer.vtkSegmentationConverter.GetReferenceImageGeometryParameterName()

SHAPE = (40, 52)


def grid_of(directions: NDArray, spacing: tuple[float, float, float], origin: tuple[float, float, float]) -> Grid:
    """The grid of three direction columns, (column, row, slice) spacing in mm, and the first pixel's place."""
    matrix = np.eye(4)
    matrix[:3, :3] = directions * spacing
    matrix[:3, 3] = origin
    return Grid(SHAPE, tuple(matrix.ravel().tolist()))


def _turned() -> NDArray:
    turned, _ = np.linalg.qr(np.random.default_rng(3).normal(size=(3, 3)))
    return turned


FLAT = np.diag([-1.0, -1.0, 1.0])
GRIDS = {
    "picture": grid_of(FLAT, (1, 1, 1), (0, 0, 0)),
    "calibrated": grid_of(FLAT, (0.31, 0.31, 1), (10, 20, 5)),
    "anisotropic": grid_of(FLAT, (0.154, 0.308, 1), (-3.3, 4.4, 0)),
    "oblique": grid_of(_turned(), (0.21, 0.37, 2.5), (12.3, -45.6, 78.9)),
    "mirrored": grid_of(_turned() * (-1, 1, 1), (0.3, 0.2, 1), (-1, 2, 3)),
}


class Application:
    """What Slicer has running beside a scene: the logics that copy and convert segments and that play sequences."""

    def __init__(self) -> None:
        self.logic = slicer.vtkSlicerApplicationLogic()
        self._modules = (slicer.vtkSlicerSegmentationsModuleLogic(), slicer.vtkSlicerSequencesLogic())

    def new_scene(self) -> Any:
        """An empty scene, and the one that is served from now."""
        scene = slicer.vtkMRMLScene()
        for logic in (self.logic, *self._modules):
            logic.SetMRMLScene(scene)
        return scene

    def load_scene(self, path: Path, cache: Path) -> Any:
        """A scene read from an .mrb; it is unpacked in the folder `cache`."""
        scene = self.new_scene()
        remote = slicer.vtkMRMLRemoteIOLogic()
        remote.SetMRMLScene(scene)
        cache.mkdir()
        remote.GetCacheManager().SetRemoteCacheDirectory(str(cache))
        remote.AddDataIOToScene()
        assert scene.ReadFromMRB(str(path))
        remote.RemoveDataIOFromScene()
        return scene


def image_of(array: NDArray) -> Any:
    """A vtkImageData of one slice with the pixels of an array (H, W) or (H, W, C)."""
    image = vtk.vtkImageData()
    image.SetDimensions(array.shape[1], array.shape[0], 1)
    components = array.shape[2] if array.ndim == 3 else 1
    image.AllocateScalars(get_vtk_array_type(array.dtype), components)
    vtk_to_numpy(image.GetPointData().GetScalars())[:] = array.reshape(-1, components).squeeze()
    return image


def new_volume(grid: Grid, components: int = 1, array: NDArray | None = None, kind: str = "") -> Any:
    """A volume with noise, or with an array, on a grid; scalar, vector or of the given kind such as LabelMap."""
    if array is None:
        shape = grid.shape if components == 1 else (*grid.shape, components)
        array = np.random.default_rng(7).integers(0, 256, shape).astype(np.uint8)
    kind = kind or ("Scalar" if array.ndim == 2 else "Vector")
    volume = getattr(slicer, f"vtkMRML{kind}VolumeNode")()
    volume.SetName("frame")
    volume.SetIJKToRASMatrix(grid.matrix())
    volume.SetAndObserveImageData(image_of(array))
    return volume


def oriented(mask: NDArray, grid: Grid, offset: tuple[int, int] = (0, 0)) -> Any:
    """A mask as the label map of a segment; its first pixel lies at (row, column) `offset` of the grid."""
    image = slicer.vtkOrientedImageData()
    image.DeepCopy(image_of(mask.astype(np.uint8)))
    row, column = offset
    image.SetExtent(column, column + mask.shape[1] - 1, row, row + mask.shape[0] - 1, 0, 0)
    image.SetImageToWorldMatrix(grid.matrix())
    return image


def add_segment(node: Any, name: str, mask: NDArray, grid: Grid, offset: tuple[int, int] = (0, 0)) -> Any:
    """Adds a segment on a layer of its own, as Slicer's Segment Editor may leave it; its id is Slicer's."""
    segment = slicer.vtkSegment()
    segment.SetName(name)
    segment.AddRepresentation(PIXELS, oriented(mask, grid, offset))
    node.GetSegmentation().AddSegment(segment)
    return segment


def separate_segments(codes: NDArray, grid: Grid, names: Mapping[int, str]) -> Any:
    """A segmentation with a layer for each code, in the order of `names`; Slicer alone made it."""
    node = slicer.vtkMRMLSegmentationNode()
    node.SetName("drawn")
    for code, name in names.items():
        add_segment(node, name, codes == code, grid)
    return node


def segment_mask(node: Any, segment_id: str, volume: Any) -> NDArray:
    """A segment's pixels (H, W) on a volume's grid, as Slicer resamples and exports them."""
    label_map = volume.GetScene().AddNewNodeByClass("vtkMRMLLabelMapVolumeNode")
    slicer.vtkSlicerSegmentationsModuleLogic.ExportSegmentsToLabelmapNode(node, [segment_id], label_map, volume)
    mask = pixels_of(label_map) > 0
    volume.GetScene().RemoveNode(label_map)
    return mask


def pixels_of(volume: Any) -> NDArray:
    """The pixels (H, W) of a volume."""
    columns, rows, _ = volume.GetImageData().GetDimensions()
    return vtk_to_numpy(volume.GetImageData().GetPointData().GetScalars()).reshape(rows, columns)


def paint(node: Any, segment_id: str, rows: slice, columns: slice) -> None:
    """Paints a rectangle of a segment into its layer, as an effect of the Segment Editor does."""
    segment = node.GetSegmentation().GetSegment(segment_id)
    layer = segment.GetRepresentation(PIXELS)
    columns_all, rows_all, _ = layer.GetDimensions()
    pixels = vtk_to_numpy(layer.GetPointData().GetScalars()).reshape(rows_all, columns_all)
    pixels[rows, columns] = segment.GetLabelValue()
    layer.GetPointData().GetScalars().Modified()
    layer.Modified()
