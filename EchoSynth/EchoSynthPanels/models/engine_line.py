"""One line on top of a module while the engine is missing, with a button that installs it."""

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
        self.button.toolTip = _(
            "Install the engine, after a question, in the module EchoModels, which shows how far it is"
        )
        self.button.connect("clicked()", self.install)
        layout.addWidget(self.label, 1)
        layout.addWidget(self.button)
        self._engine.changed.connect(self.refresh)
        self.refresh()

    def refresh(self) -> None:
        """Shows or hides it."""
        self.widget.setVisible(not self._engine.ready)

    def install(self) -> None:
        """Opens the module that installs, and begins."""
        panel: Any = open_panel("EchoModels", "Engine")
        if panel.ui.installButton.enabled:
            panel.install()

    def close(self) -> None:
        """Lets go of the engine."""
        self._engine.changed.disconnect(self.refresh)
