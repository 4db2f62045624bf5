"""Renaming, with patience where a system needs it."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from pathlib import Path

PATIENCE = 1.0
"""Seconds in which a virus scanner or an index of Windows has long closed what it has just opened to look into."""


def rename(source: Path, target: Path) -> None:
    """A file or folder gets another name, where nothing is yet; raises OSError, on Windows after several tries."""
    _patiently(lambda: os.rename(source, target))


def replace(source: Path, target: Path) -> None:
    """A file takes the place of another; raises OSError, on Windows after several tries."""
    _patiently(lambda: os.replace(source, target))


def _patiently(step: Callable[[], None]) -> None:
    until = time.monotonic() + (PATIENCE if sys.platform == "win32" else 0.0)
    while True:
        try:
            step()
            return
        except PermissionError:
            if time.monotonic() >= until:
                raise
        time.sleep(0.02)
