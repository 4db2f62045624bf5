"""The Segment Editor inside EchoSynth: effects on the chosen label map, with Live, undone, gone with the section."""

from __future__ import annotations

import unittest

import numpy as np
import slicer

from drawn_echo import drawn_heart, echo_volume
from EchoSynthMRML.cines import cine_of
from EchoSynthMRML.grid import Grid
from EchoSynthMRML.label_maps import link_to_volume, new_segmentation, read_label_map
from EchoSynthMRML.volumes import add_to_scene
from EchoSynthPanels.application.registration import CINE, load_cine
from events import click, drag_in_slice, picture, ras, spin, wait_until
from looks import in_sight, window_of
from the_module import open_module, pixels, press_apply, unfold


class Editing(unittest.TestCase):
    def setUp(self):
        self.module = open_module()
        self.panels = self.module.panels
        self.panel = self.panels["Edit"]
        self.parameters = self.module.logic.getParameterNode()
        self.addCleanup(self.leave)

    def leave(self):
        slicer.util.selectModule("EchoSynth")
        self.module.logic.getParameterNode().live = False
        if not self.panel.ui.editSection.collapsed:
            click(self.panel.ui.editSection)

    def load(self):
        heart = drawn_heart((224, 272))
        self.image = echo_volume(heart)
        self.heart = add_to_scene(
            slicer.mrmlScene, new_segmentation(heart.label_map, Grid.of_volume(self.image), "heart")
        )
        link_to_volume(self.heart, self.image)
        self.parameters.labelMap = self.heart
        spin(0.2)

    @property
    def editor(self):
        return self.panel.editor.widget

    def effect(self, name):
        """Presses an effect's button."""
        buttons = {button.toolTip.split("\n")[0]: button for button in self.editor.findChildren("QToolButton")}
        click(next(button for tip, button in buttons.items() if name in tip and button.isVisible()))

    def stroke(self):
        drag_in_slice("Red", [ras(self.image, 110, 60), ras(self.image, 160, 66)])
        spin(0.1)

    def codes(self):
        return read_label_map(self.heart).codes.copy()


class InPlace(Editing):
    def test_a_stroke_changes_the_label_map_and_undo_brings_it_back(self):
        self.load()
        before = self.codes()
        with window_of("laptop"):
            unfold(self.panel)
            spin(0.4)
            assert in_sight(self.editor)
            self.editor.setCurrentSegmentID(self.heart.GetSegmentation().GetNthSegmentID(2))
            self.effect("Paint")
            spin(0.3)
            self.stroke()
            picture("editing-painted")
        assert (self.codes() == 3).sum() > (before == 3).sum()
        self.editor.undo()
        assert np.array_equal(self.codes(), before)

    def test_the_views_keep_their_images(self):
        self.load()
        press_apply(self.panels["Synthesize"])
        synthetic = self.parameters.liveVolume
        unfold(self.panel)
        spin(0.3)
        right = slicer.app.layoutManager().sliceWidget("Yellow").sliceLogic().GetSliceCompositeNode()
        assert right.GetBackgroundVolumeID() == synthetic.GetID()

    def test_live_follows_its_strokes(self):
        self.load()
        panel = self.panels["Synthesize"]
        click(panel.ui.liveCheckBox)
        wait_until(lambda: panel.live.redrawn > 0 and not panel.live.busy, 20, "the first image")
        before = pixels(self.parameters.liveVolume)
        unfold(self.panel)
        spin(0.3)
        self.editor.setCurrentSegmentID(self.heart.GetSegmentation().GetNthSegmentID(2))
        self.editor.setActiveEffectByName("Paint")
        drawn = panel.live.redrawn
        self.stroke()
        wait_until(lambda: panel.live.redrawn > drawn and not panel.live.busy, 20, "the image after the stroke")
        assert (pixels(self.parameters.liveVolume) != before).any()
        picture("editing-live")

    def test_folded_or_in_another_module_no_effect_acts(self):
        self.load()
        for leave in (lambda: click(self.panel.ui.editSection), lambda: slicer.util.selectModule("Data")):
            unfold(self.panel)
            spin(0.3)
            self.editor.setCurrentSegmentID(self.heart.GetSegmentation().GetNthSegmentID(2))
            self.editor.setActiveEffectByName("Paint")
            leave()
            spin(0.2)
            assert self.editor.activeEffect() is None
            before = self.codes()
            self.stroke()
            assert np.array_equal(self.codes(), before)
            slicer.util.selectModule("EchoSynth")
            spin(0.2)

    def test_an_edit_of_one_frame_stays_with_it(self):
        self.parameters.inputVolume = self.image = load_cine(CINE)
        self.parameters.allFrames = True
        press_apply(self.panels["Segment"])
        self.heart = self.parameters.labelMap
        cine = cine_of(self.heart)
        unfold(self.panel)
        spin(0.3)
        cine.browser.SetSelectedItemNumber(5)
        spin(0.2)
        self.editor.setCurrentSegmentID(self.heart.GetSegmentation().GetNthSegmentID(0))
        self.editor.setActiveEffectByName("Erase")
        before = self.codes()
        drag_in_slice("Red", [ras(self.image, 150, 110), ras(self.image, 170, 110)])
        edited = self.codes()
        assert (edited != before).any()
        cine.browser.SetSelectedItemNumber(0)
        spin(0.1)
        assert np.array_equal(read_label_map(cine.node(5)).codes, edited)

    def test_what_cannot_be_edited_says_why(self):
        unfold(self.panel)
        assert "segment an image first" in self.panel.ui.editHintLabel.text
        codes = drawn_heart().label_map[None]
        volume = slicer.util.addVolumeFromArray(codes, nodeClassName="vtkMRMLLabelMapVolumeNode", name="labels")
        self.parameters.labelMap = volume
        spin(0.1)
        assert "becomes a segmentation first" in self.panel.ui.editHintLabel.text
        click(self.panel.ui.importButton)
        spin(0.1)
        assert self.parameters.labelMap.GetName() == "labels segmentation"
        assert "on an image" in self.panel.ui.editHintLabel.text

    def test_a_closed_scene_takes_the_label_map_away(self):
        self.load()
        unfold(self.panel)
        spin(0.3)
        slicer.mrmlScene.Clear(0)
        spin(0.3)
        assert not self.panel.editor.at_work
        self.load()
        spin(0.2)
        assert self.editor.segmentationNode() is self.heart


class Variations(Editing):
    def test_an_output_that_is_chosen_takes_the_first_variation_and_no_node_is_added(self):
        self.load()
        panel = self.panels["Vary"]
        self.parameters.variationCount = 1
        self.addCleanup(lambda: setattr(self.module.logic.getParameterNode(), "variationCount", 5))
        press_apply(panel)
        first = self.parameters.labelMap
        assert first.GetName() == "variation s0 #0 of heart"
        before = read_label_map(first).codes.copy()
        count = len(slicer.util.getNodesByClass("vtkMRMLSegmentationNode"))
        self.parameters.labelMap, self.parameters.outputVariation = self.heart, first
        self.parameters.variationSeed = 4
        press_apply(panel)
        assert self.parameters.labelMap is first
        assert len(slicer.util.getNodesByClass("vtkMRMLSegmentationNode")) == count
        assert (read_label_map(first).codes != before).any()
        self.parameters.variationSeed = 0

    def test_the_label_map_is_no_output_of_its_own_variations(self):
        self.load()
        self.parameters.outputVariation = self.heart
        spin(0.05)
        assert not self.panels["Vary"].ui.varyButton.enabled
        assert "choose another output" in self.panels["Vary"].ui.varyButton.toolTip

    def test_what_is_left_as_it_is_says_so(self):
        ui = self.panels["Vary"].ui
        assert "unchanged" in ui.ejectionFractionSlider.suffix
        assert "unchanged" in ui.wallThicknessSlider.suffix
        self.parameters.ejectionFraction = 30
        spin(0.05)
        assert ui.ejectionFractionSlider.suffix == " %"
        self.parameters.ejectionFraction = 0
