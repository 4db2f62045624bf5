"""The Edit panel: the chosen label map under the effects of the Segment Editor, on its image."""

from __future__ import annotations

from functools import partial
from typing import Any

import qt
import slicer
from slicer.i18n import tr as _

from EchoSynthMRML.hierarchy import place_beside
from EchoSynthMRML.label_maps import new_segmentation, read_label_map
from EchoSynthMRML.provenance import name_of_segmentation
from EchoSynthMRML.volumes import add_to_scene
from EchoSynthPanels.application.chosen import image_of
from EchoSynthPanels.application.views import fill, show_side_by_side
from EchoSynthPanels.input.label_map import describe
from EchoSynthPanels.job_row import SETTLED_MS, bring_into_sight
from EchoSynthPanels.panel import Panel, connect
from EchoSynthPanels.synthesis.editor import EmbeddedEditor


class InSight(qt.QObject):
    """Tells when a widget comes into sight and goes out of it: by folding, or because another module is shown."""

    def __init__(self, changed: Any) -> None:
        super().__init__()
        self._changed = changed

    def eventFilter(self, watched: Any, event: Any) -> bool:
        """Passes on what it hears."""
        if event.type() in (qt.QEvent.Show, qt.QEvent.Hide):
            self._changed(event.type() == qt.QEvent.Show)
        return False


class EditPanel(Panel):
    """Editing the label map, and making one a segmentation."""

    ui_name = "Edit"

    def set_up(self) -> None:
        """See `Panel.set_up`."""
        self.editor = EmbeddedEditor(self.ui.editorPlace.layout())
        self._visible = False
        self._described: Any = None
        self._in_sight = InSight(self._on_sight)
        self.ui.editorPlace.installEventFilter(self._in_sight)
        connect(self.ui.importButton, "clicked()", self.make_segmentation)
        connect(self.ui.showButton, "clicked()", self.show_beside)

    def set_parameters(self, parameters: Any) -> None:
        """See `Panel.set_parameters`."""
        if parameters is None:
            self.editor.forget()
        super().set_parameters(parameters)

    def refresh(self) -> None:
        """See `Panel.refresh`."""
        if self.parameters is None:
            return
        self.on_parameters_changed()
        self._describe()

    def on_parameters_changed(self, caller: Any = None, event: Any = None) -> None:
        """See `Panel.on_parameters_changed`; does not read the label map anew, which would slow sliders down."""
        node = self.parameters.labelMap
        if node is not self._described:
            self._describe()
        is_volume = node is not None and not node.IsA("vtkMRMLSegmentationNode")
        self.ui.importButton.visible = is_volume
        drawn = node is not None and self.parameters.liveVolume is not None
        self.allow(self.ui.showButton, "" if drawn else _("There is no synthetic image yet: press Synthesize"))
        reason = self._reason_not_to_edit()
        self.ui.editHintLabel.text = reason
        self.ui.editHintLabel.visible, self.ui.editorPlace.visible = bool(reason), not reason
        self._edit_or_not()

    def _describe(self) -> None:
        if not self.runner.busy:
            self._described = self.parameters.labelMap
            self.ui.structuresLabel.text = describe(self._described)

    def make_segmentation(self) -> None:
        """Turns a label map volume into a segmentation with named, colored segments."""
        with slicer.util.tryWithErrorDisplay(_("The label map could not become a segmentation.")):
            source = self.parameters.labelMap
            label_map = read_label_map(source)
            node = new_segmentation(label_map.codes, label_map.grid, name_of_segmentation(source.GetName()))
            add_to_scene(slicer.mrmlScene, node)
            place_beside(node, source)
            self.parameters.labelMap = node
            fill(node, on_image=image_of(self.parameters) is not None)

    def show_beside(self) -> None:
        """Shows the label map's image and the last synthetic one beside each other."""
        show_side_by_side(image_of(self.parameters), self.parameters.liveVolume)

    def close(self) -> None:
        """See `Panel.close`."""
        self.editor.forget()
        super().close()

    def _reason_not_to_edit(self) -> str:
        node = self.parameters.labelMap
        if node is None:
            return _("Choose a label map, or segment an image first.")
        if not node.IsA("vtkMRMLSegmentationNode"):
            return _("A label map volume becomes a segmentation first.")
        if image_of(self.parameters) is None:
            return _("It is edited on an image, and has none: synthesize one, or switch Live on.")
        return ""

    def _on_sight(self, visible: bool) -> None:
        self._visible = visible
        self._edit_or_not()
        if visible:
            # The editor gets its height with the next turn of the event loop.
            qt.QTimer.singleShot(SETTLED_MS, partial(bring_into_sight, self.ui.editorPlace))

    def _edit_or_not(self) -> None:
        if self._visible and self.parameters is not None and not self._reason_not_to_edit():
            self.editor.start(self.parameters.labelMap, image_of(self.parameters))
        else:
            self.editor.stop()
