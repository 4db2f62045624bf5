"""VE: the variance-exploding process of Song et al. 2021, as in Karras et al. 2022 (arXiv 2206.00364), Table 1."""

from __future__ import annotations

import torch
from diffusers.configuration_utils import register_to_config
from torch import Generator, Tensor

from EchoSynthLib.synthesis.diffusion.processes.base import Preconditioning, Process


class VE(Process):
    """F predicts the negative noise -n from x as it is.

    Args:
        sigma_min, sigma_max: ends of the range in training and sampling.
    """

    name = "ve"

    @register_to_config
    def __init__(self, sigma_min: float = 0.02, sigma_max: float = 100.0) -> None:
        self.sigma_min, self.sigma_max = sigma_min, sigma_max

    def preconditioning(self, sigma: Tensor) -> Preconditioning:
        """c_skip = 1, c_out = sigma, c_in = 1, c_noise = ln(sigma / 2)."""
        s = sigma[:, None, None, None]
        return Preconditioning(torch.ones_like(s), s, torch.ones_like(s), (sigma / 2).log())

    def draw_sigma(self, count: int, generator: Generator) -> Tensor:
        """Log-uniform: ln sigma ~ U(ln sigma_min, ln sigma_max)."""
        return self.sigma_min * (self.sigma_max / self.sigma_min) ** torch.rand(count, generator=generator)

    def weight(self, sigma: Tensor) -> Tensor:
        """1 / sigma^2: every sigma's error is that of the predicted noise."""
        return sigma**-2
