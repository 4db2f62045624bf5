"""The endocardium on the shown frame: its points are dragged, the line between them follows."""

from __future__ import annotations

from typing import Any

import numpy as np
import slicer
from slicer.util import VTKObservationMixin

from EchoSynthJobs.measured_frames import MeasuredFrame
from EchoSynthLib.anatomy.heart2d.endocardium import Endocardium
from EchoSynthLib.measurement import with_points
from EchoSynthMRML.curves import read_points, write_labels, write_points
from EchoSynthPanels.application.signal import Signal
from EchoSynthPanels.application.views import draw_last
from EchoSynthPanels.measure.texts import SMALLEST_MOVE, point_labels


class EndocardiumCurve(VTKObservationMixin):
    """Shows an endocardium, and tells where its points are dragged to.

    Attributes:
        moved: is called with the endocardium as it is drawn now, before the views draw it.
    """

    def __init__(self) -> None:
        super().__init__()
        self.moved = Signal()
        self._nodes: tuple[Any, Any] | None = None
        self._place: MeasuredFrame | None = None
        self._start: Endocardium | None = None
        self._last = np.empty((0, 2))

    def show(self, handles: Any, line: Any, place: MeasuredFrame, endocardium: Endocardium) -> None:
        """Lays an endocardium on the frame of a place."""
        self.let_go()
        self._nodes, self._place, self._start = (handles, line), place, endocardium
        self._last = endocardium.points
        for node, points in ((handles, endocardium.points), (line, endocardium.curve)):
            node.SetAndObserveTransformNodeID(place.node.GetTransformNodeID())
            node.SetDisplayVisibility(True)
            write_points(node, points, place.label_map.grid)
        write_labels(handles, point_labels(place, endocardium.points))
        self.bring_to_front()
        # Else the first move would wait for the import of what interpolates.
        with_points(endocardium, endocardium.points, place.spacing)
        self.addObserver(handles, slicer.vtkMRMLMarkupsNode.PointModifiedEvent, self._on_point_moved)

    def bring_to_front(self) -> None:
        """Draws the curve above the segments, which come anew after each change of theirs."""
        if self._nodes is not None:
            handles, line = self._nodes
            draw_last(line, handles)

    def let_go(self) -> None:
        """Follows no node any longer."""
        self.removeObservers()
        self._nodes = self._place = self._start = None

    def _on_point_moved(self, caller: Any = None, event: Any = None) -> None:
        if self._nodes is None or self._place is None or self._start is None:
            return
        handles, line = self._nodes
        points = read_points(handles, self._place.label_map.grid)
        # Slicer tells of the same move more than once.
        if points.shape != self._last.shape or np.abs(points - self._last).max() < SMALLEST_MOVE:
            return
        self._last = points
        # From where the curve was shown first: many small moves would wear its detail down.
        drawn = with_points(self._start, points, self._place.spacing)
        write_points(line, drawn.curve, self._place.label_map.grid)
        write_labels(handles, point_labels(self._place, points))
        self.moved(drawn)
