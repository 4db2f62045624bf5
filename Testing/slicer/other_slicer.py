"""A saved scene in a Slicer of its own, with or without the extension."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import slicer

HERE = Path(__file__).resolve().parent
SECONDS = 120
# Slicer says so of every slice view that was turned to an image, whoever turned it.
SLICERS_OWN = ("GetSliceOrientationPreset",)


def open_elsewhere(scene: Path, arguments: Sequence[str], told: Path, name: str) -> dict[str, Any]:
    """What a new Slicer finds in a saved scene."""
    command = [slicer.app.applicationFilePath(), "--no-splash", "--testing", *arguments]
    command += ["--python-script", str(HERE / "opened_elsewhere.py")]
    environment = {**os.environ, "ECHOSYNTH_SCENE": str(scene), "ECHOSYNTH_TOLD": str(told), "ECHOSYNTH_NAME": name}
    ran = subprocess.run(command, env=environment, timeout=SECONDS, capture_output=True, text=True)
    assert told.exists(), ran.stdout[-2000:] + ran.stderr[-2000:]
    found = json.loads(told.read_text(encoding="utf-8"))
    found["complaints"] = [line for line in found["complaints"] if not any(own in line for own in SLICERS_OWN)]
    return dict(found)
