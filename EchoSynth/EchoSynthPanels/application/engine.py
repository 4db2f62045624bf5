"""The engine: whether what the worker needs is installed, installing it, and the worker's client."""

from __future__ import annotations

import contextlib
import importlib.util
import shutil
import sys
from collections.abc import Callable
from functools import cache
from typing import Any

import qt
import slicer
from slicer.i18n import tr as _

from EchoSynthJobs.job import Job
from EchoSynthLib.capabilities import Capabilities
from EchoSynthLib.client import Client
from EchoSynthLib.errors import EchoSynthError
from EchoSynthPanels.application import packages
from EchoSynthPanels.application.packages import FAST, FULL, TORCH, Packages
from EchoSynthPanels.application.runner import JobRunner
from EchoSynthPanels.application.signal import Signal

SECONDS_TO_CANCEL = 0.8
_DEVICE = "EchoSynth/Device"


class Engine:
    """What runs the tasks; one for the whole application, see `the_engine`."""

    def __init__(self) -> None:
        self.changed = Signal()
        self.python = shutil.which("PythonSlicer") or sys.executable
        self.environment = dict(slicer.util.startupEnvironment())
        self.client = Client(self.python, environment=self.environment, grace=SECONDS_TO_CANCEL)
        # Looking takes milliseconds, and panels ask at each step of a task.
        self._packages: Packages | None = None

    @property
    def ready(self) -> bool:
        """Whether the panels can work: the fast path is there."""
        return not self.packages.missing_fast

    @property
    def complete(self) -> bool:
        """Whether the full path is there, too."""
        return not (self.packages.missing_fast or self.packages.missing_full)

    @property
    def packages(self) -> Packages:
        """What is installed, as it was when last looked at."""
        if self._packages is None:
            self._packages = Packages.installed()
        return self._packages

    @property
    def description(self) -> str:
        """The state in one line."""
        if not self.ready:
            return _("Not installed: needs {packages}, about 60 MB.").format(
                packages=", ".join(self.packages.missing_fast)
            )
        return _("Ready: onnxruntime {version}.").format(version=packages.version_of("onnxruntime"))

    @property
    def full_description(self) -> str:
        """The state of the full path in one line."""
        if self.packages.missing_full:
            names = ", ".join(map(packages.name_of, self.packages.missing_full))
            return _("Not installed: {packages}.").format(packages=names)
        return _("Ready: PyTorch {version}.").format(version=packages.version_of("torch"))

    @property
    def device(self) -> str:
        """Where diffusion models run, see `networks.devices`: kept for this computer, not in a scene."""
        return str(qt.QSettings().value(_DEVICE, "auto"))

    @device.setter
    def device(self, name: str) -> None:
        qt.QSettings().setValue(_DEVICE, name)

    def look_again(self) -> None:
        """Looks at what is installed: another extension may have changed it."""
        self._packages = None
        self.changed()

    def wake_up(self) -> None:
        """Looks at what is installed, and starts the worker, so that the first task need not wait for it."""
        self.look_again()
        # While packages are installed or removed, nobody may have their files open.
        if self.ready and not the_runner().busy:
            # What keeps the worker from starting is told by the first task.
            with contextlib.suppress(EchoSynthError):
                self.client.start()

    def check(self) -> None:
        """Refuses work that cannot succeed.

        Raises:
            EchoSynthError: the fast path is not installed.
        """
        if not self.ready:
            raise EchoSynthError(_("The engine is not installed; install it in the module EchoModels."))

    def check_model(self, model: Capabilities) -> None:
        """Refuses a model that runs in PyTorch where the full path is not installed.

        Raises:
            EchoSynthError: names what is missing.
        """
        if model.needs_full and self.packages.missing_full:
            raise EchoSynthError(
                _(
                    "The model {model} runs in PyTorch, and this is not installed: {packages}. "
                    "Install the full engine (EchoModels, Engine), or choose another model."
                ).format(model=model.name, packages=", ".join(self.packages.missing_full))
            )

    def check_torch_extension(self) -> None:
        """Refuses to install the full path where PyTorch is missing and so is the extension that brings it.

        Raises:
            EchoSynthError: says how to get it.
        """
        if not packages.is_met(TORCH) and importlib.util.find_spec("PyTorchUtils") is None:
            raise EchoSynthError(
                _("The full engine needs the PyTorch extension: install it in the Extensions Manager, restart Slicer.")
            )

    def install(self, runner: JobRunner) -> Job[None]:
        """Installs the fast path into Slicer's Python; pip's lines go to the runner's log."""
        yield from packages.install(packages.requirements(FAST), runner.say)
        self._renew()

    def install_full(self, runner: JobRunner) -> Job[None]:
        """Installs PyTorch by its extension, then the rest of the full path; nothing where the extension is missing."""
        has_torch = packages.is_met(TORCH)
        self.check_torch_extension()
        yield from packages.install(packages.requirements(FAST), runner.say)
        if not has_torch:
            packages.install_torch()
        yield from packages.install(packages.requirements(FULL), runner.say)
        self._renew()

    def remove(self, names: list[str], runner: JobRunner) -> Job[None]:
        """Removes packages from Slicer's Python, once the worker, which has their files open, has ended."""
        self.close()
        yield from packages.uninstall(names, runner.say)
        self._renew()

    def close(self) -> None:
        """Ends the worker; the next task starts a new one."""
        self.client.close()

    def _renew(self) -> None:
        self.close()
        importlib.invalidate_caches()
        self.look_again()


@cache
def the_engine() -> Engine:
    """The application's engine, made at the first call and closed when Slicer quits."""
    engine = Engine()
    slicer.app.connect("aboutToQuit()", engine.close)
    return engine


@cache
def the_runner() -> JobRunner:
    """The application's job runner: one task at a time, whatever number of widgets there are."""
    return JobRunner()


def run(owner: str, job: Callable[[Client], Job[Any]]) -> Any:
    """Makes a job for the application's worker and runs it to its end with the window alive; gives its result.

    Raises:
        EchoSynthError: the engine is not installed, or another task runs; and what the job raises.
    """
    the_engine().check()
    return the_runner().run(owner, job(the_engine().client))
