"""What comes of a pressed button stands right below it, visible on a small screen: progress, failure, warnings."""

from __future__ import annotations

import shutil
import tempfile
import unittest
from pathlib import Path

import numpy as np
import qt
import slicer
from PIL import Image

from drawn_echo import drawn_echo, drawn_heart, echo_volume
from EchoSynthLib.images.frame import EchoCine
from EchoSynthLib.images.write import write_image
from EchoSynthMRML.cines import cine_of
from EchoSynthMRML.grid import Grid
from EchoSynthMRML.label_maps import new_segmentation, read_label_map
from EchoSynthMRML.volumes import add_to_scene
from EchoSynthPanels.application.registration import CINE, load_cine, load_label_map
from EchoSynthPanels.colors import FAILURE, LAMPS, WARNING
from events import answering, choose, click, picture, press, spin, type_text, wait_until
from looks import STYLES, style_of
from the_module import AllPanels, names_in_scene, open_module, paint, press_apply, unfold


class Rows(unittest.TestCase):
    def setUp(self):
        self.module = open_module()
        self.panels = AllPanels()
        self.parameters = self.module.logic.getParameterNode()
        self.runner = self.panels["Segment"].runner
        self.window = slicer.util.mainWindow()
        self._size = self.window.size
        self.window.resize(1280, 800)
        spin(0.2)

    def tearDown(self):
        self.window.resize(self._size)
        parameters = self.module.logic.getParameterNode()
        parameters.generator, parameters.segmenter, parameters.allFrames = "beam-flow", "segmenter", True
        parameters.count = 1

    def press(self, panel):
        unfold(panel)
        click(getattr(panel.ui, panel.apply_name))

    def ended(self, seconds=60):
        wait_until(lambda: not self.runner.busy, seconds, "the end")
        spin(0.3)

    def assert_in_sight(self, widget):
        """The whole widget is inside the part of the module's panel that is visible."""
        parent = widget.parentWidget()
        while not parent.inherits("QScrollArea"):
            parent = parent.parentWidget()
        view = parent.viewport()
        top = widget.mapTo(view, widget.rect.topLeft()).y()
        assert 0 <= top <= view.height - widget.height, (top, widget.height, view.height)


class Progress(Rows):
    def test_a_bar_and_a_message_run_below_the_pressed_button_and_end_there(self):
        self.parameters.labelMap = load_label_map("parametric_2CH_ED")
        self.parameters.count = 12
        panel = self.panels["Synthesize"]
        row = panel.row()
        self.press(panel)
        wait_until(lambda: self.runner.done > 2, 60, "some images")
        wait_until(lambda: row.bar.value > 0, 5, "the bar to run")
        assert row.bar.visible
        assert row.text
        self.assert_in_sight(row.label)
        self.assert_in_sight(row.bar)
        picture("row-running")
        self.ended()
        assert not row.bar.visible
        assert row.text.startswith("Done in ")
        self.assert_in_sight(row.label)

    def test_a_failure_is_red_below_the_button_until_the_next_start(self):
        self.parameters.inputVolume = echo_volume(drawn_heart())
        self.parameters.segmenter = "no-such-model"
        panel = self.panels["Segment"]
        self.press(panel)
        self.ended()
        row = panel.row()
        assert row.failed
        assert row.text.startswith("Failed: There is no model 'no-such-model'"), row.text
        self.assert_in_sight(row.label)
        picture("row-failed")
        self.parameters.segmenter = "segmenter"
        press_apply(panel)
        assert not row.failed
        assert "no-such-model" not in row.text

    def test_colors_stand_out_from_a_light_and_from_a_dark_window(self):
        for look in STYLES:
            with style_of(look):
                window = slicer.app.palette().color(qt.QPalette.Window)
                for tint, least in ((FAILURE, 4.5), (WARNING, 4.5), *((lamp, 3) for lamp in LAMPS.values())):
                    told = contrast(qt.QColor(str(tint)), window)
                    assert told > least, (look, tint, told)

    def test_a_cancelled_job_says_so_below_its_button(self):
        self.parameters.inputVolume = load_cine(CINE)
        panel = self.panels["Segment"]
        self.press(panel)
        wait_until(lambda: self.runner.done > 0, 60, "the first frame")
        click(panel.ui.segmentButton)
        self.ended()
        assert "Cancelled" in panel.row().text
        assert not panel.row().failed

    def test_a_long_result_is_not_clipped(self):
        panel = self.panels["Synthesize"]
        label = panel.ui.synthesizeResultLabel
        unfold(panel)
        panel.tell(label, "a result of many words " * 12)
        spin(0.3)
        assert label.height >= label.heightForWidth(label.width)
        panel.tell(label, "")


def contrast(one, other):
    """The ratio of two colors' relative luminance, as WCAG 2 defines it."""
    lights = []
    for color in (one, other):
        parts = np.array([color.redF(), color.greenF(), color.blueF()])
        linear = np.where(parts <= 0.03928, parts / 12.92, ((parts + 0.055) / 1.055) ** 2.4)
        lights.append(float(linear @ [0.2126, 0.7152, 0.0722]) + 0.05)
    return max(lights) / min(lights)


class Opening(Rows):
    def setUp(self):
        super().setUp()
        self.folder = Path(tempfile.mkdtemp(prefix="echosynth-files-"))
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)
        self.panel = self.panels["Input"]

    def open(self, path):
        self.panel.open_files([str(path)])
        self.ended()

    def test_a_video_becomes_a_cine_at_its_own_speed_whose_frames_are_all_segmented(self):
        frames = np.stack([drawn_echo(drawn_heart((112, 136), phase), seed=1) for phase in (0, 0.2, 0.4)])
        path = write_image(self.folder / "clip.mp4", frames, like=EchoCine(frames, frame_time_ms=50.0))
        self.open(path)
        volume = self.parameters.inputVolume
        assert volume.GetName() == "clip"
        assert len(cine_of(volume)) == 3
        assert abs(cine_of(volume).browser.GetPlaybackRateFps() - 20) < 0.2
        assert "Not calibrated" in self.panel.ui.spacingLabel.text
        assert self.panels["Segment"].ui.allFramesCheckBox.checked
        press_apply(self.panels["Segment"])
        assert len(cine_of(self.parameters.labelMap)) == 3
        picture("opened-video")

    def test_what_cannot_be_read_is_told_in_red_below_open(self):
        (self.folder / "broken.avi").write_bytes(b"nothing")
        self.open(self.folder / "broken.avi")
        row = self.panel.row("Open")
        assert row.failed
        assert "broken.avi" in row.text
        assert self.parameters.inputVolume is None

    def test_several_files_are_chosen_at_once_and_one_that_fails_costs_the_others_nothing(self):
        files = [self.folder / f"p7_{name}" for name in ("2CH_ED.png", "2CH_ES.avi", "4CH_ED.png")]
        for path in files:
            Image.fromarray(drawn_echo(drawn_heart())).save(path, format="png")

        def answer(dialog):
            field = next(one for one in dialog.findChildren("QLineEdit") if one.isVisible())
            field.setText(" ".join(f'"{path}"' for path in files))
            press(field, qt.Qt.Key_Return)

        with answering(answer):
            click(self.panel.ui.openFirstButton)
        self.ended()
        assert self.parameters.inputVolume.GetName() == "p7_2CH_ED"
        assert {"p7_2CH_ED", "p7_4CH_ED"} <= set(names_in_scene())
        row = self.panel.row("Open")
        assert not row.failed
        assert "p7_2CH_ES.avi was not opened: " in row.text
        picture("opened-several")

    def test_the_readers_remarks_are_amber_warnings(self):
        upside_down = drawn_echo(drawn_heart((224, 272)))[::-1]
        Image.fromarray(upside_down).save(self.folder / "flipped.png")
        self.open(self.folder / "flipped.png")
        row = self.panel.row("Open")
        assert "Warning: " in row.label.text, row.label.text
        assert "upside down" in row.text
        self.assert_in_sight(row.label)
        picture("row-warning")

    def test_scripts_open_files_and_make_cines(self):
        Image.fromarray(drawn_echo(drawn_heart())).save(self.folder / "frame.png")
        assert self.module.logic.openFile(str(self.folder / "frame.png")).GetName() == "frame"
        stack = slicer.util.addVolumeFromArray(np.zeros((4, 30, 40), np.uint8), name="stack")
        assert len(cine_of(self.module.logic.cineOfStack(stack))) == 4


class Choices(Rows):
    def test_an_empty_module_offers_sample_data(self):
        panel = self.panels["Input"]
        picture("empty")
        click(panel.ui.sampleButton)
        wait_until(lambda: self.parameters.inputVolume is not None, 30, "the cine")
        spin(0.2)
        assert not panel.ui.sampleButton.visible
        assert self.panels["Segment"].ui.segmentButton.enabled

    def test_a_chosen_output_is_replaced_and_else_a_new_node_is_made(self):
        self.parameters.labelMap = load_label_map("parametric_4CH_ED")
        panel = self.panels["Synthesize"]
        press_apply(panel)
        first = self.parameters.liveVolume
        before = slicer.util.arrayFromVolume(first).copy()
        self.parameters.seed = 5
        panel.ui.synthesizeAdvanced.collapsed = False
        self.addCleanup(setattr, panel.ui.synthesizeAdvanced, "collapsed", True)
        spin(0.1)
        choose(panel.ui.outputVolumeSelector, first.GetName())
        press_apply(panel)
        assert self.parameters.liveVolume is first
        assert (slicer.util.arrayFromVolume(first) != before).any()
        choose(panel.ui.outputVolumeSelector, "New image")
        press_apply(panel)
        assert self.parameters.liveVolume is not first
        picture("output")
        self.parameters.seed = 0

    def test_no_recorded_image_is_offered_as_output(self):
        echo_volume(drawn_heart(), name="recorded")
        spin(0.1)
        assert self.panels["Synthesize"].ui.outputVolumeSelector.nodeCount() == 0

    def test_what_is_told_about_an_image_goes_when_another_one_is_chosen(self):
        first, second = (echo_volume(drawn_heart(), seed, name) for seed, name in ((0, "first"), (1, "second")))
        self.parameters.inputVolume = first
        panel = self.panels["Segment"]
        press_apply(panel)
        assert panel.row().text.startswith("Done in ")
        assert panel.ui.segmentResultLabel.text
        self.parameters.inputVolume = second
        spin(0.1)
        assert (panel.row().text, panel.ui.segmentResultLabel.text) == ("", "")

    def test_no_image_and_no_label_map_can_be_chosen(self):
        self.parameters.inputVolume = echo_volume(drawn_heart())
        press_apply(self.panels["Segment"])
        for name, chosen in (("labelMapSelector", "labelMap"), ("inputSelector", "inputVolume")):
            choose(getattr(self.panels["Input"].ui, name), "None")
            assert getattr(self.parameters, chosen) is None
        for arrow in (self.panels["Input"].ui.imageArrow, self.panels["Input"].ui.labelMapArrow):
            assert not arrow.enabled
            assert "Choose a" in arrow.toolTip

    def test_one_frame_of_a_cine_is_named_and_warned_of(self):
        volume = load_cine(CINE)
        self.parameters.inputVolume = volume
        assert self.panels["Segment"].ui.allFramesCheckBox.checked
        click(self.panels["Segment"].ui.allFramesCheckBox)
        cine_of(volume).browser.SetSelectedItemNumber(8)
        press_apply(self.panels["Segment"])
        assert "frame 8" in self.parameters.labelMap.GetName()
        assert "Frame 8 alone" in self.panels["Segment"].row().text

    def test_the_view_that_was_found_goes_on_to_synthesize(self):
        panel = self.panels["Synthesize"]
        self.parameters.labelMap = load_label_map("parametric_2CH_ED")
        assert panel.ui.viewComboBox.currentText == "Automatic (Two-chamber)"
        press_apply(panel)
        assert self.parameters.liveVolume.GetAttribute("EchoSynth.view") == "2CH"
        self.parameters.labelMap = load_label_map("parametric_4CH_ED")
        assert panel.ui.viewComboBox.currentText == "Automatic (Four-chamber)"

    def test_the_sector_is_that_of_the_label_maps_own_image(self):
        images = [echo_volume(drawn_heart(), seed, name) for seed, name in ((0, "first"), (1, "second"))]
        for image in images:
            self.parameters.inputVolume = image
            press_apply(self.panels["Segment"])
            assert self.parameters.reference is image
        self.parameters.labelMap = load_label_map("parametric_4CH_ED")
        assert self.parameters.reference is None

    def test_an_empty_label_map_grays_the_buttons_with_the_reason(self):
        grid = Grid.of_volume(echo_volume(drawn_heart()))
        empty = add_to_scene(slicer.mrmlScene, new_segmentation(np.zeros(grid.shape, np.uint8), grid, "empty"))
        self.parameters.labelMap = empty
        spin(0.1)
        for name in ("Synthesize", "Vary"):
            button = getattr(self.panels[name].ui, self.panels[name].apply_name)
            assert not button.enabled
            assert "'empty' is empty" in button.toolTip, button.toolTip
        paint(empty, 0, slice(20, 60), slice(40, 80))
        self.panels["Synthesize"].refresh()
        assert self.panels["Synthesize"].ui.synthesizeButton.enabled

    def test_a_comma_is_a_decimal_point(self):
        volume = echo_volume(drawn_heart())
        volume.SetSpacing(1, 1, 1)
        self.parameters.inputVolume = volume
        box = self.panels["Input"].ui.rowSpacingSpinBox
        for typed in ("0,5", "0.5"):
            box.value = 0.3
            type_text(box, typed)
            assert box.value == 0.5, (typed, box.value)

    def test_the_full_engine_looks_for_pytorch_before_it_asks(self):
        panel = self.panels["Engine"]
        if panel.engine.complete:
            self.skipTest("the full engine is installed")
        panel.ui.installFullButton.click()
        assert "PyTorch extension" in panel.row().text
        assert not self.runner.busy


class ScenesGo(Rows):
    def test_results_and_messages_go_with_their_scene(self):
        self.measure()
        slicer.mrmlScene.Clear(0)
        spin(0.2)
        self.assert_nothing_is_told()

    def test_results_and_messages_go_when_a_scene_is_added_that_brings_other_choices(self):
        self.measure()
        with tempfile.TemporaryDirectory() as folder:
            path = str(Path(folder) / "scene.mrb")
            assert slicer.util.saveScene(path)
            slicer.util.loadScene(path)
            spin(0.2)
        self.assert_nothing_is_told()

    def measure(self):
        self.parameters.inputVolume = echo_volume(drawn_heart())
        press_apply(self.panels["Segment"])
        panel = self.panels["Measure"]
        unfold(panel)
        press_apply(panel)
        assert panel.ui.lightResultLabel.text

    def assert_nothing_is_told(self):
        for name in ("Segment", "Measure"):
            labels = [label for key, label in vars(self.panels[name].ui).items() if key.endswith("ResultLabel")]
            assert [label.text for label in labels] == [""] * len(labels)
            assert self.panels[name].row().text == ""
        assert self.panels["Measure"].measured is None

    def test_under_a_transform_results_lie_on_the_image(self):
        volume = echo_volume(drawn_heart())
        transform = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLLinearTransformNode")
        matrix = slicer.util.vtkMatrixFromArray(
            np.array([[0.8, -0.6, 0, 30], [0.6, 0.8, 0, 5], [0, 0, 1, 9], [0, 0, 0, 1]])
        )
        transform.SetMatrixTransformToParent(matrix)
        volume.SetAndObserveTransformNodeID(transform.GetID())
        spin(0.05)
        choose(self.panels["Input"].ui.inputSelector, "echo")
        # The view turns to the image's rows and columns, where they lie.
        columns = slicer.app.layoutManager().sliceWidget("Red").mrmlSliceNode().GetSliceToRAS()
        assert abs(abs(columns.GetElement(0, 0)) - 0.8) < 1e-6
        press_apply(self.panels["Segment"])
        press_apply(self.panels["Synthesize"])
        press_apply(self.panels["Vary"])
        names = slicer.util.getNodesByClass("vtkMRMLSegmentationNode")
        assert {node.GetParentTransformNode() for node in (*names, self.parameters.liveVolume)} == {transform}
        assert read_label_map(self.parameters.labelMap, volume).codes.any()
        picture("under-a-transform")
