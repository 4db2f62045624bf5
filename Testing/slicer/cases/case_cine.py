"""EchoCine: what is gray and why, the volumes that a wish means, previews, Live, and how it looks."""

from __future__ import annotations

import numpy as np
import slicer

from beating import CAVITY, Beating
from EchoSynthLib.anatomy.discs import disc_volume
from EchoSynthMRML.cines import cine_of
from EchoSynthMRML.grid import Grid
from EchoSynthMRML.label_maps import read_label_map
from EchoSynthMRML.phases import phases_of
from EchoSynthMRML.previews import preview_in
from EchoSynthPanels.application.registration import FRAME, load_label_map
from EchoSynthPanels.application.views import LEFT, RIGHT, is_shown
from events import choose, click, move_slider, picture, spin, type_text
from looks import in_sight, pictures_of_all_looks, window_of
from the_module import paint, pixels, press_apply, unfold


class Reasons(Beating):
    def test_what_is_gray_says_why(self):
        for button in (self.ui.previewButton, self.ui.makeCineButton):
            assert not button.enabled
            assert "Open an image" in button.toolTip
        assert "make a cine first" in self.ui.playCineButton.toolTip
        self.heart()
        assert self.ui.makeCineButton.enabled
        assert self.ui.previewButton.enabled
        unfold(self.others)
        type_text(self.others.ui.counterfactualLineEdit, "20, much")
        spin(0.1)
        assert "separated by commas" in self.others.ui.counterfactualButton.toolTip
        assert not self.others.ui.counterfactualButton.enabled
        type_text(self.others.ui.counterfactualLineEdit, "20, 35, 50, 65")
        spin(0.1)
        assert self.others.ui.counterfactualButton.enabled
        click(self.others.ui.counterfactualSection)
        segments = self.label_map.GetSegmentation()
        segments.RemoveSegment(segments.GetSegmentIdBySegmentName("myocardium"))
        self.panel.refresh()
        assert "no left ventricle with a wall" in self.ui.makeCineButton.toolTip


class TheWish(Beating):
    def test_the_slider_tells_the_volumes_that_it_means(self):
        self.heart()
        volume = disc_volume(read_label_map(self.label_map).codes, Grid.of_volume(self.frame).spacing) / 1000
        move_slider(self.ui.cineEjectionFractionSlider, 40)
        spin(0.1)
        expected = f"EDV {volume:.0f} ml, ESV {0.6 * volume:.0f} ml"
        assert expected in self.ui.cineVolumesLabel.text
        assert "if the frame shows end-diastole" in self.ui.cineVolumesLabel.text
        choose(self.ui.cinePhaseComboBox, "End-diastole")
        spin(0.1)
        assert self.ui.cineVolumesLabel.text == expected
        choose(self.ui.cinePhaseComboBox, "End-systole")
        spin(0.1)
        assert self.ui.cineVolumesLabel.text == f"EDV {volume / 0.6:.0f} ml, ESV {volume:.0f} ml"
        choose(self.ui.cinePhaseComboBox, "Automatic")


class Previews(Beating):
    def test_of_an_image_alone_both_ends_are_seen_beside_each_other_and_no_node_of_data_is_added(self):
        self.sample()
        with window_of("laptop"):
            self.preview()
            picture("cine-preview-1280x800")
            diastole, systole = (preview_in(slicer.mrmlScene, phase) for phase in ("ED", "ES"))
            assert is_shown(diastole.image, LEFT)
            assert is_shown(systole.image, RIGHT)
            assert in_sight(self.ui.makeCineButton)
        full, empty = ((read_label_map(one.label_map).codes == CAVITY).sum() for one in (diastole, systole))
        assert empty < 0.75 * full
        assert "reached" in self.ui.makeCineResultLabel.text
        assert self.parameters.labelMap.GetName() == f"{FRAME} segmentation"
        assert self.module.panels["Input"].ui.inputSelector.nodeCount() == 1

    def test_it_goes_with_the_module_and_with_another_choice(self):
        self.heart()
        self.preview()
        slicer.util.selectModule("Data")
        spin(0.2)
        assert preview_in(slicer.mrmlScene, "ES") is None
        assert is_shown(self.frame)
        assert self.label_map.GetDisplayNode().GetNumberOfViewNodeIDs() == 0
        slicer.util.selectModule("EchoCine")
        self.preview()
        self.parameters.labelMap = load_label_map("parametric_4CH_ED")
        spin(0.2)
        assert preview_in(slicer.mrmlScene, "ES") is None


class Live(Beating):
    def test_end_systole_follows_the_slider_the_seed_and_the_brush(self):
        self.heart()
        click(self.ui.cineLiveCheckBox)
        self.settle()
        areas = [self.area()]
        assert self.live.redrawn > 0
        for percent in (30, 70):
            move_slider(self.ui.cineEjectionFractionSlider, percent)
            self.settle()
            areas.append(self.area())
        picture("cine-live")
        assert areas[2] < areas[0] < areas[1]
        assert "EF 70 % asked for" in self.ui.makeCineResultLabel.text
        drawn, before = self.live.redrawn, pixels(preview_in(slicer.mrmlScene, "ES").image)
        codes = read_label_map(self.label_map).codes
        row = int(np.flatnonzero((codes == CAVITY).any(axis=1)).mean())
        paint(self.label_map, 0, slice(row, row + 6), slice(50, 90))
        self.settle()
        assert self.live.redrawn > drawn
        drawn = self.live.redrawn
        assert len(slicer.util.getNodesByClass("vtkMRMLScalarVolumeNode")) == 5
        self.preview()
        click(self.ui.cineLiveCheckBox)
        move_slider(self.ui.cineEjectionFractionSlider, 50)
        self.settle()
        assert self.live.redrawn == drawn
        assert before.shape == pixels(preview_in(slicer.mrmlScene, "ES").image).shape

    def test_a_frame_amid_the_beat_stays_at_the_left_where_it_is_edited_and_end_systole_follows(self):
        self.heart()
        image, label_map = self.make()
        cine_of(image).browser.SetSelectedItemNumber(3)
        click(self.ui.cineLiveCheckBox)
        self.settle()
        assert is_shown(image, LEFT)
        assert is_shown(preview_in(slicer.mrmlScene, "ES").image, RIGHT)
        left = slicer.app.layoutManager().sliceWidget(LEFT).mrmlSliceNode().GetID()
        assert list(label_map.GetDisplayNode().GetViewNodeIDs()) == [left]
        drawn = self.live.redrawn
        codes = read_label_map(label_map).codes
        row = int(np.flatnonzero((codes == CAVITY).any(axis=1)).mean())
        paint(label_map, 0, slice(row, row + 6), slice(50, 90))
        self.settle()
        picture("cine-live-edited")
        assert self.live.redrawn == drawn + 1
        assert "Synthetic." in self.ui.makeCineResultLabel.text
        assert is_shown(image, LEFT)

    def area(self):
        return int((read_label_map(preview_in(slicer.mrmlScene, "ES").label_map).codes == CAVITY).sum())


class Looks(Beating):
    def test_pictures_of_all_looks(self):
        self.sample()
        move_slider(self.ui.cineEjectionFractionSlider, 35)
        pictures_of_all_looks("cine-1-frame", self.panel.widget)
        self.preview()
        pictures_of_all_looks("cine-2-preview")
        image, _label_map = self.make(24)
        cine_of(image).browser.SetSelectedItemNumber(phases_of(cine_of(image))["ES"][0])
        pictures_of_all_looks("cine-3-made")
        unfold(self.others)
        press_apply(self.others, 600)
        cine_of(self.parameters.inputVolume).browser.SetSelectedItemNumber(9)
        pictures_of_all_looks("cine-4-counterfactuals")
        click(self.others.ui.counterfactualSection)
