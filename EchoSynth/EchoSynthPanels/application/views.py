"""What the slice views show: frames with the transducer at the top, image and synthetic image side by side."""

from __future__ import annotations

from typing import Any

import numpy as np
import qt
import slicer
import vtk

from EchoSynthMRML.cines import cine_of
from EchoSynthMRML.grid import Grid
from EchoSynthMRML.volumes import FILL_OPACITY, FILL_OPACITY_ALONE

LEFT, RIGHT = "Red", "Yellow"
SETTLE_MS = 50


def show_frame(volume: Any, view: str = LEFT) -> None:
    """Shows a frame volume in a slice view as its own rows and columns run, whatever its orientation in space."""
    widget = slicer.app.layoutManager().sliceWidget(view)
    if widget is None or volume is None or volume.GetImageData() is None:
        return
    logic = widget.sliceLogic()
    logic.GetSliceCompositeNode().SetBackgroundVolumeID(volume.GetID())
    logic.GetSliceCompositeNode().SetForegroundVolumeID(None)
    matrix = slicer.util.arrayFromVTKMatrix(_ijk_to_ras(volume))
    _turn(logic.GetSliceNode(), matrix, np.array(volume.GetImageData().GetDimensions()))
    logic.SnapSliceOffsetToIJK()
    logic.FitSliceToBackground()
    fit_soon(view)


def fit_soon(view: str = LEFT) -> None:
    """Lets the image of a slice view fill it; one that has just been laid out gets its size with the next turns."""
    widget = slicer.app.layoutManager().sliceWidget(view)
    if widget is not None and widget.sliceLogic().GetSliceCompositeNode().GetBackgroundVolumeID():
        qt.QTimer.singleShot(SETTLE_MS, widget.sliceLogic().FitSliceToBackground)


def show_over(volume: Any, opacity: float = 0.5, view: str = LEFT) -> None:
    """Lays a volume over what a slice view shows; None takes away what lies there."""
    widget = slicer.app.layoutManager().sliceWidget(view)
    if widget is not None:
        composite = widget.sliceLogic().GetSliceCompositeNode()
        composite.SetForegroundVolumeID(volume.GetID() if volume is not None else None)
        composite.SetForegroundOpacity(opacity)


def show_grid(grid: Grid, view: str = LEFT) -> None:
    """Turns a slice view to a grid on which no image lies, and lets it fill the view."""
    widget = slicer.app.layoutManager().sliceWidget(view)
    if widget is None:
        return
    node = widget.mrmlSliceNode()
    rows, columns = grid.shape
    _turn(node, np.reshape(grid.ijk_to_ras, (4, 4)), np.array([columns, rows, 1]))
    row, column = grid.spacing
    across, down, _ = node.GetDimensions()
    scale = max(columns * column / max(across, 1), rows * row / max(down, 1))
    node.SetFieldOfView(scale * across, scale * down, node.GetFieldOfView()[2])


def show_label_volume(volume: Any, view: str = LEFT) -> None:
    """Lays a label map volume over what a slice view shows; None takes away what lies there."""
    widget = slicer.app.layoutManager().sliceWidget(view)
    if widget is not None:
        widget.sliceLogic().GetSliceCompositeNode().SetLabelVolumeID(volume.GetID() if volume else None)


def show_label_map(node: Any, visible: bool) -> None:
    """Shows or hides a label map, a segmentation or a volume, over what the slice views show."""
    if node.IsA("vtkMRMLLabelMapVolumeNode"):
        show_label_volume(node if visible and node.GetImageData() is not None else None)
    elif node.GetDisplayNode() is not None:
        node.GetDisplayNode().SetVisibility(visible)


def is_label_map_shown(node: Any, view: str = LEFT) -> bool:
    """Whether a label map is shown over what the slice views show."""
    if node.IsA("vtkMRMLLabelMapVolumeNode"):
        widget = slicer.app.layoutManager().sliceWidget(view)
        return widget is not None and widget.sliceLogic().GetSliceCompositeNode().GetLabelVolumeID() == node.GetID()
    return node.GetDisplayNode() is not None and bool(node.GetDisplayNode().GetVisibility())


def is_shown(volume: Any, view: str = LEFT) -> bool:
    """Whether a slice view shows a volume."""
    widget = slicer.app.layoutManager().sliceWidget(view)
    return widget is not None and widget.sliceLogic().GetSliceCompositeNode().GetBackgroundVolumeID() == volume.GetID()


def show_player(volume: Any) -> None:
    """Shows the toolbar that plays the cine a volume belongs to; Slicer shows it by itself only for loaded scenes."""
    cine = cine_of(volume)
    if cine is not None and cine.browser is not None:
        slicer.modules.sequences.showSequenceBrowser(cine.browser)


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
    if widget is not None and widget.isVisible() and not is_shown(volume, RIGHT):
        show_frame(volume, RIGHT)


def fill(label_map: Any, on_image: bool) -> None:
    """Lets the speckle of an image show through the segments on it; on black they are filled more strongly.

    An opacity that a user has chosen stays.
    """
    display = label_map.GetDisplayNode() if label_map.IsA("vtkMRMLSegmentationNode") else None
    ours = (FILL_OPACITY, FILL_OPACITY_ALONE)
    if display is not None and any(np.isclose(display.GetOpacity2DFill(), opacity) for opacity in ours):
        display.SetOpacity2DFill(FILL_OPACITY if on_image else FILL_OPACITY_ALONE)


def draw_last(*markups: Any) -> None:
    """Draws markups above whatever has been added to the slice views since, in their order."""
    layout = slicer.app.layoutManager()
    for view in (layout.sliceWidget(name).sliceView() for name in layout.sliceViewNames()):
        manager = view.displayableManagerByClassName("vtkMRMLMarkupsDisplayableManager")
        for display in filter(None, (node.GetDisplayNode() for node in markups)):
            drawer = manager and manager.GetWidget(display)
            renderer = drawer.GetRenderer() if drawer else None
            if renderer is not None:
                # Their place in the list alone changes: a node that is added anew would take a cine's frame its time.
                drawn, shape = renderer.GetViewProps(), drawer.GetRepresentation()
                drawn.RemoveItem(shape)
                drawn.AddItem(shape)


def _turn(slice_node: Any, ijk_to_ras: np.ndarray, dimensions: np.ndarray) -> None:
    """Turns a slice view to rows and columns of voxels, its middle to theirs."""
    columns, rows = (ijk_to_ras[:3, axis] / np.linalg.norm(ijk_to_ras[:3, axis]) for axis in range(2))
    middle = (ijk_to_ras @ [*(dimensions - 1) / 2, 1])[:3]
    slice_node.SetSliceToRASByNTP(*-np.cross(columns, rows), *columns, *middle, 0)


def _ijk_to_ras(volume: Any) -> Any:
    matrix = vtk.vtkMatrix4x4()
    volume.GetIJKToRASMatrix(matrix)
    transform = volume.GetParentTransformNode()
    # What bends an image leaves it no rows and columns to turn a view to.
    if transform is not None and transform.IsTransformToWorldLinear():
        to_world = vtk.vtkMatrix4x4()
        transform.GetMatrixTransformToWorld(to_world)
        vtk.vtkMatrix4x4.Multiply4x4(to_world, matrix, matrix)
    return matrix
