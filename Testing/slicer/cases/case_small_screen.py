"""EchoSynth's main buttons on a small screen, and the clicks from an image to a synthetic one of its own sector."""

from __future__ import annotations

import unittest

import qt
import slicer

from drawn_echo import drawn_heart, echo_volume
from EchoSynthMRML.provenance import is_synthetic
from EchoSynthPanels.application.registration import CINE, load_cine, load_label_map
from events import click, picture, spin, wait_until
from looks import SCREENS, in_sight, pictures_of_all_looks, window_of
from the_module import MODULES, open_module, pixels


class SmallScreen(unittest.TestCase):
    def setUp(self):
        open_module()
        # As Slicer shows it first, whatever was folded out before.
        slicer.util.reloadScriptedModule("EchoSynth")
        self.module = open_module()
        self.panels = self.module.panels
        self.parameters = self.module.logic.getParameterNode()
        self.segment, self.synthesize = (self.panels[name] for name in ("Segment", "Synthesize"))
        self.clicks = 0

    def click(self, button):
        self.clicks += 1
        click(button)
        wait_until(lambda: not self.segment.runner.busy, 60, "the task")
        spin(0.3)

    def assert_both_in_sight(self):
        for button in (self.segment.ui.segmentButton, self.synthesize.ui.synthesizeButton):
            assert in_sight(button), button.text


class MainButtons(SmallScreen):
    def test_there_are_at_most_four_sections(self):
        sections = [panel for panel in self.panels.values() if panel.widget.findChild("ctkCollapsibleButton")]
        assert len(sections) <= 4

    def test_both_are_in_sight_without_scrolling_before_and_after_segmenting(self):
        with window_of("laptop"):
            self.assert_both_in_sight()
            click(self.panels["Input"].ui.sampleButton)
            spin(0.5)
            self.assert_both_in_sight()
            self.click(self.segment.ui.segmentButton)
            self.assert_both_in_sight()
            self.click(self.synthesize.ui.synthesizeButton)
            assert in_sight(self.synthesize.ui.synthesizeResultLabel)

    def test_both_are_in_sight_of_an_image_without_calibration_and_after_a_failure(self):
        with window_of("laptop"):
            volume = echo_volume(drawn_heart((224, 272)))
            volume.SetSpacing(1, 1, 1)
            self.parameters.inputVolume = volume
            spin(0.3)
            self.assert_both_in_sight()
            self.click(self.segment.ui.segmentButton)
            picture("uncalibrated-segmented")
            self.assert_both_in_sight()
            self.parameters.segmenter = "no-such-model"
            self.click(self.segment.ui.segmentButton)
            self.parameters.segmenter = "segmenter"
            picture("uncalibrated-failed")
            # Beside a failure of several lines the next step may need a scroll, the button to try again may not.
            assert in_sight(self.segment.ui.segmentButton)

    def test_a_hidden_output_that_is_replaced_is_named(self):
        self.parameters.inputVolume = echo_volume(drawn_heart((224, 272)))
        self.click(self.segment.ui.segmentButton)
        assert self.segment.ui.segmentAdvanced.text == "Advanced"
        self.parameters.outputSegmentation = self.parameters.labelMap
        spin(0.1)
        assert self.parameters.labelMap.GetName() in self.segment.ui.segmentAdvanced.text

    def test_a_text_that_needs_more_lines_moves_what_lies_below_it(self):
        for screen in SCREENS:
            with window_of(screen):
                panel = open_module("EchoMeasure").panels["Measure"]
                label, box = panel.ui.lightResultLabel, panel.ui.contourBox
                # It is hidden until something is measured.
                label.visible = True
                label.text = "LV: yellow, because of this and that, and because of something else, too. " * 3

                def is_laid_out(label=label, box=box):
                    bottom = label.mapTo(box.parentWidget(), qt.QPoint(0, label.height)).y()
                    return label.height >= label.heightForWidth(label.width) and bottom <= box.y

                wait_until(is_laid_out, 10, "the layout")
                picture(f"long-light-{screen}")
                label.text = ""
                label.visible = False
                spin(0.1)

    def test_the_views_keep_their_width_from_module_to_module_and_with_a_long_result(self):
        left = slicer.app.layoutManager().sliceWidget("Red")
        with window_of("laptop"):
            widths = []
            for name in MODULES:
                open_module(name)
                spin(0.3)
                widths.append(left.mapTo(slicer.util.mainWindow(), qt.QPoint(0, 0)).x())
                for panel in slicer.util.getModuleWidget(name).panels.values():
                    for label in panel._results:
                        panel.tell(label, "0123456789abcdef" * 8)
                spin(0.3)
                widths.append(left.mapTo(slicer.util.mainWindow(), qt.QPoint(0, 0)).x())
                picture(f"width-{name}")
                for panel in slicer.util.getModuleWidget(name).panels.values():
                    panel.forget()
            assert max(widths) == min(widths), widths

    def test_segments_are_strong_on_black_and_let_an_image_show_through(self):
        self.parameters.labelMap = label_map = load_label_map("parametric_4CH_ED")
        picture("label-map-alone")
        assert label_map.GetDisplayNode().GetOpacity2DFill() > 0.5
        self.click(self.synthesize.ui.synthesizeButton)
        assert label_map.GetDisplayNode().GetOpacity2DFill() < 0.3
        self.parameters.inputVolume = echo_volume(drawn_heart((224, 272)))
        self.click(self.segment.ui.segmentButton)
        assert self.parameters.labelMap.GetDisplayNode().GetOpacity2DFill() < 0.3

    def test_pictures_of_all_looks(self):
        pictures_of_all_looks("echosynth-1-empty", self.segment.widget)
        self.parameters = self.module.logic.getParameterNode()
        self.parameters.inputVolume = load_cine(CINE)
        pictures_of_all_looks("echosynth-2-cine")
        self.click(self.segment.ui.segmentButton)
        pictures_of_all_looks("echosynth-3-segmented")
        self.click(self.synthesize.ui.synthesizeButton)
        pictures_of_all_looks("echosynth-4-synthesized")
        click(self.panels["Edit"].ui.editSection)
        pictures_of_all_looks("echosynth-5-editing")
        click(self.panels["Edit"].ui.editSection)
        click(self.panels["Vary"].ui.varySection)
        spin(0.3)
        self.click(self.panels["Vary"].ui.varyButton)
        pictures_of_all_looks("echosynth-6-varied")
        click(self.panels["Vary"].ui.varySection)


class Clicks(SmallScreen):
    def test_from_an_image_to_a_synthetic_one_in_its_own_sector_it_takes_two(self):
        heart = drawn_heart((224, 272))
        image = echo_volume(heart)
        spin(0.2)
        assert self.parameters.inputVolume is image
        self.click(self.segment.ui.segmentButton)
        self.click(self.synthesize.ui.synthesizeButton)
        synthetic = self.parameters.liveVolume
        assert is_synthetic(synthetic)
        assert self.clicks == 2
        inside = heart.sector.mask(heart.label_map.shape)
        drawn = pixels(synthetic)[0] > 0
        assert (drawn & ~inside).sum() < 0.02 * inside.sum()
        assert drawn.sum() > 0.9 * inside.sum()
        assert "Sector of echo." in self.synthesize.ui.synthesizeResultLabel.text

    def test_from_nothing_to_a_synthetic_image_it_takes_three(self):
        self.click(self.panels["Input"].ui.sampleButton)
        self.click(self.segment.ui.segmentButton)
        self.click(self.synthesize.ui.synthesizeButton)
        assert is_synthetic(self.parameters.liveVolume)
        assert self.clicks == 3
