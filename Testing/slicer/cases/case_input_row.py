"""The input row: what to do where there is no image, frame k of n, ED and ES, the overlay, ways to other modules."""

from __future__ import annotations

import shutil
import tempfile
import unittest
from pathlib import Path

import numpy as np
import slicer

from drawn_echo import drawn_echo, drawn_heart, echo_volume
from EchoSynthLib.images.write import write_image
from EchoSynthMRML.cines import cine_of
from EchoSynthMRML.label_maps import read_label_map
from EchoSynthPanels.application.registration import CINE, load_cine, load_label_map
from EchoSynthPanels.colors import WARNING
from events import answering, choose, choose_in_menu, click, picture, spin, type_text, wait_until
from the_module import open_module, press_apply


class InputRow(unittest.TestCase):
    def setUp(self):
        self.module = open_module()
        self.panels = self.module.panels
        self.panel = self.panels["Input"]
        self.ui = self.panel.ui
        self.parameters = self.module.logic.getParameterNode()
        self.addCleanup(slicer.util.selectModule, "EchoSynth")


class Empty(InputRow):
    def test_without_an_image_two_buttons_say_how_to_begin(self):
        for button in (self.ui.openFirstButton, self.ui.sampleButton):
            assert button.isVisible()
            assert button.enabled
        for widget in (self.ui.inputSelector, self.ui.frameRow, self.ui.labelMapSelector):
            assert not widget.isVisible()
        picture("input-empty")
        click(self.ui.sampleButton)
        spin(0.2)
        assert len(cine_of(self.parameters.inputVolume)) == 20
        assert not self.ui.sampleButton.isVisible()
        assert self.ui.inputSelector.isVisible()
        slicer.mrmlScene.Clear(0)
        spin(0.2)
        assert self.ui.sampleButton.isVisible()

    def test_a_label_map_alone_is_chosen_there(self):
        heart = load_label_map("parametric_4CH_ED")
        spin(0.1)
        assert self.ui.sampleButton.isVisible()
        assert self.parameters.labelMap is heart
        assert "left atrium" in self.ui.labelMapSelector.toolTip

    def test_of_two_label_maps_none_is_chosen_unasked(self):
        load_label_map("parametric_4CH_ED")
        load_label_map("parametric_4CH_ES")
        spin(0.1)
        assert self.parameters.labelMap is None
        assert self.ui.emptyStateLabel.text.startswith("There is no image yet")
        choose(self.ui.labelMapSelector, "parametric_4CH_ES")
        assert self.parameters.labelMap.GetName() == "parametric_4CH_ES"


class Elsewhere(InputRow):
    """What was loaded before the module is opened."""

    def setUp(self):
        super().setUp()
        slicer.util.selectModule("Welcome")
        self.layout = slicer.app.layoutManager()
        self.layout.setLayout(slicer.vtkMRMLLayoutNode.SlicerLayoutFourUpView)
        spin(0.1)

    def shown(self):
        return [name for name in self.layout.sliceViewNames() if self.layout.sliceWidget(name).isVisible()]

    def test_a_lone_label_map_is_chosen_and_can_be_drawn_from_at_once(self):
        heart = load_label_map("parametric_2CH_ED")
        spin(0.1)
        assert self.parameters.labelMap is None
        open_module()
        spin(0.1)
        assert self.parameters.labelMap is heart
        assert "label map without an image" in self.ui.emptyStateLabel.text
        assert self.panels["Synthesize"].ui.synthesizeButton.enabled
        picture("input-label-map-alone")

    def test_a_lone_image_is_chosen_and_shown_in_one_view(self):
        image = echo_volume(drawn_heart())
        spin(0.1)
        assert len(self.shown()) == 3
        open_module()
        spin(0.1)
        assert self.parameters.inputVolume is image
        assert self.shown() == ["Red"]

    def test_who_comes_back_finds_the_views_as_they_were_left(self):
        echo_volume(drawn_heart())
        open_module()
        slicer.util.selectModule("Welcome")
        self.layout.setLayout(slicer.vtkMRMLLayoutNode.SlicerLayoutFourUpView)
        open_module()
        spin(0.1)
        assert len(self.shown()) == 3

    def test_of_two_images_none_is_chosen_and_the_views_stay(self):
        echo_volume(drawn_heart())
        echo_volume(drawn_heart())
        open_module()
        spin(0.1)
        assert self.parameters.inputVolume is None
        assert len(self.shown()) == 3


class Joined(InputRow):
    """Slicer itself joins files whose names differ in a number, as *Add Data* does unless it is told otherwise."""

    def setUp(self):
        super().setUp()
        self.folder = Path(tempfile.mkdtemp(prefix="echosynth-files-"))
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)

    def load(self, *names):
        """Loads what Slicer makes of each file, of which there are others in the folder."""
        frame = drawn_echo(drawn_heart())
        for name in names:
            write_image(self.folder / name, frame)
        for name in names:
            slicer.util.loadVolume(str(self.folder / name))
        spin(0.2)

    def test_joined_views_are_told_in_amber_before_and_after_they_become_a_cine(self):
        self.load("p1_2CH_ED.nii.gz", "p1_4CH_ED.nii.gz")
        choose(self.ui.inputSelector, "p1_4CH_ED")
        assert self.ui.joinedLabel.isVisible()
        assert str(WARNING) in self.ui.joinedLabel.text
        assert "differ in view (2CH, 4CH), so they are no cine" in self.ui.joinedLabel.text
        assert "no cine" in self.ui.cineButton.toolTip
        picture("input-joined")
        click(self.ui.cineButton)
        wait_until(lambda: not self.panel.runner.busy, 10, "the cine")
        spin(0.2)
        row = self.panel.row("Open")
        assert "differ in view (2CH, 4CH), so they are no cine" in row.text
        assert "Warning: " in row.label.text
        assert not self.ui.joinedLabel.isVisible()
        picture("input-joined-cine")

    def test_they_are_told_where_none_of_them_is_chosen(self):
        open_module("EchoMeasure")
        ui = slicer.util.getModuleWidget("EchoMeasure").panels["Input"].ui
        self.load("p1_2CH_ED.nii.gz", "p1_4CH_ED.nii.gz")
        assert self.parameters.inputVolume is None
        assert ui.joinedLabel.isVisible()
        assert "open them with Open..." in ui.joinedLabel.text
        picture("input-joined-unchosen")

    def test_a_volume_of_one_file_has_nothing_to_tell(self):
        self.load("p1_2CH_ED.nii.gz")
        assert self.parameters.inputVolume.GetName() == "p1_2CH_ED"
        assert not self.ui.joinedLabel.isVisible()


class Frames(InputRow):
    def setUp(self):
        super().setUp()
        self.parameters.inputVolume = load_cine(CINE)
        self.cine = cine_of(self.parameters.inputVolume)

    def test_its_buttons_step_through_the_frames_and_round_their_ends(self):
        click(self.ui.forwardButton)
        assert self.cine.shown == 1
        click(self.ui.backButton)
        click(self.ui.backButton)
        assert self.cine.shown == 19
        assert self.ui.frameSpinBox.text == "19 (0 to 19)"

    def test_a_frame_is_gone_to_by_its_number_and_followed_where_others_go(self):
        type_text(self.ui.frameSpinBox, "7")
        assert self.cine.shown == 7
        self.cine.browser.SetSelectedItemNumber(12)
        spin(0.05)
        assert self.ui.frameSpinBox.value == 12

    def test_the_phases_are_gray_with_their_reason_until_they_are_found_and_then_gone_to(self):
        for button in (self.ui.diastoleButton, self.ui.systoleButton):
            assert not button.enabled
            assert "segment all frames" in button.toolTip
        press_apply(self.panels["Segment"])
        areas = []
        for button in (self.ui.systoleButton, self.ui.diastoleButton):
            click(button)
            spin(0.1)
            areas.append((read_label_map(self.parameters.labelMap).codes == 1).sum())
        assert areas[0] < 0.8 * areas[1]
        picture("input-phases")

    def test_the_phases_are_saved_with_the_scene(self):
        press_apply(self.panels["Segment"])
        path = slicer.app.temporaryPath + "/echosynth-phases.mrb"
        assert slicer.util.saveScene(path)
        slicer.mrmlScene.Clear(0)
        slicer.util.loadScene(path)
        spin(0.3)
        click(self.ui.systoleButton)
        assert self.ui.frameSpinBox.value not in (0, 19)

    def test_a_single_frame_has_nothing_to_step_through(self):
        self.parameters.inputVolume = echo_volume(drawn_heart())
        spin(0.05)
        assert not self.ui.frameSpinBox.isVisible()
        assert self.ui.spacingLabel.isVisible()


class Overlay(InputRow):
    def test_it_hides_and_shows_the_label_map_and_follows_who_else_does(self):
        heart = load_label_map("parametric_4CH_ED")
        self.parameters.labelMap = heart
        spin(0.05)
        assert self.ui.overlayCheckBox.checked
        click(self.ui.overlayCheckBox)
        assert not heart.GetDisplayNode().GetVisibility()
        heart.GetDisplayNode().SetVisibility(True)
        spin(0.05)
        assert self.ui.overlayCheckBox.checked

    def test_a_label_map_volume_is_hidden_too(self):
        codes = drawn_heart().label_map[None].astype(np.uint8)
        volume = slicer.util.addVolumeFromArray(codes, nodeClassName="vtkMRMLLabelMapVolumeNode")
        self.parameters.labelMap = volume
        spin(0.05)
        composite = slicer.app.layoutManager().sliceWidget("Red").sliceLogic().GetSliceCompositeNode()
        assert composite.GetLabelVolumeID() == volume.GetID()
        click(self.ui.overlayCheckBox)
        assert composite.GetLabelVolumeID() is None


class OpenIn(InputRow):
    def setUp(self):
        super().setUp()
        self.parameters.inputVolume = echo_volume(drawn_heart())
        press_apply(self.panels["Segment"])
        self.image, self.segmentation = self.parameters.inputVolume, self.parameters.labelMap

    def go(self, arrow, text):
        with answering(lambda menu: choose_in_menu(menu, text)):
            click(arrow)
        spin(0.2)

    def test_the_segment_editor_has_the_label_map_and_its_image(self):
        self.go(self.ui.labelMapArrow, "Open in Segment Editor")
        assert slicer.util.selectedModule() == "SegmentEditor"
        editor = slicer.modules.segmenteditor.widgetRepresentation().self().editor
        assert editor.segmentationNode() is self.segmentation
        assert editor.sourceVolumeNode() is self.image

    def test_our_modules_have_what_is_chosen(self):
        for module in ("EchoMeasure", "EchoDataSets"):
            slicer.util.selectModule("EchoSynth")
            self.go(self.ui.labelMapArrow, f"Open in {module}")
            assert slicer.util.selectedModule() == module
            parameters = slicer.util.getModuleWidget(module).logic.getParameterNode()
            assert parameters.labelMap is self.segmentation
            assert parameters.inputVolume is self.image

    def test_the_module_that_is_shown_is_not_offered(self):
        names = []

        def look(menu):
            names.extend(action.text for action in menu.actions())
            menu.close()

        with answering(look):
            click(self.ui.imageArrow)
        assert "Open in Volumes" in names
        assert "Open in EchoSynth" not in names
