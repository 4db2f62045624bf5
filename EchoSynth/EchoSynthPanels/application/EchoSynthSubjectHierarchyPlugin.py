"""Right-click actions in the subject hierarchy. Slicer wants the file to be called like the class in it."""

from __future__ import annotations

from typing import Any

import qt
import slicer
from AbstractScriptedSubjectHierarchyPlugin import AbstractScriptedSubjectHierarchyPlugin
from slicer.i18n import tr as _

from EchoSynthPanels.application.navigation import open_panel


class EchoSynthSubjectHierarchyPlugin(AbstractScriptedSubjectHierarchyPlugin):
    """Segment for images, Synthesize for segmentations and label maps: opens the module with the node chosen."""

    # Read by Slicer when it makes the plugin.
    filePath = __file__

    def __init__(self, scriptedPlugin: Any) -> None:
        scriptedPlugin.name = "EchoSynth"
        AbstractScriptedSubjectHierarchyPlugin.__init__(self, scriptedPlugin)
        self._segment = qt.QAction(_("Segment echo with EchoSynth..."), scriptedPlugin)
        self._segment.connect("triggered()", lambda: self._open("EchoSynth", "Segment", "inputVolume"))
        self._synthesize = qt.QAction(_("Synthesize echo with EchoSynth..."), scriptedPlugin)
        self._synthesize.connect("triggered()", lambda: self._open("EchoSynth", "Synthesize", "labelMap"))

    def canOwnSubjectHierarchyItem(self, itemID: int) -> float:
        """Items stay with the plugins of their own kind."""
        return 0.0

    def itemContextMenuActions(self) -> list[Any]:
        """The actions, shown or hidden by `showContextMenuActionsForItem`."""
        return [self._segment, self._synthesize]

    def showContextMenuActionsForItem(self, itemID: int) -> None:
        """Shows the action that suits the item."""
        node = _node_of(itemID)
        if node is None:
            return
        is_label_map = node.IsA("vtkMRMLSegmentationNode") or node.IsA("vtkMRMLLabelMapVolumeNode")
        self._synthesize.visible = is_label_map
        self._segment.visible = node.IsA("vtkMRMLScalarVolumeNode") and not is_label_map

    def _open(self, module: str, panel: str, parameter: str) -> None:
        node = _node_of(slicer.qSlicerSubjectHierarchyPluginHandler.instance().currentItem())
        setattr(open_panel(module, panel).parameters, parameter, node)


def _node_of(item: int) -> Any:
    return slicer.mrmlScene.GetSubjectHierarchyNode().GetItemDataNode(item) if item else None
