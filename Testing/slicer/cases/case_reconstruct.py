"""EchoHeart3D, Reconstruct: places that fill themselves, the heart in 3D with both pictures, its beat, its scene."""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np
import slicer
from vtk.util.numpy_support import vtk_to_numpy

from drawn_echo import synthetic_echo
from EchoSynthJobs.heart_numbers import table_rows
from EchoSynthJobs.reconstruct import RECORD
from EchoSynthLib.images.write import write_image
from EchoSynthLib.reconstruction.shapes import end_systole_at
from EchoSynthMRML.heart_models import PALE, RECONSTRUCTED, parts_of
from EchoSynthMRML.heart_pictures import plane_of
from EchoSynthPanels.new_heart.heart_views import (
    CUT_VIEW,
    ECHO,
    ECHO_VIEW,
    HEART_LAYOUT,
    shows_reconstructed,
    slice_node,
)
from EchoSynthPanels.parameters import PLANES_AS_USUAL
from events import (
    choose,
    click,
    move_slider,
    picture,
    spin,
    type_text,
    wait_until,
)
from looks import in_sight, scroll_to_top, window_of
from reconstructing import NAMES, TRUTH, Reconstructing
from the_module import bring_up, open_module, press_apply


class OfADrawnHeart(Reconstructing):
    """Two cines of one heart whose numbers are known."""

    def setUp(self):
        super().setUp()
        for view in ("4CH", "2CH"):
            self.module.logic.saveHeart(**TRUTH, view=view, frames=8)
        spin(0.5)

    def test_two_cines_of_a_heart_give_it_back_with_its_planes(self):
        with window_of("laptop"):
            scroll_to_top(self.ui.reconstructButton)
            assert in_sight(self.ui.reconstructButton)
            picture("reconstruct-before-1280x800")
            self.make()
            picture("reconstruct-1280x800")
        numbers = self.heart.found.records
        assert abs(numbers["ED"]["volumes_ml"]["left ventricle"] - 130) < 15
        ejection = 1 - numbers["ES"]["volumes_ml"]["left ventricle"] / numbers["ED"]["volumes_ml"]["left ventricle"]
        assert abs(ejection - 0.55) < 0.08, ejection
        told = self.ui.reconstructResultLabel.text
        assert f"{100 * ejection:.0f} %" in told
        assert "RV*" in told
        assert "Prior only: no picture shows right ventricle, right atrium, aorta" in told
        assert set(self.parts) >= NAMES | {"4CH ED", "2CH ES", plane_of("4CH ED"), "ED", "ES"}
        assert self.parts["right ventricle"].GetDisplayNode().GetOpacity() == PALE
        assert self.shown_in(ECHO_VIEW) is self.parts["4CH ED"]
        assert self.shown_in(CUT_VIEW) is self.parts["2CH ED"]
        assert all(slice_node(view).GetSliceVisible() for view in (CUT_VIEW, ECHO_VIEW))
        with window_of("desk"):
            spin(0.5)
            picture("reconstructed")

    def test_the_phase_slider_empties_the_ventricle_and_changes_the_pictures(self):
        self.make()
        full = self.surface()
        move_slider(self.ui.reconstructedPhaseSlider, 100 * end_systole_at())
        self.settle()
        picture("reconstruct-end-systole")
        empty = self.surface()
        assert np.ptp(empty, axis=0).max() < np.ptp(full, axis=0).max() - 3
        assert self.shown_in(ECHO_VIEW) is self.parts["4CH ES"]
        move_slider(self.ui.reconstructedPhaseSlider, 15)
        self.settle()
        assert not np.allclose(self.surface().mean(axis=0), empty.mean(axis=0), atol=0.1)
        click(self.ui.reconstructedESButton)
        self.settle()
        np.testing.assert_allclose(self.surface(), empty, atol=1e-4)
        click(self.ui.reconstructedBeatButton)
        seen = {self.heart.level for _ in range(20) if spin(0.05) is None}
        click(self.ui.reconstructedBeatButton)
        assert len(seen) > 4, seen

    def test_the_surface_of_the_cavity_meets_the_outline_in_its_picture(self):
        self.make()
        spin(0.3)
        agreement = self.heart.found.records["ED"]["agreement"]
        assert min(found["LV cavity"] for found in agreement.values()) > 0.88
        picture("reconstruct-outlines", slicer.app.layoutManager().sliceWidget(ECHO_VIEW))

    def test_a_saved_scene_has_all_of_it_and_its_slider_works(self):
        self.make()
        click(self.ui.reconstructedESButton)
        self.settle()
        told, empty = self.ui.reconstructResultLabel.text, self.surface()
        names = set(self.parts)
        with tempfile.TemporaryDirectory() as folder:
            path = str(Path(folder) / "heart.mrb")
            assert slicer.util.saveScene(path)
            slicer.mrmlScene.Clear()
            spin(0.3)
            assert self.ui.reconstructResultLabel.text == ""
            slicer.util.loadScene(path)
            spin(0.5)
        self.settle()
        assert shows_reconstructed()
        assert self.shown_in(ECHO_VIEW) is self.parts["4CH ES"]
        assert self.ui.reconstructResultLabel.text == told
        assert set(self.parts) == names
        np.testing.assert_allclose(self.surface(), empty, atol=1e-3)
        assert self.parts["ES"].GetAttribute(RECORD)
        assert self.parts["4CH ES"].GetParentTransformNode() is self.parts[plane_of("4CH ES")]
        click(self.ui.reconstructedEDButton)
        self.settle()
        picture("reconstruct-reopened")
        assert shows_reconstructed()
        assert np.ptp(self.surface(), axis=0).max() > np.ptp(empty, axis=0).max() + 3
        assert len([node for node in slicer.util.getNodesByClass("vtkMRMLModelNode") if _is_ours(node)]) == len(NAMES)

    def test_another_heart_that_is_made_beside_it_takes_the_views_and_gives_them_back(self):
        self.make()
        new_heart = self.module.panels["NewHeart"]
        click(new_heart.ui.newHeartButton)
        wait_until(lambda: not new_heart.runner.busy and not new_heart.live.busy, 60, "the new heart")
        spin(0.5)
        picture("reconstruct-beside-new-heart")
        assert not shows_reconstructed()
        assert not self.parts["left ventricle"].GetDisplayVisibility()
        assert parts_of(slicer.mrmlScene)["left ventricle"].GetDisplayVisibility()
        assert not slice_node(CUT_VIEW).GetSliceVisible()
        before = new_heart.live.redrawn
        click(self.ui.reconstructedEDButton)
        self.settle()
        spin(0.5)
        picture("reconstruct-after-new-heart")
        assert self.parts["left ventricle"].GetDisplayVisibility()
        assert not parts_of(slicer.mrmlScene)["left ventricle"].GetDisplayVisibility()
        assert self.shown_in(ECHO_VIEW) is self.parts["4CH ED"]
        assert new_heart.live.redrawn == before


class OfLabelMaps(Reconstructing):
    def test_places_fill_themselves_and_say_so_and_the_button_why_it_waits(self):
        assert not self.ui.reconstructButton.enabled
        assert "4CH and 2CH at ED or at ES" in self.ui.reconstructButton.toolTip
        self.load_label_maps("4CH_ED", "2CH_ES")
        assert not self.ui.reconstructButton.enabled
        self.load_label_maps("2CH_ED")
        assert self.ui.reconstructButton.enabled
        assert self.parameters.twoChamberED.GetName().startswith("parametric_2CH_ED")

    def test_one_phase_alone_has_no_beat_and_says_why(self):
        self.load_label_maps("4CH_ED", "2CH_ED")
        self.make()
        picture("reconstruct-ED-alone")
        assert list(self.heart.found.records) == ["ED"]
        for widget in (self.ui.reconstructedPhaseSlider, self.ui.reconstructedBeatButton):
            assert not widget.enabled
            assert "Only ED was reconstructed" in widget.toolTip
        assert not self.ui.reconstructedESButton.enabled
        assert self.ui.reconstructedEDButton.enabled

    def test_another_angle_between_the_planes_fits_the_heart_that_is_shown_anew(self):
        self.load_label_maps()
        self.make()
        usual = self.heart.found.records["ED"]
        segmentations = len(slicer.util.getNodesByClass("vtkMRMLSegmentationNode"))
        type_text(self.ui.planeAngleSpinBox, "90")
        wait_until(lambda: self.heart.found.records["ED"]["plane_angle_deg"] > 80, 240, "the other angle")
        self.settle()
        picture("reconstruct-90-degrees")
        assert usual["plane_angle_deg"] < 65
        assert len(slicer.util.getNodesByClass("vtkMRMLSegmentationNode")) == segmentations
        self.parameters.planeAngle = PLANES_AS_USUAL

    def test_images_alone_are_segmented_first(self):
        with tempfile.TemporaryDirectory() as folder:
            for place in ("4CH_ED", "2CH_ED"):
                pixels, spacing = synthetic_echo(place[:3], 0.0)
                path = write_image(Path(folder) / f"p7_{place}.nii.gz", pixels, spacing=spacing)
                self.module.logic.openFile(path)
        spin(0.5)
        assert self.parameters.fourChamberED.GetName() == "p7_4CH_ED"
        self.make()
        picture("reconstruct-images")
        assert list(self.heart.found.records) == ["ED"]
        assert {node.GetName() for node in self.heart.found.sources} == {
            "p7_4CH_ED segmentation",
            "p7_2CH_ED segmentation",
        }
        assert self.shown_in(ECHO_VIEW) is self.parts["4CH ED"]

    def test_a_place_that_is_emptied_by_hand_stays_so_in_both_modules(self):
        self.load_label_maps()
        choose(self.ui.twoChamberESSelector, "None")
        spin(0.4)
        measure = open_module("EchoMeasure").panels["Measure"]
        spin(0.4)
        assert measure.ui.twoChamberESSelector.currentNode() is None
        bring_up(self.panel)
        self.make()
        assert list(self.heart.found.records) == ["ED"]
        assert "4CH ES has no other view of its moment" in self.panel.row().text

    def test_voxels_of_the_network_are_shown_as_segments_at_both_ends(self):
        self.load_label_maps()
        choose(self.ui.heartModelComboBox, "heart3d-voxels")
        self.make()
        picture("reconstruct-voxels")
        assert self.parts["ED"].GetSegmentation().ContainsRepresentation("Closed surface")
        assert self.parts["ED"].GetDisplayVisibility()
        assert not self.parts["ES"].GetDisplayVisibility()
        assert "voxels" in self.ui.reconstructedPhaseSlider.toolTip
        click(self.ui.reconstructedESButton)
        self.settle()
        assert self.parts["ES"].GetDisplayVisibility()
        assert self.shown_in(ECHO_VIEW) is self.parts["4CH ES"]

    def test_a_script_gets_the_hearts_and_the_table(self):
        self.load_label_maps()
        found = self.module.logic.reconstruct()
        self.settle()
        picture("reconstruct-label-maps")
        assert list(found.segmentations) == ["ED", "ES"]
        assert found.table.GetCellText(0, 0) == "EDV"
        assert found.table.GetTable().GetNumberOfColumns() == len(table_rows(found.records)[0])
        assert self.heart.found is found


class SavedNewHeart(Reconstructing):
    def test_a_new_heart_in_a_saved_scene_is_there_again_and_follows_its_sliders(self):
        panel = self.module.panels["NewHeart"]
        press_apply(panel, 60)
        wait_until(lambda: not panel.live.busy, 30, "the picture")
        move_slider(panel.ui.heartVolumeSlider, 180)
        spin(0.1)
        wait_until(lambda: not panel.live.busy, 30, "the picture")
        spin(0.3)
        models = parts_of(slicer.mrmlScene)
        points = vtk_to_numpy(models["left ventricle"].GetPolyData().GetPoints().GetData()).copy()
        place = slicer.util.arrayFromVTKMatrix(_matrix(models[ECHO]))
        with tempfile.TemporaryDirectory() as folder:
            path = str(Path(folder) / "heart.mrb")
            assert slicer.util.saveScene(path)
            slicer.mrmlScene.Clear()
            spin(0.3)
            slicer.util.loadScene(path)
            spin(0.8)
        again = parts_of(slicer.mrmlScene)
        assert set(again) == set(models)
        np.testing.assert_allclose(
            vtk_to_numpy(again["left ventricle"].GetPolyData().GetPoints().GetData()), points, atol=1e-3
        )
        np.testing.assert_allclose(slicer.util.arrayFromVTKMatrix(_matrix(again[ECHO])), place, atol=1e-4)
        assert self.parameters.heartVolume == 180
        picture("new-heart-reopened")
        assert slicer.app.layoutManager().layout == HEART_LAYOUT
        click(panel.view_buttons["2CH"])
        move_slider(panel.ui.heartEjectionFractionSlider, 30)
        spin(0.1)
        wait_until(lambda: not panel.live.busy, 30, "the picture")
        spin(0.3)
        picture("new-heart-reopened-moved")
        assert "EF 30 %, EDV 180 ml" in panel.ui.newHeartResultLabel.text
        assert set(parts_of(slicer.mrmlScene)) == set(models)
        assert len(parts_of(slicer.mrmlScene)) == len(models)


def _matrix(volume):
    matrix = slicer.util.vtkMatrixFromArray(np.eye(4))
    volume.GetIJKToRASMatrix(matrix)
    return matrix


def _is_ours(model) -> bool:
    return bool(model.GetAttribute(RECONSTRUCTED))
