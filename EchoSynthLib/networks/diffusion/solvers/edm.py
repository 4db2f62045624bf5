"""The solvers of Karras et al. 2022 (arXiv 2206.00364): Euler, Heun, stochastic.

The first two integrate the probability flow dx / dsigma = (x - D(x; sigma)) / sigma.
"""

from __future__ import annotations

import math

from torch import Tensor

from EchoSynthLib.networks.diffusion.processes.base import draw_normal
from EchoSynthLib.networks.diffusion.solvers.base import Counted, Denoise, Generators, OnStep, Solution, integrate


def euler(
    denoise: Denoise, x: Tensor, sigmas: Tensor, generator: Generators = None, on_step: OnStep | None = None
) -> Solution:
    """Euler's method, the same as DDIM: first order, one evaluation a step; it draws nothing from the generator."""
    D = Counted(denoise)

    def step(x: Tensor, sigma: float, sigma_next: float) -> Tensor:
        return x + (sigma_next - sigma) * (x - D(x, sigma)) / sigma

    return integrate(step, D, x, sigmas, on_step)


def heun_step(D: Denoise, x: Tensor, sigma: float, sigma_next: float) -> Tensor:
    """Euler's step, then the mean of the slopes at both of its ends; Euler's alone where the next sigma is 0."""
    d = (x - D(x, sigma)) / sigma
    x_prime = x + (sigma_next - sigma) * d
    if sigma_next == 0:
        return x_prime
    d_prime = (x_prime - D(x_prime, sigma_next)) / sigma_next
    return x + (sigma_next - sigma) * (d + d_prime) / 2


def heun(
    denoise: Denoise, x: Tensor, sigmas: Tensor, generator: Generators = None, on_step: OnStep | None = None
) -> Solution:
    """Algorithm 1: second order, two evaluations a step and one in the last; it draws nothing from the generator."""
    D = Counted(denoise)
    return integrate(lambda x, sigma, sigma_next: heun_step(D, x, sigma, sigma_next), D, x, sigmas, on_step)


def edm_stochastic(
    denoise: Denoise,
    x: Tensor,
    sigmas: Tensor,
    generator: Generators = None,
    on_step: OnStep | None = None,
    S_churn: float = 40.0,
    S_min: float = 0.02,
    S_max: float = 100.0,
    S_noise: float = 1.003,
) -> Solution:
    """Algorithm 2: noise is added, then Heun's step; two evaluations a step and one in the last.

    Args:
        denoise: D(x; sigma).
        x: noise (N, C, H, W) of standard deviation sigmas[0].
        sigmas: (steps + 1,), falling.
        generator: of the noise that is added.
        on_step: called after each step.
        S_churn: how much noise is added, over all steps.
        S_min, S_max: noise levels between which it is added.
        S_noise: its standard deviation; a little above 1 makes up for detail that the network loses.
    """
    D = Counted(denoise)
    gamma = min(S_churn / (len(sigmas) - 1), math.sqrt(2) - 1)

    def step(x: Tensor, sigma: float, sigma_next: float) -> Tensor:
        if not S_min <= sigma <= S_max:
            return heun_step(D, x, sigma, sigma_next)
        sigma_hat = sigma * (1 + gamma)
        x_hat = x + math.sqrt(sigma_hat**2 - sigma**2) * S_noise * draw_normal(x, generator)
        return heun_step(D, x_hat, sigma_hat, sigma_next)

    return integrate(step, D, x, sigmas, on_step)
