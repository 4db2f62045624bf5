"""The nodes that measurements are shown in: a table, charts of a cine, and the endocardium with its points."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import slicer
from slicer.i18n import tr as _

from EchoSynthJobs.measure import Measured
from EchoSynthJobs.measured_frames import reference_of
from EchoSynthLib.errors import InputError
from EchoSynthLib.measurement import Study
from EchoSynthMRML.cines import cine_of
from EchoSynthMRML.curves import add_handles, add_line
from EchoSynthMRML.hierarchy import place_beside
from EchoSynthMRML.phases import stamp_phases
from EchoSynthMRML.plots import add_chart, remove_chart, write_chart
from EchoSynthMRML.provenance import LABEL_MAP_ROLE
from EchoSynthMRML.tables import add_table, write_rows
from EchoSynthPanels.measure.texts import POINTS

CHARTS = {"volumes": ("LV volume, discs", "LA volume, area-length"), "areas": ("LV area", "LA area")}
"""Which of a study's curves are drawn together; they share a unit."""

_CM2 = 100.0  # mm2
HANDLES, LINE = "handles", "line"
ROLE = "EchoSynth.measured."
"""Of a table of measurements, begins the roles of its charts and of its curve, `HANDLES` and `LINE`."""


class MeasureNodes:
    """The nodes of the measurements of one label map or image; those of an earlier measurement are used again.

    Args:
        source: node of the label map, or of the image that has none.
        name: of what was measured, as of a patient; '' for the source's.

    Raises:
        InputError: it is in no scene.
    """

    def __init__(self, source: Any, name: str = "") -> None:
        if source.GetScene() is None:
            raise InputError(f"'{source.GetName()}' was removed from the scene meanwhile, so nothing was added.")
        self._source = source
        self._name = name or source.GetName()
        self._scene = source.GetScene()
        self.table = self._table()

    @property
    def handles(self) -> Any:
        """The points that a user drags."""
        return self._node(HANDLES, lambda name: add_handles(self._scene, name, POINTS), _("endocardium points"))

    @property
    def line(self) -> Any:
        """The endocardium."""
        return self._node(LINE, lambda name: add_line(self._scene, name), _("endocardium"))

    def chart(self, kind: str) -> Any:
        """The chart of a kind of `CHARTS`, or None where there is none yet."""
        return self.table.GetNodeReference(ROLE + kind)

    def write(self, measured: Measured) -> None:
        """Writes table and charts."""
        write_rows(self.table, measured.rows())
        cycle = measured.study.cycle
        if cycle is None:
            return
        marks = {phase: [beat[number].frame for beat in cycle.beats] for number, phase in enumerate(("ED", "ES"))}
        for cine in map(cine_of, filter(None, (self._source, reference_of(self._source)))):
            if cine is not None:
                stamp_phases(cine, marks)
        # Of a structure that no frame shows, there is no curve.
        known = {name: np.array(curve) for name, curve in measured.study.curves.items() if np.isfinite(curve).any()}
        units = {entry.name: entry.unit for entry in measured.study.table}
        for name in known:
            known[name] /= _CM2 if units.get(name) == "mm2" else 1
        for kind, names in CHARTS.items():
            curves = {name: known[name] for name in names if name in known}
            chart = self._chart(kind, list(curves), measured.study)
            if chart is not None:
                write_chart(chart, curves, marks)

    def hide_curve(self) -> None:
        """Hides the endocardium, as long as it is not asked for again."""
        for role in (HANDLES, LINE):
            node = self.table.GetNodeReference(ROLE + role)
            if node is not None:
                node.SetDisplayVisibility(False)

    def mark_as_left(self, removed: str) -> None:
        """Of a label map that was removed, takes the endocardium away too; table and charts stay, and say so."""
        for role in (HANDLES, LINE):
            node = self.table.GetNodeReference(ROLE + role)
            if node is not None:
                self._scene.RemoveNode(node)
        for node in filter(None, (self.table, *map(self.chart, CHARTS))):
            node.SetName(_("{name} ({removed} was removed)").format(name=node.GetName(), removed=removed))

    def _table(self) -> Any:
        for table in slicer.util.getNodesByClass("vtkMRMLTableNode"):
            if table.GetNodeReference(LABEL_MAP_ROLE) is self._source:
                return table
        table = add_table(self._scene, _("{name} measurements").format(name=self._name))
        table.SetNodeReferenceID(LABEL_MAP_ROLE, self._source.GetID())
        place_beside(table, self._source)
        return table

    def _chart(self, kind: str, names: list[str], study: Study) -> Any:
        """The chart of these curves; None where there are none, as volumes of unknown pixel size."""
        unit = next((entry.unit for entry in study.table if entry.name in names), "")
        unit = "cm2" if unit == "mm2" else unit
        axis = f"{_('volume') if kind == 'volumes' else _('area')} [{unit}]"
        chart = self.chart(kind)
        if chart is not None and (chart.GetYAxisTitle(), chart.GetNumberOfPlotSeriesNodes()) == (axis, len(names) + 2):
            return chart
        # A calibration changes which curves there are, and their unit.
        if chart is not None:
            remove_chart(chart)
        if not names:
            return None
        return self._keep(kind, add_chart(self._scene, f"{self._source.GetName()} {kind}", axis, names, ("ED", "ES")))

    def _node(self, role: str, add: Callable[[str], Any], called: str) -> Any:
        node = self.table.GetNodeReference(ROLE + role)
        return node or self._keep(role, add(f"{self._source.GetName()} {called}"))

    def _keep(self, role: str, node: Any) -> Any:
        self.table.SetNodeReferenceID(ROLE + role, node.GetID())
        place_beside(node, self._source)
        return node
