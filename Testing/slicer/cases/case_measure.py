"""The Measure panel: numbers, curves and traffic lights of label maps; an endocardium that is dragged."""

from __future__ import annotations

import csv
import re
import tempfile
from pathlib import Path

import numpy as np
import slicer

from EchoSynthLib.measurement import worded
from EchoSynthMRML.cines import calibrate, cine_of
from EchoSynthMRML.label_maps import read_label_map, write_segments
from EchoSynthMRML.plots import table_of
from EchoSynthMRML.tables import rows_in
from EchoSynthMRML.volumes import SPACING_TRUST
from EchoSynthPanels.application.registration import CINE, FRAME, load_cine, load_frame, load_label_map
from EchoSynthPanels.application.views import show_side_by_side
from EchoSynthPanels.measure.texts import in_short
from events import choose, click, picture, spin, type_text, wait_until
from measuring import Measuring
from the_module import bring_up, paint, press_apply, unfold


class Frame(Measuring):
    def test_a_dragged_point_changes_the_numbers_at_once_and_the_segmentation_when_it_is_applied(self):
        self.segment(load_frame(FRAME))
        self.measure()
        picture("measured-frame")
        shown, drawn = self.panel.ui.measureResultLabel.text, read_label_map(self.parameters.labelMap).codes
        before, rows, line = self.value("LV area"), rows_in(self.panel.nodes.table), _places(self.panel.nodes.line)
        assert [self.panel.nodes.handles.GetNthControlPointLabel(i) for i in range(7)] == [f"P{i}" for i in range(1, 8)]
        assert "Drag a point" in self.panel.ui.writeButton.toolTip
        self.drag_point(4, 25)
        picture("measured-frame-dragged")
        after = self.value("LV area")
        assert after > 1.02 * before
        assert rows_in(self.panel.nodes.table) != rows
        assert self.panel.ui.measureResultLabel.text != shown
        assert not np.allclose(_places(self.panel.nodes.line), line)
        assert np.array_equal(read_label_map(self.parameters.labelMap).codes, drawn)
        click(self.panel.ui.writeButton)
        spin(0.2)
        picture("measured-frame-applied")
        changed = read_label_map(self.parameters.labelMap)
        assert np.isclose((changed.codes == 1).sum() * np.prod(changed.grid.spacing), after)
        assert not self.panel.ui.writeButton.enabled

    def test_panel_table_report_csv_and_segment_statistics_tell_the_same_numbers(self):
        self.segment(load_frame(FRAME))
        self.measure()
        self.drag_point(2, -8)
        click(self.panel.ui.writeButton)
        spin(0.2)
        with tempfile.TemporaryDirectory() as folder:
            self.panel.write_csv(Path(folder) / "table.csv")
            self.panel.write_report(Path(folder) / "report.html")
            with (Path(folder) / "table.csv").open(newline="", encoding="utf-8") as file:
                written = {row["name"]: (float(row["value"]), row["unit"]) for row in csv.DictReader(file)}
            report = (Path(folder) / "report.html").read_text(encoding="utf-8")
        study = self.panel.measured.study
        measured = {entry.name: (entry.value, entry.unit) for entry in study.table}
        assert written == measured
        table = {row["label"]: (row["shown"], row["shown_unit"]) for row in rows_in(self.panel.nodes.table)}
        words = [worded(entry, study) for entry in study.table]
        assert table == {one.label: (one.value, one.unit) for one in words}
        area = measured["LV area"][0]
        assert f"LV area {area / 100:.1f} cm2" in self.panel.ui.measureResultLabel.text
        assert _told(report, "LV area") == f"{area / 100:.1f}"
        assert "data:image/png" in report
        assert np.allclose(_statistics(self.parameters.labelMap), area)

    def test_an_edit_of_the_segmentation_is_measured(self):
        self.segment(load_frame(FRAME))
        self.measure()
        before, points = self.value("LA area"), self.points()
        paint(self.parameters.labelMap, 2, slice(400, 440), slice(270, 330))
        spin(0.3)
        assert self.value("LA area") != before
        assert rows_in(self.panel.nodes.table)[5]["shown"] == round(self.value("LA area") / 100, 1)
        assert np.allclose(self.points(), points, atol=1)

    def test_without_calibration_everything_is_in_pixels_and_nothing_in_milliliters(self):
        volume = load_frame(FRAME)
        volume.SetSpacing(1, 1, 1)
        self.segment(volume)
        self.measure()
        table = self.panel.nodes.table
        assert {row["shown_unit"] for row in rows_in(table)} == {"px", "px2", ""}
        assert "pixel size is unknown" in self.panel.ui.measureResultLabel.text
        picture("measured-uncalibrated")
        bring_up(self.panels["Input"])
        type_text(self.panels["Input"].ui.rowSpacingSpinBox, "0.5")
        type_text(self.panels["Input"].ui.columnSpacingSpinBox, "0.25")
        click(self.panels["Input"].ui.setSpacingButton)
        spin(0.3)
        assert "Measure again" in self.panel.ui.measureResultLabel.text
        assert rows_in(table) == []
        assert not self.panel.ui.csvButton.enabled
        self.measure()
        assert {row["shown_unit"] for row in rows_in(self.panel.nodes.table)} == {"mm", "cm2", "ml", ""}
        assert "pixel size" not in self.panel.ui.measureResultLabel.text
        assert len(slicer.util.getNodesByClass("vtkMRMLTableNode")) == 1

    def test_a_saved_scene_is_measured_into_the_nodes_that_it_brought(self):
        self.segment(load_frame(FRAME))
        self.measure()
        with tempfile.TemporaryDirectory() as folder:
            path = str(Path(folder) / "measured.mrb")
            assert slicer.util.saveScene(path)
            slicer.mrmlScene.Clear()
            assert self.panel.measured is None
            assert not self.panel.ui.csvButton.enabled
            slicer.util.loadScene(path)
            spin(0.2)
        self.measure()
        counts = {kind: len(slicer.util.getNodesByClass(f"vtkMRML{kind}Node")) for kind in ("Table", "MarkupsCurve")}
        assert counts == {"Table": 1, "MarkupsCurve": 2}
        before = self.value("LV area")
        self.drag_point(4, 25)
        assert self.value("LV area") > before

    def test_the_measured_frame_fills_its_view_whatever_was_shown_before(self):
        volume = load_frame(FRAME)
        self.segment(volume)
        show_side_by_side(volume, volume)
        spin(0.3)
        self.measure()
        node = slicer.app.layoutManager().sliceWidget("Red").mrmlSliceNode()
        view = np.array(node.GetFieldOfView()[:2])
        image = np.array(volume.GetImageData().GetDimensions()[:2]) * volume.GetSpacing()[:2]
        assert np.isclose((view / image).min(), 1, atol=0.02), (view, image)

    def test_before_anything_is_measured_nothing_takes_the_room_of_results(self):
        self.segment(load_frame(FRAME))
        unfold(self.panel)
        ui = self.panel.ui
        results = (ui.measureResultLabelLabel, ui.lightResultLabelLabel, ui.reportButton, ui.csvButton)
        assert not any(widget.visible for widget in results)
        self.measure()
        assert all(widget.visible for widget in results)


class Reasons(Measuring):
    def test_reasons_are_told_without_numbers_of_ours_and_in_full_in_the_tooltip(self):
        self.segment(load_frame(FRAME))
        self.measure()
        label_map = read_label_map(self.parameters.labelMap)
        codes = np.where(label_map.codes == 1, 0, label_map.codes)
        rows = np.flatnonzero((label_map.codes == 1).any(axis=1))
        codes[rows[0] : rows[-1] : 2] = label_map.codes[rows[0] : rows[-1] : 2]
        write_segments(self.parameters.labelMap, codes, label_map.grid)
        spin(0.3)
        label = self.panel.ui.lightResultLabel
        picture("measured-reasons")
        assert "uncertain outlines; check them" in label.text
        assert label.text.count("<br>") <= 4
        assert not re.search("Dice|hull|square root", label.text)
        assert "a Dice of" in label.toolTip

    def test_where_it_was_found_stays_before_a_reason(self):
        told = in_short("LV, frame 8: the left ventricle's outline is notched: 0.77 of its hull")
        assert told == "LV, frame 8: the left ventricle's outline is notched"
        told = in_short("4CH may be foreshortened at ES: its long axis shortens by 2 % (usual are 5 to 30 %)")
        assert told == "4CH may be foreshortened at ES"


class Loading(Measuring):
    def test_what_measuring_needs_is_loaded_behind_the_opened_section(self):
        unfold(self.panel)
        wait_until(lambda: self.panel.warm_up.done, 60, "what measuring needs")


class Cine(Measuring):
    def test_a_point_that_is_dragged_on_one_frame_changes_the_curves_there(self):
        self.segment(load_cine(CINE), all_frames=True)
        self.measure("Whole cine")
        picture("measured-cine")
        table = table_of(self.panel.nodes.chart("volumes"))
        volumes = slicer.util.arrayFromTableColumn(table, "LV volume, discs").copy()
        study = self.panel.measured.study
        assert np.array_equal(volumes, study.curves["LV volume, discs"])
        assert _marked(table, "ED") == [study.cycle.diastole.frame]
        assert _marked(table, "ES") == [study.cycle.systole.frame]
        first = self.points("frame 0")
        browser = slicer.modules.sequences.logic().GetFirstBrowserNodeForProxyNode(self.parameters.labelMap)
        browser.SetSelectedItemNumber(12)
        spin(0.2)
        assert not np.allclose(self.points("frame 12"), first)
        self.drag_point(2, -20, "frame 12")
        picture("measured-cine-dragged")
        dragged = slicer.util.arrayFromTableColumn(table, "LV volume, discs").copy()
        assert np.flatnonzero(dragged != volumes).tolist() == [12]
        browser.SetSelectedItemNumber(3)
        spin(0.2)
        click(self.panel.ui.writeButton)
        browser.SetSelectedItemNumber(12)
        spin(0.3)
        changed = read_label_map(self.parameters.labelMap)
        area = (changed.codes == 1).sum() * np.prod(changed.grid.spacing)
        assert np.isclose(area, self.value("LV area", "frame 12"))
        assert np.array_equal(slicer.util.arrayFromTableColumn(table, "LV volume, discs"), dragged)

    def test_a_single_frame_of_a_cine_has_its_curve_there_alone(self):
        self.segment(load_cine(CINE), all_frames=True)
        browser = slicer.modules.sequences.logic().GetFirstBrowserNodeForProxyNode(self.parameters.labelMap)
        browser.SetSelectedItemNumber(5)
        spin(0.1)
        self.measure()
        area = self.value("LV area")
        assert self.panel.nodes.line.GetDisplayVisibility()
        browser.SetSelectedItemNumber(9)
        spin(0.3)
        assert not self.panel.nodes.line.GetDisplayVisibility()
        assert self.value("LV area") == area

    def test_a_cine_that_is_calibrated_later_gets_volumes_too(self):
        volume = load_cine(CINE)
        calibrate(volume, 1.0, 1.0)
        for node in (volume, *(cine_of(volume).node(index) for index in range(20))):
            node.SetAttribute(SPACING_TRUST, "untrusted")
        self.segment(volume, all_frames=True)
        self.measure("Whole cine")
        assert self.panel.nodes.chart("volumes") is None
        assert self.panel.nodes.chart("areas").GetYAxisTitle() == "area [px2]"
        panel = self.panels["Input"]
        bring_up(panel)
        type_text(panel.ui.rowSpacingSpinBox, "0.5")
        type_text(panel.ui.columnSpacingSpinBox, "0.5")
        click(panel.ui.setSpacingButton)
        self.measure("Whole cine")
        assert self.panel.nodes.chart("volumes").GetYAxisTitle() == "volume [ml]"
        assert self.panel.nodes.chart("areas").GetYAxisTitle() == "area [cm2]"

    def test_the_report_of_a_cine_shows_its_end_points(self):
        self.segment(load_cine(CINE), all_frames=True)
        self.measure("Whole cine")
        with tempfile.TemporaryDirectory() as folder:
            self.panel.write_report(Path(folder) / "report.html")
            report = (Path(folder) / "report.html").read_text(encoding="utf-8")
        assert report.count("data:image/png") == 2
        assert "<svg" in report


class Views(Measuring):
    def test_four_views_give_the_biplane_ejection_fraction(self):
        unfold(self.panel)
        choose(self.panel.ui.measureScopeComboBox, "Two- and four-chamber views")
        assert "choose their label maps" in self.panel.ui.measureButton.toolTip
        for name, view in (("fourChamber", "4CH"), ("twoChamber", "2CH")):
            for phase in ("ED", "ES"):
                load_label_map(f"parametric_{view}_{phase}")
                choose(getattr(self.panel.ui, f"{name}{phase}Selector"), f"parametric_{view}_{phase}")
        press_apply(self.panel)
        spin(0.3)
        picture("measured-views")
        assert 40 < self.value("EF, biplane discs", "2CH + 4CH") < 75
        assert "EF, biplane discs" in self.panel.ui.measureResultLabel.text
        assert self.parameters.labelMap is self.parameters.fourChamberED
        self.parameters.labelMap = self.parameters.twoChamberES
        spin(0.1)
        assert np.allclose(self.points("2CH ES"), self.panel.measured.frames["2CH ES"].endocardium.points)
        self.parameters.labelMap = self.parameters.fourChamberES
        slicer.mrmlScene.RemoveNode(self.parameters.twoChamberES)
        spin(0.1)
        assert self.parameters.twoChamberES is None
        press_apply(self.panel)
        with self.assertRaises(KeyError):
            self.value("EF, biplane discs", "2CH + 4CH")

    def test_one_label_map_for_two_views_is_refused(self):
        load_label_map("parametric_4CH_ED")
        unfold(self.panel)
        choose(self.panel.ui.measureScopeComboBox, "Two- and four-chamber views")
        choose(self.panel.ui.fourChamberESSelector, "parametric_4CH_ED")
        assert "for two views" in self.panel.ui.measureButton.toolTip
        assert not self.panel.ui.measureButton.enabled


class Scripts(Measuring):
    def test_a_script_gets_the_panels_numbers(self):
        self.parameters.labelMap = load_label_map("parametric_4CH_ED")
        self.measure()
        study = self.module.logic.measure(self.parameters.labelMap)
        assert study.table == self.panel.measured.study.table


def _places(node):
    return slicer.util.arrayFromMarkupsControlPoints(node)


def _marked(table, name):
    return np.flatnonzero(np.isfinite(slicer.util.arrayFromTableColumn(table, name))).tolist()


def _told(report, name):
    """The number, as it stands after a measurement's name in a report."""
    return re.search(rf"<td>{re.escape(name)}</td><td[^>]*>([0-9.]+)", report)[1]


def _statistics(segmentation):
    """The area of the left ventricle as the Segment Statistics module tells it."""
    from SegmentStatistics import SegmentStatisticsLogic

    logic = SegmentStatisticsLogic()
    logic.getParameterNode().SetParameter("Segmentation", segmentation.GetID())
    logic.computeStatistics()
    segment = segmentation.GetSegmentation().GetNthSegmentID(0)
    return logic.getStatistics()[segment, "EchoSynthSegmentStatisticsPlugin.area_mm2"]
