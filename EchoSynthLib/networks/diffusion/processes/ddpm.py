"""DDPM with the cosine schedule and a learned variance: Nichol and Dhariwal 2021 (arXiv 2102.09672).

The process of "Echo from Noise" (Stojanovski et al. 2023): noise prediction, T = 1000, loss MSE + 0.001 bound.
x_t = sqrt(alpha_bar_t) (x_0 + sigma_t n), so the network's input is c_in x with c_in = sqrt(alpha_bar_t).
The terms of the bound: Ho et al. 2020 (arXiv 2006.11239), Eq. 5 and 13.
"""

from __future__ import annotations

import math
from typing import Any

import torch
from diffusers.configuration_utils import register_to_config
from torch import Generator, Tensor
from torch.special import log_ndtr, ndtr

from EchoSynthLib.networks.diffusion.noise_schedules import cosine_schedule, step_of
from EchoSynthLib.networks.diffusion.processes.base import (
    Network,
    Preconditioning,
    Process,
    Sigma,
    draw_normal,
    mean_per_image,
    over,
    per_image,
)

HALF_GRAY = 1 / 255
"""Half a gray value of an 8-bit image in [-1, 1]."""


class DDPM(Process):
    """The network gives 2 C channels: the noise, and v in [-1, 1], which places the variance between its bounds.

    Args:
        T: steps of the discrete process.
        bound_weight: lambda of L_simple + lambda L_vlb, Eq. 16.
        clip: keep denoised images within [-1, 1] when sampling.
    """

    name = "ddpm"

    @register_to_config
    def __init__(self, T: int = 1000, bound_weight: float = 0.001, clip: bool = True) -> None:
        self.T, self.bound_weight, self.clip = T, bound_weight, clip
        self.schedule = cosine_schedule(T)
        self.sigma_min, self.sigma_max = self.schedule.sigma[[0, -1]].tolist()

    def preconditioning(self, sigma: Tensor) -> Preconditioning:
        """c_skip = 1, c_out = -sigma, c_in = 1 / sqrt(sigma^2 + 1), c_noise = t."""
        s = sigma[:, None, None, None]
        return Preconditioning(torch.ones_like(s), -s, (s**2 + 1).rsqrt(), step_of(sigma, self.schedule.sigma))

    def denoise(self, network: Network, x: Tensor, sigma: Sigma, **condition: Any) -> Tensor:
        """D(x; sigma), within [-1, 1] where `clip` says so."""
        return self.denoise_with_variance(network, x, sigma, **condition)[0]

    def denoise_with_variance(
        self, network: Network, x: Tensor, sigma: Sigma, **condition: Any
    ) -> tuple[Tensor, Tensor]:
        """D(x; sigma) and v, both of x's shape."""
        *factors, c_noise = self.preconditioning(per_image(sigma, x))
        c_skip, c_out, c_in = (over(factor, x) for factor in factors)
        epsilon, v = network(c_in * x, c_noise, **condition).to(x.dtype).chunk(2, dim=1)
        denoised = c_skip * x + c_out * epsilon
        return (denoised.clamp(-1, 1) if self.clip else denoised), v

    def loss(
        self, network: Network, x0: Tensor, generator: Generator, mask: Tensor | None = None, **condition: Any
    ) -> Tensor:
        """L_simple + lambda L_vlb at t ~ U{0, ..., T - 1}, the mean over each image's pixels (N,).

        L_vlb is in bits per pixel, estimated by T times its term at t; it teaches the variance alone, Section 3.1.
        """
        t = torch.randint(self.T, (len(x0),), generator=generator)
        noise = draw_normal(x0, generator)
        alpha_bar = self.at(self.schedule.alpha_bar, t, x0)
        x_t = alpha_bar.sqrt() * x0 + (1 - alpha_bar).sqrt() * noise
        epsilon, v = network(x_t, t.to(x0), **condition).to(x0.dtype).chunk(2, dim=1)
        simple = mean_per_image((epsilon - noise).square(), mask)
        return simple + self.bound_weight * self.T * mean_per_image(self.bound(x0, x_t, t, epsilon.detach(), v), mask)

    def bound(self, x0: Tensor, x_t: Tensor, t: Tensor, epsilon: Tensor, v: Tensor) -> Tensor:
        """L_t of each pixel in bits: KL(q(x_{t-1} | x_t, x_0) || p(x_{t-1} | x_t)), and -log p(x_0 | x_1) at t = 0."""
        alpha_bar = self.at(self.schedule.alpha_bar, t, x0)
        predicted = (x_t - (1 - alpha_bar).sqrt() * epsilon) / alpha_bar.sqrt()
        mean, log_variance = self.posterior_mean(predicted, x_t, t), self.log_variance(v, t)
        true_log_variance = self.log_variance(torch.full_like(v, -1), t)
        kl = normal_kl(self.posterior_mean(x0, x_t, t), true_log_variance, mean, log_variance)
        first = (t == 0).to(x0.device)[:, None, None, None]
        return torch.where(first, -discretized_log_likelihood(x0, mean, log_variance), kl) / math.log(2)

    def posterior_mean(self, x0: Tensor, x_t: Tensor, t: Tensor) -> Tensor:
        """Mean of q(x_{t-1} | x_t, x_0), Eq. 11."""
        schedule = self.schedule
        of_x0 = schedule.alpha_bar_before.sqrt() * schedule.beta / (1 - schedule.alpha_bar)
        of_x_t = (1 - schedule.beta).sqrt() * (1 - schedule.alpha_bar_before) / (1 - schedule.alpha_bar)
        return self.at(of_x0, t, x0) * x0 + self.at(of_x_t, t, x0) * x_t

    def log_variance(self, v: Tensor, t: Tensor) -> Tensor:
        """Log of the variance between beta~_t (v = -1) and beta_t (v = 1), Eq. 15."""
        # beta~ is 0 at the first step, where the second step's stands for it.
        beta_tilde = torch.cat([self.schedule.beta_tilde[1:2], self.schedule.beta_tilde[1:]])
        share = (v + 1) / 2
        return share * self.at(self.schedule.beta.log(), t, v) + (1 - share) * self.at(beta_tilde.log(), t, v)

    def at(self, values: Tensor, t: Tensor, like: Tensor) -> Tensor:
        """The values (T,) at the steps t (N,) as (N, 1, 1, 1)."""
        return values[t.cpu()].to(like)[:, None, None, None]


def normal_kl(mean1: Tensor, log_variance1: Tensor, mean2: Tensor, log_variance2: Tensor) -> Tensor:
    """KL(N(mean1, variance1) || N(mean2, variance2)) of each element, in nats."""
    ratio = (log_variance1 - log_variance2).exp()
    return 0.5 * (log_variance2 - log_variance1 + ratio + (mean1 - mean2) ** 2 * (-log_variance2).exp() - 1)


def discretized_log_likelihood(x0: Tensor, mean: Tensor, log_variance: Tensor) -> Tensor:
    """Log probability, in nats, that N(mean, variance) gives the gray value of each element; Eq. 13.

    The first and last gray value take all that lies beyond them.

    Args:
        x0: 8-bit gray values scaled to [-1, 1].
        mean, log_variance: of the same shape.
    """
    scale = (-0.5 * log_variance).exp()
    above, below = (x0 - mean + HALF_GRAY) * scale, (x0 - mean - HALF_GRAY) * scale
    between = (ndtr(above) - ndtr(below)).clamp(min=1e-12).log()
    darkest, brightest = x0 < -1 + HALF_GRAY, x0 > 1 - HALF_GRAY
    return torch.where(darkest, log_ndtr(above), torch.where(brightest, log_ndtr(-below), between))
