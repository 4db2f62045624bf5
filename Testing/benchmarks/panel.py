"""Figures of the panels, measured inside a real Slicer: from the stroke to the picture, and how long the window stands.

`make bench ARGS="--only panel"`; a Slicer is looked for as by the tests.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
SECONDS = 600

sys.path.insert(0, str(HERE.parent / "slicer"))

from find_slicer import HOW, find_slicer  # noqa: E402


def panel_figures() -> dict[str, Any] | None:
    """The figures that `panel_in_slicer.py` writes; None, with a line that says why, where there is no Slicer."""
    launcher = find_slicer()
    if launcher is None:
        print(HOW)
        return None
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "figures.json"
        command = [str(launcher), "--no-splash", "--testing", "--additional-module-paths", str(ROOT / "EchoSynth")]
        command += ["--python-script", str(HERE / "panel_in_slicer.py")]
        environment = {**os.environ, "ECHOSYNTH_FIGURES": str(path)}
        subprocess.run(command, env=environment, timeout=SECONDS, check=True, stdout=subprocess.DEVNULL)
        figures: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        return figures
