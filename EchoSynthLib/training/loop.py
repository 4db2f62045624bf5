"""The one training loop: bounded in minutes, resumable, with an average of the weights; on one device or several."""

from __future__ import annotations

import copy
import json
import math
import os
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from EchoSynthLib.errors import Cancelled, InputError
from EchoSynthLib.training.several import Processes

Validate = Callable[[nn.Module], dict[str, float]]
Progress = Callable[[int, int, str], None]


@dataclass(frozen=True)
class Moment:
    """What a loss may know of the run at one iteration.

    Attributes:
        generator: draws everything random in the batch.
        average: the averaged network, in evaluation mode.
        spent: share of the minutes used up, 0 to 1.
    """

    generator: torch.Generator
    average: nn.Module
    spent: float


BatchLoss = Callable[[nn.Module, Moment], Tensor]


@dataclass(frozen=True)
class Settings:
    """What a recipe decides about its optimisation.

    Attributes:
        minutes: wall-clock budget; the learning rate reaches its end when it is used up.
        learning_rate: of AdamW after the warm-up.
        weight_decay: of AdamW.
        betas: of AdamW.
        warm_up: iterations over which the learning rate rises.
        constant: share of the budget, below 1, before the cosine decay begins.
        ema_decay: of the averaged weights, which are what is validated and shipped.
        clip: largest norm of the gradient.
        validate_every: seconds between validations.
        save_every: seconds between checkpoints; a cancelled run writes one more.
        tell_every: seconds between calls of `progress`.
        seed: of the weights' initial values (set by the recipe) and of all batches.
    """

    minutes: float
    learning_rate: float = 1e-3
    weight_decay: float = 1e-3
    betas: tuple[float, float] = (0.9, 0.99)
    warm_up: int = 100
    constant: float = 0.3
    ema_decay: float = 0.999
    clip: float = 1.0
    validate_every: float = 300.0
    save_every: float = 120.0
    tell_every: float = 1.0
    seed: int = 0


@dataclass
class State:
    """How far a run has come."""

    iteration: int = 0
    seconds: float = 0.0
    loss: float = float("nan")


def train(
    network: nn.Module,
    batch_loss: BatchLoss,
    settings: Settings,
    folder: Path,
    *,
    resume: bool = True,
    validate: Validate | None = None,
    progress: Progress | None = None,
    device: str = "cpu",
) -> tuple[nn.Module, State]:
    """Train until the minutes are used up; returns the averaged network and how far the run came.

    `batch_loss(network, moment)` draws one batch with the moment's generator and returns its mean loss. Checkpoints and
    `log.jsonl` go to `folder`; with `resume` a checkpoint found there is continued, its minutes counted in.

    Started by `accelerate launch`, several processes share the training: each draws batches of its own, and a step
    follows the mean of their gradients. Then `network` may be wrapped: a loss calls it, and no method of it. Only the
    main process writes, logs, validates and reports.

    Raises:
        InputError: the budget is not positive, or the loss is no longer finite.
    """
    if settings.minutes <= 0:
        raise InputError(f"Training needs a positive number of minutes, given was {settings.minutes}.")
    processes = Processes(device)
    run = _Run(network.to(device), settings, folder, processes)
    if resume:
        run.load()
    return run.go(batch_loss, validate, progress)


class _Run:
    def __init__(self, network: nn.Module, settings: Settings, folder: Path, processes: Processes) -> None:
        self.network = network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.average = copy.deepcopy(network).eval().requires_grad_(False)
        self.settings = settings
        self.folder = folder
        self.state = State()
        self.optimizer = torch.optim.AdamW(
            network.parameters(), settings.learning_rate, betas=settings.betas, weight_decay=settings.weight_decay
        )
        self.generator = torch.Generator().manual_seed(settings.seed + processes.index)
        self.processes = processes
        folder.mkdir(parents=True, exist_ok=True)

    @property
    def checkpoint(self) -> Path:
        return self.folder / "checkpoint.pt"

    def load(self) -> None:
        if not self.checkpoint.exists():
            return
        saved = torch.load(self.checkpoint, map_location="cpu", weights_only=True)
        self.network.load_state_dict(saved["network"])
        self.average.load_state_dict(saved["average"])
        self.optimizer.load_state_dict(saved["optimizer"])
        self.state = State(**saved["state"])
        if self.processes.is_main:
            self.generator.set_state(saved["generator"])
        else:
            words = [self.settings.seed, self.processes.index, self.state.iteration]
            self.generator.manual_seed(int(np.random.SeedSequence(words).generate_state(1)[0]))

    def save(self) -> None:
        part = self.checkpoint.with_suffix(".part")
        torch.save(
            {
                "network": self.network.state_dict(),
                "average": self.average.state_dict(),
                "optimizer": self.optimizer.state_dict(),
                "generator": self.generator.get_state(),
                "state": asdict(self.state),
            },
            part,
        )
        os.replace(part, self.checkpoint)

    def go(
        self, batch_loss: BatchLoss, validate: Validate | None, progress: Progress | None
    ) -> tuple[nn.Module, State]:
        budget = self.settings.minutes * 60
        self.trained, self.optimizer = self.processes.prepare(self.network, self.optimizer)
        if self.state.iteration == 0:
            # Only now do all processes hold the main one's weights.
            self.average.load_state_dict(self.network.state_dict())
        validated = saved = told = self.state.seconds
        while self.state.seconds < budget:
            started = time.monotonic()
            self.step(batch_loss, min(1.0, self.state.seconds / budget))
            self.state.seconds = self.processes.agree(self.state.seconds + time.monotonic() - started)
            if not self.processes.is_main:
                continue
            if self.state.seconds - saved > self.settings.save_every:
                saved = self.state.seconds
                self.save()
            if validate and self.state.seconds - validated > self.settings.validate_every:
                validated = self.state.seconds
                self.log(validate(self.average))
            if self.state.iteration % 50 == 0:
                self.log({})
            if progress and self.state.seconds - told > self.settings.tell_every:
                told = self.state.seconds
                self.tell(progress, budget)
        if self.processes.is_main:
            self.save()
            self.log(validate(self.average) if validate else {})
        self.processes.wait()
        return self.average, self.state

    def tell(self, progress: Progress, budget: float) -> None:
        try:
            progress(int(self.state.seconds), int(budget), f"loss {self.state.loss:.4f}")
        except Cancelled:
            self.save()
            raise

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
        ours: list[Tensor] = list(self.average.parameters())
        news: list[Tensor] = list(self.network.parameters())
        torch._foreach_lerp_(ours, news, 1 - decay)
        for kept, new in zip(self.average.buffers(), self.network.buffers(), strict=True):
            kept.copy_(new)

    def log(self, figures: dict[str, Any]) -> None:
        entry = {**asdict(self.state), **figures}
        with open(self.folder / "log.jsonl", "a", encoding="utf-8") as file:
            file.write(json.dumps(entry) + "\n")


def _cosine(decayed: float) -> float:
    return 0.01 + 0.99 * 0.5 * (1 + math.cos(math.pi * min(1.0, decayed)))
