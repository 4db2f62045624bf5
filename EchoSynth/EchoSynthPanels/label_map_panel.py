"""The Label map panel: which label map the other panels take, editing it, and making it a segmentation."""

from __future__ import annotations

from typing import Any

import slicer
from slicer.i18n import tr as _

from EchoSynthLib.anatomy.labels import CAMUS
from EchoSynthLib.errors import EchoSynthError
from EchoSynthMRML.hierarchy import place_beside
from EchoSynthMRML.label_maps import new_segmentation, read_label_map
from EchoSynthMRML.volumes import add_to_scene
from EchoSynthPanels.panel import Panel, connect
from EchoSynthPanels.views import keep_beside, show_side_by_side


class LabelMapPanel(Panel):
    """Choice of the label map, shared by Synthesize, Vary and Save data set."""

    ui_name = "LabelMap"

    def set_up(self) -> None:
        """See `Panel.set_up`."""
        self._shown: Any = None
        connect(self.ui.labelMapSelector, "currentNodeChanged(vtkMRMLNode*)", self.show_chosen)
        connect(self.ui.editButton, "clicked()", self.edit)
        connect(self.ui.importButton, "clicked()", self.make_segmentation)
        connect(self.ui.showButton, "clicked()", self.show_beside)

    def refresh(self) -> None:
        """See `Panel.refresh`."""
        if self.parameters is None:
            return
        node = self.parameters.labelMap
        is_segmentation = node is not None and node.IsA("vtkMRMLSegmentationNode")
        self.ui.editButton.enabled = is_segmentation
        self.ui.importButton.enabled = node is not None and not is_segmentation
        self.ui.showButton.enabled = node is not None and self.parameters.liveVolume is not None
        if not self.runner.busy:
            self.ui.structuresLabel.text = _describe(node)

    def show_chosen(self, node: Any) -> None:
        """Shows the chosen segmentation instead of the one that was chosen before: they often lie on one another."""
        for shown, visible in ((self._shown, False), (node, True)):
            if shown is not None and shown.GetScene() is not None and shown.GetDisplayNode() is not None:
                shown.GetDisplayNode().SetVisibility(visible)
        self._shown = node

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


def image_of(parameters: Any) -> Any:
    """The image that a label map was drawn on: its reference geometry's volume, else the chosen input."""
    node = parameters.labelMap
    if node is not None and node.IsA("vtkMRMLSegmentationNode"):
        volume = node.GetNodeReference(node.GetReferenceImageGeometryReferenceRole())
        if volume is not None:
            return volume
    return parameters.inputVolume


def _describe(node: Any) -> str:
    if node is None:
        return ""
    try:
        label_map = read_label_map(node)
    except EchoSynthError as error:
        return str(error)
    present = [name for name, code in CAMUS.items() if code and (label_map.codes == code).any()]
    return "; ".join([", ".join(present) or _("none yet"), *label_map.notes])
