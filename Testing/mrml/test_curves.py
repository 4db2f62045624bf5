"""Points of a curve lie on the pixels of any grid; tables and charts hold what was measured, number for number."""

from __future__ import annotations

import numpy as np
import pytest
from drawn_nodes import GRIDS

from EchoSynthLib.anatomy.structures import LEFT_ATRIUM, LEFT_VENTRICLE
from EchoSynthMRML.curves import add_handles, add_line, read_points, write_points
from EchoSynthMRML.plots import add_chart, table_of, write_chart
from EchoSynthMRML.tables import add_table, rows_in, write_rows

POINTS = np.random.default_rng(5).uniform(0, 40, (7, 2))
NAMES = tuple(f"P{number}" for number in range(1, 8))


@pytest.mark.parametrize("grid", GRIDS.values(), ids=GRIDS)
def test_points_come_back_from_any_grid(scene, grid):
    node = add_handles(scene, "endocardium", NAMES)
    write_points(node, POINTS, grid)
    assert np.allclose(read_points(node, grid), POINTS)
    assert tuple(node.GetNthControlPointLabel(index) for index in range(7)) == NAMES


@pytest.mark.parametrize("grid", GRIDS.values(), ids=GRIDS)
def test_a_point_lies_where_slicer_has_its_pixel(scene, grid):
    node = add_handles(scene, "endocardium", NAMES)
    write_points(node, np.tile([3.0, 7.0], (7, 1)), grid)
    assert np.allclose(node.GetNthControlPointPosition(2), grid.matrix().MultiplyPoint((7, 3, 0, 1))[:3])


def test_handles_can_be_neither_added_nor_taken_away_and_a_line_not_be_moved(scene, grid):
    assert add_handles(scene, "points", NAMES).GetFixedNumberOfControlPoints()
    assert add_line(scene, "line").GetLocked()


def test_a_line_has_as_many_points_as_it_is_given(scene, grid):
    node = add_line(scene, "line")
    curve = np.random.default_rng(1).uniform(0, 40, (30, 2))
    write_points(node, curve, grid)
    write_points(node, curve + 1, grid)
    assert np.allclose(read_points(node, grid), curve + 1)


def row(label, value, place="frame"):
    return {"label": label, "shown": value, "shown_unit": "mm", "place": place, "light": "green", "between": ""}


def test_a_table_keeps_every_digit(scene):
    node = add_table(scene, "measurements")
    rows = [row("LV length", 1 / 3), row("LA length", 2e5 / 7, "4CH ED")]
    write_rows(node, rows)
    assert rows_in(node) == rows


def test_a_table_follows_other_numbers_and_another_length(scene):
    node = add_table(scene, "measurements")
    write_rows(node, [row("LV length", 80.0)])
    write_rows(node, [row("LV length", 81.0)])
    assert rows_in(node) == [row("LV length", 81.0)]
    write_rows(node, [row("LV length", 82.0), row("LA length", 40.0)])
    assert [entry["shown"] for entry in rows_in(node)] == [82.0, 40.0]


def test_a_chart_marks_frames_on_its_first_curve_and_leaves_gaps(scene):
    chart = add_chart(scene, "areas", "area [mm2]", ("LV area", "LA area"), ("ED", "ES"))
    write_chart(chart, {"LV area": [3.0, np.nan, 1.0], "LA area": [1.0, 2.0, 3.0]}, {"ED": [0], "ES": [1, 2]})
    table = table_of(chart).GetTable()
    columns = {
        table.GetColumnName(index): [table.GetColumn(index).GetValue(frame) for frame in range(3)]
        for index in range(table.GetNumberOfColumns())
    }
    assert columns["frame"] == [0, 1, 2]
    assert np.array_equal(columns["LV area"], [3, np.nan, 1], equal_nan=True)
    assert np.array_equal(columns["ED"], [3, np.nan, np.nan], equal_nan=True)
    assert np.array_equal(columns["ES"], [np.nan, np.nan, 1], equal_nan=True)


def test_curves_have_the_colors_of_their_segments_and_end_before_the_legend(scene):
    chart = add_chart(scene, "areas", "area [cm2]", ("LV area", "LA area"), ("ED", "ES"))
    write_chart(chart, {"LV area": [30.0, 20.0, 30.0], "LA area": [10.0, 20.0, 10.0]}, {"ED": [0], "ES": [1]})
    for number, structure in enumerate((LEFT_VENTRICLE, LEFT_ATRIUM)):
        series = chart.GetNthPlotSeriesNode(number)
        assert series.GetName().startswith(("LV", "LA")[number])
        assert np.allclose(series.GetColor(), np.array(structure.color) / 255)
    assert chart.GetXAxisRange()[1] > 1.2 * 2
    assert 30 < chart.GetYAxisRange()[1] < 40
