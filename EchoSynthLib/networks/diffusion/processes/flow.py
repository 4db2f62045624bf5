"""Rectified flow, or flow matching on straight lines: Liu et al. 2022 (arXiv 2209.03003), Lipman et al. (2210.02747).

z_t = (1 - t) x_0 + t n, of which the network tells the velocity n - x_0. Divided by 1 - t that is x_0 + sigma n with
sigma = t / (1 - t), so that every solver of the sigma picture runs on it, and Euler's there is Euler's in t: D and n
stay what they are over a step in both.
"""

from __future__ import annotations

import torch
from diffusers.configuration_utils import register_to_config
from torch import Generator, Tensor

from EchoSynthLib.networks.diffusion.noise_schedules import FLOW_RANGE
from EchoSynthLib.networks.diffusion.processes.base import Preconditioning, Process


class RectifiedFlow(Process):
    """F predicts the velocity n - x_0 from z_t, at times that are seen most where they are hardest (arXiv 2403.03206).

    Args:
        mean, deviation: of the logit of t in training.
        M: what t is multiplied by for the network's time embedding.
    """

    name = "flow"

    @register_to_config
    def __init__(self, mean: float = 0.0, deviation: float = 1.0, M: int = 1000) -> None:
        self.mean, self.deviation, self.M = mean, deviation, M
        self.sigma_min, self.sigma_max = FLOW_RANGE

    def preconditioning(self, sigma: Tensor) -> Preconditioning:
        """D = z_t - t F: c_skip = c_in = 1 - t = 1 / (1 + sigma), c_out = -t, c_noise = M t."""
        s = sigma[:, None, None, None]
        return Preconditioning(1 / (1 + s), -s / (1 + s), 1 / (1 + s), self.M * sigma / (1 + sigma))

    def draw_sigma(self, count: int, generator: Generator) -> Tensor:
        """t / (1 - t) where the logit of t is normal: log-normal, within the range."""
        logit = self.mean + self.deviation * torch.randn(count, generator=generator)
        return logit.exp().clamp(self.sigma_min, self.sigma_max)

    def weight(self, sigma: Tensor) -> Tensor:
        """1 / t^2: every time's error is that of the velocity."""
        return ((1 + sigma) / sigma) ** 2
