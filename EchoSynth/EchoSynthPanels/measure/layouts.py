"""Layouts for measurements: the frame beside its table, and the charts of a cine; shown again with a saved scene."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import qt
import slicer

from EchoSynthPanels.application.views import LEFT, draw_last, fit_soon
from EchoSynthPanels.measure.nodes import HANDLES, LINE, ROLE

TABLE_VIEW = "EchoSynthTable"
MEASURE_LAYOUTS: dict[tuple[str, ...], int] = {
    (): 6200,
    ("areas",): 6201,
    ("volumes", "areas"): 6202,
    ("volumes",): 6203,
    ("strain", "global"): 6204,
}
"""Kinds of charts to the number of their layout; numbers below 501 are Slicer's own."""
OUR_NUMBERS = range(6200, 6600)
"""Of all layouts of ours, those of other modules among them."""
_SHOWN = "EchoSynth.layout"
"""Attribute of the table's view: the number of the layout of ours that is shown; saved with the scene."""

_BETWEEN_MS, _DRAWN_MS = 10, 200
_ROW_HEIGHT = 22

_SLICE = (
    f'<item splitSize="500"><view class="vtkMRMLSliceNode" singletontag="{LEFT}">'
    '<property name="orientation" action="default">Axial</property>'
    '<property name="viewlabel" action="default">R</property>'
    '<property name="viewcolor" action="default">#F34A33</property></view></item>'
)
_TABLE = f'<item splitSize="350"><view class="vtkMRMLTableViewNode" singletontag="{TABLE_VIEW}"></view></item>'


def register_layouts() -> None:
    """Makes our layouts known to Slicer, and opens scenes with the one that was saved; called once, at the start."""
    scene, layout = slicer.mrmlScene, _layout_node()
    for kinds, number in MEASURE_LAYOUTS.items():
        if not layout.IsLayoutDescription(number):
            layout.AddLayoutDescription(number, _description(kinds))
    layout.AddObserver("ModifiedEvent", _keep_shown)
    scene.AddObserver(scene.StartCloseEvent, _empty_views)
    scene.AddObserver(scene.EndImportEvent, _show_again)
    # A scene that the command line names may be there already.
    _show_again()


def show_measurements(table: Any, charts: dict[str, Any], first: Callable[[], None]) -> None:
    """Shows the left slice view, at its right the charts by kind, and the table below; all of it after `first`."""
    acts: list[Callable[[], None]] = [first, partial(_fill, "vtkMRMLTableViewNode", TABLE_VIEW, table)]
    acts += [partial(_fill, "vtkMRMLPlotViewNode", _plot_view(kind), chart) for kind, chart in charts.items()]
    acts.append(partial(_show_layout, MEASURE_LAYOUTS[tuple(charts)]))
    # A new view, and what it shows first, take a tenth of a second each; between them the window lives.
    _in_turns(acts, table)


def _in_turns(acts: Sequence[Callable[[], None]], table: Any) -> None:
    """Acts in as many turns of the event loop, as long as the table is in the scene."""

    def act() -> None:
        if table.GetScene() is not None:
            acts[0]()
            _in_turns(acts[1:], table)

    if acts:
        qt.QTimer.singleShot(_BETWEEN_MS, act)


def _show_layout(number: int) -> None:
    layout = _layout_node()
    if layout.GetViewArrangement() != number:
        layout.SetViewArrangement(number)
        fit_soon()
    _make_rows_low()
    _keep_shown()


def _make_rows_low() -> None:
    """Lets the table show as many rows as a small screen has room for, over its whole width."""
    manager = slicer.app.layoutManager()
    for index in range(manager.tableViewCount):
        table = manager.tableWidget(index).tableView()
        if table.mrmlTableViewNode().GetSingletonTag() == TABLE_VIEW:
            table.verticalHeader().setDefaultSectionSize(_ROW_HEIGHT)
            table.horizontalHeader().setStretchLastSection(True)


def _fill(class_name: str, view: str, shown: Any) -> None:
    """Shows a table or chart in its view."""
    if shown.GetScene() is None:
        return
    if shown.IsA("vtkMRMLTableNode"):
        _view(class_name, view).SetTableNodeID(shown.GetID())
    else:
        _view(class_name, view).SetPlotChartNodeID(shown.GetID())


def _view(class_name: str, name: str) -> Any:
    """The node of a view, which a layout that has the view takes over."""
    node = slicer.mrmlScene.GetSingletonNode(name, class_name)
    if node is None:
        node = slicer.mrmlScene.CreateNodeByClass(class_name)
        node.UnRegister(None)
        node.SetName(name)
        node.SetSingletonTag(name)
        node.SetLayoutName(name)
        node = slicer.mrmlScene.AddNode(node)
    # Tables and charts have their own counts, which would call all of them 1.
    node.SetLayoutLabel(name.removeprefix("EchoSynth")[0])
    return node


def _layout_node() -> Any:
    return slicer.app.layoutManager().layoutLogic().GetLayoutNode()


def _keep_shown(caller: Any = None, event: Any = None) -> None:
    """Leaves a layout of ours out of the saved scene: a Slicer that does not know it would open no views at all.

    The table's view keeps its number, which Slicer without EchoSynth makes nothing of.
    """
    layout, table_view = _layout_node(), slicer.mrmlScene.GetSingletonNode(TABLE_VIEW, "vtkMRMLTableViewNode")
    shown = layout.GetViewArrangement()
    ours = shown in OUR_NUMBERS
    # Told of this, Slicer would lay its views out once more.
    blocked = layout.GetDisableModifiedEvent()
    layout.DisableModifiedEventOn()
    layout.SetSaveWithScene(not ours)
    layout.SetDisableModifiedEvent(blocked)
    if table_view is not None and not slicer.mrmlScene.IsBatchProcessing():
        table_view.SetAttribute(_SHOWN, str(shown) if shown in MEASURE_LAYOUTS.values() else None)


def _show_again(caller: Any = None, event: Any = None) -> None:
    """Shows the layout of ours that a scene was saved with."""
    table_view = slicer.mrmlScene.GetSingletonNode(TABLE_VIEW, "vtkMRMLTableViewNode")
    shown = table_view and table_view.GetAttribute(_SHOWN)
    if shown and int(shown) in MEASURE_LAYOUTS.values():
        _layout_node().SetViewArrangement(int(shown))
    # The views draw what a scene brought with the next turns of the event loop.
    qt.QTimer.singleShot(_DRAWN_MS, _raise_curves)


def _raise_curves() -> None:
    """Draws the endocardia that a scene brought above its segments, which come into the views after them."""
    for table in slicer.util.getNodesByClass("vtkMRMLTableNode"):
        curves = [table.GetNodeReference(ROLE + role) for role in (LINE, HANDLES)]
        if all(curves):
            draw_last(*curves)


def _empty_views(caller: Any = None, event: Any = None) -> None:
    """Takes the charts off before the scene closes, else Slicer draws the next scene's, of the same ID, incomplete.

    Without what was measured, table and charts are of no use.
    """
    for view in slicer.util.getNodesByClass("vtkMRMLPlotViewNode"):
        view.SetPlotChartNodeID(None)
    layout = _layout_node()
    if layout.GetViewArrangement() in OUR_NUMBERS:
        layout.SetViewArrangement(layout.SlicerLayoutOneUpRedSliceView)


def _description(kinds: tuple[str, ...]) -> str:
    """Slice and charts beside each other, and below them the table in full width, all of whose columns are seen so."""
    plots = "".join(
        f'<item splitSize="350"><view class="vtkMRMLPlotViewNode" singletontag="{_plot_view(kind)}"></view></item>'
        for kind in kinds
    )
    right = f'<item splitSize="500"><layout type="vertical" split="true">{plots}</layout></item>' if kinds else ""
    upper = f'<item splitSize="650"><layout type="horizontal" split="true">{_SLICE}{right}</layout></item>'
    return f'<layout type="vertical" split="true">{upper}{_TABLE}</layout>'


def _plot_view(kind: str) -> str:
    return f"EchoSynth{kind.capitalize()}"
