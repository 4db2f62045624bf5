"""The engine: whether what the worker needs is installed, installing it, and the worker's client."""

from __future__ import annotations

import contextlib
import importlib.metadata
import importlib.util
import re
import shutil
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import slicer
from slicer.i18n import tr as _

from EchoSynthJobs.job import Job, Report
from EchoSynthLib.client import Client
from EchoSynthLib.errors import EchoSynthError
from EchoSynthLib.systems import Capabilities
from EchoSynthPanels.application.runner import JobRunner
from EchoSynthPanels.application.signal import Signal

RESOURCES = Path(__file__).resolve().parents[2] / "Resources"
FAST, FULL = "requirements.txt", "requirements-full.txt"
TORCH = "torch>=2.4"
KEPT = ("numpy", "scipy", "SimpleITK", "pydicom", "requests")
"""Packages that Slicer brings: an installation may not replace them."""
SECONDS_TO_CANCEL = 0.8


@dataclass(frozen=True)
class Packages:
    """Requirements that are not met, of the fast path and of what the full path needs beside it."""

    missing_fast: tuple[str, ...]
    missing_full: tuple[str, ...]

    @classmethod
    def installed(cls) -> Packages:
        """The state of Slicer's Python now."""
        torch = () if _is_met(TORCH) else (TORCH,)
        return cls(tuple(missing(FAST)), (*torch, *missing(FULL)))


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
        return _("Ready: onnxruntime {version}.").format(version=_version("onnxruntime"))

    @property
    def full_description(self) -> str:
        """The state of the full path in one line."""
        if self.packages.missing_full:
            return _("Not installed: {packages}.").format(packages=", ".join(self.packages.missing_full))
        return _("Ready: PyTorch {version}.").format(version=_version("torch"))

    def look_again(self) -> None:
        """Looks at what is installed: another extension may have changed it."""
        self._packages = None
        self.changed()

    def wake_up(self) -> None:
        """Looks at what is installed, and starts the worker, so that the first task need not wait for it."""
        self.look_again()
        if self.ready:
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
        if not _is_met(TORCH) and importlib.util.find_spec("PyTorchUtils") is None:
            raise EchoSynthError(
                _("The full engine needs the PyTorch extension: install it in the Extensions Manager, restart Slicer.")
            )

    def install(self, runner: JobRunner) -> Job[None]:
        """Installs the fast path into Slicer's Python; pip's lines go to the runner's log."""
        yield from _pip(requirements(FAST), runner)
        self._renew()

    def install_full(self, runner: JobRunner) -> Job[None]:
        """Installs PyTorch by its extension, then the rest of the full path; nothing where the extension is missing."""
        has_torch = _is_met(TORCH)
        self.check_torch_extension()
        yield from _pip(requirements(FAST), runner)
        if not has_torch:
            _install_torch()
        yield from _pip(requirements(FULL), runner)
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


def requirements(name: str) -> list[str]:
    """The lines of one of our requirements files."""
    lines = (RESOURCES / name).read_text(encoding="utf-8").splitlines()
    return [line.strip() for line in lines if line.strip() and not line.startswith("#")]


def missing(name: str) -> list[str]:
    """Those requirements of a file that are not met."""
    return [requirement for requirement in requirements(name) if not _is_met(requirement)]


def _is_met(requirement: str) -> bool:
    if importlib.util.find_spec("slicer.packaging") is not None:
        import slicer.packaging

        return bool(slicer.packaging.pip_check(requirement))
    return _version(re.split(r"[<>=!~\[; ]", requirement, maxsplit=1)[0]) is not None


def _version(package: str) -> str | None:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None


def _pip(packages: list[str], runner: JobRunner) -> Job[None]:
    yield Report(message=_("Installing {packages}").format(packages=", ".join(packages)))
    with tempfile.TemporaryDirectory(prefix="echosynth-") as folder:
        constraints = Path(folder) / "constraints.txt"
        kept = [f"{name}=={version}" for name in KEPT if (version := _version(name))]
        constraints.write_text("\n".join(kept) + "\n", encoding="utf-8")
        if importlib.util.find_spec("slicer.packaging") is None:
            slicer.util.pip_install(["--constraint", str(constraints), *packages])
            return
        yield from _pip_in_background(packages, constraints, runner)


def _pip_in_background(packages: list[str], constraints: Path, runner: JobRunner) -> Job[None]:
    codes: list[int] = []
    arguments: dict[str, Any] = {"constraints": constraints, "blocking": False, "show_progress": False}
    slicer.packaging.pip_install(packages, logCallback=runner.say, completedCallback=codes.append, **arguments)
    # In testing mode Slicer installs at once, and calls nobody back.
    while slicer.packaging.isPipInstallInProgress() and not codes:
        yield Report(message=_("Installing {packages}").format(packages=", ".join(packages)), waiting=True)
    if codes and codes[0] != 0:
        raise EchoSynthError(
            _("pip could not install {packages} (exit code {code}); the log says why.").format(
                packages=", ".join(packages), code=codes[0]
            )
        )


def _install_torch() -> None:
    import PyTorchUtils

    version = TORCH.removeprefix("torch")
    PyTorchUtils.PyTorchUtilsLogic().installTorch(askConfirmation=True, torchVersionRequirement=version)


def run(owner: str, job: Callable[[Client], Job[Any]]) -> Any:
    """Makes a job for the application's worker and runs it to its end with the window alive; gives its result.

    Raises:
        EchoSynthError: the engine is not installed, or another task runs; and what the job raises.
    """
    the_engine().check()
    return the_runner().run(owner, job(the_engine().client))
