"""What all solvers share: the walk down the noise levels, and what it gives."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import NamedTuple

from torch import Generator, Tensor

Denoise = Callable[[Tensor, float], Tensor]
"""D(x; sigma)"""
DenoiseWithVariance = Callable[[Tensor, float], tuple[Tensor, Tensor]]
"""D(x; sigma) and v"""
OnStep = Callable[[int, float, Tensor], Tensor | None]
"""(step, sigma reached, x) -> the x to go on with, or None to stop there"""
Step = Callable[[Tensor, float, float], Tensor]
"""(x, sigma, next sigma) -> the next x"""
Generators = Generator | list[Generator] | None
"""One for the whole batch, or one for each image."""


class Solution(NamedTuple):
    """Where a solver arrived, and how often it asked the network."""

    x: Tensor
    evaluations: int


class Counted:
    """A function that counts its calls."""

    def __init__(self, function: Callable) -> None:
        self.function, self.calls = function, 0

    def __call__(self, x: Tensor, sigma: float) -> Tensor:
        """What the function gives."""
        self.calls += 1
        return self.function(x, sigma)


def integrate(step: Step, counted: Counted, x: Tensor, sigmas: Tensor, on_step: OnStep | None) -> Solution:
    """Take a step between each two neighbors of sigmas (steps + 1,), until done or told to stop."""
    for i, (sigma, sigma_next) in enumerate(pairwise(sigmas.tolist())):
        x = step(x, sigma, sigma_next)
        if on_step is not None:
            going_on = on_step(i, sigma_next, x)
            if going_on is None:
                break
            x = going_on
    return Solution(x, counted.calls)
