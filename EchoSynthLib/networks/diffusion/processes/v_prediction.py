"""DDPM as Stable Diffusion has it, with the network's output of Salimans and Ho 2022 (arXiv 2202.00512): v-prediction.

x_t = alpha x_0 + s n with alpha = sqrt(alpha_bar_t), s = sqrt(1 - alpha_bar_t); the network tells v = alpha n - s x_0.
"""

from __future__ import annotations

from typing import Any

import torch
from diffusers.configuration_utils import register_to_config
from torch import Generator, Tensor

from EchoSynthLib.networks.diffusion.noise_schedules import linear_schedule, step_of
from EchoSynthLib.networks.diffusion.processes.base import Network, Preconditioning, Process, Sigma


class VPrediction(Process):
    """F predicts v, at every of T steps as often, with betas that rise evenly.

    Args:
        T: steps of the discrete process.
        clip: where denoised latents are cut off when sampling.
    """

    name = "ddpm-v"

    @register_to_config
    def __init__(self, T: int = 1000, clip: float = 4.0) -> None:
        self.T, self.clip = T, clip
        self.levels = linear_schedule(T).sigma
        self.sigma_min, self.sigma_max = self.levels[[0, -1]].tolist()

    def preconditioning(self, sigma: Tensor) -> Preconditioning:
        """D = alpha x_t - s F: c_skip = alpha^2, c_out = -s, c_in = alpha = 1 / sqrt(sigma^2 + 1), c_noise = t."""
        s = sigma[:, None, None, None]
        alpha = (s**2 + 1).rsqrt()
        return Preconditioning(alpha**2, -s * alpha, alpha, step_of(sigma, self.levels))

    def denoise(self, network: Network, x: Tensor, sigma: Sigma, **condition: Any) -> Tensor:
        """D(x; sigma), cut off at `clip`."""
        return super().denoise(network, x, sigma, **condition).clamp(-self.clip, self.clip)

    def draw_sigma(self, count: int, generator: Generator) -> Tensor:
        """The level of t ~ U{0, ..., T - 1}."""
        return self.levels[torch.randint(self.T, (count,), generator=generator)]

    def weight(self, sigma: Tensor) -> Tensor:
        """1 / s^2: every step's error is that of v."""
        return (sigma**2 + 1) / sigma**2
