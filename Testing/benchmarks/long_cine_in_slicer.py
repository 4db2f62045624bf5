"""Run inside Slicer by panel.py: a cine of 60 frames is segmented, synthesized, measured and played."""

from __future__ import annotations

import statistics
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import slicer
from scipy.ndimage import zoom

from EchoSynthMRML.cines import CineBuilder, cine_of
from EchoSynthMRML.grid import Grid
from EchoSynthMRML.volumes import frame_array, new_frame
from EchoSynthPanels.application.registration import CINE, load_cine
from EchoSynthPanels.parameters import MeasureScope
from events import StallWatch, spin
from the_module import AllPanels, bring_up, press_apply, unfold

FRAMES, SHAPE = 60, (590, 490)
_PLAYED = 20


def long_cine(module: Any) -> dict[str, Any]:
    """For each task its seconds and the longest time that the window stood still; then ms for each frame played."""
    return tasks_on_a_long_cine(module) | {"played, ms a frame": _playing(module)}


def tasks_on_a_long_cine(module: Any) -> dict[str, Any]:
    """For each task its seconds, the processor's seconds in Slicer, and the longest times that the window stood still.

    Args:
        module: has the `logic` of the module and the `panels` by name.
    """
    slicer.mrmlScene.Clear(0)
    parameters = module.logic.getParameterNode()
    parameters.inputVolume, parameters.allFrames = _a_long_cine(), True
    parameters.measureScope = MeasureScope.CINE
    found: dict[str, Any] = {"frames": FRAMES, "pixels": f"{SHAPE[1]} x {SHAPE[0]}"}
    for name in ("Segment", "Synthesize", "Measure"):
        unfold(AllPanels()[name])
        if name == "Synthesize":
            parameters.synthesizeAllFrames, parameters.count = True, 1
        spin(1.0)
        with StallWatch() as watch:
            started, busy = time.monotonic(), time.process_time()
            press_apply(AllPanels()[name], 200)
            seconds, busy = time.monotonic() - started, time.process_time() - busy
            spin(1.0)
        found[name] = {
            "s": round(seconds, 2),
            "processor in Slicer, s": round(busy, 2),
            "longest stand-stills, ms": [round(1000 * gap) for gap, _ in watch.gaps[:4]],
        }
    return found


def _a_long_cine() -> Any:
    """Our sample cine, enlarged and played several times over."""
    cine = cine_of(load_cine(CINE))
    if cine is None:
        raise AssertionError("the sample cine is no cine")
    first = frame_array(cine.node(0))
    factors = np.divide(SHAPE, first.shape)
    rows, columns = Grid.of_volume(cine.node(0)).matrix(), Grid.of_volume(cine.node(0)).matrix()
    for axis in range(4):
        for step, factor in ((0, factors[1]), (1, factors[0])):
            rows.SetElement(axis, step, columns.GetElement(axis, step) / factor)
    grid = Grid.of_matrix(SHAPE, rows)
    builder = CineBuilder("long cine")
    pictures = [zoom(frame_array(cine.node(index)), factors, order=1) for index in range(len(cine))]
    for index in range(FRAMES):
        builder.append(new_frame(pictures[index % len(pictures)], grid, "long cine"))
    slicer.mrmlScene.Clear(0)
    return builder.finish(slicer.mrmlScene)


def _playing(module: Any) -> dict[str, float]:
    """With the measured curves in the open panel, with it folded, in another module, and with no curves at all."""
    panel = AllPanels()["Measure"]
    cine = cine_of(module.logic.getParameterNode().labelMap)
    found = {"measured, panel open": _ms_a_frame(cine)}
    panel.ui.measureSection.collapsed = True
    spin(0.3)
    found["measured, panel folded"] = _ms_a_frame(cine)
    slicer.util.selectModule("Data")
    spin(0.5)
    found["measured, another module"] = _ms_a_frame(cine)
    with _without_curves(panel):
        found["without curves, another module"] = _ms_a_frame(cine)
        bring_up(panel)
        panel.ui.measureSection.collapsed = False
        spin(0.5)
        found["without curves, panel open"] = _ms_a_frame(cine)
    return found


@contextmanager
def _without_curves(panel: Any) -> Iterator[None]:
    panel._forget()
    spin(0.3)
    yield


def _ms_a_frame(cine: Any) -> float:
    times = []
    for index in range(_PLAYED):
        began = time.perf_counter()
        cine.browser.SetSelectedItemNumber(index)
        spin()
        slicer.app.layoutManager().sliceWidget("Red").sliceView().forceRender()
        spin()
        times.append(1000 * (time.perf_counter() - began))
    return round(statistics.median(times), 1)
