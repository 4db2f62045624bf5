"""Live: each finished edit of the label map draws the same synthetic image anew, in place."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np
import qt
import slicer
from slicer import vtkSegmentation
from slicer.i18n import tr as _
from slicer.util import VTKObservationMixin

from EchoSynthJobs.job import Job, sector_text, working_folder
from EchoSynthJobs.synthesize import SynthesisRequest, draw, read_label_maps
from EchoSynthLib.capabilities import capabilities
from EchoSynthMRML.cines import cine_of
from EchoSynthMRML.grid import Grid, same_place
from EchoSynthMRML.hierarchy import place_beside
from EchoSynthMRML.provenance import link_to_label_map, linked_label_map, name_of_synthetic, stamp, stamps_of
from EchoSynthMRML.volumes import add_to_scene, free_name, new_frame, replace_frame
from EchoSynthPanels.application.chosen import image_of
from EchoSynthPanels.application.engine import Engine, the_engine, the_runner
from EchoSynthPanels.application.runner import JobRunner
from EchoSynthPanels.application.signal import Signal
from EchoSynthPanels.application.views import fill, keep_beside, show_side_by_side
from EchoSynthPanels.panel import AFTER_THE_WRAPPER
from EchoSynthPanels.synthesis.requests import live_request_of

EDITS = (
    vtkSegmentation.SourceRepresentationModified,
    vtkSegmentation.SegmentAdded,
    vtkSegmentation.SegmentRemoved,
    # All that Undo and Redo tell.
    vtkSegmentation.SegmentModified,
    # All that the next frame of a cine tells.
    "ModifiedEvent",
)
PAUSE_MS = 20
"""One stroke tells of itself several times; this much quiet ends it."""

Drawn = tuple[np.ndarray, Grid, dict[str, Any]]


class Live(VTKObservationMixin):
    """Follows the edits of the chosen segmentation while Live is on; one for the whole application, see `the_live`.

    Attributes:
        changed: is called with a line to show.
        redrawn: how many images have been drawn since it follows this segmentation.
        problem: why the last edit could not be followed, '' where it was.
    """

    def __init__(self, engine: Engine, runner: JobRunner) -> None:
        super().__init__()
        self.changed = Signal()
        self.redrawn = 0
        self.problem = ""
        self._engine, self._main_runner = engine, runner
        self._runner = JobRunner(interval_ms=4)
        self._runner.changed.connect(self._tell_of_failure)
        self._parameters: Any = None
        self._segmentation: Any = None
        self._asked: tuple[Any, ...] = ()
        self._drawn: Any = None
        self._sector: tuple[Any, str] | None = None
        self._stale = False
        self._pause = qt.QTimer()
        self._pause.setSingleShot(True)
        self._pause.setInterval(PAUSE_MS)
        self._pause.connect("timeout()", self._redraw)
        engine.changed.connect(self._pause.start)
        scene = slicer.mrmlScene
        self.addObserver(scene, scene.StartCloseEvent, lambda caller, event: self.follow(None))

    @property
    def busy(self) -> bool:
        """Whether an image is being drawn, or is about to be."""
        return self._runner.busy or (self._stale and self._engine.ready)

    @property
    def sector(self) -> str | None:
        """The sector of the last image, as `SynthesisRequest.sector` takes it."""
        return self._sector[1] if self._sector else None

    def follow(self, parameters: Any) -> None:
        """Follows another parameter node; None ends it. The image that a loaded scene brings waits for an edit."""
        if not _same_node(parameters, self._parameters):
            self._let_go()
        # A wrapper that is older than a loaded scene goes on telling of the scene before.
        self._parameters = parameters
        self.removeObservers(self._on_parameters)
        if parameters is None:
            return
        node = parameters.parameterNode
        self.addObserver(node, "ModifiedEvent", self._on_parameters, priority=AFTER_THE_WRAPPER)
        if self._attend() and parameters.liveVolume is not None:
            self._stale = False

    def _on_parameters(self, caller: Any = None, event: Any = None) -> None:
        # A scene that is being loaded is followed once it is complete.
        if slicer.mrmlScene.IsBatchProcessing():
            return
        if not self._attend() and self._segmentation is not None and self._asked != _asked(self._parameters):
            self._on_edit()
        self._asked = _asked(self._parameters)

    def _attend(self) -> bool:
        """Observes the segmentation that is to be followed now; whether it is another one than before."""
        parameters = self._parameters
        wanted = parameters.labelMap if parameters.live else None
        if wanted is not None and not wanted.IsA("vtkMRMLSegmentationNode"):
            wanted = None
        if wanted is self._segmentation:
            return False
        self._let_go()
        self._segmentation = wanted
        if wanted is not None:
            # The node passes its segmentation's events on.
            for edit in EDITS:
                self.addObserver(wanted, edit, self._on_edit)
            self._on_edit()
        return True

    def _let_go(self) -> None:
        self.removeObservers(self._on_edit)
        self._runner.cancel()
        self._segmentation, self._drawn, self._stale = None, None, False
        self.redrawn = 0

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

    def _job(self) -> Job[Drawn | None]:
        segmentation, reference = self._segmentation, self._parameters.reference
        (label_map,) = yield from read_label_maps(segmentation, reference, None)
        wanted = (label_map.codes.tobytes(), label_map.grid, _asked(self._parameters))
        if wanted == self._drawn and _draws(self._parameters.liveVolume, segmentation, label_map.grid):
            return None
        key = (segmentation.GetID(), label_map.grid, reference and reference.GetID())
        # The sector is kept from stroke to stroke: one fitted anew would let the whole image jump.
        sector = self._sector[1] if self._sector and self._sector[0] == key else None
        request = replace(live_request_of(self._parameters), sector=sector).of(segmentation)
        with working_folder() as folder:
            images, record = yield from draw(self._engine.client, [label_map], request, reference, folder)
        self._sector, self._drawn = (key, sector_text(record)), wanted
        return images[0, 0], label_map.grid, record | {"source_label_map": segmentation.GetName()}

    def _show(self, drawn: Drawn | None) -> None:
        if drawn is None:
            return
        image, grid, record = drawn
        volume = self._parameters.liveVolume
        name = name_of_synthetic(self._segmentation.GetName(), record["seed"], 0)
        if _draws(volume, self._segmentation, grid):
            replace_frame(volume, image)
            if volume.GetName() != name and volume.GetName() == _own_name(volume):
                volume.SetName(free_name(slicer.mrmlScene, name))
            keep_beside(volume)
        else:
            volume = add_to_scene(slicer.mrmlScene, new_frame(image, grid, name))
            place_beside(volume, self._segmentation, lies_on=self._parameters.reference)
            link_to_label_map(volume, self._segmentation)
            self._parameters.liveVolume = volume
            fill(self._segmentation, on_image=True)
            show_side_by_side(image_of(self._parameters), volume)
        stamp(volume, record)
        self.redrawn += 1
        self.changed(_told(volume, record, self._parameters.generator))

    def _tell_of_failure(self) -> None:
        self.problem = self._runner.message if self._runner.failed else ""
        if self.problem:
            self._main_runner.say(f"Live: {self._runner.log[-1]}")
            self.changed(_("Live: {message}").format(message=self.problem))


@cache
def the_live() -> Live:
    """The application's Live: several widgets show what one draws."""
    return Live(the_engine(), the_runner())


def _asked(parameters: Any) -> tuple[Any, ...]:
    """What of the parameters decides on the image, beside the label map."""
    return live_request_of(parameters), parameters.reference


def _same_node(one: Any, other: Any) -> bool:
    if one is None or other is None:
        return one is other
    return bool(one.parameterNode is other.parameterNode)


def _draws(volume: Any, segmentation: Any, grid: Grid) -> bool:
    """Whether a volume is a synthetic image of the segmentation to draw over.

    What stands in a cine is none; nor is the image of a model that is not for Live, which may have taken minutes.
    """
    if volume is None or volume.GetImageData() is None or cine_of(volume) is not None:
        return False
    if not capabilities(stamps_of(volume).get("model", SynthesisRequest.model)).live:
        return False
    return linked_label_map(volume) is segmentation and same_place(Grid.of_volume(volume), grid)


def _told(volume: Any, record: dict[str, Any], chosen: str) -> str:
    told = _("Live: {name}, seed {seed}.").format(name=volume.GetName(), seed=record["seed"])
    if record["model"] == chosen:
        return told
    why = _("Drawn by {model}, since {chosen} takes too long to follow strokes.")
    return f"{told} {why.format(model=record['model'], chosen=chosen)}"


def _own_name(volume: Any) -> str:
    """The name that the image was given as it was drawn last."""
    record = stamps_of(volume)
    return name_of_synthetic(record.get("source_label_map", ""), record.get("seed", 0), record.get("index", 0))
