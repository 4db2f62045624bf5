"""The views of a heart: its surfaces in 3D, the plane that cuts it, and the echo of that plane."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import ctk
import numpy as np
import slicer

from EchoSynthLib.anatomy.heart3d.pose import Pose
from EchoSynthMRML.grid import Grid
from EchoSynthMRML.heart_models import PART, RECONSTRUCTED, parts_of, show_in, show_outline
from EchoSynthMRML.heart_planes import grid_of, sector_outline, turn_view
from EchoSynthMRML.provenance import stamp
from EchoSynthMRML.volumes import add_to_scene, new_frame, replace_frame
from EchoSynthPanels.application.views import LEFT, RIGHT

HEART_LAYOUT, RECONSTRUCTED_LAYOUT, THREE_PICTURES_LAYOUT = 6300, 6301, 6302
_SHOWN = "EchoSynth.heart_layout"
"""Attribute of the 3D view: the number of the layout of ours that is shown; saved with the scene."""
ECHO = "echo"
"""The part of a heart (`heart_models.PART`) that is its picture."""
CUT_VIEW, ECHO_VIEW, THIRD_VIEW = LEFT, RIGHT, "Green"
_PICTURES = {
    HEART_LAYOUT: {ECHO_VIEW: 600, CUT_VIEW: 400},
    RECONSTRUCTED_LAYOUT: {ECHO_VIEW: 500, CUT_VIEW: 500},
    THREE_PICTURES_LAYOUT: {ECHO_VIEW: 334, CUT_VIEW: 333, THIRD_VIEW: 333},
}
"""Slice views of each layout, from top to bottom, in thousandths of its height."""
_LOOKS = {
    ECHO_VIEW: ("Y", "#EDD54C", "Sagittal"),
    CUT_VIEW: ("R", "#F34A33", "Axial"),
    THIRD_VIEW: ("G", "#6EB04B", "Coronal"),
}
"""Label, color and orientation of each slice view, which are Slicer's own."""
_CAMERA = (-120.0, 470.0, 110.0)
"""RAS, mm: from the front, a little from the left and from above."""

_VIEW = '<item splitSize="{size}"><view class="{kind}" singletontag="{tag}">{properties}</view></item>'
_SLICE = (
    '<property name="orientation" action="default">{orientation}</property>'
    '<property name="viewlabel" action="default">{label}</property>'
    '<property name="viewcolor" action="default">{color}</property>'
)


def register_heart_layouts() -> None:
    """Makes the layouts known to Slicer, and opens scenes with the one that was saved; called once, at the start.

    `measure.layouts` leaves layouts of ours out of saved scenes, for a Slicer that does not know them.
    """
    layout, scene = _layout_node(), slicer.mrmlScene
    for number in _PICTURES:
        if not layout.IsLayoutDescription(number):
            layout.AddLayoutDescription(number, _description(number))
    layout.AddObserver("ModifiedEvent", _keep_shown)
    scene.AddObserver(scene.EndImportEvent, _show_again)
    _show_again()


def _keep_shown(caller: Any = None, event: Any = None) -> None:
    view, shown = space_node(), _layout_node().GetViewArrangement()
    if view is not None and not slicer.mrmlScene.IsBatchProcessing():
        view.SetAttribute(_SHOWN, str(shown) if shown in _PICTURES else None)


def _show_again(caller: Any = None, event: Any = None) -> None:
    """Shows the layout of ours that a scene was saved with, and leaves the camera as it was."""
    view = space_node()
    shown = view and view.GetAttribute(_SHOWN)
    if shown and int(shown) in _PICTURES:
        _layout_node().SetViewArrangement(int(shown))


def show_layout(number: int = HEART_LAYOUT) -> None:
    """Lays out the 3D view at the left, at the right the echo above the plane that cuts, or pictures that are alike.

    Of two hearts in a scene, one that is made and one that is reconstructed, the layout's is shown.
    """
    layout = _layout_node()
    shown = PART if number == HEART_LAYOUT else RECONSTRUCTED
    for kind in (PART, RECONSTRUCTED):
        for node in parts_of(slicer.mrmlScene, kind).values():
            if node.IsA("vtkMRMLModelNode"):
                node.SetDisplayVisibility(kind == shown)
    if layout.GetViewArrangement() != number:
        layout.SetViewArrangement(number)
        _look_from_the_front()
        # The plane that cuts would hide the heart; of pictures both are seen.
        slice_node(CUT_VIEW).SetSliceVisible(number != HEART_LAYOUT)


def shows_reconstructed() -> bool:
    """Whether the views are those of a reconstructed heart."""
    return _layout_node().GetViewArrangement() in (RECONSTRUCTED_LAYOUT, THREE_PICTURES_LAYOUT)


def show_echo(scene: Any, echo: np.ndarray, record: Mapping[str, Any]) -> Any:
    """Shows the echo (H, W) of a cut where it lies, in its view and in 3D, with the border of its sector."""
    grid = grid_of(record, (echo.shape[0], echo.shape[1]))
    volume = parts_of(scene).get(ECHO)
    if volume is None or Grid.of_volume(volume).shape != grid.shape:
        volume = _new_volume(scene, echo, grid, volume)
    else:
        blocked = volume.StartModify()
        volume.SetIJKToRASMatrix(grid.matrix())
        replace_frame(volume, echo)
        volume.EndModify(blocked)
    stamp(volume, record)
    show_outline(scene, sector_outline(record))
    view = slice_node(ECHO_VIEW)
    if view is not None:
        composite = slicer.app.layoutManager().sliceWidget(ECHO_VIEW).sliceLogic().GetSliceCompositeNode()
        if composite.GetBackgroundVolumeID() != volume.GetID():
            composite.SetBackgroundVolumeID(volume.GetID())
            composite.SetForegroundVolumeID(None)
            composite.SetLabelVolumeID(None)
        turn_view(view, Pose.from_dict(dict(record["pose"])), record["depth_mm"])
        view.SetSliceVisible(True)
        # The border of the sector is drawn; that of the view says nothing.
        view.SetSliceEdgeVisibility3D(False)
        _keep_echo_clear(scene)
    return volume


def show_cut(record: Mapping[str, Any]) -> None:
    """Turns the view that cuts to the plane of a record, with nothing but the heart in it."""
    view = slice_node(CUT_VIEW)
    if view is not None:
        composite = slicer.app.layoutManager().sliceWidget(CUT_VIEW).sliceLogic().GetSliceCompositeNode()
        for show_nothing in (composite.SetBackgroundVolumeID, composite.SetForegroundVolumeID):
            show_nothing(None)
        composite.SetLabelVolumeID(None)
        turn_view(view, Pose.from_dict(dict(record["pose"])), record["depth_mm"])


def slice_node(name: str) -> Any:
    """The node of a slice view; None where there is no such view."""
    widget = slicer.app.layoutManager().sliceWidget(name)
    return None if widget is None else widget.mrmlSliceNode()


def _keep_echo_clear(scene: Any) -> None:
    """Leaves lines off the echo: where the heart is, the picture tells."""
    views = [slice_node(CUT_VIEW), *slicer.util.getNodesByClass("vtkMRMLViewNode")]
    lines = [node for name, node in parts_of(scene).items() if name != ECHO]
    if lines and set(lines[-1].GetDisplayNode().GetViewNodeIDs()) != {view.GetID() for view in views}:
        show_in(lines, views)


def _new_volume(scene: Any, echo: np.ndarray, grid: Grid, before: Any) -> Any:
    if before is not None:
        scene.RemoveNode(before)
    volume = new_frame(echo, grid, "heart echo")
    volume.SetAttribute(PART, ECHO)
    display = add_to_scene(scene, volume).GetDisplayNode()
    # Outside the sector the surfaces are seen through the picture.
    display.SetThreshold(1, 255)
    display.SetApplyThreshold(True)
    return volume


def _layout_node() -> Any:
    return slicer.app.layoutManager().layoutLogic().GetLayoutNode()


def space_node() -> Any:
    """The node of the 3D view that the layouts show; None where there is none yet."""
    return slicer.mrmlScene.GetSingletonNode("1", "vtkMRMLViewNode")


def _look_from_the_front() -> None:
    widget = slicer.app.layoutManager().threeDWidget(0)
    if widget is None:
        return
    view = widget.threeDView()
    # The box of the scene would be that of the sector.
    view.mrmlViewNode().SetBoxVisible(False)
    # Else clear surfaces and pictures would hide one another by chance.
    view.mrmlViewNode().SetUseDepthPeeling(True)
    view.lookFromAxis(ctk.ctkAxesWidget.Anterior)
    camera = slicer.modules.cameras.logic().GetViewActiveCameraNode(view.mrmlViewNode())
    if camera is not None:
        camera.SetFocalPoint(0, 0, 0)
        camera.SetPosition(*_CAMERA)
        camera.SetViewUp(0, 0, 1)
        camera.ResetClippingRange()


def _description(number: int) -> str:
    """Of a layout, as Slicer reads it."""

    def a_slice(tag: str, size: int) -> str:
        label, color, orientation = _LOOKS[tag]
        properties = _SLICE.format(label=label, color=color, orientation=orientation)
        return _VIEW.format(size=size, kind="vtkMRMLSliceNode", tag=tag, properties=properties)

    space = _VIEW.format(
        size=500,
        kind="vtkMRMLViewNode",
        tag="1",
        properties='<property name="viewlabel" action="default">1</property>',
    )
    slices = "".join(a_slice(tag, size) for tag, size in _PICTURES[number].items())
    right = f'<item splitSize="500"><layout type="vertical" split="true">{slices}</layout></item>'
    return f'<layout type="horizontal" split="true">{space}{right}</layout>'
