"""Heun's method on the probability flow: Karras et al. 2022 (arXiv 2206.00364), Algorithm 1."""

from __future__ import annotations

from torch import Tensor

from EchoSynthLib.synthesis.diffusion.solvers.march import Counted, Denoise, Generators, OnStep, Solution, march


def heun_step(D: Denoise, x: Tensor, sigma: float, sigma_next: float) -> Tensor:
    """Euler's step, then the mean of the slopes at both of its ends; Euler's alone where the next sigma is 0."""
    d = (x - D(x, sigma)) / sigma
    x_prime = x + (sigma_next - sigma) * d
    if sigma_next == 0:
        return x_prime
    d_prime = (x_prime - D(x_prime, sigma_next)) / sigma_next
    return x + (sigma_next - sigma) * (d + d_prime) / 2


def solve(
    denoise: Denoise, x: Tensor, sigmas: Tensor, generator: Generators = None, on_step: OnStep | None = None
) -> Solution:
    """Second order, two evaluations a step and one in the last; it draws nothing from the generator."""
    D = Counted(denoise)
    return march(lambda x, sigma, sigma_next: heun_step(D, x, sigma, sigma_next), D, x, sigmas, on_step)
