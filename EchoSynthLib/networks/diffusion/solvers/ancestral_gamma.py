"""Ancestral sampling with Gamma noise: Nachmani, San Roman, Wolf 2021 (arXiv 2110.05948), Algorithm 2."""

from __future__ import annotations

import math
from collections.abc import Callable

from torch import Tensor

from EchoSynthLib.networks.diffusion.solvers.base import Counted, Denoise, Generators, OnStep, Solution, integrate

Noise = Callable[[Tensor, float, Generators], Tensor]
"""noise(like, sigma, generator): centered, of standard deviation sigma"""


def posterior(sigma: float, sigma_next: float) -> tuple[float, float]:
    """How much of x - D stays, and the deviation of the noise added: N(D + kept (x - D), added^2).

    That is q(x_{t-1} | x_t, x_0) of Ho et al. 2020, Eq. 7, in units where x_sigma = x_0 + sigma n.
    """
    kept = (sigma_next / sigma) ** 2
    return kept, sigma_next * math.sqrt(1 - kept)


def solve(
    denoise: Denoise,
    x: Tensor,
    sigmas: Tensor,
    generator: Generators = None,
    on_step: OnStep | None = None,
    *,
    noise: Noise,
) -> Solution:
    """One evaluation a step; the noise added has the shape that the process has at the level arrived at."""
    D = Counted(denoise)

    def step(x: Tensor, sigma: float, sigma_next: float) -> Tensor:
        denoised = D(x, sigma)
        if sigma_next == 0:
            return denoised
        kept, added = posterior(sigma, sigma_next)
        return denoised + kept * (x - denoised) + added / sigma_next * noise(x, sigma_next, generator)

    return integrate(step, D, x, sigmas, on_step)
