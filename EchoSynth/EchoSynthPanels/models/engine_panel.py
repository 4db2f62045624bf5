"""The Engine panel: whether what the modules need is installed, and buttons that install and remove it."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any

import qt
from slicer.i18n import tr as _

from EchoSynthJobs.job import Job
from EchoSynthLib.errors import EchoSynthError
from EchoSynthPanels.application import packages
from EchoSynthPanels.application.packages import FAST, FULL
from EchoSynthPanels.job_row import let_grow
from EchoSynthPanels.panel import Panel, confirmed, connect


class EnginePanel(Panel):
    """A row each for the fast path and for what the full path needs beside it."""

    ui_name = "Engine"

    def set_up(self) -> None:
        """See `Panel.set_up`."""
        self._shown: Any = None
        for label in (self.ui.engineLabel, self.ui.fullEngineLabel):
            # As high as its text needs, which Qt guesses from a width of its own choice.
            label.setSizePolicy(qt.QSizePolicy.Ignored, qt.QSizePolicy.Fixed)
            let_grow(label, self._room)
        for name, text in _devices().items():
            self.ui.deviceComboBox.addItem(text, name)
        self.ui.deviceComboBox.setCurrentIndex(max(self.ui.deviceComboBox.findData(self.engine.device), 0))
        connect(self.ui.deviceComboBox, "currentIndexChanged(int)", self._choose_device)
        connect(self.ui.installButton, "clicked()", self.install)
        connect(self.ui.installFullButton, "clicked()", self.install_full)
        connect(self.ui.removeButton, "clicked()", lambda: self.remove(FAST))
        connect(self.ui.removeFullButton, "clicked()", lambda: self.remove(FULL))

    def refresh(self) -> None:
        """See `Panel.refresh`."""
        for button in (
            self.ui.installButton,
            self.ui.installFullButton,
            self.ui.removeButton,
            self.ui.removeFullButton,
        ):
            self.allow(button, self.reason_of_runner)
        if self._shown == self.engine.packages:
            return
        self._shown = self.engine.packages
        self.ui.engineLabel.text = self.engine.description
        self.ui.fullEngineLabel.text = self.engine.full_description
        self.ui.installButton.visible = not self.engine.ready
        self.ui.installFullButton.visible = not self.engine.complete
        self.ui.deviceComboBox.visible = self.ui.deviceComboBoxLabel.visible = not self.engine.packages.missing_full
        self.ui.removeButton.visible = packages.any_installed(FAST)
        self.ui.removeFullButton.visible = packages.any_installed(FULL)

    def install(self) -> None:
        """Looks what is missing, asks, then installs the fast path."""
        self.engine.look_again()
        self._ask_and_install(self.engine.packages.missing_fast, self.engine.install(self.runner))

    def install_full(self) -> None:
        """Looks what is missing and whether it can be had, asks, then installs the full path."""
        self.engine.look_again()
        try:
            self.engine.check_torch_extension()
        except EchoSynthError as error:
            self.row().fail(error)
            return
        missing = (*self.engine.packages.missing_fast, *self.engine.packages.missing_full)
        self._ask_and_install(missing, self.engine.install_full(self.runner))

    def remove(self, file: str) -> None:
        """Looks what can go, asks, then removes what a requirements file names."""
        names = packages.removable(file)
        if not names:
            self.row().fail(EchoSynthError(_("Other packages require all of it; remove those first.")))
            return
        question = _(
            "EchoSynth will remove from Slicer's Python:\n\n{packages}\n\n"
            "Other extensions that use them will have to install them again. Continue?"
        )
        if confirmed(question.format(packages="\n".join(names))):
            self._start(self.engine.remove(names, self.runner))

    def _choose_device(self, index: int) -> None:
        self.engine.device = self.ui.deviceComboBox.itemData(index)

    def _ask_and_install(self, missing: Sequence[str], job: Job[None]) -> None:
        # What was missing may have come meanwhile, by another extension.
        if not missing:
            return
        question = _("EchoSynth will install into Slicer's Python:\n\n{packages}\n\nContinue?")
        if confirmed(question.format(packages="\n".join(missing))):
            self._start(job)

    def _start(self, job: Job[None]) -> None:
        # Nothing can stop pip half-way.
        self.runner.start(self.title, job, cancellable=False)


def _devices() -> dict[str, str]:
    """The devices that PyTorch may have on a computer of this kind, and what they are called."""
    gpu = {"mps": _("GPU (Apple)")} if sys.platform == "darwin" else {"cuda": _("GPU (CUDA or ROCm)")}
    return {"auto": _("Automatic: a GPU if there is one"), "cpu": _("CPU"), **gpu}
