"""Places in slice views, and drawing in them with the mouse."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import qt
import slicer
import vtk

from mouse import LEFT, drag, move_to
from waiting import spin, wait_until

_REST = 0.15  # seconds

Position = Sequence[float]


def show_alone(volume: Any, slice_name: str = "Red") -> None:
    """Shows one slice view, filled by a volume."""
    layouts = slicer.vtkMRMLLayoutNode
    layout = {"Red": layouts.SlicerLayoutOneUpRedSliceView, "Yellow": layouts.SlicerLayoutOneUpYellowSliceView}
    slicer.app.layoutManager().setLayout(layout[slice_name])
    spin(0.1)
    slicer.util.setSliceViewerLayers(background=volume, fit=True)
    spin(0.1)


def ras(volume: Any, column: float, row: float, plane: float = 0.0) -> tuple[float, float, float]:
    """Where a voxel's center is, in mm, with the transforms above the volume left out."""
    matrix = vtk.vtkMatrix4x4()
    volume.GetIJKToRASMatrix(matrix)
    return tuple(matrix.MultiplyPoint((column, row, plane, 1))[:3])


def slice_point(slice_name: str, position: Position) -> tuple[Any, float, float]:
    """The widget in which a slice view is drawn, and its pixel (x, y) that shows a position in RAS mm.

    Raises:
        AssertionError: the position is outside of the view.
    """
    widget = slicer.app.layoutManager().sliceWidget(slice_name)
    _settle(widget)
    return widget.sliceView().VTKWidget(), *_pixel(widget, position)


def drag_in_slice(slice_name: str, positions: Sequence[Position], button: int = LEFT, modifiers: int = 0) -> None:
    """Presses at the first position (RAS, mm) in a slice view, moves through the others and lets go."""
    widget = slicer.app.layoutManager().sliceWidget(slice_name)
    _settle(widget)
    # Slicer tells below its panel what the mouse is over; that may change the panel's width, and so the view's place.
    move_to(widget.sliceView().VTKWidget(), *_pixel(widget, positions[0]))
    _settle(widget)
    drag(widget.sliceView().VTKWidget(), [_pixel(widget, position) for position in positions], button, modifiers)
    spin(0.05)


def _pixel(widget: Any, position: Position) -> tuple[float, float]:
    view = widget.sliceView().VTKWidget()
    to_pixel = vtk.vtkMatrix4x4()
    vtk.vtkMatrix4x4.Invert(widget.mrmlSliceNode().GetXYToRAS(), to_pixel)
    # XY counts the screen's pixels from the bottom, Qt its own (larger ones on some screens) from the top.
    x, from_bottom = (value / view.devicePixelRatioF() for value in to_pixel.MultiplyPoint((*position, 1))[:2])
    y = view.height - 1 - from_bottom
    inside = 0 <= x < view.width and 0 <= y < view.height
    assert inside, f"{tuple(position)} is outside of what the {widget.sliceViewName} view shows"
    return x, y


def _settle(widget: Any) -> None:
    """Waits until a slice view keeps its place: a panel that opens beside it makes it narrower, in several steps."""
    view, node = widget.sliceView().VTKWidget(), widget.mrmlSliceNode()

    def place() -> tuple[Any, ...]:
        corner = view.mapToGlobal(qt.QPoint(0, 0))
        return corner.x(), corner.y(), view.width, view.height, *node.GetFieldOfView(), *node.GetDimensions()

    def at_rest() -> bool:
        before, ratio = place(), view.devicePixelRatioF()
        spin(_REST)
        known = tuple(node.GetDimensions()[:2]) == (round(view.width * ratio), round(view.height * ratio))
        return known and place() == before

    wait_until(at_rest, 5, "the slice view to take its place")
