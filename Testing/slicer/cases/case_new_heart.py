"""EchoHeart3D, New heart: a heart from sliders, cut anywhere, its echo live, a beat, and what is saved of it."""

from __future__ import annotations

import json
import unittest

import numpy as np
import slicer
from vtk.util.numpy_support import vtk_to_numpy

from EchoSynthJobs.heart import TRUTH
from EchoSynthLib.anatomy.structures import STRUCTURES
from EchoSynthMRML.cines import cine_of, times_of
from EchoSynthMRML.heart_models import SECTOR, parts_of
from EchoSynthMRML.label_maps import read_label_map
from EchoSynthMRML.phases import phases_of
from EchoSynthMRML.provenance import is_synthetic, stamps_of
from EchoSynthPanels.new_heart.heart_views import CUT_VIEW, ECHO, ECHO_VIEW, slice_node
from EchoSynthPanels.new_heart.live_heart import FRAMES
from events import choose, click, move_slider, picture, spin, type_text, wait_until, wheel
from looks import in_sight, window_of
from the_module import bring_up, open_module, pixels, press_apply


class Hearts(unittest.TestCase):
    """The module with a heart; no tests of its own."""

    def setUp(self):
        self.module = open_module("EchoHeart3D")
        self.panel = self.module.panels["NewHeart"]
        self.ui, self.live = self.panel.ui, self.panel.live
        self.parameters = self.module.logic.getParameterNode()
        bring_up(self.panel)
        self.addCleanup(self.panel.exit)

    def make(self):
        press_apply(self.panel, 60)
        self.settle()

    def settle(self, seconds=30):
        spin(0.1)
        wait_until(lambda: not self.live.busy, seconds, "the picture")
        spin(0.2)

    @property
    def parts(self):
        return parts_of(slicer.mrmlScene)

    @property
    def echo(self):
        return pixels(self.parts[ECHO])

    def height_of_ventricle(self):
        return vtk_to_numpy(self.parts["left ventricle"].GetPolyData().GetPoints().GetData())

    def scroll(self, steps):
        view = slicer.app.layoutManager().sliceWidget(CUT_VIEW).sliceView()
        for _ in range(abs(steps)):
            wheel(view, 1 if steps > 0 else -1)


class NewHeart(Hearts):
    def test_what_needs_a_heart_says_so_until_there_is_one(self):
        for button in (self.ui.heartBeatButton, self.ui.saveHeartButton, *self.panel.view_buttons.values()):
            assert not button.enabled
            assert "Make a heart first" in button.toolTip
        self.make()
        assert self.ui.saveHeartButton.enabled
        assert self.ui.heartBeatButton.enabled

    def test_one_click_shows_surfaces_plane_and_echo(self):
        with window_of("laptop"):
            assert in_sight(self.ui.newHeartButton)
            self.make()
            picture("new-heart-1280x800")
            assert {one.name for one in STRUCTURES} | {SECTOR, ECHO} == set(self.parts)
            assert slicer.util.arrayFromVTKMatrix(slice_node(CUT_VIEW).GetSliceToRAS()) is not None
            shown = slicer.app.layoutManager().sliceWidget(ECHO_VIEW).sliceLogic().GetBackgroundLayer()
            assert shown.GetVolumeNode() is self.parts[ECHO]
            assert self.echo.std() > 20
            assert is_synthetic(self.parts[ECHO])
            assert self.panel.view_buttons["4CH"].checked
            assert "EF 62 %, EDV 106 ml" in self.ui.newHeartResultLabel.text
        with window_of("desk"):
            spin(0.5)
            picture("new-heart-1920x1080")

    def test_the_heart_follows_its_sliders(self):
        self.make()
        before, seen = self.height_of_ventricle().copy(), self.echo
        move_slider(self.ui.heartVolumeSlider, 200)
        self.settle()
        assert "EDV 200 ml" in self.ui.newHeartResultLabel.text
        assert np.ptp(self.height_of_ventricle(), axis=0).max() > 1.1 * np.ptp(before, axis=0).max()
        assert not np.array_equal(self.echo, seen)
        move_slider(self.ui.heartEjectionFractionSlider, 30)
        self.settle()
        assert "EF 30 %" in self.ui.newHeartResultLabel.text
        assert "ESV 140 ml" in self.ui.newHeartResultLabel.text
        picture("new-heart-large-and-weak")

    def test_another_person_brings_its_own_numbers(self):
        self.make()
        choose(self.ui.heartConditionComboBox, "Dilated")
        self.settle()
        assert self.parameters.heartEjectionFraction < 46
        assert self.parameters.heartVolume > 110
        type_text(self.ui.heartSeedSpinBox, "7")
        self.settle()
        assert self.live.record["seed"] == 7
        assert self.live.record["condition"] == "dilated"

    def test_numbers_that_a_heart_cannot_reach_are_told_and_the_next_ones_followed(self):
        choose(self.ui.heartConditionComboBox, "Ischemic")
        self.make()
        before = self.live.redrawn
        move_slider(self.ui.heartEjectionFractionSlider, 80)
        move_slider(self.ui.heartPhaseSlider, 35)
        self.settle()
        assert "more than this ventricle can reach" in self.ui.newHeartResultLabel.text
        picture("new-heart-cannot-reach")
        move_slider(self.ui.heartEjectionFractionSlider, 40)
        self.settle()
        assert self.live.redrawn > before
        assert "EF 40 %" in self.ui.newHeartResultLabel.text

    def test_the_phase_slider_empties_the_ventricle(self):
        self.make()
        full = self.height_of_ventricle().copy()
        move_slider(self.ui.heartPhaseSlider, 36)
        self.settle()
        assert np.abs(self.height_of_ventricle() - full).max() > 5
        assert self.live.record["volumes_ml"]["LV"][0] < 45


class Cuts(Hearts):
    def test_each_standard_view_turns_the_plane(self):
        self.make()
        seen = []
        for name, button in self.panel.view_buttons.items():
            click(button)
            self.settle()
            assert self.live.record["nearest_view"]["view"] == name
            assert [other for other, one in self.panel.view_buttons.items() if one.checked] == [name]
            seen.append(self.echo.tobytes())
            picture(f"new-heart-{name}")
        assert len(set(seen)) == len(seen)

    def test_the_echo_follows_the_plane_as_the_wheel_moves_it(self):
        self.make()
        seen, offset = self.echo, slice_node(CUT_VIEW).GetSliceOffset()
        self.scroll(12)
        self.settle()
        moved = abs(slice_node(CUT_VIEW).GetSliceOffset() - offset)
        assert moved > 5, moved
        assert not np.array_equal(self.echo, seen)
        assert self.live.view == ""
        assert not self.panel.view_buttons["4CH"].checked
        assert abs(self.live.record["nearest_view"]["mm"] - moved) < 0.5
        picture("new-heart-scrolled")

    def test_a_turned_plane_is_followed_and_lies_in_space_where_the_view_has_it(self):
        self.make()
        node = slice_node(CUT_VIEW)
        node.SetSliceToRASByNTP(0, 0, 1, -1, 0, 0, 0, 10, 20, 0)
        self.settle()
        picture("new-heart-any-plane")
        normal = slicer.util.arrayFromVTKMatrix(node.GetSliceToRAS())[:3, 2]
        matrix = np.zeros((4, 4))
        into = slicer.util.vtkMatrixFromArray(matrix)
        self.parts[ECHO].GetIJKToRASMatrix(into)
        grid = slicer.util.arrayFromVTKMatrix(into)
        assert abs(normal @ grid[:3, 0]) < 1e-4
        assert abs(normal @ (grid[:3, 3] - [0, 10, 20])) < 0.01

    def test_a_plane_beside_the_heart_is_told_and_coming_back_is_followed(self):
        self.make()
        node = slice_node(CUT_VIEW)
        node.SetSliceOffset(node.GetSliceOffset() + 200)
        self.settle()
        assert "does not meet the heart" in self.ui.newHeartResultLabel.text
        node.SetSliceOffset(node.GetSliceOffset() - 190)
        self.settle()
        assert "EF 62 %" in self.ui.newHeartResultLabel.text

    def test_the_generator_draws_apical_views_and_says_where_it_cannot(self):
        self.make()
        choose(self.ui.heartDrawingComboBox, "By the generator, 2CH and 4CH")
        self.settle()
        assert self.live.record["drawing"] == "generator"
        picture("new-heart-generator")
        click(self.panel.view_buttons["PSAX-PM"])
        self.settle()
        assert self.live.record["drawing"] == "tissue"
        assert "The generator knows" in self.ui.newHeartResultLabel.text

    def test_in_another_module_a_slice_view_is_turned_for_other_reasons(self):
        self.make()
        before = self.live.redrawn
        slicer.util.selectModule("Data")
        spin(0.2)
        slice_node(CUT_VIEW).SetSliceToRASByNTP(0, 0, 1, -1, 0, 0, 0, 10, 20, 0)
        spin(0.5)
        assert self.live.redrawn == before
        slicer.util.selectModule("EchoHeart3D")
        spin(0.3)
        move_slider(self.ui.heartPhaseSlider, 20)
        self.settle()
        assert self.live.redrawn > before


class Beats(Hearts):
    def test_it_beats_and_stops_at_a_phase(self):
        self.make()
        click(self.ui.heartBeatButton)
        wait_until(lambda: self.live._recorded.whole, 60, "the first beat")
        before = self.live.redrawn
        wait_until(lambda: self.live.redrawn > before + 5, 30, "the next frames")
        picture("new-heart-beats")
        volumes = set()

        def has_emptied():
            volumes.add(round(self.live.record["volumes_ml"]["LV"][0]))
            return max(volumes) - min(volumes) > 30

        wait_until(has_emptied, 30, "the ventricle to empty")
        click(self.ui.heartBeatButton)
        self.settle()
        assert not self.live.beating
        assert abs(self.parameters.heartPhase / 100 - self.live.phase) < 0.5 / FRAMES

    def test_the_plane_can_be_moved_while_it_beats(self):
        self.make()
        click(self.ui.heartBeatButton)
        spin(1.0)
        click(self.panel.view_buttons["PSAX-PM"])
        wait_until(lambda: self.live.record["nearest_view"]["view"] == "PSAX-PM", 20, "the other plane")
        click(self.ui.heartBeatButton)
        self.settle()


class Saved(Hearts):
    def test_a_frame_is_saved_with_its_label_map_and_truth(self):
        self.make()
        click(self.ui.saveHeartButton)
        wait_until(lambda: not self.panel.runner.busy, 60, "saving")
        spin(0.3)
        image, segmentation = self.parameters.inputVolume, self.parameters.labelMap
        assert "4CH" in image.GetName()
        assert is_synthetic(image)
        assert is_synthetic(segmentation)
        assert stamps_of(image)["view"] == "4CH"
        assert json.loads(image.GetAttribute(TRUTH))["EDV_ml"] - 106 < 1e-3
        codes = read_label_map(segmentation, image).codes
        assert set(np.unique(codes)) == {0, 1, 2, 3}
        assert "EF 62 %" in self.ui.saveHeartResultLabel.text
        np.testing.assert_array_equal(pixels(image), self.echo)
        picture("new-heart-saved")
        seen = self.echo
        self.scroll(12)
        self.settle()
        assert not np.array_equal(self.echo, seen)

    def test_a_beat_is_saved_as_a_cine_that_measure_understands(self):
        self.make()
        choose(self.ui.heartDrawingComboBox, "By the generator, 2CH and 4CH")
        self.settle()
        click(self.ui.saveBeatButton)
        wait_until(lambda: not self.panel.runner.busy, 120, "saving")
        spin(0.3)
        cine = cine_of(self.parameters.inputVolume)
        assert len(cine) == 30
        assert abs(times_of(cine)[-1] - 60 / self.live.record["heart_rate"] * 29 / 30) < 0.01
        (systole,) = phases_of(cine)["ES"]
        areas = [(read_label_map(node).codes == 1).sum() for node in cine_of(self.parameters.labelMap)]
        assert areas[0] == max(areas)
        assert abs(int(np.argmin(areas)) - systole) <= 1
        study = self.module.logic.measure(self.parameters.labelMap, allFrames=True)
        (found,) = (row.value for row in study.table if row.name == "EF, discs")
        # One plane, by discs, of frames beside end-systole: near the truth, not the truth.
        assert abs(found - 62) < 12
