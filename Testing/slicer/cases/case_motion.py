"""The section Motion: a cine is tracked, its motion shown and stored, labels are carried along."""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np
import slicer
from vtk.util.numpy_support import vtk_to_numpy

import EchoSynthLib as es
from drawn_echo import drawn_cine, drawn_heart, echo_volume
from EchoSynthMRML.cines import cine_of
from EchoSynthMRML.grid import Grid
from EchoSynthMRML.label_maps import read_label_map, write_segments
from EchoSynthMRML.motion_shapes import LENGTH
from EchoSynthMRML.plots import TIME, table_of
from EchoSynthMRML.tracked import tracked_in
from EchoSynthPanels.application.registration import CINE, load_cine
from EchoSynthPanels.motion.nodes import STRAIN, WALL, MotionNodes
from events import choose, click, picture, spin, type_text, wait_until
from looks import in_sight, pictures_of_all_looks, window_of
from measuring import Measuring, is_shown
from the_module import open_module, press_apply, unfold

PHASES = (0.0, 0.3, 0.7, 1.0, 0.8, 0.5, 0.2, 0.0)
SYSTOLE = 3


class Moving(Measuring):
    """A small cine with its segmentation, in EchoMeasure; no tests of its own."""

    def setUp(self) -> None:
        super().setUp()
        self.panel = self.panels["Motion"]
        open_module("EchoMeasure")
        self.image, self.label_map = drawn_cine(PHASES)
        self.parameters.inputVolume, self.parameters.labelMap = self.image, self.label_map
        self.browser = cine_of(self.image).browser
        spin(0.2)
        unfold(self.panel)

    def track(self, start: str = "End-diastole", end: str = "All frames") -> None:
        for combo, entry in ((self.panel.ui.motionFromComboBox, start), (self.panel.ui.motionToComboBox, end)):
            if combo.currentText != entry:
                choose(combo, entry)
        press_apply(self.panel, 120)
        spin(0.3)

    def show_frame(self, number: int) -> None:
        self.browser.SetSelectedItemNumber(number)
        spin(0.2)

    def codes(self, frame: int) -> np.ndarray:
        cine = cine_of(self.label_map)
        return read_label_map(self.label_map if cine.shown == frame else cine.node(frame)).codes

    def model(self):
        """The model over the frame; None where nothing lies there."""
        return next((node for node in _models() if node.GetDisplayNode().GetVisibility()), None)


class Reasons(Moving):
    def test_what_is_gray_says_why(self):
        ui = self.panel.ui
        assert "Track the cine first" in ui.motionDisplayComboBox.toolTip
        assert not ui.motionDisplayComboBox.enabled
        choose(ui.motionToComboBox, "End-diastole")
        assert not ui.trackButton.enabled
        assert "two different frames" in ui.trackButton.toolTip
        choose(ui.motionToComboBox, "All frames")
        assert ui.trackButton.enabled
        for box in (ui.propagateBackSpinBox, ui.propagateOnSpinBox):
            type_text(box, "0")
        spin(0.1)
        assert "one or more frames" in ui.propagateButton.toolTip
        self.parameters.labelMap = None
        self.parameters.inputVolume = echo_volume(drawn_heart())
        spin(0.2)
        assert not ui.trackButton.enabled
        assert "single frame; motion needs a cine" in ui.trackButton.toolTip
        assert "Choose a cine first" in ui.propagateButton.toolTip


class Tracking(Moving):
    def test_arrows_follow_the_frame_and_go_with_the_choice_the_section_and_the_module(self):
        self.track()
        assert self.model() is not None
        longest = []
        for frame in (0, 1, SYSTOLE):
            self.show_frame(frame)
            longest.append(vtk_to_numpy(self.model().GetPolyData().GetPointData().GetArray(LENGTH)).max())
        picture("motion-drawn-arrows")
        assert longest[0] < 0.01
        assert longest[0] < longest[1] < longest[2]
        assert self.model().GetPolyData().GetNumberOfLines() > 20
        choose(self.panel.ui.motionDisplayComboBox, "Color")
        spin(0.2)
        assert self.model().GetPolyData().GetNumberOfPolys() > 100
        picture("motion-drawn-color")
        for leave, come_back in (
            (lambda: click(self.panel.ui.motionSection), lambda: click(self.panel.ui.motionSection)),
            (lambda: slicer.util.selectModule("Data"), lambda: slicer.util.selectModule("EchoMeasure")),
        ):
            leave()
            spin(0.3)
            assert self.model() is None
            come_back()
            spin(0.3)
            assert self.model() is not None
        choose(self.panel.ui.motionDisplayComboBox, "Nothing")
        spin(0.2)
        assert self.model() is None

    def test_slicer_warps_each_frame_by_the_transform_as_es_warp_does(self):
        self.track()
        tracked = tracked_in(self.image)
        self.show_frame(SYSTOLE)
        array = slicer.util.arrayFromVolume(self.image)[0].astype(np.float32)
        smooth = es.warp(array, np.zeros((2, *array.shape), np.float32))
        displacement, grid = tracked.displacement(SYSTOLE)
        expected = es.warp(smooth, displacement)
        copy = slicer.util.addVolumeFromArray(smooth[None], ijkToRAS=np.reshape(grid.ijk_to_ras, (4, 4)), name="copy")
        copy.SetAndObserveTransformNodeID(tracked.node.GetID())
        found = _seen_on(copy, grid)
        inner = (slice(6, -6), slice(6, -6))
        assert np.abs(expected - smooth)[inner].max() > 20
        assert np.abs(found - expected)[inner].max() < 0.5

    def test_strain_is_told_in_table_and_charts_over_time_with_end_systole_marked(self):
        self.track()
        wait_until(is_shown, 10, "table and charts")
        spin(0.3)
        picture("motion-drawn-strain")
        strain, nodes = self.panel.motion.strain, MotionNodes(self.image)
        assert strain.gls < -5
        told = self.panel.ui.motionResultLabel.text
        assert f"GLS {strain.gls:.1f} % at ES (frame {SYSTOLE})" in told
        assert "Dice" not in told
        assert self.panel.row().text.count("frames a second") == 1  # tracking and strain both doubt it
        table = nodes.table.GetTable()
        assert table.GetNumberOfRows() == 7
        assert float(table.GetColumnByName("ES [%]").GetValue(0)) == round(strain.gls, 1)
        assert {table.GetColumnByName("Light").GetValue(row) for row in range(7)} <= {"green", "yellow", "red"}
        values = table_of(nodes.chart(STRAIN))
        assert np.allclose(slicer.util.arrayFromTableColumn(values, TIME), np.arange(len(PHASES)) * 0.04)
        marked = np.flatnonzero(np.isfinite(slicer.util.arrayFromTableColumn(values, "ES")))
        assert marked.tolist() == [SYSTOLE]
        assert nodes.chart(WALL).GetXAxisTitle() == TIME

    def test_part_of_a_beat_is_tracked_and_beyond_it_nothing_is_shown(self):
        self.track("End-diastole", "End-systole")
        tracked = tracked_in(self.image)
        assert (tracked.reference, tracked.first, tracked.last) == (0, 0, SYSTOLE)
        self.show_frame(SYSTOLE + 2)
        assert self.model() is None
        self.show_frame(SYSTOLE)
        assert self.model() is not None
        before = len(slicer.util.getNodesByClass("vtkMRMLGridTransformNode"))
        self.track("Shown frame", "All frames")
        assert tracked_in(self.image).reference == SYSTOLE
        assert len(slicer.util.getNodesByClass("vtkMRMLGridTransformNode")) == before

    def test_without_a_label_map_the_cine_is_segmented_first(self):
        self.parameters.labelMap = None
        slicer.mrmlScene.RemoveNode(cine_of(self.label_map).sequence)
        slicer.mrmlScene.RemoveNode(self.label_map)
        spin(0.2)
        self.track("Shown frame")
        assert len(cine_of(self.parameters.labelMap)) == len(PHASES)
        assert self.panel.motion.label_map is self.parameters.labelMap

    def test_cancelled_nothing_is_left(self):
        nodes = slicer.mrmlScene.GetNumberOfNodes()
        click(self.panel.ui.trackButton)
        wait_until(lambda: self.panel.ui.trackButton.text == "Cancel", 5, "the button to become Cancel")
        click(self.panel.ui.trackButton)
        wait_until(lambda: not self.panel.runner.busy, 10, "the end")
        spin(0.2)
        assert tracked_in(self.image) is None
        assert slicer.mrmlScene.GetNumberOfNodes() == nodes


class Propagating(Moving):
    def test_a_corrected_frame_corrects_its_neighbors_and_no_other_frame(self):
        by_hand = np.where(self.codes(6) == 3, 0, self.codes(6))
        grid = Grid.of_segmentation(self.label_map)
        self.show_frame(6)
        write_segments(self.label_map, by_hand, grid)
        self.show_frame(2)
        corrected = np.where(self.codes(2) == 3, 0, self.codes(2))
        write_segments(self.label_map, corrected, grid)
        before = [self.codes(frame) for frame in range(len(PHASES))]
        type_text(self.panel.ui.propagateBackSpinBox, "1")
        type_text(self.panel.ui.propagateOnSpinBox, "2")
        spin(0.1)
        click(self.panel.ui.propagateButton)
        wait_until(lambda: not self.panel.runner.busy, 60, "the labels")
        assert not self.panel.runner.failed, self.panel.runner.log[-2:]
        spin(0.3)
        picture("motion-propagated")
        assert "Frames 1 to 4 of 'drawn labels' follow frame 2." in self.panel.ui.propagateResultLabel.text
        for frame, codes in enumerate(before):
            self.show_frame(frame)
            now = self.codes(frame)
            if frame in (1, 3, 4):
                assert not (now == 3).any()
                assert 0.4 < (now == 1).sum() / (codes == 1).sum() < 2.5
            else:
                assert np.array_equal(now, codes), frame

    def test_its_own_row_tells_of_it_and_offers_cancel(self):
        before = [self.codes(frame) for frame in range(len(PHASES))]
        type_text(self.panel.ui.propagateOnSpinBox, "7")
        spin(0.1)
        click(self.panel.ui.propagateButton)
        row = self.panel.row(self.panel.owner_of("propagateJobRow"))
        wait_until(lambda: row.cancel_button.visible, 5, "Cancel")
        assert not self.panel.ui.trackButton.enabled
        click(row.cancel_button)
        wait_until(lambda: not self.panel.runner.busy, 10, "the end")
        assert all(np.array_equal(self.codes(frame), codes) for frame, codes in enumerate(before))


class Scenes(Moving):
    def test_a_saved_scene_brings_motion_table_charts_and_choices_back(self):
        self.track()
        choose(self.panel.ui.motionDisplayComboBox, "Color")
        self.show_frame(SYSTOLE)
        expected, _grid = tracked_in(self.image).displacement(SYSTOLE)
        with tempfile.TemporaryDirectory() as folder:
            path = str(Path(folder) / "motion.mrb")
            assert slicer.util.saveScene(path)
            slicer.mrmlScene.Clear(0)
            spin(0.3)
            assert self.panel.motion is None
            assert not self.panel.ui.motionResultLabel.text
            assert self.model() is None
            assert not _models()
            for kind in ("GridTransform", "Table", "PlotChart", "ColorLegendDisplay"):
                shown = slicer.util.getNodesByClass(f"vtkMRML{kind}Node")
                assert not [node for node in shown if not node.GetSingletonTag()], kind
            slicer.util.loadScene(path)
            spin(0.5)
            image = self.parameters_again().inputVolume
            found, _grid = tracked_in(image).displacement(SYSTOLE)
            assert np.allclose(found, expected, atol=1e-3)
            assert self.panel.ui.motionDisplayComboBox.currentText == "Color"
            assert self.model().GetPolyData().GetNumberOfPolys() > 100
            picture("motion-loaded")
        self.image = image
        self.track()
        assert len(slicer.util.getNodesByClass("vtkMRMLGridTransformNode")) == 1
        assert len([n for n in slicer.util.getNodesByClass("vtkMRMLTableNode") if n.GetName().endswith("strain")]) == 1

    def parameters_again(self):
        self.parameters = self.module.logic.getParameterNode()
        return self.parameters


class Looks(Measuring):
    def test_it_is_folded_at_first_and_track_is_in_sight_once_it_is_folded_out(self):
        with window_of("laptop"):
            slicer.util.reloadScriptedModule("EchoMeasure")
            self.module = open_module("EchoMeasure")
            panel = self.module.panels["Motion"]
            assert panel.ui.motionSection.collapsed
            assert in_sight(self.module.panels["Measure"].ui.measureButton)
            self.module.logic.getParameterNode().inputVolume = load_cine(CINE)
            spin(0.3)
            assert in_sight(panel.ui.motionSection)
            unfold(panel)
            spin(0.3)
            assert in_sight(panel.ui.trackButton)

    def test_pictures_of_all_looks(self):
        self.module = open_module("EchoMeasure")
        panel = self.module.panels["Motion"]
        self.parameters = self.module.logic.getParameterNode()
        self.parameters.inputVolume = image = load_cine(CINE)
        unfold(panel)
        pictures_of_all_looks("motion-1-cine", panel.widget)
        press_apply(panel, 180)
        wait_until(is_shown, 10, "table and charts")
        cine_of(image).browser.SetSelectedItemNumber(8)
        pictures_of_all_looks("motion-2-arrows")
        choose(panel.ui.motionDisplayComboBox, "Color")
        spin(0.3)
        click(panel.ui.propagateButton)
        wait_until(lambda: not panel.runner.busy, 60, "the labels")
        pictures_of_all_looks("motion-3-color-propagated")
        choose(panel.ui.motionDisplayComboBox, "Arrows")


def _models() -> list:
    """Those that show motion; slice views have models of their own."""
    return [node for node in slicer.util.getNodesByClass("vtkMRMLModelNode") if "motion" in node.GetName()]


def _seen_on(volume, grid: Grid) -> np.ndarray:
    """The pixels of a volume under its transform, resampled by Slicer on a grid."""
    import vtk

    from_world, to_ijk = vtk.vtkGeneralTransform(), vtk.vtkMatrix4x4()
    slicer.vtkMRMLTransformNode.GetTransformBetweenNodes(None, volume.GetParentTransformNode(), from_world)
    volume.GetRASToIJKMatrix(to_ijk)
    place = vtk.vtkGeneralTransform()
    place.PostMultiply()
    for part in (grid.matrix(), from_world, to_ijk):
        place.Concatenate(part)
    reslice = vtk.vtkImageReslice()
    reslice.SetInputData(volume.GetImageData())
    reslice.SetResliceTransform(place)
    reslice.SetInterpolationModeToLinear()
    reslice.SetOutputOrigin(0, 0, 0)
    reslice.SetOutputSpacing(1, 1, 1)
    reslice.SetOutputExtent(0, grid.shape[1] - 1, 0, grid.shape[0] - 1, 0, 0)
    reslice.Update()
    return vtk_to_numpy(reslice.GetOutput().GetPointData().GetScalars()).reshape(grid.shape)
