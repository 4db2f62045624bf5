"""Pictures of Slicer's main window, for looking at."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import Any

import slicer


def picture(name: str, widget: Any = None) -> Path:
    """Saves the main window (or another widget), as it is now, as name.png in the folder ECHOSYNTH_PICTURES."""
    folder = Path(os.environ.get("ECHOSYNTH_PICTURES") or Path(tempfile.gettempdir()) / "echosynth_pictures")
    folder.mkdir(parents=True, exist_ok=True)
    slicer.app.processEvents()
    path = folder / f"{name}.png"
    if not (widget or slicer.util.mainWindow()).grab().save(str(path)):
        raise OSError(f"the picture {path} could not be written")
    return path
