"""The task `train`: a system's recipe is run for a number of iterations."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from EchoSynthLib.errors import InputError
from EchoSynthLib.records import new_record
from EchoSynthLib.system import Recipe, System
from EchoSynthLib.systems import RECIPES, SYSTEMS
from EchoSynthLib.tasks.common.options import seed_parameter
from EchoSynthLib.tasks.common.output_places import check_writable
from EchoSynthLib.tasks.common.results import check_exists
from EchoSynthLib.tasks.task import Context, Task, parameter
from EchoSynthLib.training.distributed import process_count
from EchoSynthLib.training.run import TrainingRun

DATA = "; or ".join(dict.fromkeys(text for system in SYSTEMS if system.trains for text in system.reads))
SIZES = tuple(dict.fromkeys(size for system in SYSTEMS for size in system.presets))


@dataclass(frozen=True, kw_only=True)
class Train(Task):
    """Trains a system. Cancelled or interrupted, it keeps a checkpoint, which the same command goes on from.

    The data carry their citation and terms for the model's card: CAMUS is known, TERMS.md tells those of other data.
    """

    name = "train"
    summary = "Train a system for a number of iterations, or go on with it."

    system: str = parameter(main=True, choices=tuple(RECIPES), help="what to train")
    data: Path = parameter(help=f"training data: {DATA}, and TERMS.md for the card")
    output: Path = parameter(help="folder for checkpoint, log and the finished model")
    iterations: int | None = parameter(
        None,
        minimum=1,
        maximum=1_000_000_000,
        unit="iterations",
        help="how long to train; none takes the recipe's own number, unless minutes are given",
    )
    minutes: float | None = parameter(
        None,
        minimum=0.01,
        maximum=100_000,
        unit="minutes",
        help="the longest to train now, and the same command goes on later; without iterations as many as fit, which "
        "is another model on another machine; validation comes on top",
    )
    device: str = parameter("cpu", help="cpu, cuda, cuda:1, mps: what torch knows; auto takes a GPU where there is one")
    seed: int = seed_parameter("of weights, order and augmentation")
    preset: str | None = parameter(
        None, choices=SIZES, help="size of a diffusion model and its autoencoder: small for a CPU, or the paper's"
    )
    resume: bool = parameter(True, help="go on from the output folder's checkpoint, if it is of this training")

    def run(self, context: Context) -> dict[str, Any]:
        """Runs the recipe; see `Task.run`."""
        started = time.perf_counter()
        check_exists(self.data, "training data")
        check_writable(self.output)
        recipe = RECIPES[self.system]
        sizes = self._sizes(recipe)
        run = TrainingRun(
            self.data,
            self.output,
            self.iterations,
            self.minutes,
            self.device,
            self.seed,
            self.resume,
            context.progress,
        )
        folder = recipe.train(run, **sizes)
        outputs = {"folder": str(self.output.resolve()), "model": str(folder)}
        about = {"system": self.system, "seed": self.seed, "outputs": outputs}
        return new_record(self.name, started=started) | about

    def _sizes(self, recipe: Recipe) -> dict[str, str]:
        """The preset as the recipe takes it; nothing where none was chosen."""
        if self.preset is not None and not recipe.system.presets:
            raise InputError(
                f"{self.system} has one size, so the preset {self.preset!r} cannot be used; leave it out. "
                f"Those with presets are {_those(lambda system: bool(system.presets))}."
            )
        if process_count() > 1 and not recipe.system.distributed:
            raise InputError(
                f"{self.system} is trained in one process, and there are {process_count()}; start it without a "
                f"launcher. Trained in several are {_those(lambda system: system.distributed)}."
            )
        return {} if self.preset is None else {"preset": self.preset}


def _those(of: Callable[[System], bool]) -> str:
    """The names of what the systems of a property train."""
    return ", ".join(name for name, recipe in RECIPES.items() if of(recipe.system))
