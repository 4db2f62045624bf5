"""What a recipe is asked for: data, output, and how long to train."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from EchoSynthLib.errors import InputError, needs
from EchoSynthLib.progress import part
from EchoSynthLib.training.distributed import process_count
from EchoSynthLib.types import Progress


@dataclass(frozen=True)
class TrainingRun:
    """One run of a recipe.

    Iterations are the budget, and the learning rate follows them: the model depends neither on how fast the machine is
    nor on how often the run is interrupted.

    Attributes:
        data: what the recipe reads: `System.reads` tells it in words.
        output: folder for checkpoints, logs and the model.
        iterations: of all stages together; None takes the recipe's own number, unless minutes are given.
        minutes: beside iterations the longest that one call trains, and the next call goes on; alone the budget itself,
            as many iterations as fit, and another model on another machine.
        device: that torch knows.
        seed: of weights and batches.
        resume: go on from the checkpoints in the folder.
        progress: told how far it is.
        name: of the model, and of its folder in `output`; `systems.Recipe` gives it.
    """

    data: Path
    output: Path
    iterations: int | None = None
    minutes: float | None = None
    device: str = "cpu"
    seed: int = 0
    resume: bool = True
    progress: Progress | None = None
    name: str = "model"

    def of(self, iterations: int | None) -> TrainingRun:
        """The run with the recipe's own number of iterations where no budget is given.

        Raises:
            InputError: there is neither.
        """
        if self.iterations is not None or self.minutes is not None:
            return self
        if iterations is None:
            raise InputError("There is no usual number of iterations for this size; give iterations, or minutes.")
        return replace(self, iterations=iterations)

    def placed(self) -> TrainingRun:
        """The run on the device that its name stands for here, as 'auto' does for a GPU where there is one.

        Raises:
            InputError: torch knows no such device, or this computer has none.
            EchoSynthError: torch is not installed.
        """
        if process_count() > 1:  # each is given its own later
            return self
        with needs("full", "Training"):
            from EchoSynthLib.networks.devices import torch_device
        return replace(self, device=str(torch_device(self.device)))

    def stage(self, folder: Path, begin: float, end: float) -> TrainingRun:
        """The part of the run from one share of its budget, 0 to 1, to another, in a folder of its own."""
        share = end - begin
        progress = self.progress and part(self.progress, round(100 * begin), 100, width=round(100 * share))
        iterations = None if self.iterations is None else max(1, round(share * self.iterations))
        minutes = None if self.minutes is None else share * self.minutes
        return replace(self, output=folder, iterations=iterations, minutes=minutes, progress=progress)

    @property
    def budget(self) -> dict[str, Any]:
        """Iterations and minutes, as `settings.Settings` has them."""
        return {"iterations": self.iterations, "minutes": self.minutes}

    @property
    def asked(self) -> dict[str, Any]:
        """What a command has to ask for again to make such a model."""
        given = {name: value for name, value in self.budget.items() if value is not None}
        return given | {"seed": self.seed, "device": self.device}
