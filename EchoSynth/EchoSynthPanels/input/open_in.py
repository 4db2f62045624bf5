"""Open in...: an arrow beside a node, with the modules that go on with it; what is chosen there comes along."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import qt
import slicer
from slicer.i18n import tr as _

from EchoSynthPanels.panel import connect

OWN_MODULES = ("EchoSynth", "EchoMeasure", "EchoCine", "EchoDataSets")
"""They share their parameters, so that what is chosen in one is chosen in all."""


class OpenIn:
    """The menu of an arrow.

    Args:
        arrow: the QToolButton.
        others: modules of Slicer that can go on with the node, by name; each is called once its module is shown.
        own: which of our modules can.
    """

    def __init__(
        self, arrow: Any, others: Mapping[str, Callable[[], None]], own: tuple[str, ...] = OWN_MODULES
    ) -> None:
        self._acts = {**dict.fromkeys(own, _nothing), **others}
        self._arrow, self._menu = arrow, qt.QMenu(arrow)
        connect(arrow, "clicked()", self._show)

    def _show(self) -> None:
        self._menu.clear()
        for name in self._acts:
            module = getattr(slicer.modules, name.lower(), None)
            # A Slicer without a module is one without its entry; the module that is shown leads nowhere.
            if module is not None and name != slicer.util.selectedModule():
                action = self._menu.addAction(module.icon, _("Open in {module}").format(module=module.title))
                action.connect("triggered()", partial(self._open, name))
        self._menu.popup(self._arrow.mapToGlobal(qt.QPoint(0, self._arrow.height)))

    def _open(self, name: str) -> None:
        slicer.util.selectModule(name)
        self._acts[name]()


def _nothing() -> None:
    """Our modules find what is chosen in their shared parameters."""


def open_in_segment_editor(segmentation: Any, image: Any) -> None:
    """Chooses a segmentation and the image below it in Slicer's own Segment Editor, which is shown."""
    editor = slicer.modules.segmenteditor.widgetRepresentation().self().editor
    editor.setSegmentationNode(segmentation)
    if image is not None:
        editor.setSourceVolumeNode(image)
