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
from EchoSynthLib.anatomy.heart2d.parametric import parametric_heart
from EchoSynthLib.capabilities import Capabilities
from EchoSynthLib.client import Client
from EchoSynthLib.errors import EchoSynthError
from EchoSynthLib.images.writers.arrays import write_array
from EchoSynthLib.tasks import find_task, parameters_of

INPUTS = ("image", "label_map")
"""The tasks that one image can be timed with have one of these as their main parameter."""
OF_CINES = ("ejection-fraction",)
"""Tasks that one image tells nothing: they are timed with two frames."""


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
    parameters_taken = parameters_of(find_task(model.task))
    taken = {item.name for item in parameters_taken}
    main = _input_of(model)
    # A heart in its sector, since some tasks look for one; what is drawn does not change the time.
    heart = parametric_heart(shape=shape)
    noise = np.random.default_rng(0).integers(20, 100, shape)
    picture = np.where(heart.sector.mask(shape), noise + 60 * heart.label_map, 0).astype(np.uint8)
    # A heart in 3D is timed from label maps: what segments images has a time of its own.
    takes_two_views = "two_chamber" in taken
    with working_folder() as folder:
        given = heart.label_map if main == "label_map" or takes_two_views else picture
        write_array(folder / "input.npy", np.stack([given, given]) if model.task in OF_CINES else given)
        write_array(folder / "fixed.npy", picture)
        write_array(folder / "second.npy", heart.label_map)
        told: dict[str, Any] = {"output": folder / "out", "format": "npy", "count": 1, "device": device}
        told |= {"fixed": folder / "fixed.npy", "two_chamber": folder / "second.npy"}
        if takes_two_views:
            told |= {"row_spacing": heart.spacing[0], "column_spacing": heart.spacing[1]}
        parameters = {main: folder / "input.npy", "model": model.name}
        # What else it cannot do without is a picture, too: of another examination.
        others = [item.name for item in parameters_taken if item.required and item.kind is Path and not item.main]
        parameters |= {name: folder / "fixed.npy" for name in others}
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
