"""Finds the 3D Slicer in which the panels are tested."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SETUP = ROOT.parent / "shared" / "slicer" / "setup.sh"
HOW = "no 3D Slicer was found, so the panels were not tested in it: make test SLICER=/path/to/Slicer"

_SETUP_SECONDS = 300


class SlicerUnusable(Exception):
    """A Slicer was named, or is there to be set up, but cannot be started."""


def find_slicer(given: str | None = os.environ.get("SLICER"), setup: Path = SETUP) -> Path | None:
    """The launcher: the one given (by the environment variable SLICER), else the one that `setup` sets up, else None.

    `setup` is a script whose last line of output names the launcher; its first run may take half a minute.

    Raises:
        SlicerUnusable: what is given is no file that can be run, or the set-up fails.
    """
    if given:
        return _launcher(given, "SLICER")
    if not setup.is_file():
        return None
    try:
        done = subprocess.run([str(setup)], capture_output=True, text=True, timeout=_SETUP_SECONDS, check=True)
    except (OSError, subprocess.SubprocessError) as error:
        output = getattr(error, "stderr", None) or ""
        raise SlicerUnusable(f"{setup} failed: {error}\n{output}") from error
    return _launcher(done.stdout.strip().rpartition("\n")[2], str(setup))


def _launcher(path: str, source: str) -> Path:
    launcher = Path(path).expanduser()
    if not launcher.is_file() or not os.access(launcher, os.X_OK):
        raise SlicerUnusable(f"{source} names {path!r}, which is no program; give the path of Slicer's launcher.")
    return launcher.resolve()
