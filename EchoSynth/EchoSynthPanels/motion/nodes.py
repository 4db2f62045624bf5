"""The nodes that strain is shown in: a table of the wall's segments, and charts of their curves."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import slicer
from numpy.typing import NDArray
from slicer.i18n import tr as _

from EchoSynthJobs.track import Motion
from EchoSynthLib.measurement.strain import GLOBAL, StrainResult
from EchoSynthMRML.cines import times_of
from EchoSynthMRML.hierarchy import place_beside
from EchoSynthMRML.plots import FRAME, TIME, add_chart, remove_chart, write_chart
from EchoSynthMRML.tables import add_table, write_columns
from EchoSynthMRML.tracked import IMAGE_ROLE
from EchoSynthPanels.motion.texts import name_of, segment_columns

_ROLE = "EchoSynth.strain."
STRAIN, WALL = "strain", "global"
"""Kinds of charts: longitudinal strain of the segments; endocardium, middle and thickness of the whole wall."""
_WALL_COLORS = ((40, 40, 40), (31, 119, 180), (214, 39, 40))
_SEGMENT_COLORS = ((27, 79, 156), (63, 143, 210), (140, 190, 235), (240, 170, 130), (224, 123, 57), (168, 71, 15))
"""From the left hinge of the image over the apex to the right one: a wall in blue, the other in orange."""
_GLOBAL_COLOR = (0, 0, 0)

Curves = dict[str, NDArray[np.float64]]


class MotionNodes:
    """The nodes of the strain of one cine; those of an earlier tracking are used again.

    Args:
        image: node of the cine.
    """

    def __init__(self, image: Any) -> None:
        self._image, self._scene = image, image.GetScene()
        self.table = self._table()

    def write(self, motion: Motion, strain: StrainResult) -> None:
        """Writes table and charts."""
        write_columns(self.table, segment_columns(strain))
        tracked = motion.tracked
        cine = tracked.image_cine
        count = tracked.last + 1 if cine is None else len(cine)
        times = None if cine is None else times_of(cine)
        beat = strain.beat
        marks = {"ED": [tracked.first + beat.end_diastole], "ES": [tracked.first + beat.end_systole]}
        for kind, (curves, colors) in _curves(strain).items():
            placed = {name: _among(values, tracked.first, count) for name, values in curves.items()}
            write_chart(self._chart(kind, colors, TIME if times is not None else FRAME), placed, marks, times)

    def chart(self, kind: str) -> Any:
        """The chart of a kind, or None where there is none yet."""
        return self.table.GetNodeReference(_ROLE + kind)

    def _table(self) -> Any:
        for table in slicer.util.getNodesByClass("vtkMRMLTableNode"):
            if table.GetNodeReference(IMAGE_ROLE) is self._image:
                return table
        table = add_table(self._scene, _("{name} strain").format(name=self._image.GetName()))
        table.SetNodeReferenceID(IMAGE_ROLE, self._image.GetID())
        place_beside(table, self._image)
        return table

    def _chart(self, kind: str, colors: Mapping[str, tuple[int, int, int]], x_axis: str) -> Any:
        chart = self.chart(kind)
        if chart is not None:
            names = [chart.GetNthPlotSeriesNode(index).GetName() for index in range(len(colors))]
            if chart.GetXAxisTitle() == x_axis and names == list(colors):
                return chart
            remove_chart(chart)
        axis = _("strain [%]")
        title = f"{self._image.GetName()} {kind}"
        chart = add_chart(self._scene, title, axis, list(colors), ("ED", "ES"), x_axis, colors)
        self.table.SetNodeReferenceID(_ROLE + kind, chart.GetID())
        place_beside(chart, self._image)
        return chart


def _curves(strain: StrainResult) -> dict[str, tuple[Curves, dict[str, tuple[int, int, int]]]]:
    """By kind of chart the curves by their names in the legend, and the colors by the same names."""
    segments = {name_of(name): curve.values for name, curve in strain.longitudinal.items()}
    colors = dict(zip(segments, (_GLOBAL_COLOR, *_SEGMENT_COLORS), strict=True))
    names = {"longitudinal": _("endocardium"), "midwall": _("mid-wall"), "radial": _("radial")}
    wall = {names[kind]: curves[GLOBAL].values for kind, curves in strain.kinds.items()}
    return {STRAIN: (segments, colors), WALL: (wall, dict(zip(wall, _WALL_COLORS, strict=False)))}


def _among(values: NDArray[np.float64], first: int, count: int) -> NDArray[np.float64]:
    """Values of frames among all of a cine; of the others nothing is known."""
    placed = np.full(count, np.nan)
    placed[first : first + len(values)] = values
    return placed
