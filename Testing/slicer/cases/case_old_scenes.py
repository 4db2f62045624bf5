"""Scenes of version 0.1, saved when all panels stood in one module, open with their values in the modules of now."""

from __future__ import annotations

import unittest
from pathlib import Path

import slicer

from EchoSynthPanels.parameters import (
    DataSource,
    EndocardiumSource,
    ImageQuality,
    Layout,
    MeasureScope,
    SegmentView,
    View,
)
from events import spin
from the_module import MODULES, AllPanels, open_module

SCENE = Path(__file__).resolve().parents[1] / "saved-by-0.1.mrb"
VALUES = {
    "allFrames": False,
    "segmentView": SegmentView.TWO_CHAMBER,
    "confidenceMap": True,
    "segmenter": "segmenter-synthetic",
    "view": View.TWO_CHAMBER,
    "count": 3,
    "seed": 41,
    "steps": 7,
    "imageQuality": ImageQuality.MEDIUM,
    "generator": "edm-l64",
    "solver": "ddim",
    "synthesizeAllFrames": True,
    "variationCount": 4,
    "variationSeed": 11,
    "strength": 0.35,
    "ejectionFraction": 25.0,
    "wallThickness": 130.0,
    "measureScope": MeasureScope.VIEWS,
    "endocardiumSource": EndocardiumSource.CONTOUR_MODEL,
    "dataSource": DataSource.SCENE,
    "dataFolder": Path("my pairs"),
    "dataLayout": Layout.PNG,
    "dataName": "Hearts",
    "dataVariations": 9,
    "dataImages": 2,
}
NODES = {
    "inputVolume": "echo",
    "labelMap": "echo segmentation",
    "outputSegmentation": "echo segmentation",
    "reference": "reference",
    "fourChamberED": "echo segmentation",
    "twoChamberES": "echo",
    "fourChamberES": None,
    "liveVolume": None,
}


class OldScene(unittest.TestCase):
    def setUp(self):
        for name in MODULES:
            open_module(name)
        node = open_module().logic.getParameterNode().parameterNode
        self.before = {name: node.GetParameter(name) for name in node.GetParameterNames()}
        slicer.mrmlScene.Clear(0)
        slicer.util.loadScene(str(SCENE))
        spin(0.2)
        self.addCleanup(self.put_back)

    def put_back(self):
        slicer.mrmlScene.Clear(0)
        parameters = open_module().logic.getParameterNode()
        for name in VALUES:
            setattr(parameters, name, parameters.default(name).value)

    def test_every_value_and_every_chosen_node_is_there_in_each_module(self):
        for module in MODULES:
            parameters = open_module(module).logic.getParameterNode()
            assert {name: getattr(parameters, name) for name in VALUES} == VALUES
            named = {name: getattr(parameters, name) for name in NODES}
            assert {name: node and node.GetName() for name, node in named.items()} == NODES

    def test_the_panels_show_them(self):
        panels = AllPanels()
        assert panels["Input"].ui.inputSelector.currentNode().GetName() == "echo"
        assert panels["Input"].ui.labelMapSelector.currentNode().GetName() == "echo segmentation"
        assert panels["Synthesize"].ui.seedSpinBox.value == 41
        assert panels["Vary"].ui.wallThicknessSlider.value == 130
        assert panels["Measure"].ui.measureScopeComboBox.currentText == MeasureScope.VIEWS.label()
        assert panels["DataSet"].ui.dataNameLineEdit.text == "Hearts"
