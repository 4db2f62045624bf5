"""Packages in Slicer's Python: what is required, what is missing, and installing and removing it."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import re
import tempfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import slicer
from slicer.i18n import tr as _

from EchoSynthJobs.job import Job, Report
from EchoSynthLib.errors import EchoSynthError

RESOURCES = Path(__file__).resolve().parents[2] / "Resources"
FAST, FULL = "requirements.txt", "requirements-full.txt"
TORCH = "torch>=2.4"
KEPT = ("numpy", "scipy", "SimpleITK", "pydicom", "requests")
"""Packages that Slicer brings: an installation may not replace them."""

Say = Callable[[str], None]
"""Takes the lines that pip prints."""


@dataclass(frozen=True)
class Packages:
    """Requirements that are not met, of the fast path and of what the full path needs beside it."""

    missing_fast: tuple[str, ...]
    missing_full: tuple[str, ...]

    @classmethod
    def installed(cls) -> Packages:
        """The state of Slicer's Python now."""
        torch = () if is_met(TORCH) else (TORCH,)
        return cls(tuple(missing(FAST)), (*torch, *missing(FULL)))


def requirements(name: str) -> list[str]:
    """The lines of one of our requirements files."""
    lines = (RESOURCES / name).read_text(encoding="utf-8").splitlines()
    return [line.strip() for line in lines if line.strip() and not line.startswith("#")]


def missing(name: str) -> list[str]:
    """Those requirements of a file that are not met."""
    return [requirement for requirement in requirements(name) if not is_met(requirement)]


def is_met(requirement: str) -> bool:
    """Whether a requirement, such as 'torch>=2.4', is met."""
    if importlib.util.find_spec("slicer.packaging") is not None:
        import slicer.packaging

        return bool(slicer.packaging.pip_check(requirement))
    return version_of(name_of(requirement)) is not None


def version_of(package: str) -> str | None:
    """The installed version of a package, None where it is not there."""
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None


def any_installed(name: str) -> bool:
    """Whether something that one of our requirements files names is there."""
    return any(version_of(name_of(requirement)) for requirement in requirements(name))


def removable(name: str) -> list[str]:
    """The packages of one of our requirements files that are there and that no other package requires."""
    ours = {name_of(requirement) for requirement in requirements(name) if version_of(name_of(requirement))}
    # A package that stays keeps what it requires.
    while kept := ours & set(_required_by_others(ours)):
        ours -= kept
    return sorted(ours)


def install(packages: list[str], say: Say) -> Job[None]:
    """Installs packages, and leaves those alone that Slicer brings.

    Raises:
        EchoSynthError: pip could not.
    """
    message = _("Installing {packages}").format(packages=", ".join(packages))
    yield Report(message=message)
    with tempfile.TemporaryDirectory(prefix="echosynth-") as folder:
        constraints = Path(folder) / "constraints.txt"
        kept = [f"{name}=={version}" for name in KEPT if (version := version_of(name))]
        constraints.write_text("\n".join(kept) + "\n", encoding="utf-8")
        if importlib.util.find_spec("slicer.packaging") is None:
            slicer.util.pip_install(["--constraint", str(constraints), *packages])
            return
        codes: list[int] = []
        arguments: dict[str, Any] = {"constraints": constraints, "blocking": False, "show_progress": False}
        slicer.packaging.pip_install(packages, logCallback=say, completedCallback=codes.append, **arguments)
        # In testing mode Slicer installs at once, and calls nobody back.
        while slicer.packaging.isPipInstallInProgress() and not codes:
            yield Report(message=message, waiting=True)
    _check(codes, _("install"), packages)


def uninstall(packages: list[str], say: Say) -> Job[None]:
    """Removes packages.

    Raises:
        EchoSynthError: pip could not.
    """
    message = _("Removing {packages}").format(packages=", ".join(packages))
    yield Report(message=message)
    if importlib.util.find_spec("slicer.packaging") is None:
        slicer.util.pip_uninstall(" ".join(packages))
        return
    codes: list[int] = []
    slicer.packaging.pip_uninstall(packages, blocking=False, logCallback=say, completedCallback=codes.append)
    while not codes:
        yield Report(message=message, waiting=True)
    _check(codes, _("remove"), packages)


def install_torch() -> None:
    """Lets the PyTorch extension install the build that fits the computer; it asks first."""
    import PyTorchUtils

    version = TORCH.removeprefix("torch")
    PyTorchUtils.PyTorchUtilsLogic().installTorch(askConfirmation=True, torchVersionRequirement=version)


def _check(codes: list[int], what: str, packages: list[str]) -> None:
    if codes and codes[0] != 0:
        raise EchoSynthError(
            _("pip could not {do} {packages} (exit code {code}); the log says why.").format(
                do=what, packages=", ".join(packages), code=codes[0]
            )
        )


def _required_by_others(ours: set[str]) -> Iterator[str]:
    for distribution in importlib.metadata.distributions():
        if name_of(distribution.metadata["Name"] or "") not in ours:
            yield from _required(distribution.requires or ())


def _required(lines: Iterable[str]) -> Iterator[str]:
    # What belongs to an extra is not needed by the package itself.
    return (name_of(line) for line in lines if "extra ==" not in line)


def name_of(requirement: str) -> str:
    """'Some_Package>=1.0; python_version > "3"' -> 'some-package', as pip compares names."""
    name = re.match(r"[A-Za-z0-9._-]*", requirement)
    return re.sub(r"[-_.]+", "-", name[0] if name else "").lower()
