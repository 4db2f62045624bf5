"""Motion as something to look at: arrows, or a colored sheet that goes with the tissue, in a model over the frame."""

from __future__ import annotations

from typing import Any

import numpy as np
import slicer
import vtk
from numpy.typing import NDArray
from vtk.util.numpy_support import numpy_to_vtk, numpy_to_vtkIdTypeArray

from EchoSynthMRML.grid import Grid
from EchoSynthMRML.volumes import add_to_scene

LENGTH = "motion"
"""Name of the values by which arrows and sheet are colored: how far each point has gone."""
_ARROWS, _SQUARES = 22, 90  # along the longer side of what moves
_HEAD = 0.3  # of an arrow's length
_HEAD_ANGLE = np.deg2rad(152)
_COLORS = "vtkMRMLColorTableNodeFileViridis.txt"
_LINE_WIDTH, _SHEET_OPACITY = 2, 0.55

Points = NDArray[np.floating]


def arrows(displacement: NDArray[np.floating], grid: Grid, mask: NDArray[np.bool_], unit: float | None = None) -> Any:
    """vtkPolyData of arrows from where points lie in the fixed picture to where they lie in the moving one.

    Args:
        displacement: (2, H, W) pixels, (row, column).
        grid: of the pixels; its millimeters are those of the colors, unless `unit` is given.
        mask: (H, W), where there are arrows.
        unit: what one pixel's length counts instead, where the size of the pixels is not known.
    """
    step = _step(mask, _ARROWS)
    rows, columns = (
        axis.ravel() for axis in np.mgrid[step // 2 : mask.shape[0] : step, step // 2 : mask.shape[1] : step]
    )
    inside = mask[rows, columns]
    tails = np.stack([rows[inside], columns[inside]], axis=1).astype(float)
    way = displacement[:, rows[inside], columns[inside]].T.astype(float)
    heads = tails + way
    barbs = [heads + _HEAD * _turned(way, side * _HEAD_ANGLE) for side in (1, -1)]
    count = len(tails)
    index = np.arange(count)
    shafts = np.stack([index, index + count], axis=1)
    points_of_head = np.stack([index + 2 * count, index + count, index + 3 * count], axis=1)
    shape = _poly_data(np.concatenate([tails, heads, *barbs]), np.tile(_lengths(way, grid, unit), 4), grid)
    shape.SetLines(_cells(shafts, points_of_head))
    return shape


def sheet(displacement: NDArray[np.floating], grid: Grid, mask: NDArray[np.bool_], unit: float | None = None) -> Any:
    """vtkPolyData of squares of tissue where they lie in the moving picture; arguments as of `arrows`."""
    step = _step(mask, _SQUARES)
    rows, columns = np.mgrid[0 : mask.shape[0] : step, 0 : mask.shape[1] : step]
    kept = mask[rows, columns]
    whole = kept[:-1, :-1] & kept[1:, :-1] & kept[:-1, 1:] & kept[1:, 1:]
    number = np.arange(rows.size).reshape(rows.shape)
    corners = [number[:-1, :-1], number[1:, :-1], number[1:, 1:], number[:-1, 1:]]
    squares = np.stack([corner[whole] for corner in corners], axis=1)
    way = displacement[:, rows, columns].reshape(2, -1).T.astype(float)
    places = np.stack([rows.ravel(), columns.ravel()], axis=1) + way
    shape = _poly_data(places, _lengths(way, grid, unit), grid)
    shape.SetPolys(_cells(squares))
    return shape


def add_model(scene: Any, name: str, longest: float) -> Any:
    """A model that slice views draw flat over the frame, colored up to the longest way; made anew, never saved."""
    node = slicer.vtkMRMLModelNode()
    node.SetName(name)
    node.SetSaveWithScene(False)
    # Made of other nodes, it is none of a user's data.
    node.SetHideFromEditors(True)
    display = add_to_scene(scene, node).GetDisplayNode()
    display.SetSaveWithScene(False)
    blocked = display.StartModify()
    display.SetVisibility2D(True)
    display.SetVisibility3D(False)
    display.SetSliceDisplayModeToProjection()
    display.SetSliceIntersectionThickness(_LINE_WIDTH)
    display.SetActiveScalar(LENGTH, vtk.vtkAssignAttribute.POINT_DATA)
    display.SetAndObserveColorNodeID(_COLORS)
    display.SetScalarRangeFlag(display.UseManualScalarRange)
    display.SetScalarRange(0, longest)
    display.SetScalarVisibility(True)
    display.EndModify(blocked)
    return node


def show_shape(node: Any, shape: Any) -> None:
    """Lets a model show arrows or a sheet, through which the image is seen; None shows nothing."""
    display = node.GetDisplayNode()
    display.SetVisibility(shape is not None)
    if shape is not None:
        display.SetSliceIntersectionOpacity(_SHEET_OPACITY if shape.GetNumberOfPolys() else 1.0)
        node.SetAndObservePolyData(shape)


def _step(mask: NDArray[np.bool_], count: int) -> int:
    rows, columns = np.nonzero(mask)
    extent = int(max(np.ptp(rows), np.ptp(columns))) if len(rows) else max(mask.shape)
    return max(1, round(extent / count))


def _turned(way: Points, angle: float) -> Points:
    cosine, sine = np.cos(angle), np.sin(angle)
    return way @ np.array([[cosine, -sine], [sine, cosine]])


def _lengths(way: Points, grid: Grid, unit: float | None) -> Points:
    sides = np.array(grid.spacing if unit is None else (unit, unit))
    return np.linalg.norm(way * sides, axis=1)


def _poly_data(places: Points, lengths: Points, grid: Grid) -> Any:
    """Points given as (row, column), with the lengths as their values."""
    homogeneous = np.zeros((len(places), 4))
    homogeneous[:, 0], homogeneous[:, 1], homogeneous[:, 3] = places[:, 1], places[:, 0], 1
    in_mm = homogeneous @ np.reshape(grid.ijk_to_ras, (4, 4)).T
    points = vtk.vtkPoints()
    points.SetData(numpy_to_vtk(np.ascontiguousarray(in_mm[:, :3]), deep=True))
    shape = vtk.vtkPolyData()
    shape.SetPoints(points)
    values = numpy_to_vtk(np.ascontiguousarray(lengths, dtype=np.float32), deep=True)
    values.SetName(LENGTH)
    shape.GetPointData().SetScalars(values)
    return shape


def _cells(*kinds: NDArray[np.integer]) -> Any:
    """Cells of several kinds, each an array (cells, points) of the numbers of their points."""
    sizes = np.concatenate([np.full(len(cells), cells.shape[1]) for cells in kinds])
    numbers = np.concatenate([cells.ravel() for cells in kinds])
    array = vtk.vtkCellArray()
    offsets = np.concatenate([[0], np.cumsum(sizes)])
    array.SetData(*(numpy_to_vtkIdTypeArray(part.astype(np.int64), deep=True) for part in (offsets, numbers)))
    return array
