"""Displacements as grid transform nodes, and back: other modules warp by them what EchoSynth has tracked.

A displacement u of ours leads from a fixed grid into a moving picture: what lies at x in the fixed one lies at x + u(x)
in the moving one. That is what Slicer calls the transform from parent, and ITK a transform for resampling: a moving
volume that is put under the node is seen as the fixed one, and hardened it is `es.warp(moving, u)`. The opposite way,
from the fixed picture onto the moving one, is *Invert* in the module Transforms.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import slicer
import vtk
from numpy.typing import NDArray
from vtk.util.numpy_support import numpy_to_vtk, vtk_to_numpy

from EchoSynthLib.errors import InputError
from EchoSynthMRML.grid import Grid


def new_grid_transform(displacement: NDArray[np.floating], grid: Grid, name: str) -> Any:
    """A vtkMRMLGridTransformNode that is not in a scene yet; between pixels it is linear, beyond them as at the border.

    Args:
        displacement: (2, H, W) pixels, (row, column), as `es.register` and `es.track` give it.
        grid: where the pixels of the fixed picture lie.
        name: of the node.

    Raises:
        InputError: the displacement has another shape than the grid.
    """
    if displacement.shape != (2, *grid.shape):
        raise InputError(
            f"The displacement has the shape {displacement.shape}; {(2, *grid.shape)} was expected: rows and columns "
            "of motion for each pixel."
        )
    node = slicer.vtkMRMLGridTransformNode()
    node.SetName(name)
    node.SetAndObserveTransformFromParent(_oriented(displacement, grid))
    return node


def displacement_of(node: Any) -> tuple[NDArray[np.float32], Grid]:
    """The displacement (2, H, W) in pixels of a node that `new_grid_transform` made, and the grid it belongs to.

    Raises:
        InputError: the node holds no displacements, or those of a volume.
    """
    transform = node.GetTransformFromParentAs("vtkOrientedGridTransform", False)
    image = None if transform is None else transform.GetDisplacementGrid()
    if image is None or image.GetDimensions()[2] != 1:
        raise InputError(f"'{node.GetName()}' holds no displacements of a single slice. Track the cine again.")
    grid = _grid_of(image, transform.GetGridDirectionMatrix())
    millimeters = vtk_to_numpy(image.GetPointData().GetScalars()).reshape(*grid.shape, 3)
    to_pixels = np.linalg.inv(np.reshape(grid.ijk_to_ras, (4, 4))[:3, :3])
    # The matrix speaks of (column, row, slice).
    return np.stack([_times(millimeters, to_pixels[axis]) for axis in (1, 0)]), grid


def _oriented(displacement: NDArray[np.floating], grid: Grid) -> Any:
    matrix = np.reshape(grid.ijk_to_ras, (4, 4))
    spacing = np.linalg.norm(matrix[:3, :3], axis=0)
    # RAS millimeters of one pixel down a column and along a row.
    steps = matrix[:3, [1, 0]]
    motion = np.moveaxis(displacement, 0, -1)
    millimeters = np.stack([_times(motion, axis) for axis in steps], axis=-1)
    rows, columns = grid.shape
    image = vtk.vtkImageData()
    image.SetDimensions(columns, rows, 1)
    image.SetOrigin(matrix[:3, 3])
    image.SetSpacing(spacing)
    image.GetPointData().SetScalars(numpy_to_vtk(millimeters.reshape(-1, 3), deep=True))
    directions = np.eye(4)
    directions[:3, :3] = matrix[:3, :3] / spacing
    direction_matrix = vtk.vtkMatrix4x4()
    direction_matrix.DeepCopy(directions.ravel())
    transform = slicer.vtkOrientedGridTransform()
    transform.SetGridDirectionMatrix(direction_matrix)
    transform.SetInterpolationModeToLinear()
    transform.SetDisplacementGridData(image)
    return transform


def _times(vectors: NDArray[np.floating], factors: NDArray[np.float64]) -> NDArray[np.float32]:
    """Scalar products of vectors (H, W, n) with factors (n,); a matrix product of such small ones takes far longer."""
    found = vectors[..., 0] * np.float32(factors[0])
    for index in range(1, len(factors)):
        found += vectors[..., index] * np.float32(factors[index])
    return np.asarray(found, np.float32)


def _grid_of(image: Any, directions: Any) -> Grid:
    matrix = np.eye(4)
    if directions is not None:
        matrix[:] = [[directions.GetElement(row, column) for column in range(4)] for row in range(4)]
    columns, rows, _slices = image.GetDimensions()
    matrix[:3, :3] *= image.GetSpacing()
    matrix[:3, 3] = image.GetOrigin()
    return Grid((rows, columns), tuple(matrix.ravel().tolist()))
