"""What was measured, when its scene is played, edited, saved, opened elsewhere and opened again."""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np
import slicer

from EchoSynthMRML.cines import cine_of
from EchoSynthMRML.grid import Grid
from EchoSynthMRML.label_maps import read_label_map, write_segments
from EchoSynthMRML.plots import table_of
from EchoSynthMRML.tables import rows_in
from EchoSynthPanels.application.registration import CINE, load_cine, load_label_map
from EchoSynthPanels.measure.nodes import CHARTS
from events import picture, spin
from measuring import Measuring, drawn_last, is_shown
from other_slicer import open_elsewhere
from the_module import press_apply, unfold


class MeasuredCine(Measuring):
    def setUp(self) -> None:
        super().setUp()
        self.segment(load_cine(CINE), all_frames=True)
        self.measure("Whole cine")
        self.browser = cine_of(self.parameters.labelMap).browser

    def show_frame(self, number: int) -> None:
        self.browser.SetSelectedItemNumber(number)
        spin(0.2)


class Playing(MeasuredCine):
    def test_the_curve_follows_the_frames_above_the_segments_and_no_node_is_made_for_it(self):
        before = _nodes_in_scene()
        for number in (3, 12, 7):
            self.show_frame(number)
            endocardium = self.panel.measured.frames[f"frame {number}"].endocardium
            assert np.allclose(self.points(f"frame {number}"), endocardium.points, atol=1e-3)
            assert drawn_last() == {self.panel.nodes.line.GetName(), self.panel.nodes.handles.GetName()}
        assert _nodes_in_scene() == before
        picture("measured-cine-played")

    def test_out_of_sight_the_panel_does_nothing_and_shows_no_curve_of_another_frame(self):
        self.show_frame(4)
        points = self.points("frame 4")
        for leave, come_back, stays in (
            (lambda: self._fold(True), lambda: self._fold(False), True),
            (lambda: slicer.util.selectModule("Data"), lambda: slicer.util.selectModule("EchoMeasure"), False),
        ):
            leave()
            spin(0.1)
            assert bool(self.panel.nodes.line.GetDisplayVisibility()) is stays
            self.show_frame(9)
            assert not self.panel.nodes.line.GetDisplayVisibility()
            assert np.allclose(self.points("frame 9"), points)
            come_back()
            spin(0.2)
            assert self.panel.nodes.line.GetDisplayVisibility()
            assert not np.allclose(self.points("frame 9"), points)
            self.show_frame(4)

    def _fold(self, folded: bool) -> None:
        self.panel.ui.measureSection.collapsed = folded


class Editing(MeasuredCine):
    def test_end_systole_moves_on_from_a_frame_that_was_drawn_larger(self):
        table = table_of(self.panel.nodes.chart("volumes"))
        systole = self.panel.measured.study.cycle.systole.frame
        assert np.flatnonzero(np.isfinite(slicer.util.arrayFromTableColumn(table, "ES"))).tolist() == [systole]
        drawn = []
        # Around its end-systole the cine hardly changes: it is told from all of these frames together.
        for number in range(systole - 2, systole + 3):
            self.show_frame(number)
            codes = read_label_map(cine_of(self.parameters.labelMap).node(0)).codes
            write_segments(self.parameters.labelMap, codes, Grid.of_segmentation(self.parameters.labelMap))
            spin(0.3)
            drawn.append(number)
        found = self.panel.measured.study.cycle.systole.frame
        assert found not in drawn
        beats = self.panel.measured.study.cycle.beats
        marked = np.flatnonzero(np.isfinite(slicer.util.arrayFromTableColumn(table, "ES"))).tolist()
        assert marked == [systole.frame for _diastole, systole in beats]
        assert f"ES frame {found}" in self.panel.ui.measureResultLabel.text
        picture("measured-cine-edited")

    def test_a_frame_that_is_smaller_than_end_systole_is_told(self):
        systole = self.panel.measured.study.cycle.systole.frame
        self.show_frame(systole + 3)
        label_map = read_label_map(self.parameters.labelMap)
        rows = np.flatnonzero((label_map.codes == 1).any(axis=1))
        codes = label_map.codes.copy()
        upper = codes[: (rows[0] + rows[-1]) // 2]
        upper[upper == 1] = 2
        write_segments(self.parameters.labelMap, codes, label_map.grid)
        spin(0.3)
        light = self.panel.ui.lightResultLabel.text
        moved = self.panel.measured.study.cycle.systole.frame == systole + 3
        assert moved or f"frame {systole + 3} is smaller" in light, light
        assert "yellow" in light or "red" in light


class Exchanged(Measuring):
    def test_exchanged_phases_are_red_with_their_reason_and_have_no_ejection_fraction(self):
        for name, view in (("fourChamber", "4CH"), ("twoChamber", "2CH")):
            for phase, other in (("ED", "ES"), ("ES", "ED")):
                setattr(self.parameters, f"{name}{phase}", load_label_map(f"parametric_{view}_{other}"))
        self.measure("Two- and four-chamber views")
        picture("measured-views-exchanged")
        assert "EF" not in self.panel.ui.measureResultLabel.text
        assert not [row for row in rows_in(self.panel.nodes.table) if row["label"].startswith("EF")]
        light = self.panel.ui.lightResultLabel.text
        assert "red" in light
        assert "ES is larger than ED; exchanged?" in light


class Removing(MeasuredCine):
    def test_of_a_removed_segmentation_the_curve_goes_and_table_and_charts_say_so(self):
        nodes, name = self.panel.nodes, self.parameters.labelMap.GetName()
        rows, charts = rows_in(nodes.table), [nodes.chart(kind) for kind in CHARTS]
        slicer.mrmlScene.RemoveNode(self.parameters.labelMap)
        spin(0.2)
        assert slicer.util.getNodesByClass("vtkMRMLMarkupsCurveNode") == []
        assert f"'{name}' was removed" in self.panel.ui.measureResultLabel.text
        assert self.panel.ui.lightResultLabel.text == ""
        assert rows_in(nodes.table) == rows
        for node in (nodes.table, *charts):
            assert f"{name} was removed" in node.GetName()
        assert not self.panel.ui.csvButton.enabled

    def test_a_closed_scene_leaves_neither_numbers_nor_light(self):
        assert self.panel.ui.lightResultLabel.text
        slicer.mrmlScene.Clear(0)
        spin(0.1)
        assert self.panel.ui.lightResultLabel.text == self.panel.ui.measureResultLabel.text == ""
        assert not self.panel.ui.lightResultLabelLabel.visible
        assert not is_shown()
        picture("measured-closed")


class Saving(MeasuredCine):
    def test_a_whole_study_opens_in_a_new_slicer_with_its_views_with_and_without_the_module(self):
        unfold(self.panels["Synthesize"])
        self.parameters.synthesizeAllFrames, self.parameters.count = True, 1
        press_apply(self.panels["Synthesize"])
        self.parameters.synthesizeAllFrames = False
        self.measure("Whole cine")
        self.parameters.seed = 4711
        picture("study-saved")
        with tempfile.TemporaryDirectory() as folder:
            scene = Path(folder) / "study.mrb"
            assert slicer.util.saveScene(str(scene))
            saved = _nodes_in_scene()
            modules = Path(slicer.modules.echosynth.path).parent
            for name, arguments in (
                ("with", ["--additional-module-paths", str(modules)]),
                ("without", []),
            ):
                found = open_elsewhere(scene, arguments, Path(folder) / f"{name}.json", name)
                assert found["complaints"] == []
                assert {kind: found["nodes"][kind] for kind in saved} == saved
                assert "Red" in found["slice views"]
                assert found["background"] == self.parameters.inputVolume.GetName()
                assert found["frames"] == [20, 20, 20]
                assert found["rows"] == len(rows_in(self.panel.nodes.table))
                assert found["seed"] == "4711"
                assert found["table shown"] == (name == "with")
                assert found["curves in charts"] == ([4, 4] if name == "with" else [])

    def test_a_chart_keeps_its_curves_when_its_scene_is_opened_a_second_time(self):
        with tempfile.TemporaryDirectory() as folder:
            scene = str(Path(folder) / "study.mrb")
            assert slicer.util.saveScene(scene)
            for _ in range(3):
                slicer.mrmlScene.Clear(0)
                spin(0.1)
                slicer.util.loadScene(scene)
                spin(0.8)
                assert _curves_in_charts() == [4, 4]
                curves = slicer.util.getNodesByClass("vtkMRMLMarkupsCurveNode")
                assert drawn_last() == {node.GetName() for node in curves}


def _nodes_in_scene():
    """How many there are of each kind that a user sees as data."""
    kinds = ("Segmentation", "ScalarVolume", "Sequence", "SequenceBrowser", "Table", "PlotChart", "MarkupsCurve")
    return {kind: len(slicer.util.getNodesByClass(f"vtkMRML{kind}Node")) for kind in kinds}


def _curves_in_charts():
    layout = slicer.app.layoutManager()
    views = [layout.plotWidget(index).plotView() for index in range(layout.plotViewCount)]
    return [view.chart().GetNumberOfPlots() for view in views if view.isVisible()]
