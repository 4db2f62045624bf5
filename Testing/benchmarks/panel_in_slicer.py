"""Run inside Slicer by panel.py: strokes with Live on, then every task, with the event loop watched."""

from __future__ import annotations

import json
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "slicer"), str(HERE.parents[1])]

import numpy as np  # noqa: E402
import slicer  # noqa: E402
from drag_in_slicer import drags, warming_up  # noqa: E402
from long_cine_in_slicer import long_cine  # noqa: E402

import mouse  # noqa: E402
from EchoSynthPanels.application.registration import CINE, FRAME, load_cine, load_frame, load_label_map  # noqa: E402
from events import StallWatch, ras, slice_point, spin, wait_until  # noqa: E402
from the_module import AllPanels, open_module, press_apply, unfold  # noqa: E402

STROKES = 20


def main() -> None:
    """Measures, writes, leaves."""
    slicer.util.mainWindow().resize(1500, 950)
    spin(0.5)
    module = SimpleNamespace(logic=open_module().logic, panels=AllPanels())
    warm_up = warming_up(module)
    # The first task of a session waits for the worker; that is measured by itself.
    started = time.monotonic()
    module.logic.synthesize(load_label_map("parametric_4CH_ED"))
    figures: dict[str, Any] = {"first image of a session, s": round(time.monotonic() - started, 2)}
    slicer.mrmlScene.Clear(0)
    figures["live"] = live(module)
    slicer.mrmlScene.Clear(0)
    figures["a dragged point"] = {"loading what measures": warm_up, **drags(module)}
    slicer.mrmlScene.Clear(0)
    figures["stalls"] = {"nothing but one label repainted": repainting(module), **stalls(module)}
    figures["a long cine"] = long_cine(module)
    Path(os.environ["ECHOSYNTH_FIGURES"]).write_text(json.dumps(figures, indent=1), encoding="utf-8")
    slicer.util.exit(0)


def live(module: Any) -> dict[str, Any]:
    """Seconds from the release of the mouse button to the end of the rendering that shows the new image."""
    frame = load_frame(FRAME)
    parameters = module.logic.getParameterNode()
    parameters.inputVolume = parameters.reference = frame
    press_apply(AllPanels()["Segment"])
    panel = AllPanels()["Synthesize"]
    parameters.live = True
    wait_until(lambda: panel.live.redrawn > 0, 20, "the first live image")
    unfold(AllPanels()["Edit"])
    spin(0.5)
    editor = AllPanels()["Edit"].editor.widget
    editor.setCurrentSegmentID(parameters.labelMap.GetSegmentation().GetNthSegmentID(0))
    editor.setActiveEffectByName("Paint")
    editor.activeEffect().setParameter("BrushRelativeDiameter", "3")
    spin(0.3)
    clock = _Clock(panel.live)
    seconds = [clock.stroke(frame, row, column) for row, column in _places_on_the_wall(frame)]
    parameters.live = False
    slicer.util.selectModule("EchoSynth")
    rows, columns = slicer.util.arrayFromVolume(frame).shape[1:]
    return {
        "frame": f"{columns} x {rows}",
        "strokes": STROKES,
        "median, s": round(statistics.median(seconds), 3),
        "largest, s": round(max(seconds), 3),
    }


class _Clock:
    """Notes when the right view has been rendered with the new image."""

    def __init__(self, live: Any) -> None:
        self._live = live
        self._before = 0
        self._seen = 0.0
        window = slicer.app.layoutManager().sliceWidget("Yellow").sliceView().renderWindow()
        window.AddObserver("EndEvent", self._on_render)

    def stroke(self, volume: Any, row: int, column: int) -> float:
        """A dab of the brush; the seconds from its release until it is seen."""
        view, x, y = slice_point("Red", ras(volume, column, row))
        self._before, self._seen = self._live.redrawn, 0.0
        mouse.drag(view, [(x, y), (x, y)])
        released = time.monotonic()
        wait_until(lambda: self._seen, 10, "the live image")
        spin(0.4)
        return self._seen - released

    def _on_render(self, caller: Any, event: str) -> None:
        if self._live.redrawn > self._before and not self._seen:
            self._seen = time.monotonic()


def _places_on_the_wall(volume: Any) -> list[tuple[int, int]]:
    """(row, column) of places along the left wall, from the apex to the base."""
    segmentation = slicer.util.getNode("*segmentation")
    segment_id = segmentation.GetSegmentation().GetNthSegmentID(0)
    cavity = slicer.util.arrayFromSegmentBinaryLabelmap(segmentation, segment_id, volume)[0] > 0
    rows = np.flatnonzero(cavity.any(axis=1))
    chosen = np.quantile(rows, np.linspace(0.2, 0.8, STROKES)).astype(int)
    return [(int(row), int(np.flatnonzero(cavity[row])[0]) - 6) for row in chosen]


def repainting(module: Any) -> dict[str, Any]:
    """What Slicer itself takes for a new text in one label: the floor of the figures below."""
    unfold(AllPanels()["Status"])
    label = AllPanels()["Status"].ui.messageLabel
    with StallWatch() as watch:
        for index in range(10):
            label.text = f"text {index}"
            spin(0.3)
    return _summary(watch.gaps)


def _summary(gaps: list[tuple[float, str]]) -> dict[str, Any]:
    milliseconds = [round(1000 * seconds) for seconds, _ in gaps]
    return {"longest, ms": max(milliseconds, default=0), "over 50 ms": sum(gap > 50 for gap in milliseconds)}


def stalls(module: Any) -> dict[str, Any]:
    """The longest time that the event loop stood still during each task, in ms."""
    parameters = module.logic.getParameterNode()
    label_map = load_label_map("parametric_4CH_ED")
    folder = Path(tempfile.mkdtemp())
    tasks: dict[str, tuple[str, Callable[[], None]]] = {
        "segment a cine of 20 frames": (
            "Segment",
            lambda: _set(parameters, inputVolume=load_cine(CINE), allFrames=True),
        ),
        "synthesize 8 images": ("Synthesize", lambda: _set(parameters, labelMap=label_map, count=8)),
        "vary, 8 label maps": ("Vary", lambda: _set(parameters, labelMap=label_map, variationCount=8)),
        "save a data set of 6": ("DataSet", lambda: _set(parameters, labelMap=label_map, dataFolder=folder / "set")),
    }
    found = {}
    for name, (panel_name, prepare) in tasks.items():
        panel = AllPanels()[panel_name]
        unfold(panel)
        prepare()
        spin(0.5)
        with StallWatch() as watch:
            panel.apply_or_cancel()
            watch.part("running")
            wait_until(lambda: not panel.runner.busy, 120, name)  # noqa: B023
            watch.part("showing the result")
        found[name] = _summary([gap for gap in watch.gaps if gap[1] == "running"])
    return found


def _set(parameters: Any, **values: Any) -> None:
    for name, value in values.items():
        setattr(parameters, name, value)


main()
