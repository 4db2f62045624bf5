"""Euler's method on the probability flow dx / dsigma = (x - D(x; sigma)) / sigma; the same as DDIM."""

from __future__ import annotations

from torch import Tensor

from EchoSynthLib.synthesis.diffusion.solvers.march import Counted, Denoise, Generators, OnStep, Solution, march


def solve(
    denoise: Denoise, x: Tensor, sigmas: Tensor, generator: Generators = None, on_step: OnStep | None = None
) -> Solution:
    """First order, one evaluation a step; it draws nothing from the generator."""
    D = Counted(denoise)

    def step(x: Tensor, sigma: float, sigma_next: float) -> Tensor:
        return x + (sigma_next - sigma) * (x - D(x, sigma)) / sigma

    return march(step, D, x, sigmas, on_step)
