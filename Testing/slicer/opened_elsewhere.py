"""Run inside a new Slicer by case_measured_scene.py: opens a saved scene, and tells what a user finds there."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent))

import slicer

from pictures import picture
from waiting import spin

_WRONG = {"Warning", "Error", "Critical", "Fatal"}


def main() -> None:
    """Opens, tells, leaves."""
    spin(0.5)
    log = slicer.app.errorLogModel()
    before = log.logEntryCount()
    slicer.util.loadScene(os.environ["ECHOSYNTH_SCENE"])
    spin(1.0)
    slicer.util.mainWindow().resize(1500, 950)
    spin(0.5)
    picture(f"study-opened-{os.environ['ECHOSYNTH_NAME']}")
    entries = ([log.data(log.index(row, column)) for column in (2, 4)] for row in range(before, log.logEntryCount()))
    layout = slicer.app.layoutManager()
    plots = [layout.plotWidget(index).plotView() for index in range(layout.plotViewCount)]
    tables = [layout.tableWidget(index) for index in range(layout.tableViewCount)]
    red = layout.sliceWidget("Red").sliceLogic().GetBackgroundLayer().GetVolumeNode()
    parameters = slicer.mrmlScene.GetFirstNode("EchoSynth", "vtkMRMLScriptedModuleNode")
    sequences = slicer.util.getNodesByClass("vtkMRMLSequenceNode")
    found = {
        "complaints": [f"{level}: {message}" for level, message in entries if level in _WRONG],
        "nodes": {kind: len(slicer.util.getNodesByClass(f"vtkMRML{kind}Node")) for kind in _KINDS},
        "slice views": [name for name in layout.sliceViewNames() if layout.sliceWidget(name).isVisible()],
        "background": red.GetName() if red else "",
        "frames": [sequence.GetNumberOfDataNodes() for sequence in sequences],
        "rows": slicer.util.getNode("* measurements").GetTable().GetNumberOfRows(),
        "seed": parameters.GetParameter("seed") if parameters else "",
        "table shown": any(table.isVisible() for table in tables),
        "folders": _folders(),
        "curves in charts": [view.chart().GetNumberOfPlots() for view in plots if view.isVisible()],
    }
    Path(os.environ["ECHOSYNTH_TOLD"]).write_text(json.dumps(found), encoding="utf-8")
    slicer.util.exit(0)


def _folders() -> dict[str, Any]:
    """What the folders of the tree hold, and what their items know."""
    import vtk

    tree, found = slicer.mrmlScene.GetSubjectHierarchyNode(), {}
    ids = vtk.vtkIdList()
    tree.GetItemChildren(tree.GetSceneItemID(), ids)
    for folder in (ids.GetId(index) for index in range(ids.GetNumberOfIds())):
        if tree.IsItemLevel(folder, slicer.vtkMRMLSubjectHierarchyConstants.GetSubjectHierarchyLevelFolder()):
            below = vtk.vtkIdList()
            tree.GetItemChildren(folder, below)
            items = [below.GetId(index) for index in range(below.GetNumberOfIds())]
            known = {tree.GetItemName(item): tree.GetItemAttribute(item, "EchoSynth.view") for item in items}
            found[tree.GetItemName(folder)] = {"owner": tree.GetItemOwnerPluginName(folder), "views": known}
    return found


_KINDS = ("Segmentation", "ScalarVolume", "Sequence", "SequenceBrowser", "Table", "PlotChart", "MarkupsCurve")

main()
