"""What is chosen, and that it is shown: one for the application, whichever module's selector it was chosen in."""

from __future__ import annotations

from contextlib import suppress
from functools import cache
from typing import Any

import slicer
from slicer.util import VTKObservationMixin

from EchoSynthJobs.cine_of_slices import has_slices
from EchoSynthLib.errors import InputError
from EchoSynthMRML.grid import Grid, same_place
from EchoSynthMRML.label_maps import linked_volume
from EchoSynthPanels.application.views import is_shown, show_frame, show_grid, show_label_map
from EchoSynthPanels.panel import AFTER_THE_WRAPPER


class Chosen(VTKObservationMixin):
    """Shows the image and the label map that the parameters name, as they change; see `the_chosen`."""

    def __init__(self) -> None:
        super().__init__()
        self._parameters: Any = None
        self._image: Any = None
        self._label_map: Any = None

    def follow(self, parameters: Any) -> None:
        """Follows a parameter node; what it names already is left to the scene, which brings its own views."""
        self.removeObservers()
        self._parameters = parameters
        if parameters is not None:
            self._image, self._label_map = parameters.inputVolume, parameters.labelMap
            node = parameters.parameterNode
            self.addObserver(node, "ModifiedEvent", self._on_parameters, priority=AFTER_THE_WRAPPER)

    def _on_parameters(self, caller: Any = None, event: Any = None) -> None:
        # A scene that is being loaded is followed once it is complete.
        if slicer.mrmlScene.IsBatchProcessing():
            return
        before = self._image, self._label_map
        self._image, self._label_map = self._parameters.inputVolume, self._parameters.labelMap
        if self._image is not before[0] and self._image is not None and not has_slices(self._image):
            show_frame(self._image)
        if self._label_map is not before[1]:
            self._show_label_map(self._label_map, before[1])

    def _show_label_map(self, node: Any, before: Any) -> None:
        """Shows a label map instead of the one that was chosen before: they often lie on one another."""
        if before is not None and before.GetScene() is not None:
            show_label_map(before, False)
        if node is not None:
            show_label_map(node, True)
            _show_place_of(node, self._parameters)
            # Another image's sector is a choice for one label map, not for the next, which may be another patient's.
            self._parameters.reference = linked_volume(node) if node.IsA("vtkMRMLSegmentationNode") else None


@cache
def the_chosen() -> Chosen:
    """The application's own."""
    return Chosen()


def image_of(parameters: Any) -> Any:
    """The image under the chosen label map, or None; where no label map is chosen the chosen image."""
    return parameters.inputVolume if parameters.labelMap is None else _image_under(parameters.labelMap, parameters)


def _show_place_of(node: Any, parameters: Any) -> None:
    """Shows where a label map lies: on its image, else on the empty view."""
    image = _image_under(node, parameters)
    if image is not None:
        if not is_shown(image):
            show_frame(image)
        return
    with suppress(InputError):
        show_grid(Grid.of_label_map(node))


def _image_under(node: Any, parameters: Any) -> Any:
    """What a label map was drawn on, else the chosen image or the last synthetic one that lies on its pixels."""
    if node.IsA("vtkMRMLSegmentationNode"):
        volume = linked_volume(node)
        if volume is not None:
            return volume
    for volume in (parameters.inputVolume, parameters.liveVolume):
        with suppress(InputError):
            if volume is not None and same_place(Grid.of_volume(volume), Grid.of_label_map(node)):
                return volume
    return None
