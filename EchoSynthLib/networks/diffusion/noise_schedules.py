"""Noise levels: schedules of discrete processes, and where a solver stops on its way down.

Nichol and Dhariwal 2021 (arXiv 2102.09672), Eq. 17; Karras et al. 2022 (arXiv 2206.00364), Table 1, 'Time steps'.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from EchoSynthLib.errors import InputError


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


def linear_schedule(T: int, first: float = 1e-4, last: float = 0.02) -> Schedule:
    """Betas that rise evenly (Ho et al. 2020, arXiv 2006.11239)."""
    beta = torch.linspace(first, last, T, dtype=torch.float64)
    alpha_bar = (1 - beta).cumprod(dim=0)
    return Schedule(beta, alpha_bar, torch.cat([alpha_bar.new_ones(1), alpha_bar[:-1]]))


def step_of(sigma: Tensor, levels: Tensor) -> Tensor:
    """The step t of each noise level (N,), with fractions between the process's own levels (T,), even in ln sigma."""
    knots = levels.log().to(sigma)
    wanted = sigma.log().clamp(knots[0], knots[-1])
    after = torch.searchsorted(knots, wanted).clamp(1, len(knots) - 1)
    low, high = knots[after - 1], knots[after]
    return after - 1 + (wanted - low) / (high - low)


BETA_D, BETA_MIN = 19.9, 0.1
"""Of the VP process (Song et al. 2021)."""
DISCRETE_STEPS = 1000
"""Levels of the discrete processes from which 'iddpm' (Nichol, Dhariwal 2021) and 'ddpm' take their own."""
FLOW_RANGE = (1 / 999, 999.0)
"""Noise levels t / (1 - t) of a rectified flow, for t from 0.001 to 0.999; at 1 nothing is left of the data."""

Levels = Callable[[int, float, float], Tensor]
"""(steps, sigma_min, sigma_max) -> (steps,) falling from sigma_max to sigma_min."""


@dataclass(frozen=True)
class Discretization:
    """A way to space noise levels, and the range for which it was published."""

    levels: Levels
    sigma_min: float
    sigma_max: float

    def grid(self, steps: int, sigma_min: float, sigma_max: float) -> Tensor:
        """`steps` levels within both ranges, then 0: (steps + 1,), float64.

        Raises:
            InputError: fewer than one step, or more than the discretization has.
        """
        if steps < 1:
            raise InputError(f"A solver needs at least one step; given was {steps}.")
        falling = self.levels(steps, max(sigma_min, self.sigma_min), min(sigma_max, self.sigma_max))
        return torch.cat([falling, falling.new_zeros(1)])


def edm(steps: int, sigma_min: float, sigma_max: float, rho: float = 7.0) -> Tensor:
    """Even in sigma^(1 / rho), Eq. 5."""
    return torch.linspace(sigma_max ** (1 / rho), sigma_min ** (1 / rho), steps, dtype=torch.float64) ** rho


def ve(steps: int, sigma_min: float, sigma_max: float) -> Tensor:
    """Even in ln sigma."""
    return torch.linspace(math.log(sigma_max), math.log(sigma_min), steps, dtype=torch.float64).exp()


def vp(steps: int, sigma_min: float, sigma_max: float) -> Tensor:
    """Even in the time of the VP process."""
    first, last = vp_time(torch.tensor([sigma_max, sigma_min], dtype=torch.float64)).tolist()
    return vp_sigma(torch.linspace(first, last, steps, dtype=torch.float64))


def iddpm(steps: int, sigma_min: float, sigma_max: float) -> Tensor:
    """Every so many of the levels of the discrete process with the cosine schedule."""
    return _some_of(cosine_schedule(DISCRETE_STEPS), "iddpm", steps, sigma_min, sigma_max)


def ddpm(steps: int, sigma_min: float, sigma_max: float) -> Tensor:
    """Every so many of the levels of the discrete process whose betas rise evenly."""
    return _some_of(linear_schedule(DISCRETE_STEPS), "ddpm", steps, sigma_min, sigma_max)


def _some_of(schedule: Schedule, name: str, steps: int, sigma_min: float, sigma_max: float) -> Tensor:
    levels = schedule.sigma.flip(0)
    slack = 1e-9
    within = levels[(levels >= sigma_min * (1 - slack)) & (levels <= sigma_max * (1 + slack))]
    if steps > len(within):
        raise InputError(f"The discretization {name!r} has {len(within)} steps in this range; given were {steps}.")
    return within[torch.linspace(0, len(within) - 1, steps, dtype=torch.float64).round().long()]


def flow(steps: int, sigma_min: float, sigma_max: float) -> Tensor:
    """Even in the time t of a rectified flow, sigma = t / (1 - t), the last step as long as the others if it may be."""
    first, last = sigma_max / (1 + sigma_max), sigma_min / (1 + sigma_min)
    t = torch.linspace(first, max(last, first / steps), steps, dtype=torch.float64)
    return t / (1 - t)


def vp_sigma(t: Tensor, beta_d: float = BETA_D, beta_min: float = BETA_MIN) -> Tensor:
    """sigma(t) = sqrt(exp(beta_d t^2 / 2 + beta_min t) - 1)."""
    return torch.expm1(beta_d * t**2 / 2 + beta_min * t).sqrt()


def vp_time(sigma: Tensor, beta_d: float = BETA_D, beta_min: float = BETA_MIN) -> Tensor:
    """The time t at which the VP process has a noise level: the inverse of `vp_sigma`."""
    grown = torch.log1p(sigma**2)
    # (sqrt(b^2 + 2 d g) - b) / d, without the difference of nearly equal numbers
    return 2 * grown / ((beta_min**2 + 2 * beta_d * grown).sqrt() + beta_min)


_VP_RANGE = vp_sigma(torch.tensor([1e-3, 1.0], dtype=torch.float64)).tolist()

DISCRETIZATIONS: dict[str, Discretization] = {
    "edm": Discretization(edm, 0.002, 80.0),
    "vp": Discretization(vp, *_VP_RANGE),
    "ve": Discretization(ve, 0.02, 100.0),
    "iddpm": Discretization(iddpm, 0.0, math.inf),
    "ddpm": Discretization(ddpm, 0.0, math.inf),
    "flow": Discretization(flow, *FLOW_RANGE),
}
