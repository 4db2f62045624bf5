"""The task `train`: a system's recipe is run for a number of minutes."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

import EchoSynthLib
from EchoSynthLib.errors import EchoSynthError
from EchoSynthLib.tasks.declare import Context, Task, parameter
from EchoSynthLib.tasks.inputs import LARGEST_SEED
from EchoSynthLib.tasks.results import check_exists

RECIPES = {
    "segmenter": "EchoSynthLib.segmentation.unet.recipe",
    "beam-flow": "EchoSynthLib.synthesis.beam_flow.recipe",
    "contour": "EchoSynthLib.segmentation.contour.recipe",
}


@dataclass(frozen=True, kw_only=True)
class Train(Task):
    """Trains a system. When it is cancelled its checkpoint stays, for it is what training resumes from."""

    name = "train"
    summary = "Train a system for a number of minutes, or go on with it."

    system: str = parameter(main=True, choices=tuple(RECIPES), help="what to train")
    data: Path = parameter(help="training data: a CAMUS .npz file")
    output: Path = parameter(help="folder for checkpoint, log and the finished model")
    minutes: float = parameter(40.0, minimum=0.01, maximum=100_000, unit="minutes", help="for how long")
    device: str = parameter("cpu", help="cpu, cuda, cuda:1, mps: what torch knows")
    seed: int = parameter(0, minimum=0, maximum=LARGEST_SEED, help="of weights, order and augmentation")
    resume: bool = parameter(True, help="go on from the checkpoint in the output folder, if there is one")

    def run(self, context: Context) -> dict[str, Any]:
        """Runs the recipe; see `Task.run`."""
        started = time.perf_counter()
        check_exists(self.data, "training data")
        result = self._recipe().train(
            data=self.data,
            output=self.output,
            minutes=self.minutes,
            device=self.device,
            seed=self.seed,
            resume=self.resume,
            progress=context.progress,
        )
        record = dict(result) if isinstance(result, dict) else {}
        outputs = {"model": os.fspath(result)} if isinstance(result, str | os.PathLike) else {}
        return {
            "task": self.name,
            "echosynth_version": EchoSynthLib.__version__,
            "system": self.system,
            "seed": self.seed,
            "seconds": round(time.perf_counter() - started, 3),
            "outputs": {"folder": str(self.output.resolve()), **outputs},
            **record,
        }

    def _recipe(self) -> Any:
        try:
            return import_module(RECIPES[self.system])
        except ModuleNotFoundError as error:
            if (error.name or "").startswith("EchoSynthLib"):
                raise
            raise EchoSynthError(
                f"Training needs {error.name}, which is not installed; it comes with: pip install 'echosynth[full]'"
            ) from error
