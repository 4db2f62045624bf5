"""Slicer's Segment Editor inside a section of ours: the effects for one slice, on the label map and its image."""

from __future__ import annotations

from typing import Any

import qt
import slicer

EFFECTS = ("Paint", "Draw", "Erase", "Scissors", "Smoothing", "Islands")
"""Those that make sense on a single slice; the others are in the Segment Editor itself."""
UNDO_STEPS = 20
LEAST_WIDTH, TABLE_HEIGHT = 440, 112
"""Pixels, of the options of an effect and of a table with three segments."""
_TAG = "EchoSynth"


class EmbeddedEditor:
    """The editor's widget, made when it is first needed, and at work as long as it is in sight.

    Args:
        layout: where the widget goes.

    Attributes:
        widget: the editor, None until it is needed.
        at_work: whether its effects act in the views.
    """

    def __init__(self, layout: Any) -> None:
        self._layout = layout
        self.widget: Any = None
        self.at_work = False

    def start(self, segmentation: Any, image: Any) -> None:
        """Edits a segmentation on an image; while it is at work another one takes the place of the first."""
        if self.widget is None:
            self.widget = self._make()
        if not self.at_work:
            self.widget.setMRMLSegmentEditorNode(_editor_node())
            self.widget.setupViewObservations()
            self.widget.installKeyboardShortcuts()
            self.at_work = True
        if self.widget.segmentationNode() is not segmentation:
            self.widget.setSegmentationNode(segmentation)
        if self.widget.sourceVolumeNode() is not image:
            self.widget.setSourceVolumeNode(image)

    def stop(self) -> None:
        """Takes the effects off the views."""
        if self.at_work:
            self.at_work = False
            self.widget.setActiveEffect(None)
            self.widget.uninstallKeyboardShortcuts()
            self.widget.removeViewObservations()

    def forget(self) -> None:
        """Stops, and lets go of the segmentation, whose scene goes."""
        self.stop()
        if self.widget is not None:
            self.widget.setSegmentationNode(None)

    def _make(self) -> Any:
        widget = slicer.qMRMLSegmentEditorWidget()
        widget.setMRMLScene(slicer.mrmlScene)
        widget.setMRMLSegmentEditorNode(_editor_node())
        widget.setMaximumNumberOfUndoStates(UNDO_STEPS)
        # Image and label map are chosen above; the views are ours.
        widget.setSegmentationNodeSelectorVisible(False)
        widget.setSourceVolumeNodeSelectorVisible(False)
        widget.setAutoShowSourceVolumeNode(False)
        widget.setSwitchToSegmentationsButtonVisible(False)
        widget.setSpecifyGeometryButtonVisible(False)
        widget.setShow3DButtonVisible(False)
        widget.setAddRemoveSegmentButtonsVisible(False)
        widget.setMaskingSectionVisible(False)
        widget.setEffectNameOrder(EFFECTS)
        widget.unorderedEffectsVisible = False
        widget.setEffectColumnCount(2)
        # Three segments: what is below them, the options of an effect, is to be in sight, too.
        widget.findChild("ctkExpandableWidget").setMaximumHeight(TABLE_HEIGHT)
        # The options of an effect are squeezed a little rather than take width from the views.
        widget.setSizePolicy(qt.QSizePolicy.Ignored, qt.QSizePolicy.Preferred)
        widget.setMinimumWidth(LEAST_WIDTH)
        self._layout.addWidget(widget)
        return widget


def _editor_node() -> Any:
    """The editor's own state, one for the scene, beside that of the Segment Editor."""
    node = slicer.mrmlScene.GetSingletonNode(_TAG, "vtkMRMLSegmentEditorNode")
    if node is None:
        node = slicer.vtkMRMLSegmentEditorNode()
        node.SetSingletonTag(_TAG)
        node = slicer.mrmlScene.AddNode(node)
    return node
