"""Lays over the shown frame where a model looked for its view, as long as that is asked for and the frame is shown."""

from __future__ import annotations

from typing import Any

import slicer

from EchoSynthPanels.application.views import show_over

_COLORS = "vtkMRMLColorTableNodeFileInferno.txt"
_FAINT = 0.15
"""Part of the largest fall of the share, below which nothing is shown."""


class Looked:
    """The one map that is shown.

    Attributes:
        node: its volume, None where none is.
    """

    def __init__(self) -> None:
        self.node: Any = None

    def show(self, node: Any) -> None:
        """Shows a map in place of the one before."""
        self.clear()
        self.node = node
        largest = node.GetImageData().GetScalarRange()[1]
        display = node.GetDisplayNode()
        if slicer.mrmlScene.GetNodeByID(_COLORS) is not None:
            display.SetAndObserveColorNodeID(_COLORS)
        display.AutoWindowLevelOff()
        display.SetWindowLevelMinMax(0, largest or 1)
        display.SetThreshold(_FAINT * largest, largest or 1)
        display.SetApplyThreshold(True)
        show_over(node)

    def clear(self) -> None:
        """Takes the map away, and its volume out of the scene: it belongs to one frame, and is soon found again."""
        node, self.node = self.node, None
        if node is not None and node.GetScene() is not None:
            show_over(None)
            node.GetScene().RemoveNode(node)
