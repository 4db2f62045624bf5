"""One line on top of a module while the engine is missing, with a button that leads to its installation."""

from __future__ import annotations

from typing import Any

import qt
from slicer.i18n import tr as _

from EchoSynthPanels.application.engine import the_engine
from EchoSynthPanels.application.navigation import open_panel


class EngineLine:
    """Shown while the engine is not installed, in every module but the one that installs it."""

    def __init__(self) -> None:
        self._engine = the_engine()
        self.widget: Any = qt.QFrame()
        layout = qt.QHBoxLayout(self.widget)
        layout.setContentsMargins(4, 0, 0, 0)
        self.label = qt.QLabel(_("The engine is not installed yet."))
        self.label.setWordWrap(True)
        self.button = qt.QPushButton(_("Install..."))
        self.button.objectName = "engineLineButton"
        self.button.toolTip = _("Open the module EchoModels, which installs the engine")
        self.button.connect("clicked()", lambda: open_panel("EchoModels", "Engine"))
        layout.addWidget(self.label, 1)
        layout.addWidget(self.button)
        self._engine.changed.connect(self.refresh)
        self.refresh()

    def refresh(self) -> None:
        """Shows or hides it."""
        self.widget.setVisible(not self._engine.ready)

    def close(self) -> None:
        """Lets go of the engine."""
        self._engine.changed.disconnect(self.refresh)
