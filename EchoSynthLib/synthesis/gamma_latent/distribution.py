"""The Gamma distribution of the latent image (torch).

Gamma(alpha, rate) has density rate^alpha z^(alpha - 1) e^(-rate z) / Gamma(alpha), mean alpha / rate and variance
alpha / rate^2. Source: Stojanovski et al. 2024 (arXiv 2409.19371) and its code.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Generator, Tensor
from torch.distributions import Gamma, kl_divergence
from torch.nn import functional as F

PRIOR_ALPHA, PRIOR_RATE = 3.75, 10.8
"""Fitted by the paper to the histogram of CAMUS' pixels in [0, 1] that are not zero; the mean is 0.347."""
SHARPNESS = 10.0
"""Of softplus(h) = ln(1 + e^(SHARPNESS h)) / SHARPNESS, by which both heads become positive."""
LEAST = 1e-7


@dataclass(frozen=True)
class GammaImage:
    """A Gamma distribution for every pixel of a latent image: `alpha` and `rate`, each (N, C, h, w) and positive."""

    alpha: Tensor
    rate: Tensor

    @classmethod
    def from_heads(cls, alpha_head: Tensor, rate_head: Tensor) -> GammaImage:
        """alpha = 3.75 softplus(h1), rate = 10.8 softplus(h2): where both heads are one, this is the prior."""
        alpha = PRIOR_ALPHA * F.softplus(alpha_head, beta=SHARPNESS)
        rate = PRIOR_RATE * F.softplus(rate_head, beta=SHARPNESS)
        return cls(alpha.clamp(min=LEAST), rate.clamp(min=LEAST))

    @property
    def mean(self) -> Tensor:
        """alpha / rate."""
        return self.alpha / self.rate

    def sample(self, generator: Generator | None = None) -> Tensor:
        """A draw that gradients pass through (implicit reparameterization, Figurnov et al. 2018).

        It is torch.distributions.Gamma.rsample, which takes no generator; what it calls does. The draw is made on the
        CPU, so that a seed means the same on every device.
        """
        standard = torch._standard_gamma(self.alpha.cpu(), generator).to(self.alpha.device)
        return (standard / self.rate).clamp(min=LEAST)


def gamma_kl(first: GammaImage, second: GammaImage) -> Tensor:
    """KL(first || second) >= 0 of every pixel.

    a2 ln(b1 / b2) - ln G(a1) + ln G(a2) + (a1 - a2) psi(a1) - (b1 - b2) a1 / b1, where a is alpha and b the rate.
    """
    return kl_divergence(Gamma(first.alpha, first.rate), Gamma(second.alpha, second.rate))


def prior_kl(posterior: GammaImage) -> Tensor:
    """KL(prior || posterior) of every pixel: the paper's code has it this way round, the reverse of the usual."""
    prior = GammaImage(torch.full_like(posterior.alpha, PRIOR_ALPHA), torch.full_like(posterior.rate, PRIOR_RATE))
    return gamma_kl(prior, posterior)
