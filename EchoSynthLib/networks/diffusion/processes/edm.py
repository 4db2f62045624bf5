"""EDM: preconditioning, loss and weighting by Karras et al. 2022 (arXiv 2206.00364), Table 1, last column."""

from __future__ import annotations

import torch
from diffusers.configuration_utils import register_to_config
from torch import Generator, Tensor

from EchoSynthLib.networks.diffusion.processes.base import Preconditioning, Process


class EDM(Process):
    """Input and target of the network have unit variance at every sigma, and so has every sigma's weighted error.

    Args:
        sigma_data: standard deviation of the data.
        P_mean, P_std: of ln sigma in training.
        sigma_min, sigma_max: in sampling.
    """

    name = "edm"

    @register_to_config
    def __init__(
        self,
        sigma_data: float = 0.5,
        P_mean: float = -1.2,
        P_std: float = 1.2,
        sigma_min: float = 0.002,
        sigma_max: float = 80.0,
    ) -> None:
        self.sigma_data = sigma_data
        self.P_mean, self.P_std = P_mean, P_std
        self.sigma_min, self.sigma_max = sigma_min, sigma_max

    def preconditioning(self, sigma: Tensor) -> Preconditioning:
        """c_skip, c_out, c_in of Eq. 117, 131 and 134; c_noise = ln(sigma) / 4."""
        s, sigma_data = sigma[:, None, None, None], self.sigma_data
        total = s**2 + sigma_data**2
        return Preconditioning(sigma_data**2 / total, s * sigma_data / total.sqrt(), total.rsqrt(), sigma.log() / 4)

    def draw_sigma(self, count: int, generator: Generator) -> Tensor:
        """Log-normal: ln sigma ~ N(P_mean, P_std^2)."""
        return (self.P_mean + self.P_std * torch.randn(count, generator=generator)).exp()

    def weight(self, sigma: Tensor) -> Tensor:
        """1 / c_out^2."""
        return (sigma**2 + self.sigma_data**2) / (sigma * self.sigma_data) ** 2
