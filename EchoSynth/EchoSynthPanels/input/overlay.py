"""Whether the chosen label map is seen over its image, and how strongly."""

from __future__ import annotations

from typing import Any

from slicer.util import VTKObservationMixin

from EchoSynthPanels.application.views import is_label_map_shown, show_label_map
from EchoSynthPanels.panel import connect


class Overlay(VTKObservationMixin):
    """Keeps a check box and a label map's display of the same mind, whoever changes it.

    Args:
        box: the QCheckBox.
    """

    def __init__(self, box: Any) -> None:
        super().__init__()
        self._box, self._node, self._display = box, None, None
        connect(box, "toggled(bool)", self._choose)

    def follow(self, node: Any) -> None:
        """Follows another label map; None leaves nothing to show."""
        display = node.GetDisplayNode() if node is not None else None
        if display is not self._display:
            self.removeObservers()
            if display is not None:
                self.addObserver(display, "ModifiedEvent", self._show)
        self._node, self._display = node, display
        self._show()

    def _show(self, caller: Any = None, event: Any = None) -> None:
        blocked = self._box.blockSignals(True)
        self._box.enabled = self._node is not None
        self._box.checked = self._node is not None and is_label_map_shown(self._node)
        self._box.blockSignals(blocked)

    def _choose(self, visible: bool) -> None:
        if self._node is not None:
            show_label_map(self._node, visible)
