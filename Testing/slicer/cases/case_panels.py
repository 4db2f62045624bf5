"""The panels one by one: reasons for being gray, pixel size, errors, cancel, models."""

from __future__ import annotations

import os
import shutil
import tempfile
import unittest
from pathlib import Path

import numpy as np
import slicer

from drawn_echo import drawn_heart, echo_volume
from EchoSynthLib import zoo
from EchoSynthMRML.label_maps import new_segmentation, read_label_map
from EchoSynthMRML.volumes import add_to_scene
from EchoSynthPanels.application.registration import CINE, load_cine, load_label_map
from events import choose, click, click_item, move_slider, picture, spin, type_text, wait_until
from the_module import AllPanels, names_in_scene, open_module, press_apply, unfold


class Panels(unittest.TestCase):
    def setUp(self):
        self.module = open_module()
        self.panels = AllPanels()
        self.parameters = self.module.logic.getParameterNode()
        self.runner = self.panels["Segment"].runner


class Segment(Panels):
    def test_a_gray_button_says_why(self):
        panel = self.panels["Segment"]
        assert not panel.ui.segmentButton.enabled
        assert "Choose an echo image or a cine" in panel.ui.segmentButton.toolTip
        self.parameters.inputVolume = echo_volume(drawn_heart())
        assert panel.ui.segmentButton.enabled

    def test_a_view_that_its_name_tells_and_nothing_takes_grays_the_button_until_one_is_given(self):
        panel = self.panels["Segment"]
        volume = echo_volume(drawn_heart())
        volume.SetName("x_PLAX")
        self.parameters.inputVolume = volume
        spin(0.05)
        assert not panel.ui.segmentButton.enabled
        assert "PLAX (parasternal long-axis) is known by name alone" in panel.ui.segmentButton.toolTip
        unfold(panel, "segmentAdvanced")
        choose(panel.ui.segmentViewComboBox, panel.ui.segmentViewComboBox.itemText(1))
        assert panel.ui.segmentButton.enabled
        choose(panel.ui.segmentViewComboBox, panel.ui.segmentViewComboBox.itemText(0))
        assert not panel.ui.segmentButton.enabled

    def test_an_image_without_calibration_is_in_pixels_until_its_pixel_size_is_set(self):
        panel = self.panels["Input"]
        volume = echo_volume(drawn_heart())
        volume.SetSpacing(1, 1, 1)
        spin(0.05)
        choose(panel.ui.inputSelector, "echo")
        assert panel.ui.spacingLabel.text == "Not calibrated"
        assert "in pixels" in panel.ui.spacingLabel.toolTip
        picture("uncalibrated")
        assert not panel.ui.setSpacingButton.enabled
        assert panel.ui.rowSpacingSpinBox.text.strip() == ""
        type_text(panel.ui.rowSpacingSpinBox, "0.5")
        assert not panel.ui.setSpacingButton.enabled
        type_text(panel.ui.columnSpacingSpinBox, "0.25")
        click(panel.ui.setSpacingButton)
        assert panel.ui.spacingLabel.text.startswith("0.500 x 0.250 mm")
        assert not panel.ui.calibrationRow.isVisible()
        press_apply(self.panels["Segment"])
        assert read_label_map(self.parameters.labelMap).grid.spacing == (0.5, 0.25)

    def test_slices_become_the_frames_of_a_cine(self):
        frames = np.stack([np.full((40, 50), 10 * k, np.uint8) for k in range(6)])
        slicer.util.addVolumeFromArray(frames, name="stack")
        panel = self.panels["Segment"]
        spin(0.05)
        choose(self.panels["Input"].ui.inputSelector, "stack")
        assert "several slices" in panel.ui.segmentButton.toolTip
        click(self.panels["Input"].ui.cineButton)
        wait_until(lambda: not self.runner.busy, 10, "the cine")
        assert panel.ui.allFramesCheckBox.text == "All 6 frames"
        browser = slicer.modules.sequences.logic().GetFirstBrowserNodeForProxyNode(self.parameters.inputVolume)
        browser.SetSelectedItemNumber(4)
        spin(0.05)
        assert slicer.util.arrayFromVolume(self.parameters.inputVolume).max() == 40

    def test_a_confidence_map_comes_along_when_it_is_wanted(self):
        panel = self.panels["Segment"]
        self.parameters.inputVolume = echo_volume(drawn_heart())
        unfold(panel, "segmentAdvanced")
        click(panel.ui.confidenceCheckBox)
        press_apply(panel)
        confidence = slicer.util.getNode("echo confidence")
        values = slicer.util.arrayFromVolume(confidence)
        assert 0 <= values.min() < values.max() <= 1
        self.parameters.confidenceMap = False

    def test_an_error_is_one_line_with_the_log_beside(self):
        panel = self.panels["Segment"]
        self.parameters.inputVolume = echo_volume(drawn_heart())
        self.parameters.segmenter = "no-such-model"
        before = names_in_scene()
        click(panel.ui.segmentButton)
        wait_until(lambda: not self.runner.busy, 20, "the error")
        status = self.panels["Status"].ui
        assert status.messageLabel.text.startswith("Failed: There is no model 'no-such-model'")
        assert "\n" not in status.messageLabel.text
        assert "Traceback" in status.logTextEdit.toPlainText()
        assert names_in_scene() == before
        self.parameters.segmenter = "segmenter"
        press_apply(panel)

    def test_cancel_ends_the_task_long_before_its_end_and_leaves_nothing(self):
        panel = self.panels["Segment"]
        self.parameters.inputVolume = load_cine(CINE)
        self.parameters.allFrames = True
        before = names_in_scene()
        click(panel.ui.segmentButton)
        assert panel.ui.segmentButton.text == "Cancel"
        wait_until(lambda: self.runner.done > 0, 20, "the first frame")
        click(panel.ui.segmentButton)
        wait_until(lambda: not self.runner.busy, 5, "the end")
        assert panel.ui.segmentButton.text == "Segment"
        assert "Cancelled" in self.panels["Status"].ui.messageLabel.text
        assert names_in_scene() == before
        press_apply(panel)


class Synthesize(Panels):
    def test_several_images_of_one_seed_differ_and_come_again(self):
        panel = self.panels["Synthesize"]
        self.parameters.labelMap = load_label_map("parametric_4CH_ED")
        type_text(panel.ui.countSpinBox, "2")
        type_text(panel.ui.seedSpinBox, "7")
        press_apply(panel)
        first, second = (_pixels(f"synthetic s7 #{i} of parametric_4CH_ED") for i in range(2))
        assert (first != second).any()
        again = self.module.logic.synthesize(self.parameters.labelMap, count=1, seed=7)
        assert np.array_equal(slicer.util.arrayFromVolume(again[0]), first)
        assert "typical sector fitted" in panel.ui.synthesizeResultLabel.text
        self.parameters.count = 1

    def test_all_frames_of_a_label_map_become_a_cine_that_runs_with_it(self):
        self.parameters.inputVolume = load_cine(CINE)
        self.parameters.allFrames = True
        press_apply(self.panels["Segment"])
        panel = self.panels["Synthesize"]
        click(panel.ui.synthesizeAllFramesCheckBox)
        press_apply(panel)
        sequences = slicer.modules.sequences.logic()
        browser = sequences.GetFirstBrowserNodeForProxyNode(self.parameters.liveVolume)
        assert browser is sequences.GetFirstBrowserNodeForProxyNode(self.parameters.inputVolume)
        pictures = []
        for frame in (0, 8):
            browser.SetSelectedItemNumber(frame)
            spin(0.05)
            pictures.append(slicer.util.arrayFromVolume(self.parameters.liveVolume).copy())
        assert (pictures[0] != pictures[1]).any()
        self.parameters.synthesizeAllFrames = False


class Vary(Panels):
    def test_the_ejection_fraction_slider_contracts_the_ventricle(self):
        panel = self.panels["Vary"]
        self.parameters.labelMap = whole = load_label_map("parametric_4CH_ED")
        unfold(panel)
        move_slider(panel.ui.strengthSlider, 0)
        move_slider(panel.ui.ejectionFractionSlider, 50)
        type_text(panel.ui.varyCountSpinBox, "1")
        press_apply(panel)
        areas = [(read_label_map(node).codes == 1).sum() for node in (whole, self.parameters.labelMap)]
        assert 0.5 < areas[1] / areas[0] < 0.75  # an area shrinks less than a volume
        self.parameters.ejectionFraction, self.parameters.strength = 0.0, 1.0

    def test_what_cannot_be_done_is_said(self):
        panel = self.panels["Vary"]
        heart = load_label_map("parametric_4CH_ED")
        label_map = read_label_map(heart)
        atrium = np.where(label_map.codes == 3, np.uint8(3), np.uint8(0))
        self.parameters.labelMap = add_to_scene(slicer.mrmlScene, new_segmentation(atrium, label_map.grid, "atrium"))
        self.parameters.ejectionFraction = 20.0
        unfold(panel)
        click(panel.ui.varyButton)
        wait_until(lambda: not self.runner.busy, 20, "the error")
        message = self.panels["Status"].ui.messageLabel.text
        assert "has no left ventricle" in message, message
        self.parameters.ejectionFraction = 0.0


class DataSet(Panels):
    def test_pairs_of_the_scene_are_written_in_the_layout_of_nnunet(self):
        folder = Path(tempfile.mkdtemp(prefix="echosynth-pairs-"))
        self.addCleanup(shutil.rmtree, folder, ignore_errors=True)
        self.parameters.labelMap = load_label_map("parametric_2CH_ES")
        self.module.logic.synthesize(self.parameters.labelMap, count=2, view="2CH")
        panel = self.panels["DataSet"]
        unfold(panel)
        choose(panel.ui.dataSourceComboBox, "Pairs in the scene")
        choose(panel.ui.layoutComboBox, "nnU-Net")
        assert panel.ui.pairsLabel.text == "2 pairs"
        panel.ui.folderPathLineEdit.currentPath = str(folder / "raw")
        press_apply(panel)
        (data_set,) = (folder / "raw").iterdir()
        assert f"2 pairs in {data_set}" in panel.ui.dataResultLabel.text
        assert len(list((data_set / "imagesTr").iterdir())) == len(list((data_set / "labelsTr").iterdir())) == 2


class Models(Panels):
    def setUp(self):
        super().setUp()
        self.panel = self.panels["Models"]
        unfold(self.panel)
        self.folder = Path(tempfile.mkdtemp(prefix="echosynth-models-"))
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)

    def test_the_list_shows_what_a_model_is_for_its_size_and_its_terms(self):
        self._select("segmenter")
        item = self.panel.ui.modelTree.selectedItems()[0]
        assert item.text(1) == "Segmenter"
        assert "left atrium" in item.toolTip(1)
        assert "non-commercial" in self.panel.ui.cardBrowser.toPlainText()
        assert "CAMUS" in self.panel.ui.cardBrowser.toPlainText()
        assert not self.panel.ui.removeModelButton.enabled

    def test_time_is_measured_on_this_machine_for_each_kind(self):
        for model in ("beam-flow", "segmenter-synthetic", "contour"):
            self._select(model)
            click(self.panel.ui.timeModelButton)
            self._done()
            assert self.panel.ui.modelResultLabel.text.startswith(f"{model}: ")
            assert " s for one image" in self.panel.ui.modelResultLabel.text

    def test_a_folder_is_imported_verified_and_removed(self):
        os.environ["ECHOSYNTH_MODELS"] = self.panel.engine.environment["ECHOSYNTH_MODELS"] = str(self.folder / "mine")
        self.addCleanup(os.environ.pop, "ECHOSYNTH_MODELS")
        self.addCleanup(self.panel.engine.environment.pop, "ECHOSYNTH_MODELS")
        shutil.copytree(zoo.shipped_models() / "segmenter", self.folder / "my-segmenter")
        self.panel.import_folder(str(self.folder / "my-segmenter"))
        self._done()
        self._select("my-segmenter")
        click(self.panel.ui.verifyModelButton)
        self._done()
        assert self.panel.ui.modelResultLabel.text == "my-segmenter: all files are intact"
        assert self.panel.chosen.name == "my-segmenter"
        picture("models-verified")
        click(self.panel.ui.removeModelButton)
        self._done()
        assert not (self.folder / "mine" / "my-segmenter").exists()

    def test_a_damaged_folder_is_refused(self):
        shutil.copytree(zoo.shipped_models() / "segmenter", self.folder / "damaged")
        with open(self.folder / "damaged" / "config.json", "a") as config:
            config.write(" ")
        self.panel.import_folder(str(self.folder / "damaged"))
        wait_until(lambda: not self.runner.busy, 30, "the import")
        assert self.runner.failed
        assert "SHA-256" in self.runner.message

    def _select(self, name):
        click_item(self.panel.ui.modelTree, name)

    def _done(self):
        wait_until(lambda: not self.runner.busy, 30, "the models")
        assert not self.runner.failed, self.runner.message


class SeveralWidgets(Panels):
    def test_two_widgets_show_the_same_settings(self):
        other = slicer.modules.echosynth.createNewWidgetRepresentation()
        self.addCleanup(other.deleteLater)
        self.parameters.seed = 41
        spin(0.05)
        assert other.self().panels["Synthesize"].ui.seedSpinBox.value == 41
        other.self().cleanup()


def _pixels(name):
    return slicer.util.arrayFromVolume(slicer.util.getNode(name))
