"""The stochastic sampler of Karras et al. 2022 (arXiv 2206.00364), Algorithm 2: noise is added, then Heun's step."""

from __future__ import annotations

import math

from torch import Tensor

from EchoSynthLib.synthesis.diffusion.processes.base import draw_normal
from EchoSynthLib.synthesis.diffusion.solvers.heun import heun_step
from EchoSynthLib.synthesis.diffusion.solvers.march import Counted, Denoise, Generators, OnStep, Solution, march


def solve(
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
    """Two evaluations a step and one in the last.

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

    return march(step, D, x, sigmas, on_step)
