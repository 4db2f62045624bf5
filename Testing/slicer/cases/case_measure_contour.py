"""The Measure panel with the contour model: an image alone, an image with its label map, a cine, and views."""

from __future__ import annotations

import numpy as np
import slicer

from EchoSynthMRML.label_maps import read_label_map
from EchoSynthMRML.plots import table_of
from EchoSynthMRML.tables import rows_in
from EchoSynthPanels.application.registration import CINE, FRAME, load_cine, load_frame
from events import choose, click, picture, spin
from measuring import Measuring
from the_module import open_module, paint, press_apply, unfold

MODEL = "From the image, by the contour model"


class ImageAlone(Measuring):
    def test_the_endocardium_of_an_image_gives_the_ventricle_and_the_rest_needs_a_label_map(self):
        unfold(self.panel)
        assert "Choose an image or a label map" in self.panel.ui.measureButton.toolTip
        self.parameters.inputVolume = load_frame(FRAME)
        self.measure(endocardium=MODEL)
        picture("contoured-image")
        told = {row["label"]: row["shown_unit"] for row in rows_in(self.panel.nodes.table)}
        assert {name: told[name] for name in ("LV length", "LV area", "LV volume, discs")} == {
            "LV length": "mm",
            "LV area": "cm2",
            "LV volume, discs": "ml",
        }
        assert not any("wall" in name or "LA" in name for name in told)
        assert "need a label map" in self.panel.ui.measureResultLabel.text
        assert not self.panel.ui.writeButton.enabled
        assert "segment the image first" in self.panel.ui.writeButton.toolTip

    def test_in_another_module_no_points_lie_in_the_way(self):
        self.parameters.inputVolume = load_frame(FRAME)
        self.measure(endocardium=MODEL)
        nodes = (self.panel.nodes.handles, self.panel.nodes.line)
        assert all(node.GetDisplayVisibility() for node in nodes)
        open_module("EchoSynth")
        assert not any(node.GetDisplayVisibility() for node in nodes)
        self.panel.refresh()
        assert not any(node.GetDisplayVisibility() for node in nodes)
        open_module("EchoMeasure")
        spin(0.2)
        assert all(node.GetDisplayVisibility() for node in nodes)

    def test_a_point_tells_its_spread_until_it_is_dragged(self):
        self.parameters.inputVolume = load_frame(FRAME)
        self.measure(endocardium=MODEL)
        spread = self.panel.measured.places[""].contour.spread_mm
        handles, before = self.panel.nodes.handles, self.value("LV area")
        labels = [handles.GetNthControlPointLabel(index) for index in range(7)]
        assert labels == [f"P{index + 1} ± {mm:.1f} mm" for index, mm in enumerate(spread)]
        picture("contoured-image-spread")
        self.drag_point(4, 25)
        picture("contoured-image-dragged")
        assert self.value("LV area") > 1.02 * before
        labels[4] = "P5"
        assert [handles.GetNthControlPointLabel(index) for index in range(7)] == labels

    def test_a_cine_without_a_label_map_has_an_ejection_fraction(self):
        self.parameters.inputVolume = load_cine(CINE)
        self.measure("Whole cine", MODEL)
        picture("contoured-cine")
        assert 30 < self.value("EF, discs", "cine") < 75
        assert self.panel.nodes.chart("areas").GetNumberOfPlotSeriesNodes() == len(["LV area", "ED", "ES"])
        volumes = slicer.util.arrayFromTableColumn(table_of(self.panel.nodes.chart("volumes")), "LV volume, discs")
        before = volumes.copy()
        browser = slicer.modules.sequences.logic().GetFirstBrowserNodeForProxyNode(self.parameters.inputVolume)
        browser.SetSelectedItemNumber(12)
        spin(0.2)
        self.drag_point(2, -20, "frame 12")
        after = slicer.util.arrayFromTableColumn(table_of(self.panel.nodes.chart("volumes")), "LV volume, discs")
        assert np.flatnonzero(after != before).tolist() == [12]


class WithLabelMap(Measuring):
    def test_the_contour_replaces_the_cavity_once_it_is_applied(self):
        self.segment(load_frame(FRAME))
        drawn = read_label_map(self.parameters.labelMap).codes
        self.measure(endocardium=MODEL)
        picture("contoured-frame")
        told = {row["label"]: row["shown"] for row in rows_in(self.panel.nodes.table)}
        assert 0.85 < told["contour agreement"] <= 1
        assert told["wall thickness, mean"] > 5
        assert "need a label map" not in self.panel.ui.measureResultLabel.text
        assert np.array_equal(read_label_map(self.parameters.labelMap).codes, drawn)
        click(self.panel.ui.writeButton)
        spin(0.3)
        changed = read_label_map(self.parameters.labelMap)
        assert np.isclose((changed.codes == 1).sum() * np.prod(changed.grid.spacing), self.value("LV area"))
        assert not np.array_equal(changed.codes, drawn)
        assert "Drag a point" in self.panel.ui.writeButton.toolTip

    def test_an_edit_of_wall_or_atrium_leaves_the_models_contour_where_it_is(self):
        self.segment(load_frame(FRAME))
        self.measure(endocardium=MODEL)
        area, atrium, points = self.value("LV area"), self.value("LA area"), self.points()
        paint(self.parameters.labelMap, 2, slice(400, 440), slice(270, 330))
        spin(0.3)
        assert self.value("LA area") != atrium
        assert self.value("LV area") == area
        assert np.allclose(self.points(), points, atol=1e-3)

    def test_both_sources_measure_the_same_heart(self):
        self.segment(load_cine(CINE), all_frames=True)
        self.measure("Whole cine", "From the label map")
        by_label_map = self.value("EF, discs", "cine")
        self.measure("Whole cine", MODEL)
        picture("contoured-cine-segmented")
        assert abs(self.value("EF, discs", "cine") - by_label_map) < 10
        assert len(slicer.util.getNodesByClass("vtkMRMLTableNode")) == 3


class Views(Measuring):
    def test_an_image_in_a_view_is_contoured_as_it_is(self):
        volume = load_frame(FRAME)
        unfold(self.panel)
        choose(self.panel.ui.measureScopeComboBox, "Two- and four-chamber views")
        choose(self.panel.ui.endocardiumSourceComboBox, MODEL)
        assert self.parameters.fourChamberED is volume
        press_apply(self.panel)
        spin(0.3)
        assert self.value("LV length", "4CH ED") > 40
        assert np.allclose(self.points("4CH ED"), self.panel.measured.frames["4CH ED"].endocardium.points, atol=1e-3)
        assert slicer.util.getNodesByClass("vtkMRMLSegmentationNode") == []


class Scripts(Measuring):
    def test_a_script_measures_an_image_without_a_label_map(self):
        study = self.module.logic.measure(load_frame(FRAME))
        assert study.value("LV length") > 40
        assert study.value("LA area") > 1

    def test_a_script_measures_an_image_with_the_contour_model(self):
        volume = load_frame(FRAME)
        self.parameters.inputVolume = volume
        self.measure(endocardium=MODEL)
        assert self.module.logic.measure(volume, contourModel=True).table == self.panel.measured.study.table
