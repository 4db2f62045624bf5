"""Layouts for measurements: the frame beside its table, and the charts of a cine."""

from __future__ import annotations

from typing import Any

import slicer

from EchoSynthPanels.views import LEFT

TABLE_VIEW = "EchoSynthTable"
_FIRST_LAYOUT = 6200  # ids below 501 are Slicer's own

_SLICE = (
    f'<item splitSize="550"><view class="vtkMRMLSliceNode" singletontag="{LEFT}">'
    '<property name="orientation" action="default">Axial</property>'
    '<property name="viewlabel" action="default">R</property>'
    '<property name="viewcolor" action="default">#F34A33</property></view></item>'
)
_TABLE = f'<item splitSize="300"><view class="vtkMRMLTableViewNode" singletontag="{TABLE_VIEW}"></view></item>'


def show_measurements(table: Any, charts: dict[str, Any]) -> None:
    """Shows the left slice view, at its right the charts by kind, and the table below them."""
    layout = slicer.app.layoutManager().layoutLogic().GetLayoutNode()
    number = _FIRST_LAYOUT + len(charts)
    if not layout.IsLayoutDescription(number):
        layout.AddLayoutDescription(number, _description(list(charts)))
    layout.SetViewArrangement(number)
    scene = slicer.mrmlScene
    scene.GetSingletonNode(TABLE_VIEW, "vtkMRMLTableViewNode").SetTableNodeID(table.GetID())
    for kind, chart in charts.items():
        scene.GetSingletonNode(_plot_view(kind), "vtkMRMLPlotViewNode").SetPlotChartNodeID(chart.GetID())


def _description(kinds: list[str]) -> str:
    plots = "".join(
        f'<item splitSize="350"><view class="vtkMRMLPlotViewNode" singletontag="{_plot_view(kind)}"></view></item>'
        for kind in kinds
    )
    right = f'<item splitSize="450"><layout type="vertical" split="true">{plots}{_TABLE}</layout></item>'
    return f'<layout type="horizontal" split="true">{_SLICE}{right}</layout>'


def _plot_view(kind: str) -> str:
    return f"EchoSynth{kind.capitalize()}"
