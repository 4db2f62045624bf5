"""Commands run without root's right to every file, so that what is closed to a user is closed in a test, too."""

from __future__ import annotations

import ctypes
import os
import subprocess
import sys
from functools import lru_cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest

# From linux/prctl.h and linux/capability.h: what a process started from here will not have, even as root.
_PR_CAPBSET_DROP = 24
_CAP_DAC_OVERRIDE, _CAP_DAC_READ_SEARCH = 1, 2


def run_without_rights(command: list[str], **options: Any) -> subprocess.CompletedProcess[str]:
    """The command as the user of this test, to whom a file of mode 000 is closed even if that user is root."""
    drop = _drop_rights if os.name == "posix" and os.geteuid() == 0 else None
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False, preexec_fn=drop, **options)


def _drop_rights() -> None:
    libc = ctypes.CDLL(None)
    for right in (_CAP_DAC_OVERRIDE, _CAP_DAC_READ_SEARCH):
        libc.prctl(_PR_CAPBSET_DROP, right, 0, 0, 0)


@lru_cache(maxsize=1)
def files_can_be_closed() -> bool:
    """Whether a file of mode 000 is closed to such a command on this system."""
    if os.name != "posix":
        return False
    with TemporaryDirectory() as folder:
        closed = Path(folder, "closed")
        closed.touch(mode=0o000)
        done = run_without_rights([sys.executable, "-c", f"open({str(closed)!r})"])
        return "PermissionError" in done.stderr


needs_closed_files = pytest.mark.skipif(
    "not __import__('unprivileged').files_can_be_closed()", reason="no file can be closed to the user of this test"
)
