"""EchoCine: cines of one frame, edits that a cine follows, counterfactuals, what a scene keeps, scripts."""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np
import slicer

from beating import CAVITY, Beating, choose_picture
from EchoSynthLib.anatomy.discs import disc_volume
from EchoSynthLib.records import DERIVED
from EchoSynthMRML.beating import beating_of
from EchoSynthMRML.cines import cine_of, times_of
from EchoSynthMRML.label_maps import read_label_map
from EchoSynthMRML.phases import phases_of
from EchoSynthMRML.previews import preview_in
from EchoSynthMRML.provenance import is_synthetic, stamps_of
from EchoSynthPanels.application.registration import load_label_map
from EchoSynthPanels.application.views import is_shown
from EchoSynthPanels.cine.cine_views import FIRST_LAYOUT, VIEWS
from events import click, move_slider, picture, spin, type_text, wait_until
from the_module import names_in_scene, paint, pixels, press_apply, unfold


class Made(Beating):
    def test_a_cine_beats_with_its_label_maps_and_says_what_it_is(self):
        self.sample()
        move_slider(self.ui.cineEjectionFractionSlider, 40)
        image, label_map = self.make()
        picture("cine-made")
        cine, maps = cine_of(image), cine_of(label_map)
        assert cine.browser is maps.browser
        assert len(cine) == len(maps) == 12
        assert image.GetName() == "EF 40 % s0 of synthetic_4CH_fromED"
        volumes = [disc_volume(read_label_map(node).codes, (1, 1)) for node in maps]
        made = beating_of(image)
        shown = phases_of(cine)
        assert shown["ED"] == [0]
        assert shown["ES"] == [int(np.argmin(volumes))]
        assert abs(100 * (1 - min(volumes) / volumes[0]) - 40) < 1
        assert made.told["reached"]
        text = self.ui.makeCineResultLabel.text
        assert "EF 40 % asked for" in text
        assert ": reached." in text
        assert "Synthetic." in text
        assert is_synthetic(image)
        assert stamps_of(image)["model"] == "beating"
        assert np.isclose(np.diff(times_of(cine)).mean(), 60 / 70 / 12, rtol=0.01)
        frames = [pixels(node) for node in cine]
        assert np.abs(frames[0].astype(int) - frames[shown["ES"][0]]).mean() > 3
        click(self.ui.playCineButton)
        spin(0.3)
        assert cine.browser.GetPlaybackActive()
        click(self.ui.playCineButton)
        assert not cine.browser.GetPlaybackActive()

    def test_what_is_made_of_a_patients_image_says_so(self):
        self.heart()
        image, _label_map = self.make()
        assert "Derived from a patient's image" in self.ui.makeCineResultLabel.text
        assert stamps_of(image)["origin"] == DERIVED
        choose_picture(self, "Drawn from the label map")
        self.parameters.inputVolume, self.parameters.labelMap = self.frame, self.label_map
        spin(0.1)
        image, _label_map = self.make()
        choose_picture(self, "Automatic")
        assert "Synthetic." in self.ui.makeCineResultLabel.text
        assert stamps_of(image)["origin"] != DERIVED

    def test_a_label_map_alone_is_drawn(self):
        self.parameters.labelMap = load_label_map("parametric_4CH_ED")
        spin(0.1)
        image, _label_map = self.make()
        assert len(cine_of(image)) == 12
        assert pixels(image).std() > 20
        assert "Synthetic." in self.ui.makeCineResultLabel.text

    def test_the_next_wish_starts_from_the_same_frame(self):
        self.heart()
        first, _label_map = self.make()
        cine_of(first).browser.SetSelectedItemNumber(5)
        move_slider(self.ui.cineEjectionFractionSlider, 30)
        second, _label_map = self.make()
        assert beating_of(second).source[0] is self.frame
        assert np.array_equal(pixels(cine_of(second).node(0)), pixels(cine_of(first).node(0)))
        assert second.GetName() == "EF 30 % s0 of echo"

    def test_a_wish_that_no_heart_can_meet_is_told(self):
        self.heart()
        move_slider(self.ui.cineEjectionFractionSlider, 85)
        image, _label_map = self.make()
        told = beating_of(image).told
        text = self.ui.makeCineResultLabel.text
        assert ("not reached" in text) != told["reached"]

    def test_cancelled_nothing_is_left(self):
        self.heart()
        before = names_in_scene()
        type_text(self.ui.cineFramesSpinBox, "200")
        click(self.ui.makeCineButton)
        wait_until(lambda: self.ui.makeCineButton.text == "Cancel", 5, "the button to become Cancel")
        click(self.ui.makeCineButton)
        wait_until(lambda: not self.panel.runner.busy, 10, "the end")
        spin(0.2)
        assert names_in_scene() == before


class Editing(Beating):
    def test_an_edited_frame_is_where_the_next_cine_starts(self):
        self.heart()
        image, label_map = self.make()
        cine = cine_of(image)
        frame = phases_of(cine)["ES"][0]
        cine.browser.SetSelectedItemNumber(frame)
        spin(0.2)
        codes = read_label_map(label_map).codes
        rows = np.flatnonzero((codes == 2).any(axis=1))
        row, column = rows[0] + 14, int(np.flatnonzero((codes == CAVITY).any(axis=0)).mean())
        paint(label_map, 0, slice(row, row + 10), slice(column - 16, column + 16))
        spin(0.2)
        edited = read_label_map(label_map).codes
        assert (edited != codes).sum() > 20
        picture("cine-edited")
        second, maps = self.make()
        picture("cine-of-the-edited-frame")
        assert f"From frame {frame}, as its label map was edited." in self.ui.makeCineResultLabel.text
        systole = phases_of(cine_of(second))["ES"][0]
        found = read_label_map(cine_of(maps).node(systole)).codes
        both = ((found == CAVITY) & (edited == CAVITY)).sum()
        assert 2 * both / ((found == CAVITY).sum() + (edited == CAVITY).sum()) > 0.93
        assert "Synthetic." in self.ui.makeCineResultLabel.text


class Counterfactuals(Beating):
    def test_the_same_heart_beats_four_times_beside_itself_and_all_play_together(self):
        self.heart()
        self.make_all()
        picture("cine-counterfactuals")
        made = self.shown()
        assert [round(one.told["ejection_fraction"]["asked"]) for one in made] == [20, 35, 50, 65]
        assert len({one.cine.browser for one in made}) == 1
        volumes = []
        for one in made:
            maps = cine_of(one.label_map)
            volumes.append(min((read_label_map(node).codes == CAVITY).sum() for node in maps))
        assert volumes == sorted(volumes, reverse=True)
        made[0].cine.browser.SetSelectedItemNumber(4)
        spin(0.3)
        assert {one.cine.shown for one in made} == {4}
        for one, view in zip(made, VIEWS, strict=False):
            node = slicer.app.layoutManager().sliceWidget(view).mrmlSliceNode()
            assert list(one.label_map.GetDisplayNode().GetViewNodeIDs()) == [node.GetID()]
        assert "20 → " in self.others.ui.counterfactualResultLabel.text

    def test_one_more_cine_is_shown_alone(self):
        self.heart()
        self.make_all()
        click(self.others.ui.counterfactualSection)
        image, label_map = self.make()
        assert slicer.app.layoutManager().layout < FIRST_LAYOUT
        visible = [
            node
            for node in slicer.util.getNodesByClass("vtkMRMLSegmentationNode")
            if node.GetDisplayNode().GetVisibility()
        ]
        assert visible == [label_map]
        assert is_shown(image)

    def make_all(self):
        type_text(self.ui.cineFramesSpinBox, "8")
        unfold(self.others)
        press_apply(self.others, 600)
        spin(0.5)

    def shown(self):
        manager = slicer.app.layoutManager()
        assert manager.layout == FIRST_LAYOUT + 4
        layers = [manager.sliceWidget(view).sliceLogic().GetBackgroundLayer() for view in list(VIEWS)[:4]]
        return [beating_of(layer.GetVolumeNode()) for layer in layers]


class Scenes(Counterfactuals):
    def test_a_saved_scene_brings_the_cine_back_and_goes_on_from_its_frame(self):
        self.heart()
        self.preview()
        image, label_map = self.make()
        cine_of(image).browser.SetSelectedItemNumber(4)
        spin(0.1)
        name, before, codes = image.GetName(), pixels(image), read_label_map(label_map).codes
        path = str(Path(self.enterContext(tempfile.TemporaryDirectory(prefix="echosynth-cine-"))) / "cine.mrb")
        assert slicer.util.saveScene(path)
        slicer.mrmlScene.Clear(0)
        spin(0.3)
        assert not self.ui.makeCineResultLabel.text
        slicer.util.loadScene(path)
        spin(0.5)
        picture("cine-loaded")
        self.parameters = self.module.logic.getParameterNode()
        image, label_map = self.parameters.inputVolume, self.parameters.labelMap
        assert image.GetName() == name
        assert np.array_equal(pixels(image), before)
        assert np.array_equal(read_label_map(label_map).codes, codes)
        made = beating_of(image)
        assert made.cine.shown == 4
        assert not made.is_edited()
        assert made.source[0].GetName() == "echo"
        assert preview_in(slicer.mrmlScene, "ES") is None
        again, _label_map = self.make()
        assert np.array_equal(pixels(cine_of(again).node(4)), before)

    def test_counterfactuals_stand_beside_each_other_again(self):
        self.heart()
        self.make_all()
        path = str(Path(self.enterContext(tempfile.TemporaryDirectory(prefix="echosynth-cine-"))) / "cines.mrb")
        assert slicer.util.saveScene(path)
        slicer.mrmlScene.Clear(0)
        spin(0.3)
        slicer.util.loadScene(path)
        spin(0.8)
        picture("cine-counterfactuals-loaded")
        assert [round(one.told["ejection_fraction"]["asked"]) for one in self.shown()] == [20, 35, 50, 65]


class Scripts(Beating):
    def test_scripts_make_what_the_panel_makes(self):
        self.heart()
        (made,) = self.module.logic.animate(self.frame, self.label_map, (35,), frames=10, heart_rate=60)
        assert len(cine_of(made.image)) == len(cine_of(made.segmentation)) == 10
        assert made.record["ejection_fraction"]["asked"] == 35
        several = self.module.logic.animate(None, self.label_map, (30, 60), frames=8)
        assert cine_of(several[0].image).browser is cine_of(several[1].image).browser
