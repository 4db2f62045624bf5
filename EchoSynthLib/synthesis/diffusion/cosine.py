"""The cosine noise schedule of Nichol and Dhariwal 2021 (arXiv 2102.09672), Eq. 17."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True)
class Schedule:
    """A discrete variance-preserving process; all (T,), float64.

    Attributes:
        beta: beta_t, the variance that step t adds.
        alpha_bar: the product of all 1 - beta up to t.
        alpha_bar_before: the same up to t - 1; 1 at the first step.
    """

    beta: Tensor
    alpha_bar: Tensor
    alpha_bar_before: Tensor

    @property
    def beta_tilde(self) -> Tensor:
        """Variance of q(x_{t-1} | x_t, x_0), Eq. 10; 0 at the first step."""
        return (1 - self.alpha_bar_before) / (1 - self.alpha_bar) * self.beta

    @property
    def sigma(self) -> Tensor:
        """Noise level of x_t / sqrt(alpha_bar_t) = x_0 + sigma_t n."""
        return ((1 - self.alpha_bar) / self.alpha_bar).sqrt()


def cosine_schedule(T: int, s: float = 0.008, largest_beta: float = 0.999) -> Schedule:
    """alpha_bar_t = f(t) / f(0) with f(t) = cos^2((t / T + s) / (1 + s) pi / 2), its betas clipped."""
    t = torch.arange(T + 1, dtype=torch.float64) / T
    f = torch.cos((t + s) / (1 + s) * math.pi / 2) ** 2
    beta = (1 - f[1:] / f[:-1]).clamp(max=largest_beta)
    alpha_bar = (1 - beta).cumprod(dim=0)
    return Schedule(beta, alpha_bar, torch.cat([alpha_bar.new_ones(1), alpha_bar[:-1]]))


def step_of(sigma: Tensor, levels: Tensor) -> Tensor:
    """The step t of each noise level (N,), with fractions between the process's own levels (T,), even in ln sigma."""
    knots = levels.log().to(sigma)
    wanted = sigma.log().clamp(knots[0], knots[-1])
    after = torch.searchsorted(knots, wanted).clamp(1, len(knots) - 1)
    low, high = knots[after - 1], knots[after]
    return after - 1 + (wanted - low) / (high - low)
