"""Curves over the frames of a cine as plot charts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import slicer
import vtk
from numpy.typing import ArrayLike, NDArray
from vtk.util.numpy_support import numpy_to_vtk

from EchoSynthLib.anatomy.structures import LEFT_ATRIUM, LEFT_VENTRICLE
from EchoSynthMRML.tables import add_table
from EchoSynthMRML.volumes import free_name

FRAME, TIME = "frame", "time [s]"
"""What charts have along; the columns of their tables are called so."""
_COLORS = {"LV": LEFT_VENTRICLE.color, "LA": LEFT_ATRIUM.color}
"""Of the structures that curves begin with the name of: those of their segments."""
_MARK_COLOR = (0, 0, 0)
_MARK_SIZE = 12
_FONT_SIZE, _LEGEND_SIZE = 11, 9
_HEADROOM = 1.15  # of the largest value
_LEGEND_STRIP, _WIDE_STRIP = 1.3, 1.65  # of the last frame: beyond it lies the legend, which would hide curves
_WIDE_NAME = 10  # letters


def add_chart(
    scene: Any,
    title: str,
    axis: str,
    curves: Sequence[str],
    marks: Sequence[str],
    x_axis: str = FRAME,
    colors: Mapping[str, tuple[int, int, int]] | None = None,
) -> Any:
    """A chart of curves over the frames, with a table of its own; `write_chart` fills it.

    Args:
        scene: where it goes.
        title: name of the chart.
        axis: what its values are, with the unit.
        curves: names of the curves, which begin with that of their structure: 'LV area'; the legend shows that alone.
        marks: names of the frames that are marked on the first curve.
        x_axis: `FRAME` or `TIME`.
        colors: of the curves by their names, which the legend shows in full then; None takes those of structures.
    """
    table = add_table(scene, f"{title}, values")
    chart = slicer.vtkMRMLPlotChartNode()
    chart.SetName(free_name(scene, title))
    scene.AddNode(chart)
    chart.SetTitleVisibility(False)
    chart.SetLegendFontSize(_LEGEND_SIZE)
    chart.SetXAxisRangeAuto(False)
    chart.SetYAxisRangeAuto(False)
    chart.SetAxisTitleFontSize(_FONT_SIZE)
    chart.SetAxisLabelFontSize(_FONT_SIZE)
    chart.SetXAxisTitle(x_axis)
    chart.SetYAxisTitle(axis)
    for name in curves:
        shown = name.split()[0] if colors is None else name
        series = _add_series(scene, chart, table, name, shown, (colors or _COLORS)[shown])
        series.SetMarkerStyle(slicer.vtkMRMLPlotSeriesNode.MarkerStyleNone)
    for index, name in enumerate(marks):
        series = _add_series(scene, chart, table, name, name, _MARK_COLOR)
        series.SetPlotType(slicer.vtkMRMLPlotSeriesNode.PlotTypeScatter)
        series.SetLineStyle(slicer.vtkMRMLPlotSeriesNode.LineStyleNone)
        styles = (slicer.vtkMRMLPlotSeriesNode.MarkerStyleCircle, slicer.vtkMRMLPlotSeriesNode.MarkerStyleDiamond)
        series.SetMarkerStyle(styles[index % len(styles)])
        series.SetMarkerSize(_MARK_SIZE)
    return chart


def write_chart(
    chart: Any,
    curves: Mapping[str, ArrayLike],
    marks: Mapping[str, Sequence[int]],
    times: ArrayLike | None = None,
) -> None:
    """Fills a chart with one value a frame for each curve (NaN leaves a gap) and the frames that are marked.

    Args:
        chart: of `add_chart`.
        curves, marks: by the names that it was made with.
        times: of each frame in seconds, where its axis is `TIME`.
    """
    first = np.asarray(next(iter(curves.values())), dtype=np.float64)
    columns: dict[str, NDArray[np.float64]] = {FRAME: np.arange(len(first), dtype=np.float64)}
    if times is not None:
        columns[TIME] = np.asarray(times, dtype=np.float64)
    columns |= {name: np.asarray(values, dtype=np.float64) for name, values in curves.items()}
    columns |= {name: np.where(np.isin(columns[FRAME], frames), first, np.nan) for name, frames in marks.items()}
    table = vtk.vtkTable()
    for name, values in columns.items():
        column = numpy_to_vtk(values, deep=True)
        column.SetName(name)
        table.AddColumn(column)
    table_of(chart).SetAndObserveTable(table)
    last = max(float(columns[chart.GetXAxisTitle()][-1]), 1e-3)
    shown = [chart.GetNthPlotSeriesNode(index).GetName() for index in range(len(curves))]
    end = last * (_WIDE_STRIP if max(map(len, shown)) > _WIDE_NAME else _LEGEND_STRIP)
    if not np.isclose(chart.GetXAxisRange()[1], end):
        chart.SetXAxisRange(0, end)
    lowest, highest = min(np.nanmin([*curves.values()]), 0.0), max(np.nanmax([*curves.values()]), 0.0, 1e-9)
    room = (_HEADROOM - 1) * (highest - lowest)
    below, above = chart.GetYAxisRange()
    # Each change of the range draws the chart anew.
    fits = below <= lowest and highest < above and above - below < 1.5 * (highest - lowest)
    if not fits:
        chart.SetYAxisRange(lowest - room if lowest < 0 else 0.0, highest + room)


def table_of(chart: Any) -> Any:
    """The table node whose columns a chart draws."""
    return chart.GetNthPlotSeriesNode(0).GetTableNode()


def remove_chart(chart: Any) -> None:
    """Removes a chart with its curves and their table."""
    scene = chart.GetScene()
    series = [chart.GetNthPlotSeriesNode(index) for index in range(chart.GetNumberOfPlotSeriesNodes())]
    for node in (series[0].GetTableNode(), *series, chart):
        scene.RemoveNode(node)


def _add_series(scene: Any, chart: Any, table: Any, column: str, name: str, color: tuple[int, int, int]) -> Any:
    series = slicer.vtkMRMLPlotSeriesNode()
    series.SetName(name)
    scene.AddNode(series)
    series.SetAndObserveTableNodeID(table.GetID())
    series.SetXColumnName(chart.GetXAxisTitle())
    series.SetYColumnName(column)
    series.SetPlotType(slicer.vtkMRMLPlotSeriesNode.PlotTypeScatter)
    series.SetColor(*(share / 255 for share in color))
    chart.AddAndObservePlotSeriesNodeID(series.GetID())
    return series
