"""Model folders: time one image, and what may take longer than a click (verify, import, remove)."""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

import EchoSynthLib
from EchoSynthJobs.job import Job, Report, in_worker, working_folder
from EchoSynthLib.capabilities import Capabilities
from EchoSynthLib.client import Client
from EchoSynthLib.errors import EchoSynthError
from EchoSynthLib.images.writers.arrays import write_array
from EchoSynthLib.tasks import find_task, parameters_of

INPUTS = ("image", "label_map")
"""The tasks that one image can be timed with have one of these as their main parameter."""
_PIXEL_MM = 0.5
"""Of the pictures that a heart is made from."""


def can_be_timed(model: Capabilities) -> bool:
    """Whether the model's task takes an image or a label map, and nothing else has to be given."""
    return bool(model.task) and _input_of(model) in INPUTS


def time_one_image(client: Client, model: Capabilities, shape: tuple[int, int], device: str = "auto") -> Job[float]:
    """Seconds for one image of (rows, columns) `shape` with a model whose networks are loaded.

    Args:
        device: where a model runs that runs in PyTorch.

    Raises:
        What the task raises.
    """
    taken = {item.name for item in parameters_of(find_task(model.task))}
    main = _input_of(model)
    # A box in a box: what is drawn, or segmented, does not change the time.
    label_map = np.zeros(shape, np.uint8)
    label_map[shape[0] // 4 : shape[0] // 2, shape[1] // 3 : -(shape[1] // 3)] = 2
    label_map[shape[0] // 3 : shape[0] // 2, shape[1] * 2 // 5 : -(shape[1] * 2 // 5)] = 1
    picture = label_map * np.uint8(80) + np.random.default_rng(0).integers(0, 80, shape, np.uint8)
    # A heart in 3D is timed from label maps: what segments images has a time of its own.
    takes_two_views = "two_chamber" in taken
    with working_folder() as folder:
        write_array(folder / "input.npy", label_map if main == "label_map" or takes_two_views else picture)
        write_array(folder / "fixed.npy", picture)
        write_array(folder / "second.npy", label_map)
        told: dict[str, Any] = {"output": folder / "out", "format": "npy", "count": 1, "device": device}
        told |= {"fixed": folder / "fixed.npy", "two_chamber": folder / "second.npy"}
        if takes_two_views:
            told |= {"row_spacing": _PIXEL_MM, "column_spacing": _PIXEL_MM}
        parameters = {main: folder / "input.npy", "model": model.name}
        parameters |= {name: value for name, value in told.items() if name in taken}
        # The first run reads the weights, for which one step is enough; the second is the figure.
        yield from in_worker(client, model.task, parameters | ({"steps": 1} if "steps" in model.options else {}))
        record = yield from in_worker(client, model.task, parameters)
    return float(record["seconds"])


def _input_of(model: Capabilities) -> str:
    return next((item.name for item in parameters_of(find_task(model.task)) if item.main), "")


def command(python: str, environment: Mapping[str, str], *arguments: str) -> Job[str]:
    """Runs `echosynth ARGUMENTS` in a process of its own; gives what it printed. Closed early, it is ended.

    Raises:
        EchoSynthError: it failed; the message is its last line.
    """
    root = str(Path(EchoSynthLib.__file__).resolve().parents[1])
    start = f"import sys; sys.path.insert(0, {root!r}); from EchoSynthLib.cli import main; sys.exit(main())"
    with tempfile.TemporaryFile() as output:
        process = subprocess.Popen(
            [python, "-P", "-c", start, *arguments], env=dict(environment), stdout=output, stderr=subprocess.STDOUT
        )
        try:
            while process.poll() is None:
                yield Report(message=" ".join(arguments[:2]), waiting=True)
        finally:
            process.kill()
            process.wait()
        output.seek(0)
        said = output.read().decode("utf-8", errors="replace").strip()
    if process.returncode:
        raise EchoSynthError(said.splitlines()[-1] if said else f"`echosynth {' '.join(arguments)}` failed.")
    return said
