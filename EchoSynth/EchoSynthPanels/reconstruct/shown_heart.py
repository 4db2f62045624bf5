"""The reconstructed heart of the scene in its views: surfaces at a phase of the beat, and both pictures of it."""

from __future__ import annotations

from functools import cache, partial
from typing import Any

import qt
import slicer
from slicer.i18n import tr as _
from slicer.util import VTKObservationMixin

from EchoSynthJobs.job import Job, Report, in_thread
from EchoSynthJobs.reconstruct import Reconstructed, reconstructed_in
from EchoSynthLib.anatomy.views import FOUR_CHAMBER, LONG_AXIS, TWO_CHAMBER
from EchoSynthLib.reconstruction.shapes import between, emptied_at, end_systole_at, heart_of, surfaces
from EchoSynthMRML.heart_models import RECONSTRUCTED, Shapes, parts_of, show_shapes, surface_of
from EchoSynthMRML.heart_segmentations import has_surfaces, show_segments
from EchoSynthPanels.application.runner import JobRunner
from EchoSynthPanels.application.signal import Signal
from EchoSynthPanels.application.views import LEFT, RIGHT, show_frame
from EchoSynthPanels.new_heart.heart_views import (
    RECONSTRUCTED_LAYOUT,
    THIRD_VIEW,
    THREE_PICTURES_LAYOUT,
    show_layout,
    shows_reconstructed,
    slice_node,
)
from EchoSynthPanels.reconstruct.plane_handles import PlaneHandles

PICTURES = {FOUR_CHAMBER.name: RIGHT, TWO_CHAMBER.name: LEFT, LONG_AXIS.name: THIRD_VIEW}
"""The slice view of each picture."""
LEVELS = 16
"""Shapes from end-diastole to end-systole: volume falls by some 4 ml from one to the next."""


class ShownHeart(VTKObservationMixin):
    """Shows what was reconstructed; one for the application.

    Attributes:
        changed: is called when something else is shown, or can be.
        found: what is shown; None where there is nothing.
        problem: why surfaces could not be made, '' where they could.
        handles: that tell where its pictures lie, as they are dragged.
    """

    def __init__(self) -> None:
        super().__init__()
        self.changed = Signal()
        self.found: Reconstructed | None = None
        self.problem = ""
        self.handles = PlaneHandles(PICTURES)
        # Of a point that is clicked Slicer moves all slice views there, away from their pictures.
        self.handles.clicked.connect(lambda: qt.QTimer.singleShot(0, self._show_pictures_again))
        self._phase = 0.0
        self._shapes: dict[int, Shapes] = {}
        self._runner = JobRunner(interval_ms=4)
        self._runner.changed.connect(self._on_end)
        scene = slicer.mrmlScene
        self.addObserver(scene, scene.StartCloseEvent, lambda caller, event: self._forget())

    @property
    def busy(self) -> bool:
        """Whether surfaces are being made."""
        return self._runner.busy

    @property
    def whole(self) -> bool:
        """Whether all surfaces of a beat are there."""
        return len(self._shapes) > LEVELS

    @property
    def has_shapes(self) -> bool:
        """Whether the model gave a heart that surfaces can be made of, rather than voxels."""
        return self.found is not None and all("heart" in record for record in self.found.records.values())

    @property
    def beats(self) -> bool:
        """Whether there is a heart at each moment between two."""
        return self.found is not None and len(self.found.records) > 1 and self.has_shapes

    @property
    def level(self) -> int:
        """Which of the shapes is shown, 0 end-diastole to `LEVELS` end-systole."""
        if self.found is None or len(self.found.records) == 1:
            return 0 if self.found is None or "ED" in self.found.records else LEVELS
        level = round(LEVELS * emptied_at(self._phase))
        # Voxels are there at both ends alone.
        return level if self.has_shapes else LEVELS * round(level / LEVELS)

    @property
    def end(self) -> str:
        """The phase, 'ED' or 'ES', whose pictures are shown: the nearer one."""
        return "ES" if self.level > LEVELS / 2 else "ED"

    def look(self) -> None:
        """Takes over what a scene has, as when it was loaded."""
        if not slicer.mrmlScene.IsBatchProcessing():
            self._take(reconstructed_in(slicer.mrmlScene))

    def show(self, found: Reconstructed) -> None:
        """Shows what was made just now in its views."""
        self._take(found)
        for node in found.sources:
            # Where it was recorded it crosses the heart, and its outlines are those of the pictures.
            if node.IsA("vtkMRMLSegmentationNode"):
                node.SetDisplayVisibility(False)
        self.lay_out()

    def lay_out(self) -> None:
        """Lays out the views and shows surfaces and pictures there."""
        if self.found is not None:
            third = any(LONG_AXIS.name in record["planes"] for record in self.found.records.values())
            show_layout(THREE_PICTURES_LAYOUT if third else RECONSTRUCTED_LAYOUT)
            self._draw()

    def go_to(self, phase: float) -> None:
        """Shows another phase of the beat, 0 (end-diastole) to 1."""
        if phase != self._phase:
            self._phase = phase
            if self.found is not None and shows_reconstructed():
                self._draw()

    def _take(self, found: Reconstructed | None) -> None:
        before, self.found = self.found, found
        same = before is not None and found is not None and before.segmentations == found.segmentations
        if not same:
            self._runner.cancel()
            self._shapes, self.problem = {}, ""
        if found is not None and self.has_shapes and not self.whole and not self._runner.busy:
            self._runner.start(_("Surfaces"), self._make_shapes(found))
        self.changed()

    def _make_shapes(self, found: Reconstructed) -> Job[None]:
        """Surfaces of all levels, that of the phase first, which is shown at once."""
        hearts = [heart_of(record["heart"]) for record in found.records.values()]
        # The ends first, then between them; of one moment there is nothing between.
        levels = [self.level] if len(hearts) == 1 else [self.level, 0, LEVELS, *range(1, LEVELS)]
        for level in dict.fromkeys(levels):
            heart = between(hearts[0], hearts[-1], level / LEVELS)
            meshes = yield from in_thread(partial(surfaces, heart), _("surfaces"))
            shapes: Shapes = {}
            for name, mesh in meshes.items():
                shapes[name] = surface_of(mesh.points, mesh.quads)
                yield Report()
            self._shapes[level] = shapes
            if level == self.level:
                self._draw()

    def _draw(self) -> None:
        found = self.found
        if found is None or not shows_reconstructed():
            return
        parts = parts_of(slicer.mrmlScene, RECONSTRUCTED)
        unseen = next(iter(found.records.values()))["prior_only"]
        if self.level in self._shapes:
            show_shapes(slicer.mrmlScene, self._shapes[self.level], RECONSTRUCTED, unseen)
        for phase, node in found.segmentations.items():
            # Surfaces that are exact outlines stand for voxels where there are any.
            shown = phase == self.end and not self.has_shapes
            if shown and not has_surfaces(node):
                show_segments(node, unseen)
            if bool(node.GetDisplayVisibility()) != shown:
                node.SetDisplayVisibility(shown)
        for view, name in PICTURES.items():
            self._show_picture(parts.get(f"{view} {self.end}"), name)
        self.place_handles()

    def place_handles(self) -> None:
        """Lays the handles where the pictures are that are shown."""
        if self.found is not None and shows_reconstructed():
            self.handles.place(self.found.records[self.end], self.has_shapes)

    def _show_picture(self, picture: Any, view: str) -> None:
        node = slice_node(view)
        if node is None or (picture is None and view != THIRD_VIEW):
            return
        composite = slicer.app.layoutManager().sliceWidget(view).sliceLogic().GetSliceCompositeNode()
        if picture is None:
            # The third view may be there at one end of the beat alone.
            composite.SetBackgroundVolumeID(None)
            node.SetSliceVisible(False)
            return
        if composite.GetBackgroundVolumeID() != picture.GetID():
            composite.SetLabelVolumeID(None)
            show_frame(picture, view)
        node.SetSliceVisible(True)
        node.SetSliceEdgeVisibility3D(False)

    def _show_pictures_again(self) -> None:
        if self.found is not None and shows_reconstructed():
            parts = parts_of(slicer.mrmlScene, RECONSTRUCTED)
            for view, name in PICTURES.items():
                show_frame(parts.get(f"{view} {self.end}"), name)
            self.place_handles()

    def _forget(self) -> None:
        self._runner.cancel()
        self.found, self._shapes, self.problem = None, {}, ""
        self.handles.let_go()
        self.changed()

    def _on_end(self) -> None:
        if not self._runner.busy:
            self.problem = self._runner.message if self._runner.failed else ""
            self.changed()


def phase_of_end(end: str) -> float:
    """The phase of the beat at 'ED' or 'ES', 0 to 1."""
    return end_systole_at() if end == "ES" else 0.0


@cache
def the_shown_heart() -> ShownHeart:
    """The application's own: several widgets show what is there once."""
    return ShownHeart()
