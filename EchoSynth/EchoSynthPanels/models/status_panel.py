"""The Status panel: the message of the running task or of the last one, its progress, Cancel, and the log."""

from __future__ import annotations

import qt
from slicer.i18n import tr as _

from EchoSynthPanels.panel import Panel, connect


class StatusPanel(Panel):
    """Shows what the job runner is doing."""

    ui_name = "Status"

    def set_up(self) -> None:
        """See `Panel.set_up`."""
        self._shown_lines = 0
        connect(self.ui.cancelButton, "clicked()", self.runner.cancel)
        self.runner.progressed.connect(self.refresh)
        # One line that never asks for more room: else each message would lay the whole module out anew.
        label = self.ui.messageLabel
        label.setWordWrap(False)
        label.setSizePolicy(qt.QSizePolicy.Ignored, qt.QSizePolicy.Fixed)
        self.refresh()

    def close(self) -> None:
        """See `Panel.close`."""
        super().close()
        self.runner.progressed.disconnect(self.refresh)

    def refresh(self) -> None:
        """See `Panel.refresh`."""
        runner = self.runner
        self.ui.messageLabel.text = self.ui.messageLabel.toolTip = self._message()
        self.ui.progressBar.visible = runner.busy
        self.ui.cancelButton.visible = runner.cancellable
        # As in a job's own row, a bar that does not run to and fro.
        self.ui.progressBar.maximum = runner.total or 1
        self.ui.progressBar.value = runner.done if runner.total else 0
        if self._shown_lines < len(runner.log):
            self.ui.logTextEdit.appendPlainText("\n".join(runner.log[self._shown_lines :]))
            self._shown_lines = len(runner.log)

    def _message(self) -> str:
        if self.runner.failed:
            return _("Failed: {message}").format(message=self.runner.message)
        if not self.runner.busy:
            return self.runner.message
        remaining = self.runner.remaining
        text = f"{self.runner.owner}: {self.runner.message}"
        return text + (_(", {time} left").format(time=remaining) if remaining else "")
