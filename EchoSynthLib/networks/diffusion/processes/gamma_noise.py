"""Diffusion with centered Gamma noise: Nachmani, San Roman, Wolf 2021 (arXiv 2110.05948).

x_t = sqrt(alpha_bar_t) x_0 + (g - k_bar_t theta_t) with g ~ Gamma(shape k_bar_t, scale theta_t),
theta_t = sqrt(alpha_bar_t) theta_0, k_t = beta_t / (alpha_bar_t theta_0^2) and k_bar_t the sum of k up to t.
That sum is sigma_t^2 / theta_0^2, so the noise has variance k_bar_t theta_t^2 = 1 - alpha_bar_t; divided by
sqrt(alpha_bar_t) it is x_sigma = x_0 + theta_0 (G - k_bar), G ~ Gamma(k_bar, 1), at any noise level sigma.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from diffusers.configuration_utils import register_to_config
from torch import Generator, Tensor

from EchoSynthLib.networks.diffusion.noise_schedules import cosine_schedule, step_of
from EchoSynthLib.networks.diffusion.processes.base import (
    Network,
    Preconditioning,
    Process,
    Sigma,
    column,
    mean_per_image,
)


class GammaNoise(Process):
    """The network predicts the noise, scaled to unit variance; as theta_0 falls to 0 this becomes Gaussian DDPM.

    Args:
        T: steps of the discrete process.
        theta_0: scale of the Gamma distribution.
    """

    name = "gamma-noise"

    @register_to_config
    def __init__(self, T: int = 1000, theta_0: float = 0.001) -> None:
        self.T, self.theta_0 = T, theta_0
        self.schedule = cosine_schedule(T)
        self.sigma_min, self.sigma_max = self.schedule.sigma[[0, -1]].tolist()

    def shape_of(self, sigma: Tensor) -> Tensor:
        """k_bar, the shape of the Gamma distribution at a noise level."""
        return (sigma / self.theta_0) ** 2

    def noise(self, like: Tensor, sigma: Sigma, generator: Generator | list[Generator] | None) -> Tensor:
        """theta_0 (G - k_bar), of mean 0, standard deviation sigma and skewness 2 theta_0 / sigma."""
        k_bar = self.shape_of(column(sigma, like).cpu().double()).expand(like.shape)
        generators = generator if isinstance(generator, list) else [generator]
        parts = zip(k_bar.chunk(len(generators)), generators, strict=True)
        drawn = torch.cat([standard_gamma(shape, each) for shape, each in parts])
        return (self.theta_0 * (drawn - k_bar)).to(like)

    def preconditioning(self, sigma: Tensor) -> Preconditioning:
        """c_skip = 1, c_out = -sigma, c_in = 1 / sqrt(sigma^2 + 1), c_noise = t."""
        s = sigma[:, None, None, None]
        return Preconditioning(torch.ones_like(s), -s, (s**2 + 1).rsqrt(), step_of(sigma, self.schedule.sigma))

    def loss(
        self, network: Network, x0: Tensor, generator: Generator, mask: Tensor | None = None, **condition: Any
    ) -> Tensor:
        """|(g - k_bar_t theta_t) / sqrt(1 - alpha_bar_t) - epsilon| at t ~ U{0, ..., T - 1}, Algorithm 1 (N,)."""
        t = torch.randint(self.T, (len(x0),), generator=generator)
        sigma = self.schedule.sigma[t].to(x0)
        noise = self.noise(x0, sigma, generator)
        c_in = self.preconditioning(sigma).c_in
        epsilon = network(c_in * (x0 + noise), t.to(x0), **condition).to(x0.dtype)
        return mean_per_image((noise / column(sigma, x0) - epsilon).abs(), mask)


def standard_gamma(shape: Tensor, generator: Generator | None) -> Tensor:
    """Draws from Gamma(shape, 1), float64, on the CPU; numpy draws them, seeded by the generator."""
    device = "cpu" if generator is None else generator.device
    seed = torch.randint(2**63 - 1, (1,), generator=generator, device=device)
    return torch.from_numpy(np.random.default_rng(int(seed)).standard_gamma(shape.numpy()))
