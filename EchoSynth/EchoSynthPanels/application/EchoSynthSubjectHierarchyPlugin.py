"""Right-click actions and patients' folders in the subject hierarchy. Slicer wants the file called like its class."""

from __future__ import annotations

from typing import Any

import qt
import slicer
from AbstractScriptedSubjectHierarchyPlugin import AbstractScriptedSubjectHierarchyPlugin
from slicer.i18n import tr as _

from EchoSynthJobs.study import set_what_it_shows
from EchoSynthLib.anatomy.views import FOUR_CHAMBER, TWO_CHAMBER
from EchoSynthMRML.study_folder import PATIENT, facts_of, facts_of_item, lines_of_folder
from EchoSynthPanels.application.navigation import open_panel
from EchoSynthPanels.colors import LAMPS

_OURS, _NOT_OURS = 1.1, 0.0
"""How sure the plugin is that an item is its own; Slicer's own plugin for folders says 1.0 of any."""


class EchoSynthSubjectHierarchyPlugin(AbstractScriptedSubjectHierarchyPlugin):
    """Segment, Measure, Synthesize, view and phase of images and label maps; a folder shows its traffic light."""

    # Read by Slicer when it makes the plugin.
    filePath = __file__

    def __init__(self, scriptedPlugin: Any) -> None:
        scriptedPlugin.name = "EchoSynth"
        AbstractScriptedSubjectHierarchyPlugin.__init__(self, scriptedPlugin)
        self._plugin = scriptedPlugin
        self._segment = self._opening(_("Segment echo with EchoSynth..."), "EchoSynth", "Segment")
        self._measure = self._opening(_("Measure echo with EchoMeasure..."), "EchoMeasure", "Measure")
        self._synthesize = self._opening(_("Synthesize echo with EchoSynth..."), "EchoSynth", "Synthesize")
        self._choices: dict[tuple[str, str], Any] = {}
        self._menus: list[Any] = []
        views = {FOUR_CHAMBER.name: _("Four-chamber"), TWO_CHAMBER.name: _("Two-chamber")}
        self._view = self._menu(_("Echo view"), "view", views)
        self._phase = self._menu(_("Echo phase"), "phase", {"ED": _("End-diastole"), "ES": _("End-systole")})

    def canOwnSubjectHierarchyItem(self, itemID: int) -> float:
        """Items of nodes stay with the plugins of their own kind; patients' folders are ours."""
        return _OURS if itemID and _tree().HasItemAttribute(itemID, PATIENT) else _NOT_OURS

    def roleForPlugin(self) -> str:
        """What an item of ours is called."""
        return "Echo study"

    def icon(self, itemID: int) -> Any:
        """A folder with the light of what was measured last."""
        folder = slicer.app.style().standardIcon(qt.QStyle.SP_DirIcon)
        light = facts_of_item(_tree(), itemID).get("light") if itemID else None
        return folder if light is None else _with_lamp(folder, str(LAMPS[light]))

    def tooltip(self, itemID: int) -> str:
        """What the folder's images and label maps are known to be."""
        lines = [_tree().GetItemName(itemID), *lines_of_folder(_tree(), itemID)]
        light = facts_of_item(_tree(), itemID).get("light")
        return "\n".join([*lines, *([_("Traffic light: {light}").format(light=light)] if light else [])])

    def visibilityIcon(self, visible: int) -> Any:
        """The eye of a folder."""
        return _folders().visibilityIcon(visible)

    def getDisplayVisibility(self, itemID: int) -> int:
        """As any folder's."""
        return int(_folders().getDisplayVisibility(itemID))

    def setDisplayVisibility(self, itemID: int, visible: int) -> None:
        """As any folder's: what lies in it is shown or hidden together."""
        _folders().setDisplayVisibility(itemID, visible)

    def itemContextMenuActions(self) -> list[Any]:
        """The actions, shown or hidden by `showContextMenuActionsForItem`."""
        return [self._segment, self._measure, self._synthesize, self._view, self._phase]

    def showContextMenuActionsForItem(self, itemID: int) -> None:
        """Shows the actions that suit the item."""
        node = _node_of(itemID)
        if node is None:
            self._measure.visible = bool(itemID) and _tree().HasItemAttribute(itemID, PATIENT)
            return
        is_label_map = node.IsA("vtkMRMLSegmentationNode") or node.IsA("vtkMRMLLabelMapVolumeNode")
        is_image = node.IsA("vtkMRMLScalarVolumeNode") and not is_label_map
        self._synthesize.visible = is_label_map
        self._segment.visible = is_image
        for action in (self._measure, self._view, self._phase):
            action.visible = is_image or is_label_map
        known = facts_of(node)
        for (fact, value), action in self._choices.items():
            action.checked = known.get(fact, "") == value

    def _opening(self, text: str, module: str, panel: str) -> Any:
        action = qt.QAction(text, self._plugin)
        action.connect("triggered()", lambda: _open(module, panel))
        return action

    def _menu(self, text: str, fact: str, values: dict[str, str]) -> Any:
        """A menu that sets the view or the phase of an item; its last entry leaves it to name, classifier and area."""
        action, menu = qt.QAction(text, self._plugin), qt.QMenu()
        for value, called in {**values, "": _("By name, classifier or area")}.items():
            choice = menu.addAction(called)
            choice.setCheckable(True)
            choice.connect("triggered()", lambda value=value: set_what_it_shows(_current(), **{fact: value}))
            self._choices[fact, value] = choice
        action.setMenu(menu)
        # Qt leaves the menu to Python.
        self._menus.append(menu)
        return action


def _open(module: str, panel: str) -> None:
    node, parameters = _current(), open_panel(module, panel).parameters
    if node is None:
        return
    if node.IsA("vtkMRMLScalarVolumeNode") and not node.IsA("vtkMRMLLabelMapVolumeNode"):
        parameters.inputVolume = node
    else:
        parameters.labelMap = node


def _with_lamp(icon: Any, color: str) -> Any:
    picture = icon.pixmap(qt.QSize(32, 32))
    painter = qt.QPainter(picture)
    painter.setRenderHint(qt.QPainter.Antialiasing)
    painter.setBrush(qt.QBrush(qt.QColor(color)))
    painter.setPen(qt.QPen(qt.QColor("white")))
    painter.drawEllipse(qt.QRect(11, 11, 20, 20))
    painter.end()
    return qt.QIcon(picture)


def _folders() -> Any:
    """Slicer's own plugin for folders."""
    return slicer.qSlicerSubjectHierarchyPluginHandler.instance().pluginByName("Folder")


def _current() -> Any:
    return _node_of(slicer.qSlicerSubjectHierarchyPluginHandler.instance().currentItem())


def _node_of(item: int) -> Any:
    return _tree().GetItemDataNode(item) if item else None


def _tree() -> Any:
    return slicer.mrmlScene.GetSubjectHierarchyNode()
