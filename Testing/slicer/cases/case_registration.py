"""What Slicer shows of EchoSynth outside its panels, and what the module costs at start-up."""

from __future__ import annotations

import builtins
import importlib.util
import sys
import unittest

import slicer

from drawn_echo import drawn_heart, echo_volume
from EchoSynthPanels.application import registration
from events import RIGHT, answering, choose_in_menu, click, click_item, spin
from the_module import MODULES, names_in_scene, open_module


class StartUp(unittest.TestCase):
    def test_the_modules_import_nothing_of_third_parties_as_they_start(self):
        asked, real = set(), builtins.__import__

        def spy(name, globals=None, locals=None, fromlist=(), level=0):
            if globals and str(globals.get("__name__", "")).startswith("Again"):
                asked.add(name)
            return real(name, globals, locals, fromlist, level)

        builtins.__import__ = spy
        try:
            for name in MODULES:
                spec = importlib.util.spec_from_file_location(f"Again{name}", slicer.util.modulePath(name))
                spec.loader.exec_module(importlib.util.module_from_spec(spec))
        finally:
            builtins.__import__ = real
        assert asked == {"EchoSynthPanels.logic", "EchoSynthPanels.module", "slicer.i18n"}
        assert not {"torch", "monai", "diffusers", "onnxruntime"} & set(sys.modules)


class SampleData(unittest.TestCase):
    def test_our_own_data_load_by_their_buttons(self):
        slicer.util.selectModule("SampleData")
        spin(0.5)  # its buttons flow into rows a few turns later
        window = slicer.modules.sampledata.widgetRepresentation()
        for text, name in (
            ("Label maps of parametric hearts", "parametric_2CH_ES"),
            ("Synthetic four-chamber frame", "synthetic_4CH_ED"),
            ("Synthetic four-chamber cine", "synthetic_4CH_cine"),
        ):
            button = next(one for one in window.findChildren("QAbstractButton") if one.text == text)
            click(button)
            spin(0.2)
            assert slicer.mrmlScene.GetFirstNodeByName(name) is not None, (name, names_in_scene())


class SubjectHierarchy(unittest.TestCase):
    def test_a_right_click_on_an_image_opens_the_segment_panel_with_it(self):
        module = open_module()
        volume = echo_volume(drawn_heart(), name="clicked")
        self._choose("clicked", "Segment echo with EchoSynth...")
        assert slicer.util.selectedModule() == "EchoSynth"
        assert module.logic.getParameterNode().inputVolume is volume

    def test_a_right_click_on_a_segmentation_opens_the_synthesize_panel_with_it(self):
        module = open_module()
        node = registration.load_label_map("parametric_4CH_ES")
        self._choose(node.GetName(), "Synthesize echo with EchoSynth...")
        assert module.logic.getParameterNode().labelMap is node

    def _choose(self, name, action):
        slicer.util.selectModule("Data")
        spin(0.2)
        widget = slicer.modules.data.widgetRepresentation()
        tree = next(one for one in widget.findChildren("qMRMLSubjectHierarchyTreeView") if one.isVisible())
        with answering(lambda menu: choose_in_menu(menu, action)):
            click_item(tree, name, button=RIGHT)


class SegmentStatistics(unittest.TestCase):
    def test_areas_are_in_mm2_where_the_pixel_size_is_known(self):
        from SegmentStatistics import SegmentStatisticsLogic

        node = registration.load_label_map("parametric_4CH_ED")
        logic = SegmentStatisticsLogic()
        logic.getParameterNode().SetParameter("Segmentation", node.GetID())
        logic.computeStatistics()
        found = logic.getStatistics()
        segment_id = node.GetSegmentation().GetNthSegmentID(0)
        pixels = found[segment_id, "EchoSynthSegmentStatisticsPlugin.area_px"]
        area = found[segment_id, "EchoSynthSegmentStatisticsPlugin.area_mm2"]
        assert abs(area / pixels - 0.352323 * 0.352679) < 1e-4


class SelfTest(unittest.TestCase):
    def test_slicers_self_test_passes(self):
        open_module()
        from EchoSynth import EchoSynthTest

        EchoSynthTest().runTest()


class Scripting(unittest.TestCase):
    def test_the_documented_calls(self):
        open_module()
        logic = slicer.util.getModuleLogic("EchoSynth")
        segmentation = logic.segment(echo_volume(drawn_heart()), allFrames=False)
        assert segmentation.IsA("vtkMRMLSegmentationNode")
        images = logic.synthesize(segmentation, count=2, seed=0, view="4CH", reference=None)
        assert [image.GetClassName() for image in images] == ["vtkMRMLScalarVolumeNode"] * 2
        assert len(logic.vary(segmentation, count=2)) == 2

    def test_what_cannot_be_done_is_a_plain_error(self):
        from EchoSynthLib.errors import EchoSynthError

        open_module()
        logic = slicer.util.getModuleLogic("EchoSynth")
        with self.assertRaisesRegex(EchoSynthError, "belongs to no sequence"):
            logic.segment(echo_volume(drawn_heart()), allFrames=True)
        with self.assertRaisesRegex(EchoSynthError, "label map"):
            logic.synthesize(echo_volume(drawn_heart()))
