"""The Status panel: the message of the running task or of the last one, its progress, and the log."""

from __future__ import annotations

from slicer.i18n import tr as _

from EchoSynthPanels.panel import Panel


class StatusPanel(Panel):
    """Shows what the job runner is doing."""

    ui_name = "Status"

    def set_up(self) -> None:
        """See `Panel.set_up`."""
        self._shown_lines = 0
        self.ui.progressBar.visible = False
        self.refresh()

    def refresh(self) -> None:
        """See `Panel.refresh`."""
        runner = self.runner
        self.ui.messageLabel.text = self._message()
        self.ui.progressBar.visible = runner.busy
        # A maximum of 0 lets the bar run to and fro.
        self.ui.progressBar.maximum = runner.total
        self.ui.progressBar.value = runner.done
        for line in runner.log[self._shown_lines :]:
            self.ui.logTextEdit.appendPlainText(line)
        self._shown_lines = len(runner.log)

    def _message(self) -> str:
        if self.runner.failed:
            return _("Failed: {message}").format(message=self.runner.message)
        if not self.runner.busy:
            return self.runner.message
        remaining = self.runner.remaining
        text = f"{self.runner.owner}: {self.runner.message}"
        return text + (_(", {time} left").format(time=remaining) if remaining else "")
