"""Handles in the views: long axes to drag in their pictures, and a point in 3D that turns the plane of 2CH."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import slicer
from slicer.util import VTKObservationMixin

from EchoSynthLib.anatomy.views import FOUR_CHAMBER, TWO_CHAMBER
from EchoSynthMRML.heart_models import RECONSTRUCTED, parts_of
from EchoSynthMRML.plane_handles import ANGLE, angle_of, axis_of, ends_in_picture, show_angle, show_axis
from EchoSynthPanels.application.signal import Signal
from EchoSynthPanels.new_heart.heart_views import slice_node, space_node

_CLICK_DEG, _CLICK_PIXELS = 1.5, 0.1
"""What moved less was clicked, not dragged."""


class PlaneHandles(VTKObservationMixin):
    """Shows where the pictures of the heart in the scene lie, and tells what a user drags.

    Args:
        pictures: the slice view of each picture, by the name of its view.

    Attributes:
        axis_moved: is called with a view and [[row, column], [row, column]] in pixels of its picture, once an end of
            its long axis was let go.
        angle_moved: is called with degrees between the planes of 4CH and 2CH.
        clicked: is called once a handle was let go where it was.
    """

    def __init__(self, pictures: Mapping[str, str]) -> None:
        super().__init__()
        self.axis_moved, self.angle_moved, self.clicked = Signal(), Signal(), Signal()
        self._pictures = pictures
        self._visible = True
        self._record: Mapping[str, Any] | None = None

    def show(self, visible: bool) -> None:
        """Shows or hides them all."""
        self._visible = visible
        for node in self._nodes().values():
            node.SetDisplayVisibility(visible)

    def place(self, record: Mapping[str, Any], angle: bool) -> None:
        """Lays them where the pictures of a record lie.

        Args:
            record: of one moment, as the task `reconstruct` writes it.
            angle: whether its model can be told the angle between planes.
        """
        self._record = record
        # A scene of an earlier version has no long axes in its records.
        axes = record.get("long_axes", {})
        for view, ends in axes.items():
            if view in record["planes"]:
                # In 3D those of all views are one.
                space = space_node() if view == FOUR_CHAMBER.name else None
                shown_in = (slice_node(self._pictures[view]), space)
                show_axis(slicer.mrmlScene, view, record["planes"][view], ends, filter(None, shown_in))
        if angle and TWO_CHAMBER.name in axes:
            four, now = FOUR_CHAMBER.name, record["plane_angle_deg"]
            show_angle(slicer.mrmlScene, record["planes"][four], axes[four], now, [space_node()])
        self.removeObservers()
        known = {axis_of(view) for view in axes} | ({ANGLE} if angle else set())
        for shows, node in self._nodes().items():
            node.SetDisplayVisibility(self._visible and shows in known)
            self.addObserver(node, slicer.vtkMRMLMarkupsNode.PointEndInteractionEvent, self._on_let_go)

    def let_go(self) -> None:
        """Forgets them: their scene goes."""
        self.removeObservers()
        self._record = None

    def _nodes(self) -> dict[str, Any]:
        parts = parts_of(slicer.mrmlScene, RECONSTRUCTED)
        ours = (ANGLE, *map(axis_of, self._pictures))
        return {shows: parts[shows] for shows in ours if shows in parts}

    def _on_let_go(self, node: Any, event: Any = None) -> None:
        record, shows = self._record, node.GetAttribute(RECONSTRUCTED)
        if record is None:
            return
        if shows == ANGLE:
            four, now = FOUR_CHAMBER.name, record["plane_angle_deg"]
            camera = slicer.modules.cameras.logic().GetViewActiveCameraNode(space_node())
            angle = angle_of(node, record["planes"][four], record["long_axes"][four], camera.GetPosition(), now)
            if abs(angle - now) > _CLICK_DEG:
                self.angle_moved(angle)
            else:
                self.clicked()
            return
        view = next(view for view in self._pictures if axis_of(view) == shows)
        ends = ends_in_picture(node, record["planes"][view])
        if np.abs(np.subtract(ends, record["long_axes"][view])).max() > _CLICK_PIXELS:
            self.axis_moved(view, ends)
        else:
            self.clicked()
