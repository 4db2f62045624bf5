"""Run inside a new Slicer by case_measured_scene.py: opens a saved scene, and tells what a user finds there."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

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
        "curves in charts": [view.chart().GetNumberOfPlots() for view in plots if view.isVisible()],
    }
    Path(os.environ["ECHOSYNTH_TOLD"]).write_text(json.dumps(found), encoding="utf-8")
    slicer.util.exit(0)


_KINDS = ("Segmentation", "ScalarVolume", "Sequence", "SequenceBrowser", "Table", "PlotChart", "MarkupsCurve")

main()
