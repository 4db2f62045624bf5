"""The panel Reconstruct with a patient's views, for the cases that have it."""

from __future__ import annotations

import unittest

import numpy as np
import slicer
from vtk.util.numpy_support import vtk_to_numpy

from EchoSynthLib.anatomy.structures import STRUCTURES
from EchoSynthMRML.heart_models import RECONSTRUCTED, parts_of
from EchoSynthPanels.application.registration import load_label_map
from events import spin, wait_until
from the_module import bring_up, open_module, press_apply

TRUTH = {"seed": 3, "ejectionFraction": 55, "volume": 130}
NAMES = {one.name for one in STRUCTURES}


class Reconstructing(unittest.TestCase):
    """The module with a patient's views; no tests of its own."""

    def setUp(self):
        self.module = open_module("EchoHeart3D")
        self.panel = self.module.panels["Reconstruct"]
        self.ui, self.heart = self.panel.ui, self.panel.heart
        self.parameters = self.module.logic.getParameterNode()
        bring_up(self.panel)
        self.addCleanup(self.panel.exit)

    def load_label_maps(self, *places: str) -> None:
        for place in places or ("4CH_ED", "4CH_ES", "2CH_ED", "2CH_ES"):
            load_label_map(f"parametric_{place}")
        spin(0.5)

    def make(self) -> None:
        press_apply(self.panel, 300)
        self.settle()

    def settle(self) -> None:
        spin(0.1)
        wait_until(lambda: not self.heart.busy, 240, "the surfaces")
        spin(0.3)

    @property
    def parts(self):
        return parts_of(slicer.mrmlScene, RECONSTRUCTED)

    def surface(self, name: str = "left ventricle") -> np.ndarray:
        return vtk_to_numpy(self.parts[name].GetPolyData().GetPoints().GetData()).copy()

    def shown_in(self, view: str):
        return slicer.app.layoutManager().sliceWidget(view).sliceLogic().GetBackgroundLayer().GetVolumeNode()
