"""What the slice views show: frames with the transducer at the top, image and synthetic image side by side."""

from __future__ import annotations

from typing import Any

import numpy as np
import qt
import slicer
import vtk

LEFT, RIGHT = "Red", "Yellow"
SETTLE_MS = 50
FILL_OPACITY = 0.25


def show_frame(volume: Any, view: str = LEFT) -> None:
    """Shows a frame volume in a slice view as its own rows and columns run, whatever its orientation in space."""
    widget = slicer.app.layoutManager().sliceWidget(view)
    if widget is None or volume is None:
        return
    logic = widget.sliceLogic()
    logic.GetSliceCompositeNode().SetBackgroundVolumeID(volume.GetID())
    logic.GetSliceCompositeNode().SetForegroundVolumeID(None)
    columns, rows = _in_plane_directions(volume)
    normal = np.cross(columns, rows)
    logic.GetSliceNode().SetSliceToRASByNTP(*(-normal), *columns, *_middle(volume), 0)
    logic.SnapSliceOffsetToIJK()
    logic.FitSliceToBackground()
    # A view that has just been laid out gets its size with the next turn of the event loop.
    qt.QTimer.singleShot(SETTLE_MS, logic.FitSliceToBackground)


def show_alone(volume: Any) -> None:
    """Shows one frame in one view."""
    slicer.app.layoutManager().setLayout(slicer.vtkMRMLLayoutNode.SlicerLayoutOneUpRedSliceView)
    show_frame(volume)


def show_side_by_side(left: Any, right: Any) -> None:
    """Shows two frames beside each other; None leaves its view as it is."""
    slicer.app.layoutManager().setLayout(slicer.vtkMRMLLayoutNode.SlicerLayoutSideBySideView)
    show_frame(left, LEFT)
    show_frame(right, RIGHT)


def keep_beside(volume: Any) -> None:
    """Shows a frame on the right again, where another module put its own volume into all views."""
    widget = slicer.app.layoutManager().sliceWidget(RIGHT)
    if widget is not None and widget.isVisible():
        shown = widget.sliceLogic().GetSliceCompositeNode().GetBackgroundVolumeID()
        if shown != volume.GetID():
            show_frame(volume, RIGHT)


def show_through(segmentation: Any) -> None:
    """Lets the speckle show through the segments, which Slicer draws half opaque."""
    segmentation.GetDisplayNode().SetOpacity2DFill(FILL_OPACITY)


def _in_plane_directions(volume: Any) -> tuple[np.ndarray, np.ndarray]:
    matrix = slicer.util.arrayFromVTKMatrix(_ijk_to_ras(volume))
    columns, rows = matrix[:3, 0], matrix[:3, 1]
    return columns / np.linalg.norm(columns), rows / np.linalg.norm(rows)


def _middle(volume: Any) -> np.ndarray:
    middle = (np.array(volume.GetImageData().GetDimensions()) - 1) / 2
    return (slicer.util.arrayFromVTKMatrix(_ijk_to_ras(volume)) @ [*middle, 1])[:3]


def _ijk_to_ras(volume: Any) -> Any:
    matrix = vtk.vtkMatrix4x4()
    volume.GetIJKToRASMatrix(matrix)
    return matrix
