"""The Label map panel: which label map the other panels take, editing it, and making it a segmentation."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import slicer
from slicer.i18n import tr as _

from EchoSynthLib.anatomy.labels import CAMUS
from EchoSynthLib.errors import EchoSynthError
from EchoSynthMRML.hierarchy import place_beside
from EchoSynthMRML.label_maps import new_segmentation, read_label_map
from EchoSynthMRML.volumes import add_to_scene
from EchoSynthPanels.application.chosen import image_of
from EchoSynthPanels.application.views import keep_beside, show_side_by_side
from EchoSynthPanels.panel import Panel, connect

PIXELS = slicer.vtkSegmentationConverter.GetBinaryLabelmapRepresentationName()


class LabelMapPanel(Panel):
    """Choice of the label map, shared by Synthesize, Vary and Save data set."""

    ui_name = "LabelMap"

    def set_up(self) -> None:
        """See `Panel.set_up`."""
        connect(self.ui.labelMapSelector, "currentNodeChanged(vtkMRMLNode*)", self._describe)
        connect(self.ui.editButton, "clicked()", self.edit)
        connect(self.ui.importButton, "clicked()", self.make_segmentation)
        connect(self.ui.showButton, "clicked()", self.show_beside)

    def refresh(self) -> None:
        """See `Panel.refresh`."""
        if self.parameters is None:
            return
        self.on_parameters_changed()
        if not self.runner.busy:
            self.ui.structuresLabel.text = _describe(self.parameters.labelMap)

    def on_parameters_changed(self, caller: Any = None, event: Any = None) -> None:
        """See `Panel.on_parameters_changed`; does not read the label map anew, which would slow sliders down."""
        node = self.parameters.labelMap
        is_segmentation = node is not None and node.IsA("vtkMRMLSegmentationNode")
        drawable = is_segmentation and image_of(self.parameters) is not None
        self.ui.editButton.enabled = drawable
        self.ui.editButton.toolTip = (
            _("Open the label map in the Segment Editor, with its image")
            if drawable or not is_segmentation
            else _("The Segment Editor needs an image under the label map: synthesize one, or switch Live on")
        )
        self.ui.importButton.enabled = node is not None and not is_segmentation
        self.ui.showButton.enabled = node is not None and self.parameters.liveVolume is not None

    def _describe(self, node: Any) -> None:
        self.ui.structuresLabel.text = _describe(node)

    def edit(self) -> None:
        """Opens the label map in the Segment Editor."""
        segmentation, volume = self.parameters.labelMap, image_of(self.parameters)
        slicer.util.selectModule("SegmentEditor")
        editor = slicer.modules.segmenteditor.widgetRepresentation().self().editor
        editor.setSegmentationNode(segmentation)
        if volume is not None:
            editor.setSourceVolumeNode(volume)
        # The editor puts its source volume into all views.
        if self.parameters.live and self.parameters.liveVolume is not None:
            keep_beside(self.parameters.liveVolume)

    def make_segmentation(self) -> None:
        """Turns a label map volume into a segmentation with named, colored segments."""
        with slicer.util.tryWithErrorDisplay(_("The label map could not become a segmentation.")):
            source = self.parameters.labelMap
            label_map = read_label_map(source)
            node = new_segmentation(label_map.codes, label_map.grid, f"{source.GetName()} segmentation")
            add_to_scene(slicer.mrmlScene, node)
            place_beside(node, source)
            self.parameters.labelMap = node

    def show_beside(self) -> None:
        """Shows the label map's image and the last synthetic one beside each other."""
        show_side_by_side(image_of(self.parameters), self.parameters.liveVolume)


def reason_not_to_draw(node: Any) -> str:
    """Why nothing can be made of a label map, '' if it can."""
    if node is None:
        return _("Choose a label map, or segment an image first")
    problem, present, _notes = _seen(node, _state_of(node))
    if not problem and not present:
        return _("'{name}' is empty: draw a structure in it first (Edit), or choose another").format(
            name=node.GetName()
        )
    return problem


def _describe(node: Any) -> str:
    if node is None:
        return ""
    problem, present, notes = _seen(node, _state_of(node))
    return problem or "; ".join([", ".join(present) or _("none yet"), *notes])


@lru_cache(maxsize=2)
def _seen(node: Any, state: tuple[int, ...]) -> tuple[str, list[str], tuple[str, ...]]:
    """What is wrong with a label map, the structures it has, and notes; kept, for panels ask at each change."""
    try:
        label_map = read_label_map(node)
    except EchoSynthError as error:
        return str(error), [], ()
    present = [name for name, code in CAMUS.items() if code and (label_map.codes == code).any()]
    return "", present, label_map.notes


def _state_of(node: Any) -> tuple[int, ...]:
    """Numbers that are others after each change of a label map's pixels, names or place."""
    if not node.IsA("vtkMRMLSegmentationNode"):
        image = node.GetImageData()
        return (node.GetMTime(), image.GetMTime() if image is not None else 0)
    segmentation = node.GetSegmentation()
    segments = [segmentation.GetSegment(segment_id) for segment_id in segmentation.GetSegmentIDs()]
    layers = [segment.GetRepresentation(PIXELS) for segment in segments]
    stamps = [each.GetMTime() for each in (*segments, *layers) if each is not None]
    return (node.GetMTime(), segmentation.GetMTime(), *stamps)
