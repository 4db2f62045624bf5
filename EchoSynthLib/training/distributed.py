"""Training in several processes, one for each GPU, as `accelerate launch` starts them (torch, accelerate).

One process trains as if this file were not there, and needs no accelerate: an `Accelerator` would choose the device
itself, where "cuda:1" and "mps" are the user's to choose.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from EchoSynthLib.errors import needs

if TYPE_CHECKING:
    import torch
    from torch import Tensor, nn


def process_count() -> int:
    """How many processes train together, by the environment that the launcher set."""
    return int(os.environ.get("WORLD_SIZE", "1"))


def process_index() -> int:
    """Which of them this is; 0 is the main process, which alone writes, logs and validates."""
    return int(os.environ.get("RANK", "0")) if process_count() > 1 else 0


@contextmanager
def main_process_first(device: str) -> Iterator[bool]:
    """Run a block in the main process, then in the others; gives whether this is the main one."""
    if process_count() == 1:
        yield True
        return
    with _accelerate().PartialState(cpu=device == "cpu").main_process_first():
        yield process_index() == 0


class Processes:
    """What differs in a training step when several processes share it: gradients are averaged over their batches."""

    def __init__(self, device: str) -> None:
        self.index = process_index()
        # Made before anything is moved to "cuda", which from then on means this process's own GPU.
        self.accelerator = _accelerate().Accelerator(cpu=device == "cpu") if process_count() > 1 else None

    @property
    def several(self) -> bool:
        """Whether there are others."""
        return self.accelerator is not None

    @property
    def is_main(self) -> bool:
        """Whether this process writes, logs and validates."""
        return self.index == 0

    def prepare(self, network: nn.Module, optimizer: torch.optim.Optimizer) -> tuple[Any, Any]:
        """Network and optimizer to train with; they share the weights of those given."""
        return self.accelerator.prepare(network, optimizer) if self.accelerator else (network, optimizer)

    def backward(self, loss: Tensor) -> None:
        """Gradients of the loss, the mean over all processes."""
        if self.accelerator:
            self.accelerator.backward(loss)
        else:
            loss.backward()

    def clip(self, network: nn.Module, largest: float) -> None:
        """Shorten the gradient to this norm."""
        import torch

        clip = self.accelerator.clip_grad_norm_ if self.accelerator else torch.nn.utils.clip_grad_norm_
        clip(network.parameters(), largest)

    def agree(self, seconds: float, stop: bool) -> tuple[float, bool]:
        """The main process's clock, and whether any was told to stop: all have to end after the same iteration."""
        if not self.accelerator:
            return seconds, False
        import torch

        own = [seconds if self.is_main else 0.0, float(stop)]
        told = torch.tensor(own, dtype=torch.float64, device=self.accelerator.device)
        clock, stops = _accelerate().utils.reduce(told, reduction="sum").tolist()
        return clock, stops > 0

    def wait(self) -> None:
        """Until all are here."""
        if self.accelerator:
            self.accelerator.wait_for_everyone()


def _accelerate() -> Any:
    with needs("full", f"Training in {process_count()} processes"):
        import accelerate
        import accelerate.utils
    return accelerate
