"""What cases of the Measure panel share: segmenting, measuring, and dragging a point of the endocardium."""

from __future__ import annotations

import unittest
from typing import Any

import numpy as np
import slicer

from EchoSynthMRML.curves import read_points
from EchoSynthPanels.measure.layouts import MEASURE_LAYOUTS
from events import choose, drag_in_slice, spin, wait_until
from the_module import AllPanels, open_module, press_apply, unfold


def is_shown() -> bool:
    """Whether the layout of measurements is shown; its views have been filled by then."""
    return bool(slicer.app.layoutManager().layout in MEASURE_LAYOUTS.values())


def drawn_last() -> set[str]:
    """The names of the two curves that the left view draws above all else; of other props their classes."""
    view = slicer.app.layoutManager().sliceWidget("Red").sliceView()
    manager = view.displayableManagerByClassName("vtkMRMLMarkupsDisplayableManager")
    shapes, props = {}, []
    for node in slicer.util.getNodesByClass("vtkMRMLMarkupsCurveNode"):
        drawer = manager.GetWidget(node.GetDisplayNode())
        shapes[drawer.GetRepresentation()] = node.GetName()
        props = list(drawer.GetRenderer().GetViewProps())
    return {shapes.get(prop, prop.GetClassName()) for prop in props[-2:]}


class Measuring(unittest.TestCase):
    """A case that measures; it has no tests of its own."""

    def setUp(self) -> None:
        """Opens the module."""
        self.module = open_module()
        self.panels = AllPanels()
        self.parameters = self.module.logic.getParameterNode()
        self.panel = self.panels["Measure"]

    def tearDown(self) -> None:
        """Leaves the frames alone that the next case segments."""
        self.module.logic.getParameterNode().allFrames = False

    def segment(self, volume: Any, all_frames: bool = False) -> None:
        """Segments a volume, which becomes the chosen image, and its label map the chosen label map."""
        self.parameters.inputVolume = volume
        self.parameters.allFrames = all_frames
        press_apply(self.panels["Segment"])

    def measure(self, what: str = "Shown frame", endocardium: str = "") -> None:
        """Chooses what is measured, and from what if that is told, and presses Measure."""
        unfold(self.panel)
        for combo, entry in (
            (self.panel.ui.measureScopeComboBox, what),
            (self.panel.ui.endocardiumSourceComboBox, endocardium),
        ):
            if entry and combo.currentText != entry:
                choose(combo, entry)
        press_apply(self.panel)
        wait_until(is_shown, 10, "the measurements in their views")
        spin(0.3)

    def value(self, name: str, where: str = "") -> float:
        """A measurement."""
        return self.panel.measured.study.value(name, where)

    def points(self, where: str = "") -> np.ndarray:
        """The points (7, 2) of the endocardium that is shown, (row, column)."""
        return read_points(self.panel.nodes.handles, self.panel.measured.places[where].label_map.grid)

    def drag_point(self, index: int, columns: float, where: str = "") -> None:
        """Drags a point of the endocardium sideways with the mouse."""
        row, column = self.points(where)[index]
        matrix = np.reshape(self.panel.measured.places[where].label_map.grid.ijk_to_ras, (4, 4))
        drag_in_slice("Red", [(matrix @ (column + part * columns, row, 0, 1))[:3] for part in (0, 0.5, 1)])
        spin(0.1)
