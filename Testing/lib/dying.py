"""A process that kills itself in the middle of writing, for tests of what it leaves."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

KILL = getattr(signal, "SIGKILL", signal.SIGTERM)
"""Ends a process at once; on Windows every signal does."""
ROOT = Path(__file__).resolve().parents[2]


def run_and_die(folder: Path, body: str) -> None:
    """Runs `body` in a process of its own, which kills itself in it."""
    code = (
        "import os, signal, sys\nfrom pathlib import Path\n"
        "from EchoSynthLib.outputs import OutputFolder, replacing, moving\n"
        "folder = Path(sys.argv[1])\n"
        "def die(*_): os.kill(os.getpid(), signal.SIGKILL)\n" + body
    )
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run([sys.executable, "-c", code, str(folder)], env=environment, check=False)
    assert done.returncode == -signal.SIGKILL
