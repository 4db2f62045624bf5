"""The Engine panel: whether what the panels need is installed, and one button that installs it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from slicer.i18n import tr as _

from EchoSynthJobs.job import Job
from EchoSynthLib.errors import EchoSynthError
from EchoSynthPanels.application.engine import Engine
from EchoSynthPanels.application.runner import JobRunner
from EchoSynthPanels.job_row import JobRow
from EchoSynthPanels.panel import Panel, confirmed, connect

INSTALL = _("Install")


class EnginePanel(Panel):
    """Status rows and install buttons of the fast and of the full path."""

    ui_name = "Engine"

    def set_up(self) -> None:
        """See `Panel.set_up`."""
        self._shown: Any = None
        connect(self.ui.installButton, "clicked()", self.install)
        connect(self.ui.installFullButton, "clicked()", self.install_full)

    def refresh(self) -> None:
        """See `Panel.refresh`."""
        for button in (self.ui.installButton, self.ui.installFullButton):
            button.enabled = not self.runner.busy
        if self._shown == self.engine.packages:
            return
        self._shown = self.engine.packages
        self.ui.engineLabel.text = self.engine.description
        self.ui.fullEngineLabel.text = self.engine.full_description
        self.ui.installButton.visible = not self.engine.ready
        self.ui.installFullButton.visible = not self.engine.complete

    def install(self) -> None:
        """Asks, then installs the fast path."""
        _ask_and_run(self.engine.packages.missing_fast, self.engine.install(self.runner), self.runner)

    def install_full(self) -> None:
        """Asks, then installs the full path."""
        ask_and_install_full(self.engine, self.runner, self.row(INSTALL))

    def owner_of(self, row: str) -> str:
        """See `Panel.owner_of`."""
        return INSTALL


def ask_and_install_full(engine: Engine, runner: JobRunner, row: JobRow) -> None:
    """Asks, then installs the full path; a row tells at once what keeps it from that."""
    try:
        engine.check_torch_extension()
    except EchoSynthError as error:
        row.fail(error)
        return
    _ask_and_run(engine.packages.missing_full, engine.install_full(runner), runner)


def _ask_and_run(packages: Sequence[str], job: Job[Any], runner: JobRunner) -> None:
    question = _("EchoSynth will install into Slicer's Python:\n\n{packages}\n\nContinue?")
    if confirmed(question.format(packages="\n".join(packages))):
        # Nothing can stop pip half-way.
        runner.start(INSTALL, job, cancellable=False)
