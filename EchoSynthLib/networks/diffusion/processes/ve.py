"""VE: the variance-exploding process of Song et al. 2021, as in Karras et al. 2022 (arXiv 2206.00364), Table 1."""

from __future__ import annotations

import torch
from diffusers.configuration_utils import register_to_config
from torch import Generator, Tensor

from EchoSynthLib.networks.diffusion.processes.base import Preconditioning, Process


class VE(Process):
    """F predicts the negative noise -n from x as it is.

    Args:
        sigma_min, sigma_max: ends of the range in training and sampling.
        unit_input: c_in = 1 / sqrt(sigma^2 + sigma_data^2), as EDM has it, in place of 1; else a network with an input
            skip would see numbers up to sigma_max there.
    """

    name = "ve"

    @register_to_config
    def __init__(self, sigma_min: float = 0.02, sigma_max: float = 100.0, unit_input: bool = False) -> None:
        self.sigma_min, self.sigma_max, self.unit_input = sigma_min, sigma_max, unit_input

    def preconditioning(self, sigma: Tensor) -> Preconditioning:
        """c_skip = 1, c_out = sigma, c_in = 1 (but see `unit_input`), c_noise = ln(sigma / 2)."""
        s = sigma[:, None, None, None]
        c_in = (s**2 + self.sigma_data**2).rsqrt() if self.unit_input else torch.ones_like(s)
        return Preconditioning(torch.ones_like(s), s, c_in, (sigma / 2).log())

    def draw_sigma(self, count: int, generator: Generator) -> Tensor:
        """Log-uniform: ln sigma ~ U(ln sigma_min, ln sigma_max)."""
        return self.sigma_min * (self.sigma_max / self.sigma_min) ** torch.rand(count, generator=generator)

    def weight(self, sigma: Tensor) -> Tensor:
        """1 / sigma^2: every sigma's error is that of the predicted noise."""
        return sigma**-2
