"""The one training loop: so many iterations, resumable, with an average of the weights; on one device or several."""

from __future__ import annotations

import copy
import json
import math
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.optim.swa_utils import get_ema_multi_avg_fn

from EchoSynthLib.errors import Cancelled, InputError
from EchoSynthLib.training import checkpoint
from EchoSynthLib.training.distributed import Processes
from EchoSynthLib.training.interrupts import Interrupts
from EchoSynthLib.training.settings import Settings, State
from EchoSynthLib.types import Progress

Validate = Callable[[nn.Module], dict[str, float]]


@dataclass(frozen=True)
class Moment:
    """What a loss may know of the run at one iteration.

    Attributes:
        generator: draws everything random in the batch.
        average: the averaged network, in evaluation mode.
        spent: share of the budget used up, 0 to 1.
    """

    generator: torch.Generator
    average: nn.Module
    spent: float


BatchLoss = Callable[[nn.Module, Moment], Tensor]


def train(
    network: nn.Module,
    batch_loss: BatchLoss,
    settings: Settings,
    folder: Path,
    *,
    basis: Mapping[str, str] = {},
    resume: bool = True,
    validate: Validate | None = None,
    progress: Progress | None = None,
    device: str = "cpu",
) -> tuple[nn.Module, State]:
    """Train until the budget is used up; returns the averaged network and how far the run came.

    `batch_loss(network, moment)` draws one batch with the moment's generator and returns its mean loss. Checkpoints and
    `log.jsonl` go to `folder`; with `resume` a checkpoint found there is continued, what it has used up counted in, if
    it is of the same settings and `basis`: the recipe, its choices, and the sum of the data, in words. It may be given
    another budget, which the state tells, for that is not the model of one run of either.

    Cancelled by `progress`, or interrupted by Ctrl-C or SIGTERM, it saves a checkpoint between two iterations. So it
    does where the minutes are over before the iterations are done: no model is half-trained, and the next call goes on.

    Started by `accelerate launch`, several processes share the training: each draws batches of its own, and a step
    follows the mean of their gradients. Then `network` may be wrapped: a loss calls it, and no method of it. Only the
    main process writes, logs, validates and reports.

    Raises:
        InputError: there is no positive budget, the loss is no longer finite, or the checkpoint found is of another
            training, has done more iterations than are asked for, or cannot be read.
        Cancelled: by `progress`, or the minutes are over; after the checkpoint is saved.
        KeyboardInterrupt: by Ctrl-C or SIGTERM, after the checkpoint is saved.
    """
    settings.check()
    processes = Processes(device)
    run = _Run(network.to(device), settings, basis, folder, processes)
    if resume:
        run.load()
    run.state.go_on_for(settings.budget)
    return run.go(batch_loss, validate, progress)


class _Run:
    def __init__(
        self, network: nn.Module, settings: Settings, basis: Mapping[str, str], folder: Path, processes: Processes
    ) -> None:
        self.network = network
        for weights in network.parameters():
            if weights.ndim == 4:  # in two dimensions; torch has no such order for some of three
                weights.data = weights.data.to(memory_format=torch.channels_last)
        self.average = copy.deepcopy(network).eval().requires_grad_(False)
        self.settings = settings
        self.basis = {**basis, **settings.decisive()}
        self.folder = folder
        self.state = State()
        self.optimizer = torch.optim.AdamW(
            network.parameters(), settings.learning_rate, betas=settings.betas, weight_decay=settings.weight_decay
        )
        self.generator = torch.Generator().manual_seed(settings.seed + processes.index)
        self.processes = processes
        self.is_whole = True
        self.validated = -1
        self.cancelled: Cancelled | None = None
        folder.mkdir(parents=True, exist_ok=True)

    @property
    def checkpoint(self) -> Path:
        return self.folder / "checkpoint.pt"

    def load(self) -> None:
        saved = checkpoint.load(self.checkpoint, self.basis)
        if saved is None:
            return
        try:
            self.network.load_state_dict(saved["network"])
            self.average.load_state_dict(saved["average"])
            self.optimizer.load_state_dict(saved["optimizer"])
        except (RuntimeError, ValueError, KeyError) as error:
            raise InputError(
                f"The checkpoint {self.checkpoint} is of another network than this version trains ({error}); "
                f"{checkpoint.ANEW}."
            ) from error
        self.state = State(**saved["state"])
        iterations = self.settings.iterations
        if iterations is not None and self.state.iteration > iterations:
            raise InputError(
                f"The checkpoint {self.checkpoint} has done {self.state.iteration} iterations already, and "
                f"{iterations} were asked for; give as many or more, or {checkpoint.ANEW}."
            )
        if self.processes.is_main:
            self.generator.set_state(saved["generator"])
        else:
            words = [self.settings.seed, self.processes.index, self.state.iteration]
            self.generator.manual_seed(int(np.random.SeedSequence(words).generate_state(1)[0]))

    def save(self) -> None:
        state = {
            "network": self.network.state_dict(),
            "average": self.average.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "generator": self.generator.get_state(),
            "state": asdict(self.state),
        }
        checkpoint.save(self.checkpoint, self.basis, state)

    def go(
        self, batch_loss: BatchLoss, validate: Validate | None, progress: Progress | None
    ) -> tuple[nn.Module, State]:
        self.trained, self.optimizer = self.processes.prepare(self.network, self.optimizer)
        if self.state.iteration == 0:
            # Only now do all processes hold the main one's weights.
            self.average.load_state_dict(self.network.state_dict())
        with Interrupts(shared=self.processes.several) as interrupts:
            try:
                self.iterate(batch_loss, validate, progress, interrupts)
            except (Cancelled, KeyboardInterrupt) as error:
                # Where it came in the middle of an iteration, the checkpoint before stays.
                if not self.is_whole:
                    raise
                if self.processes.is_main:
                    self.save()
                if isinstance(error, Cancelled):
                    raise
                raise KeyboardInterrupt(
                    f"interrupted after {self.state.iteration} iterations; {self.checkpoint} keeps them, and the same "
                    "command goes on from there"
                ) from None
        if self.processes.is_main:
            self.save()
            if validate and self.validated != self.state.iteration:
                self.state.figures = validate(self.average)
                self.save()
            self.log(self.state.figures)
        self.processes.wait()
        return self.average, self.state

    def iterate(
        self,
        batch_loss: BatchLoss,
        validate: Validate | None,
        progress: Progress | None,
        interrupts: Interrupts,
    ) -> None:
        begun = validated = saved = told = self.state.seconds
        while self.settings.spent(self.state) < 1:
            self.check_time(self.state.seconds - begun)
            with interrupts.whole():
                started = time.monotonic()
                self.is_whole = False
                self.step(batch_loss, self.settings.spent(self.state))
                took = time.monotonic() - started
                self.state.seconds, stop = self.processes.agree(self.state.seconds + took, interrupts.told)
                self.is_whole = True
            if stop:
                raise self.cancelled or KeyboardInterrupt
            if not self.processes.is_main:
                continue
            if self.state.seconds - saved > self.settings.save_every:
                saved = self.state.seconds
                self.save()
            if validate and self.state.seconds - validated > self.settings.validate_every:
                validated = self.state.seconds
                self.state.figures = validate(self.average)
                self.validated = self.state.iteration
                self.log(self.state.figures)
            if self.state.iteration % 50 == 0:
                self.log({})
            if progress and self.state.seconds - told > self.settings.tell_every:
                told = self.state.seconds
                try:
                    progress(*self.how_far(), f"loss {self.state.loss:.4f}")
                except Cancelled as error:
                    if not self.processes.several:
                        raise
                    # The others are in their next iteration, and wait for this one's part.
                    self.cancelled, interrupts.told = error, True

    def check_time(self, seconds: float) -> None:
        """Ends the call where its minutes are over, and the iterations are not done."""
        iterations, minutes = self.settings.iterations, self.settings.minutes
        if iterations is not None and minutes is not None and seconds >= 60 * minutes:
            raise Cancelled(
                f"The {minutes:g} minutes are over after {self.state.iteration} of {iterations} iterations; "
                f"{self.checkpoint} keeps them, and the same command goes on from there."
            )

    def how_far(self) -> tuple[int, int]:
        """Steps done and steps in all, for progress: iterations, or seconds where time is the budget."""
        if self.settings.iterations is not None:
            return self.state.iteration, self.settings.iterations
        return int(self.state.seconds), int(60 * (self.settings.minutes or 0))

    def step(self, batch_loss: BatchLoss, spent: float) -> None:
        s = self.settings
        decayed = max(0.0, spent - s.constant) / (1 - s.constant)
        rate = s.learning_rate * min(1.0, (self.state.iteration + 1) / s.warm_up) * _cosine(decayed)
        for group in self.optimizer.param_groups:
            group["lr"] = rate
        self.trained.train()
        loss = batch_loss(self.trained, Moment(self.generator, self.average, spent))
        if not bool(torch.isfinite(loss)):
            raise InputError(
                f"The loss is {float(loss.detach())} after {self.state.iteration} iterations; lower the learning rate, "
                f"or resume from {self.checkpoint}."
            )
        self.optimizer.zero_grad(set_to_none=True)
        self.processes.backward(loss)
        self.processes.clip(self.trained, s.clip)
        self.optimizer.step()
        self.state.iteration += 1
        kept = 0.98 if math.isfinite(self.state.loss) else 0.0
        self.state.loss = (kept * self.state.loss if kept else 0.0) + (1 - kept) * float(loss.detach())
        self._update_average()

    @torch.no_grad()
    def _update_average(self) -> None:
        # A young average forgets faster, so that it is of use after few iterations.
        decay = min(self.settings.ema_decay, self.state.iteration / (self.state.iteration + 10.0))
        get_ema_multi_avg_fn(decay)(list(self.average.parameters()), list(self.network.parameters()), None)
        for kept, new in zip(self.average.buffers(), self.network.buffers(), strict=True):
            kept.copy_(new)

    def log(self, figures: dict[str, Any]) -> None:
        told = {"iteration": self.state.iteration, "seconds": self.state.seconds, "loss": self.state.loss}
        entry = {**told, **figures}
        with open(self.folder / "log.jsonl", "a", encoding="utf-8") as file:
            file.write(json.dumps(entry) + "\n")


def _cosine(decayed: float) -> float:
    return 0.01 + 0.99 * 0.5 * (1 + math.cos(math.pi * min(1.0, decayed)))
