"""Curves on a frame as markups: the points that a user drags, and the line between them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import slicer
from numpy.typing import NDArray

from EchoSynthMRML.grid import Grid
from EchoSynthMRML.volumes import add_to_scene

POINT_COLOR = (0.35, 0.86, 1.0)
LINE_COLOR = (1.0, 0.9, 0.3)
_HANDLE = 2.5  # size of a point, in per cent of the view


def add_handles(scene: Any, name: str, labels: tuple[str, ...]) -> Any:
    """A curve node whose named control points a user drags; neither added to nor taken from. It draws no line itself.

    The line between the handles is drawn by a node of its own, see `add_line`: the curve that is measured keeps the
    detail between its points, which a spline through them lacks.
    """
    node = _new(name)
    for label in labels:
        node.AddControlPoint(0, 0, 0, label)
    node.SetFixedNumberOfControlPoints(True)
    display = add_to_scene(scene, node).GetDisplayNode()
    blocked = display.StartModify()
    _color(display, POINT_COLOR)
    display.SetGlyphScale(_HANDLE)
    display.SetTextScale(_HANDLE)
    display.SetPropertiesLabelVisibility(False)
    display.SetPointLabelsVisibility(True)
    display.SetLineThickness(0.0)
    display.EndModify(blocked)
    return node


def add_line(scene: Any, name: str) -> Any:
    """A curve node that is only looked at: straight between many points, which are not shown."""
    node = _new(name)
    node.SetCurveTypeToLinear()
    node.SetLocked(True)
    display = add_to_scene(scene, node).GetDisplayNode()
    blocked = display.StartModify()
    _color(display, LINE_COLOR)
    display.SetPropertiesLabelVisibility(False)
    display.SetPointLabelsVisibility(False)
    display.EndModify(blocked)
    return node


def write_points(node: Any, points: NDArray, grid: Grid) -> None:
    """Moves the control points of a curve to (n, 2) (row, column) of a grid; a line gets or loses points for it."""
    places = _homogeneous(points) @ np.reshape(grid.ijk_to_ras, (4, 4)).T
    blocked = node.StartModify()
    while node.GetNumberOfControlPoints() < len(points):
        # A line has no handles; those of a curve to be dragged are there from the start.
        node.SetNthControlPointVisibility(node.AddControlPoint(0, 0, 0), False)
    while node.GetNumberOfControlPoints() > len(points):
        node.RemoveNthControlPoint(node.GetNumberOfControlPoints() - 1)
    for index, place in enumerate(places):
        node.SetNthControlPointPosition(index, *place[:3])
    node.EndModify(blocked)


def write_labels(node: Any, labels: Sequence[str]) -> None:
    """Names the control points of a curve; only those that are called otherwise so far."""
    for index, label in enumerate(labels):
        if node.GetNthControlPointLabel(index) != label:
            node.SetNthControlPointLabel(index, label)


def read_points(node: Any, grid: Grid) -> NDArray[np.float64]:
    """The control points of a curve as (n, 2) (row, column) of a grid."""
    places = np.ones((node.GetNumberOfControlPoints(), 4))
    for index, place in enumerate(places):
        node.GetNthControlPointPosition(index, place[:3])
    return (places @ np.linalg.inv(np.reshape(grid.ijk_to_ras, (4, 4))).T)[:, 1::-1]


def _new(name: str) -> Any:
    node = slicer.vtkMRMLMarkupsCurveNode()
    node.SetName(name)
    return node


def _color(display: Any, color: tuple[float, float, float]) -> None:
    display.SetColor(*color)
    display.SetSelectedColor(*color)


def _homogeneous(points: NDArray) -> NDArray[np.float64]:
    places = np.zeros((len(points), 4))
    places[:, :2] = np.asarray(points)[:, ::-1]
    places[:, 3] = 1
    return places
