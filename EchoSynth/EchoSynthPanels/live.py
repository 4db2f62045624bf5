"""Live: each finished edit of the label map draws the same synthetic image anew, in place."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import qt
import slicer
from slicer import vtkSegmentation
from slicer.i18n import tr as _
from slicer.util import VTKObservationMixin

from EchoSynthJobs.job import Job, sector_text, working_folder
from EchoSynthJobs.synthesize import draw, read_label_maps
from EchoSynthMRML.grid import Grid, same_place
from EchoSynthMRML.hierarchy import place_beside
from EchoSynthMRML.provenance import name_of_synthetic, stamp
from EchoSynthMRML.volumes import add_to_scene, new_frame, replace_frame
from EchoSynthPanels.engine import Engine
from EchoSynthPanels.label_map_panel import image_of
from EchoSynthPanels.runner import JobRunner
from EchoSynthPanels.signal import Signal
from EchoSynthPanels.views import keep_beside, show_side_by_side
from EchoSynthPanels.wishes import wish_of

EDITS = (
    vtkSegmentation.SourceRepresentationModified,
    vtkSegmentation.SegmentAdded,
    vtkSegmentation.SegmentRemoved,
)
PAUSE_MS = 20
"""One stroke can tell of itself several times; this much quiet ends it."""


class Live(VTKObservationMixin):
    """Follows the edits of the chosen segmentation while Live is on; `changed` is called with a line to show."""

    def __init__(self, engine: Engine, runner: JobRunner) -> None:
        super().__init__()
        self.changed = Signal()
        self.redrawn = 0
        self._engine, self._main_runner = engine, runner
        self._runner = JobRunner(interval_ms=4)
        self._runner.changed.connect(self._tell_of_failure)
        self._parameters: Any = None
        self._segmentation: Any = None
        self._sector: tuple[Any, str] | None = None
        self._stale = False
        self._pause = qt.QTimer()
        self._pause.setSingleShot(True)
        self._pause.setInterval(PAUSE_MS)
        self._pause.connect("timeout()", self._redraw)

    def follow(self, parameters: Any) -> None:
        """Follows another parameter node; None ends it."""
        self.removeObservers()
        self._runner.cancel()
        self._parameters, self._segmentation = parameters, None
        if parameters is not None:
            self.addObserver(parameters.parameterNode, "ModifiedEvent", self._on_parameters)
            self._on_parameters()

    def _on_parameters(self, caller: Any = None, event: Any = None) -> None:
        parameters = self._parameters
        wanted = parameters.labelMap if parameters.live else None
        if wanted is not None and not wanted.IsA("vtkMRMLSegmentationNode"):
            wanted = None
        if wanted is self._segmentation:
            return
        self.removeObservers(self._on_edit)
        self._runner.cancel()
        self._segmentation = wanted
        if wanted is not None:
            # The node passes its segmentation's events on, also when a cine's next frame brings another segmentation.
            for edit in EDITS:
                self.addObserver(wanted, edit, self._on_edit)
            self._on_edit()

    def _on_edit(self, caller: Any = None, event: Any = None) -> None:
        self._stale = True
        self._pause.start()

    def _redraw(self) -> None:
        if not self._stale or self._segmentation is None or not self._engine.ready:
            return
        if self._runner.busy or self._main_runner.busy:
            self._pause.start()
            return
        self._stale = False
        self._runner.start(_("Live"), self._job(), self._show)

    def _job(self) -> Job[tuple[np.ndarray, Grid, dict[str, Any]]]:
        parameters, reference = self._parameters, self._parameters.reference
        maps = yield from read_label_maps(self._segmentation, reference, None)
        key = (maps[0].grid, reference and reference.GetID())
        # The sector is kept from stroke to stroke: one fitted anew would let the whole image jump.
        sector = self._sector[1] if self._sector and self._sector[0] == key else None
        wish = replace(wish_of(parameters), count=1, sector=sector)
        with working_folder() as folder:
            images, record = yield from draw(self._engine.client, maps, wish, reference, folder)
        self._sector = (key, sector_text(record))
        return images[0, 0], maps[0].grid, record

    def _show(self, drawn: tuple[np.ndarray, Grid, dict[str, Any]]) -> None:
        image, grid, record = drawn
        volume = self._parameters.liveVolume
        if volume is not None and volume.GetImageData() and same_place(Grid.of_volume(volume), grid):
            replace_frame(volume, image)
            keep_beside(volume)
        else:
            name = name_of_synthetic(self._segmentation.GetName(), record["seed"], 0)
            volume = add_to_scene(slicer.mrmlScene, new_frame(image, grid, name))
            place_beside(volume, self._segmentation)
            self._parameters.liveVolume = volume
            show_side_by_side(image_of(self._parameters), volume)
        stamp(volume, record | {"source_label_map": self._segmentation.GetName()})
        self.redrawn += 1
        self.changed(_("Live: {name}, seed {seed}.").format(name=volume.GetName(), seed=record["seed"]))

    def _tell_of_failure(self) -> None:
        if self._runner.failed:
            self.changed(_("Live: {message}").format(message=self._runner.message))
