"""VP: the variance-preserving process of Song et al. 2021, as in Karras et al. 2022 (arXiv 2206.00364), Table 1."""

from __future__ import annotations

import torch
from diffusers.configuration_utils import register_to_config
from torch import Generator, Tensor

from EchoSynthLib.networks.diffusion.noise_schedules import vp_sigma, vp_time
from EchoSynthLib.networks.diffusion.processes.base import Preconditioning, Process


class VP(Process):
    """F predicts the noise n from x / sqrt(sigma^2 + 1).

    Args:
        beta_d, beta_min: of sigma(t) = sqrt(exp(beta_d t^2 / 2 + beta_min t) - 1).
        epsilon_t: the smallest time in training; the largest is 1.
        M: steps of the discrete process that the network's time embedding was made for.
    """

    name = "vp"

    @register_to_config
    def __init__(self, beta_d: float = 19.9, beta_min: float = 0.1, epsilon_t: float = 1e-5, M: int = 1000) -> None:
        self.beta_d, self.beta_min, self.epsilon_t, self.M = beta_d, beta_min, epsilon_t, M
        ends = vp_sigma(torch.tensor([epsilon_t, 1.0], dtype=torch.float64), beta_d, beta_min)
        self.sigma_min, self.sigma_max = ends.tolist()

    def preconditioning(self, sigma: Tensor) -> Preconditioning:
        """c_skip = 1, c_out = -sigma, c_in = 1 / sqrt(sigma^2 + 1), c_noise = (M - 1) sigma^-1(sigma)."""
        s = sigma[:, None, None, None]
        c_noise = (self.M - 1) * vp_time(sigma, self.beta_d, self.beta_min)
        return Preconditioning(torch.ones_like(s), -s, (s**2 + 1).rsqrt(), c_noise)

    def draw_sigma(self, count: int, generator: Generator) -> Tensor:
        """sigma(t) at t ~ U(epsilon_t, 1)."""
        t = 1 + torch.rand(count, generator=generator, dtype=torch.float64) * (self.epsilon_t - 1)
        return vp_sigma(t, self.beta_d, self.beta_min)

    def weight(self, sigma: Tensor) -> Tensor:
        """1 / sigma^2: every sigma's error is that of the predicted noise."""
        return sigma**-2
