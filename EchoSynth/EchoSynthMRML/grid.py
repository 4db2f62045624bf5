"""Where the pixels of a frame lie: shape and IJK-to-RAS matrix."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import slicer
import vtk

from EchoSynthLib.errors import InputError
from EchoSynthLib.types import Spacing

TOLERANCE = 1e-4
"""Largest difference, in mm, between the matrices of one and the same grid."""


@dataclass(frozen=True)
class Grid:
    """The pixel grid of a single slice.

    Attributes:
        shape: (rows, columns).
        ijk_to_ras: the 4 x 4 matrix that takes (column, row, 0, 1) to millimeters, row by row.
    """

    shape: tuple[int, int]
    ijk_to_ras: tuple[float, ...]

    @property
    def spacing(self) -> Spacing:
        """(row, column) distances of pixels in mm, as the matrix has them."""
        column, row = (math.hypot(*self.ijk_to_ras[axis:12:4]) for axis in range(2))
        return row, column

    def matrix(self) -> vtk.vtkMatrix4x4:
        """The matrix as VTK has it."""
        matrix = vtk.vtkMatrix4x4()
        matrix.DeepCopy(self.ijk_to_ras)
        return matrix

    def oriented_image(self) -> Any:
        """A vtkOrientedImageData uint8 of zeros on this grid."""
        rows, columns = self.shape
        image = slicer.vtkOrientedImageData()
        image.SetDimensions(columns, rows, 1)
        image.SetImageToWorldMatrix(self.matrix())
        image.AllocateScalars(vtk.VTK_UNSIGNED_CHAR, 1)
        image.GetPointData().GetScalars().Fill(0)
        return image

    def serialized(self) -> str:
        """The grid as a segmentation keeps the geometry that it was drawn on."""
        rows, columns = self.shape
        extent = (0, columns - 1, 0, rows - 1, 0, 0)
        return slicer.vtkSegmentationConverter.SerializeImageGeometry(self.matrix(), extent)

    @classmethod
    def of_label_map(cls, node: Any) -> Grid:
        """The grid of a segmentation or of a label map volume.

        Raises:
            InputError: see `of_segmentation` and `of_volume`.
        """
        return cls.of_segmentation(node) if node.IsA("vtkMRMLSegmentationNode") else cls.of_volume(node)

    @classmethod
    def of_matrix(cls, shape: tuple[int, int], matrix: vtk.vtkMatrix4x4) -> Grid:
        """The grid of a shape and a VTK matrix."""
        return cls(shape, tuple(matrix.GetElement(row, column) for row in range(4) for column in range(4)))

    @classmethod
    def of_volume(cls, volume: Any) -> Grid:
        """The grid of a volume.

        Raises:
            InputError: the volume is empty or has several slices.
        """
        matrix = vtk.vtkMatrix4x4()
        volume.GetIJKToRASMatrix(matrix)
        image = volume.GetImageData()
        return _single_slice(volume.GetName(), image.GetExtent() if image else None, matrix)

    @classmethod
    def of_segmentation(cls, node: Any) -> Grid:
        """The grid that a segmentation was drawn on: its reference geometry, else the extent of its label maps.

        Raises:
            InputError: it has neither, or several slices.
        """
        segmentation = node.GetSegmentation()
        converter = slicer.vtkSegmentationConverter
        text = segmentation.GetConversionParameter(converter.GetReferenceImageGeometryParameterName())
        if not text and segmentation.ContainsRepresentation(converter.GetBinaryLabelmapRepresentationName()):
            text = segmentation.DetermineCommonLabelmapGeometry(slicer.vtkSegmentation.EXTENT_UNION_OF_SEGMENTS, None)
        matrix, extent = vtk.vtkMatrix4x4(), [0] * 6
        if not text or not converter.DeserializeImageGeometry(text, matrix, extent):
            raise InputError(
                f"The segmentation '{node.GetName()}' does not say which pixels it was drawn on. "
                "Choose the image that it belongs to as reference."
            )
        return _single_slice(node.GetName(), extent, matrix)


def same_place(a: Grid, b: Grid) -> bool:
    """Whether two grids have the same pixels in the same place."""
    return a.shape == b.shape and bool(np.allclose(a.ijk_to_ras, b.ijk_to_ras, rtol=0, atol=TOLERANCE))


def _single_slice(name: str, extent: Any, matrix: vtk.vtkMatrix4x4) -> Grid:
    if extent is None or extent[1] < extent[0] or extent[3] < extent[2]:
        raise InputError(f"'{name}' is empty. Load or draw something first.")
    columns, rows, slices = (extent[2 * axis + 1] - extent[2 * axis] + 1 for axis in range(3))
    if slices != 1:
        raise InputError(
            f"'{name}' has {columns} x {rows} x {slices} voxels; an echo frame has a single slice ({columns} x {rows} "
            "x 1). If its slices are the frames of a cine, load the file as a sequence; else crop it to one slice."
        )
    first = matrix.MultiplyPoint((extent[0], extent[2], extent[4], 1))
    for axis in range(3):
        matrix.SetElement(axis, 3, first[axis])
    return Grid.of_matrix((rows, columns), matrix)
