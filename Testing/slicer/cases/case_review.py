"""What users do besides what they should: wrong nodes, nodes that go, buttons pressed twice, folders of others."""

from __future__ import annotations

import shutil
import tempfile
import unittest
from pathlib import Path

import numpy as np
import slicer

from drawn_echo import drawn_echo, drawn_heart, echo_volume
from EchoSynthJobs.data_set import pairs_in
from EchoSynthMRML.cines import CineBuilder, cine_of
from EchoSynthMRML.grid import Grid, same_place
from EchoSynthMRML.label_maps import link_to_volume, new_segmentation, read_label_map
from EchoSynthMRML.volumes import add_to_scene, new_frame
from EchoSynthPanels.application.registration import CINE, load_cine, load_label_map
from EchoSynthPanels.parameters import DataSource, Layout
from events import click, double_click, spin, wait_until
from the_module import AllPanels, names_in_scene, open_module, paint, pixels, press_apply, unfold


class Review(unittest.TestCase):
    def setUp(self):
        self.module = open_module()
        self.panels = AllPanels()
        self.parameters = self.module.logic.getParameterNode()
        self.runner = self.panels["Segment"].runner
        self.folder = Path(tempfile.mkdtemp(prefix="echosynth-review-"))
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)

    def heart_on_its_image(self, name="echo"):
        """A small image and the label map that was drawn on it."""
        heart = drawn_heart()
        frame = echo_volume(heart, name=name)
        node = new_segmentation(heart.label_map, Grid.of_volume(frame), f"{name} heart")
        add_to_scene(slicer.mrmlScene, node)
        link_to_volume(node, frame)
        return frame, node

    def idle(self, seconds=30):
        wait_until(lambda: not self.runner.busy, seconds, "the task")
        spin(0.02)


class Choosing(Review):
    def test_what_cannot_be_segmented_makes_the_button_gray_and_says_why(self):
        button = self.panels["Segment"].ui.segmentButton
        empty = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLScalarVolumeNode", "empty")
        for volume, words in (
            (empty, "'empty' is empty"),
            (_volume("stack", np.zeros((5, 40, 50), np.int16)), "make them a cine first"),
            (_volume("colors", np.zeros((5, 40, 50, 3), np.uint8), "vtkMRMLVectorVolumeNode"), "make them a cine"),
            (_volume("five", np.zeros((1, 40, 50, 5), np.uint8), "vtkMRMLVectorVolumeNode"), "5 values a pixel"),
        ):
            self.parameters.inputVolume = volume
            spin(0.02)
            assert not button.enabled
            assert words in button.toolTip, button.toolTip

    def test_images_of_any_type_are_segmented(self):
        picture = drawn_echo(drawn_heart())[None]
        for name, values in {
            "16 bits": picture.astype(np.uint16) * 200,
            "signed": picture.astype(np.int16) - 128,
            "float": picture.astype(np.float32) / 255,
        }.items():
            self.parameters.inputVolume = _volume(name, values)
            press_apply(self.panels["Segment"])
            assert self.parameters.labelMap.GetName() == f"{name} segmentation"

    def test_what_is_no_label_map_is_told_where_it_is_chosen(self):
        label = self.panels["Edit"].ui.structuresLabel
        codes = drawn_heart().label_map
        nothing = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLSegmentationNode", "nothing")
        foreign = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLSegmentationNode", "foreign")
        foreign.GetSegmentation().AddEmptySegment("ribs", "Ribs")
        kind = "vtkMRMLLabelMapVolumeNode"
        for node, words in (
            (nothing, "No segment of 'nothing'"),
            (foreign, "No segment of 'foreign'"),
            (_volume("codes", codes[None].astype(np.int16) * 37, kind), "holds the values 37"),
            (_volume("deep", np.repeat(codes[None], 3, 0), kind), "single slice"),
            (_volume("plain", codes[None], kind), "were taken as 0 other"),
            (slicer.mrmlScene.AddNewNodeByClass(kind, "void"), "'void' is empty"),
        ):
            self.parameters.labelMap = node
            spin(0.02)
            assert words in label.text, label.text

    def test_a_reference_elsewhere_is_refused_with_advice(self):
        self.parameters.labelMap = self.heart_on_its_image()[1]
        far = echo_volume(drawn_heart(), name="far")
        far.SetOrigin(900, 900, 0)
        self.parameters.reference = far
        click(self.panels["Synthesize"].ui.synthesizeButton)
        self.idle()
        assert "Choose another reference" in self.panels["Status"].ui.messageLabel.text

    def test_the_chosen_label_map_is_shown_instead_of_the_one_before(self):
        _, first = self.heart_on_its_image("one")
        image, second = self.heart_on_its_image("two")
        for chosen, other in ((first, None), (second, first)):
            self.parameters.labelMap = chosen
            spin(0.02)
            assert chosen.GetDisplayNode().GetVisibility()
            assert other is None or not other.GetDisplayNode().GetVisibility()
        shown = slicer.app.layoutManager().sliceWidget("Red").sliceLogic().GetSliceCompositeNode()
        assert shown.GetBackgroundVolumeID() == image.GetID()
        volume = _volume("labels", drawn_heart().label_map[None], "vtkMRMLLabelMapVolumeNode")
        self.parameters.labelMap = volume
        spin(0.02)
        assert shown.GetLabelVolumeID() == volume.GetID()
        self.parameters.labelMap = first
        spin(0.02)
        assert shown.GetLabelVolumeID() is None

    def test_a_label_map_without_an_image_fills_the_view_and_is_edited_on_its_synthetic_image(self):
        self.parameters.labelMap = node = load_label_map("parametric_4CH_ED")
        spin(0.05)
        view = slicer.app.layoutManager().sliceWidget("Red").mrmlSliceNode()
        grid = read_label_map(node).grid
        middle = (grid.matrix().MultiplyPoint(((grid.shape[1] - 1) / 2, (grid.shape[0] - 1) / 2, 0, 1)))[:3]
        shown = [view.GetSliceToRAS().GetElement(axis, 3) for axis in range(3)]
        assert np.allclose(shown, middle, atol=0.01)
        edit = self.panels["Edit"]
        unfold(edit)
        self.addCleanup(lambda: edit.ui.editSection.collapsed or click(edit.ui.editSection))
        assert "and has none" in edit.ui.editHintLabel.text
        press_apply(self.panels["Synthesize"])
        assert edit.editor.widget.sourceVolumeNode() is self.parameters.liveVolume


class Going(Review):
    def test_a_removed_image_is_chosen_no_more(self):
        self.parameters.inputVolume = frame = echo_volume(drawn_heart(), name="first")
        echo_volume(drawn_heart(), name="second")
        slicer.mrmlScene.RemoveNode(frame)
        spin(0.02)
        assert self.parameters.inputVolume is None
        assert self.panels["Input"].ui.inputSelector.currentNode() is None

    def test_an_image_that_is_removed_while_it_is_segmented(self):
        self.parameters.inputVolume = frame = echo_volume(drawn_heart())
        click(self.panels["Segment"].ui.segmentButton)
        slicer.mrmlScene.RemoveNode(frame)
        self.idle()
        assert "'echo' was removed from the scene" in self.panels["Status"].ui.messageLabel.text
        assert names_in_scene() == []

    def test_a_widget_that_goes_without_a_word_is_forgotten(self):
        other = slicer.modules.echosynth.createNewWidgetRepresentation()
        other.deleteLater()
        spin(0.05)
        self.parameters.inputVolume = echo_volume(drawn_heart())
        press_apply(self.panels["Segment"])

    def test_the_module_is_reloaded_while_a_task_runs(self):
        self.parameters.inputVolume = echo_volume(drawn_heart())
        click(self.panels["Segment"].ui.segmentButton)
        # Slicer reloads the widget that was made last, even if it is gone since.
        slicer.modules.EchoSynthWidget = self.module
        self.module.onReload()
        self.idle()
        spin(0.1)
        module = open_module()
        module.logic.getParameterNode().inputVolume = slicer.util.getNode("echo")
        press_apply(module.panels["Segment"])

    def test_other_modules_are_visited_while_a_task_runs(self):
        self.parameters.inputVolume = echo_volume(drawn_heart())
        click(self.panels["Segment"].ui.segmentButton)
        for name in ("Data", "SegmentEditor", "EchoSynth"):
            slicer.util.selectModule(name)
            spin(0.02)
        self.idle()
        assert not self.runner.failed
        assert self.parameters.labelMap.GetName() == "echo segmentation"


class Pressing(Review):
    def test_a_double_click_starts_and_does_not_cancel(self):
        self.parameters.labelMap = self.heart_on_its_image()[1]
        panel = self.panels["Synthesize"]
        unfold(panel)
        double_click(panel.ui.synthesizeButton)
        self.idle()
        assert "Done" in self.panels["Status"].ui.messageLabel.text
        assert "synthetic s0 #0 of echo heart" in names_in_scene()

    def test_every_task_can_be_cancelled_long_before_its_end(self):
        self.parameters.labelMap = load_label_map("parametric_4CH_ED")
        self.parameters.count = self.parameters.variationCount = self.parameters.dataImages = 50
        self.parameters.dataFolder = self.folder / "set"
        self.parameters.dataSource = DataSource.VARIATIONS
        before = names_in_scene()
        for name in ("Synthesize", "Vary", "DataSet"):
            panel = self.panels[name]
            unfold(panel)
            click(getattr(panel.ui, panel.apply_name))
            wait_until(lambda: self.runner.done > 0, 30, "progress")
            click(getattr(panel.ui, panel.apply_name))
            self.idle(5)
            assert names_in_scene() == before
        spin(1.0)
        assert not (self.folder / "set").exists()

    def tearDown(self):
        self.parameters.count, self.parameters.variationCount, self.parameters.dataImages = 1, 5, 1


class Cines(Review):
    def test_an_edit_of_each_frame_is_kept_and_synthesized(self):
        builder = CineBuilder("hearts")
        heart = drawn_heart()
        frame = echo_volume(heart)
        for _ in range(3):
            builder.append(new_segmentation(heart.label_map, Grid.of_volume(frame), "heart"))
        shown = builder.finish(slicer.mrmlScene, save_changes=True)
        cine, edited = cine_of(shown), []
        for index in range(3):
            cine.browser.SetSelectedItemNumber(index)
            paint(shown, 0, slice(20 + 6 * index, 23 + 6 * index), slice(20, 60))
            edited.append(read_label_map(shown).codes.copy())
        for index in range(3):
            assert np.array_equal(read_label_map(cine.node(index)).codes, edited[index])
        (image,) = self.module.logic.synthesize(shown, allFrames=True)
        drawn = [pixels(cine_of(image).node(index)) for index in range(3)]
        assert (drawn[0] != drawn[2]).any()

    def test_an_image_and_a_segmentation_in_browsers_of_their_own(self):
        heart = drawn_heart()
        images, hearts = CineBuilder("images"), CineBuilder("hearts")
        grid = Grid.of_volume(echo_volume(heart))
        for seed in range(2):
            images.append(new_frame(drawn_echo(heart, seed), grid, "echo"))
            hearts.append(new_segmentation(heart.label_map, grid, "heart"))
        image, node = images.finish(slicer.mrmlScene), hearts.finish(slicer.mrmlScene, save_changes=True)
        slicer.mrmlScene.AddNewNodeByClass("vtkMRMLSequenceBrowserNode", "one more")
        (drawn,) = self.module.logic.synthesize(node, reference=image, allFrames=True)
        assert cine_of(drawn).browser is cine_of(node).browser
        found = self.module.logic.segment(image, allFrames=True)
        assert cine_of(found).browser is cine_of(image).browser

    def test_a_color_cine_from_slices_is_segmented(self):
        picture = np.repeat(drawn_echo(drawn_heart())[None, ..., None], 3, 3)
        self.parameters.inputVolume = _volume("color", np.repeat(picture, 2, 0), "vtkMRMLVectorVolumeNode")
        panel = self.panels["Segment"]
        click(self.panels["Input"].ui.cineButton)
        self.idle()
        self.parameters.allFrames = True
        press_apply(panel)
        self.parameters.allFrames = False
        assert len(cine_of(self.parameters.labelMap)) == 2


class Calibrating(Review):
    def test_what_was_drawn_on_an_image_keeps_its_pixels(self):
        frame, node = self.heart_on_its_image()
        paint(node, 2, slice(5, 9), slice(5, 9))
        node.GetSegmentation().AddEmptySegment("ribs", "Ribs")
        (drawn,) = self.module.logic.synthesize(node)
        before = read_label_map(node).codes.copy()
        self.parameters.inputVolume = frame
        self.set_spacing(0.7, 0.2)
        assert same_place(read_label_map(node).grid, Grid.of_volume(frame))
        assert np.array_equal(read_label_map(node, frame).codes, before)
        assert same_place(Grid.of_volume(drawn), Grid.of_volume(frame))
        assert [pair.image.GetName() for pair in pairs_in(slicer.mrmlScene)] == ["echo", drawn.GetName()]

    def test_every_frame_of_a_cine_keeps_its_pixels(self):
        self.parameters.inputVolume = load_cine(CINE)
        node = self.module.logic.segment(self.parameters.inputVolume, allFrames=True)
        cine, images = cine_of(node), cine_of(self.parameters.inputVolume)
        before = [read_label_map(cine.node(index)).codes.copy() for index in (0, 8)]
        self.set_spacing(0.5, 0.25)
        for index, codes in zip((0, 8), before, strict=True):
            cine.browser.SetSelectedItemNumber(index)
            for one in (node, cine.node(index)):
                assert same_place(read_label_map(one).grid, Grid.of_volume(images.node(index)))
                assert np.array_equal(read_label_map(one, images.node(index)).codes, codes)

    def set_spacing(self, row, column):
        ui = self.panels["Input"].ui
        ui.rowSpacingSpinBox.value, ui.columnSpacingSpinBox.value = row, column
        self.panels["Input"].set_spacing()


class Saving(Review):
    def setUp(self):
        super().setUp()
        self.panel = self.panels["DataSet"]
        unfold(self.panel)
        self.parameters.dataSource, self.parameters.dataLayout = DataSource.SCENE, Layout.NIFTI
        self.addCleanup(setattr, self.parameters, "dataSource", DataSource.VARIATIONS)

    def test_a_place_that_cannot_be_written_is_told_with_advice(self):
        self.heart_on_its_image()
        (self.folder / "file").write_text("")
        for folder in (self.folder / "file" / "set", Path("/proc/set")):
            self.parameters.dataFolder = folder
            self.save()
            assert self.runner.failed
            assert "folder" in self.runner.message, self.runner.message

    def test_long_and_odd_names_become_file_names(self):
        frame, _ = self.heart_on_its_image()
        frame.SetName("a/b: " + "very " * 80 + "long")
        self.parameters.dataFolder = self.folder / "set"
        self.save()
        assert not self.runner.failed, self.runner.message
        (image,) = (self.folder / "set" / "images").iterdir()
        assert "very_very" in image.name

    def test_a_second_data_set_in_the_same_place_is_no_silent_loss(self):
        self.heart_on_its_image()
        self.parameters.dataFolder = self.folder / "set"
        self.save()
        first = sorted(path.name for path in (self.folder / "set" / "images").iterdir())
        self.save()
        kept = {path.name for path in (self.folder / "set" / "images").iterdir()}
        assert set(first) <= kept
        assert self.runner.failed or self.runner.message.startswith("Done")

    def test_a_label_map_that_was_edited_after_its_image_is_refused(self):
        _, node = self.heart_on_its_image()
        node.SetName("renamed")
        self.module.logic.synthesize(node)
        paint(node, 1, slice(5, 9), slice(5, 9))
        self.parameters.dataFolder = self.folder / "set"
        self.save()
        assert "was edited after" in self.runner.message
        assert not (self.folder / "set").exists()

    def test_the_folder_of_a_saved_scene_is_not_one_users_home(self):
        node = self.parameters.parameterNode
        assert str(Path.home()) not in " ".join(node.GetParameter(name) for name in node.GetParameterNames())

    def save(self):
        spin(0.02)
        click(self.panel.ui.saveButton)
        self.idle()


class Statistics(Review):
    def test_segments_on_a_slice_of_a_ct_do_not_break_segment_statistics(self):
        from SegmentStatistics import SegmentStatisticsLogic

        ct = _volume("ct", np.zeros((6, 40, 50), np.int16))
        node = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLSegmentationNode")
        node.SetReferenceImageGeometryParameterFromVolumeNode(ct)
        segment_id = node.GetSegmentation().AddEmptySegment("nodule")
        mask = np.zeros((6, 40, 50), np.uint8)
        mask[3, 10:20, 10:20] = 1
        slicer.util.updateSegmentBinaryLabelmapFromArray(mask, node, segment_id, ct)
        logic = SegmentStatisticsLogic()
        logic.getParameterNode().SetParameter("Segmentation", node.GetID())
        logic.computeStatistics()
        found = logic.getStatistics()
        assert (segment_id, "EchoSynthSegmentStatisticsPlugin.area_px") not in found


def _volume(name, values, kind=None):
    return slicer.util.addVolumeFromArray(values, name=name, nodeClassName=kind)
