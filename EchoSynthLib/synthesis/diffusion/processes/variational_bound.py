"""Terms of the variational bound of a Gaussian diffusion process: Ho et al. 2020 (arXiv 2006.11239), Eq. 5 and 13."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.special import log_ndtr, ndtr

HALF_GREY = 1 / 255
"""Half a grey value of an 8-bit image in [-1, 1]."""


def normal_kl(mean1: Tensor, log_variance1: Tensor, mean2: Tensor, log_variance2: Tensor) -> Tensor:
    """KL(N(mean1, variance1) || N(mean2, variance2)) of each element, in nats."""
    ratio = (log_variance1 - log_variance2).exp()
    return 0.5 * (log_variance2 - log_variance1 + ratio + (mean1 - mean2) ** 2 * (-log_variance2).exp() - 1)


def discretized_log_likelihood(x0: Tensor, mean: Tensor, log_variance: Tensor) -> Tensor:
    """Log probability, in nats, that N(mean, variance) gives the grey value of each element; Eq. 13.

    The first and last grey value take all that lies beyond them.

    Args:
        x0: 8-bit grey values scaled to [-1, 1].
        mean, log_variance: of the same shape.
    """
    scale = (-0.5 * log_variance).exp()
    above, below = (x0 - mean + HALF_GREY) * scale, (x0 - mean - HALF_GREY) * scale
    between = (ndtr(above) - ndtr(below)).clamp(min=1e-12).log()
    darkest, brightest = x0 < -1 + HALF_GREY, x0 > 1 - HALF_GREY
    return torch.where(darkest, log_ndtr(above), torch.where(brightest, log_ndtr(-below), between))
