"""Live, in every situation that a user can bring about while it is on."""

from __future__ import annotations

import os
import signal
import tempfile
import unittest
from pathlib import Path

import numpy as np
import slicer

from drawn_echo import drawn_heart, echo_volume
from EchoSynthJobs.synthesize import SynthesisRequest, synthesize
from EchoSynthMRML.cines import cine_of
from EchoSynthMRML.grid import Grid
from EchoSynthMRML.label_maps import link_to_volume, new_segmentation, read_label_map
from EchoSynthMRML.provenance import stamps_of
from EchoSynthMRML.volumes import add_to_scene
from EchoSynthPanels.application.engine import Packages, run
from EchoSynthPanels.application.registration import CINE, load_cine
from events import answering, choose_in_menu, click, drag_in_slice, ras, spin, wait_until
from the_module import AllPanels, names_in_scene, open_module, paint, pixels, press_apply, unfold


class Live(unittest.TestCase):
    def setUp(self):
        self.module = open_module()
        self.panels = AllPanels()
        self.parameters = self.module.logic.getParameterNode()
        self.panel = self.panels["Synthesize"]
        self.live = self.panel.live
        self.engine = self.panel.engine

    def tearDown(self):
        slicer.util.selectModule("EchoSynth")
        parameters = self.module.logic.getParameterNode()
        parameters.live, parameters.seed, parameters.allFrames = False, 0, False

    def switch_on(self):
        """A small heart on its image, and Live."""
        heart = drawn_heart()
        self.frame = echo_volume(heart)
        node = new_segmentation(heart.label_map, Grid.of_volume(self.frame), "heart")
        self.heart = add_to_scene(slicer.mrmlScene, node)
        link_to_volume(self.heart, self.frame)
        self.parameters.labelMap = self.heart
        unfold(self.panel)
        click(self.panel.ui.liveCheckBox)
        self.wait_for_image()

    def wait_for_image(self):
        spin(0.06)
        wait_until(lambda: not self.live.busy, 15, "the live image")
        spin(0.02)

    def paint(self, row, segment=0):
        paint(self.heart, segment, slice(row, row + 3), slice(50, 90))

    def test_of_rapid_strokes_the_last_one_wins_and_the_image_is_that_of_synthesize(self):
        self.switch_on()
        for row in range(20, 60, 4):
            self.paint(row)
            spin(0.02)
        self.wait_for_image()
        wish = SynthesisRequest(sector=self.live.sector)
        drawn = run("test", lambda client: synthesize(slicer.mrmlScene, client, self.heart, wish)).volumes[0]
        assert np.array_equal(pixels(self.parameters.liveVolume), pixels(drawn))

    def test_a_stroke_with_the_mouse_then_undo(self):
        self.switch_on()
        before = pixels(self.parameters.liveVolume)
        with answering(lambda menu: choose_in_menu(menu, "Open in Segment Editor")):
            click(self.panels["Input"].ui.labelMapArrow)
        spin(0.2)
        editor = slicer.modules.segmenteditor.widgetRepresentation().self().editor
        editor.setCurrentSegmentID(self.heart.GetSegmentation().GetNthSegmentID(2))
        editor.setActiveEffectByName("Paint")
        drag_in_slice("Red", [ras(self.frame, 60, 30), ras(self.frame, 75, 35)])
        self.wait_for_image()
        assert (pixels(self.parameters.liveVolume) != before).any()
        editor.undo()
        self.wait_for_image()
        assert np.array_equal(pixels(self.parameters.liveVolume), before)

    def test_the_next_seed_draws_anew_in_place_and_under_its_own_name(self):
        self.switch_on()
        volume, before = self.parameters.liveVolume, pixels(self.parameters.liveVolume)
        self.parameters.seed = 5
        self.wait_for_image()
        assert self.parameters.liveVolume is volume
        assert (pixels(volume) != before).any()
        assert (volume.GetName(), stamps_of(volume)["seed"]) == ("synthetic s5 #0 of heart", 5)

    def test_what_changes_no_pixel_draws_nothing(self):
        self.switch_on()
        drawn = self.live.redrawn
        self.heart.GetSegmentation().GetNthSegment(0).SetColor(0, 1, 0)
        slicer.util.selectModule("Data")
        slicer.util.selectModule("EchoSynth")
        self.wait_for_image()
        assert self.live.redrawn == drawn

    def test_names_that_are_changed_stay(self):
        self.switch_on()
        volume = self.parameters.liveVolume
        volume.SetName("a/very " + "long " * 60 + "name")
        self.heart.SetName("another/heart")
        self.paint(30)
        self.wait_for_image()
        assert self.parameters.liveVolume is volume
        assert volume.GetName().startswith("a/very long")

    def test_another_label_map_leaves_the_image_of_the_first_alone(self):
        self.switch_on()
        first, before = self.parameters.liveVolume, pixels(self.parameters.liveVolume)
        label_map = read_label_map(self.heart)
        other = new_segmentation(np.roll(label_map.codes, 9, axis=1), label_map.grid, "other")
        self.parameters.labelMap = add_to_scene(slicer.mrmlScene, other)
        self.wait_for_image()
        assert self.parameters.liveVolume is not first
        assert np.array_equal(pixels(first), before)

    def test_the_image_is_removed(self):
        self.switch_on()
        slicer.mrmlScene.RemoveNode(self.parameters.liveVolume)
        self.paint(30)
        self.wait_for_image()
        assert self.parameters.liveVolume.GetName() == "synthetic s0 #0 of heart"

    def test_the_segmentation_is_removed_during_a_drawing(self):
        self.switch_on()
        slicer.mrmlScene.RemoveNode(self.parameters.liveVolume)
        self.paint(30)
        spin(0.05)
        slicer.mrmlScene.RemoveNode(self.heart)
        self.wait_for_image()
        assert names_in_scene() == ["echo"]
        assert self.parameters.labelMap is None

    def test_the_reference_is_removed_and_no_other_image_takes_its_place(self):
        self.switch_on()
        self.parameters.reference = self.frame
        self.wait_for_image()
        slicer.mrmlScene.RemoveNode(self.frame)
        self.wait_for_image()
        assert self.parameters.reference is None
        assert self.live.problem == ""

    def test_frames_of_a_cine_are_drawn_as_they_are_shown_and_synthetic_cines_stay_as_they_are(self):
        self.parameters.inputVolume = load_cine(CINE)
        self.parameters.allFrames = True
        press_apply(self.panels["Segment"])
        self.heart = self.parameters.labelMap
        cine = cine_of(self.heart)
        click(self.panel.ui.liveCheckBox)
        self.wait_for_image()
        before = pixels(self.parameters.liveVolume)
        cine.browser.SetSelectedItemNumber(8)
        self.wait_for_image()
        assert (pixels(self.parameters.liveVolume) != before).any()
        self.parameters.liveVolume = synthetic = self.parameters.inputVolume
        kept = pixels(cine_of(synthetic).node(8))
        self.paint(60)
        self.wait_for_image()
        assert self.parameters.liveVolume is not synthetic
        assert np.array_equal(pixels(cine_of(synthetic).node(8)), kept)
        edited = read_label_map(self.heart).codes.copy()
        cine.browser.SetSelectedItemNumber(0)
        assert np.array_equal(read_label_map(cine.node(8)).codes, edited)

    def test_the_worker_dies(self):
        self.switch_on()
        self.live.follow(None)
        os.kill(self.engine.client.pid, signal.SIGKILL)
        self.live.follow(self.parameters)
        self.paint(30)
        drawn = self.live.redrawn
        self.wait_for_image()
        self.paint(36)
        self.wait_for_image()
        assert self.live.redrawn > drawn
        assert self.live.problem == ""

    def test_the_scene_is_closed_during_a_drawing(self):
        self.switch_on()
        self.paint(30)
        spin(0.05)
        slicer.mrmlScene.Clear(0)
        spin(0.3)
        assert names_in_scene() == []
        assert not self.live.busy

    def test_a_saved_scene_comes_back_as_it_was_and_goes_on(self):
        self.switch_on()
        before = pixels(self.parameters.liveVolume)
        path = str(Path(tempfile.mkdtemp(prefix="echosynth-live-")) / "scene.mrb")
        assert slicer.util.saveScene(path)
        slicer.mrmlScene.Clear(0)
        spin(0.1)
        slicer.util.loadScene(path)
        self.wait_for_image()
        parameters = self.module.logic.getParameterNode()
        assert parameters.live
        assert np.array_equal(pixels(parameters.liveVolume), before)
        self.heart, volume = parameters.labelMap, parameters.liveVolume
        self.paint(30)
        self.wait_for_image()
        assert parameters.liveVolume is volume
        assert (pixels(volume) != before).any()

    def test_it_waits_for_the_engine(self):
        self.engine._packages = Packages(("onnxruntime",), ())
        self.addCleanup(self.engine.look_again)
        heart = drawn_heart()
        frame = echo_volume(heart)
        node = new_segmentation(heart.label_map, Grid.of_volume(frame), "heart")
        self.parameters.labelMap = add_to_scene(slicer.mrmlScene, node)
        self.parameters.live = True
        spin(0.1)
        assert self.parameters.liveVolume is None
        self.engine.look_again()
        wait_until(lambda: self.parameters.liveVolume is not None, 15, "the image")

    def test_a_label_map_volume_cannot_be_followed_and_the_switch_says_why(self):
        codes = drawn_heart().label_map[None]
        volume = slicer.util.addVolumeFromArray(codes, nodeClassName="vtkMRMLLabelMapVolumeNode")
        self.parameters.labelMap = volume
        spin(0.02)
        assert not self.panel.ui.liveCheckBox.enabled
        assert "Make segmentation" in self.panel.ui.liveCheckBox.toolTip

    def test_an_emptied_label_map_is_told_in_the_panel_and_in_the_log(self):
        self.switch_on()
        self.heart.GetSegmentation().RemoveAllSegments()
        self.wait_for_image()
        assert "No segment of 'heart'" in self.panel.ui.synthesizeResultLabel.text
        assert "No segment of 'heart'" in self.panel.runner.log[-1]

    def test_two_widgets_draw_once(self):
        # Slicer reloads the widget that was made last, even if it is gone since.
        self.addCleanup(setattr, slicer.modules, "EchoSynthWidget", self.module)
        other = slicer.modules.echosynth.createNewWidgetRepresentation()
        self.addCleanup(other.deleteLater)
        self.switch_on()
        drawn = self.live.redrawn
        self.paint(30)
        self.wait_for_image()
        assert self.live.redrawn == drawn + 1
        other.self().cleanup()
        self.paint(36)
        self.wait_for_image()
        assert self.live.redrawn == drawn + 2

    def test_thirty_strokes_leave_no_files_and_little_memory(self):
        self.switch_on()
        for index in range(5):
            self.paint(30, segment=index % 2)
            self.wait_for_image()
        before, folders = _resident_megabytes(), _working_folders()
        drawn = self.live.redrawn
        for index in range(30):
            self.paint(30, segment=1 - index % 2)
            self.wait_for_image()
        assert self.live.redrawn == drawn + 30
        assert _working_folders() <= folders
        assert _resident_megabytes() - before < 20


def _resident_megabytes():
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def _working_folders():
    return {path.name for path in Path(tempfile.gettempdir()).glob("echosynth-*") if path.is_dir()}
