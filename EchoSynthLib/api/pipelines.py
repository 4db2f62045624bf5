"""What all functions for the user share: progress, and how a record begins."""

from __future__ import annotations

import time

from EchoSynthLib import zoo
from EchoSynthLib.types import Record


def record_of(task: str, folder: zoo.ModelFolder, started: float) -> Record:
    """What every record says; `started` is the perf_counter's."""
    from EchoSynthLib import __version__

    return {
        "task": task,
        "echosynth_version": __version__,
        "model": folder.name,
        "model_sha256": folder.sha256,
        "seconds": round(time.perf_counter() - started, 4),
    }
