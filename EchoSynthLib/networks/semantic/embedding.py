"""The noise level as a vector (torch)."""

from __future__ import annotations

from diffusers.models.embeddings import GaussianFourierProjection, Timesteps
from torch import nn


def positional_embedding(width: int, length: int, endpoint: bool = False) -> nn.Sequential:
    """c_noise (N,) to (N, length): `width` sinusoids of frequency 1 down to 1/10000 (Ho et al. 2020), two layers.

    DDPM++ includes the `endpoint` 1/10000, guided-diffusion and ADM stop one frequency before it.
    """
    features = Timesteps(width, flip_sin_to_cos=True, downscale_freq_shift=int(endpoint))
    return nn.Sequential(features, *two_layers(width, length))


def fourier_embedding(width: int, length: int) -> nn.Sequential:
    """c_noise (N,) to (N, length): `width` sinusoids of random frequency, N(0, 16^2) (Song et al. 2021), two layers."""
    features = GaussianFourierProjection(width // 2, scale=16, set_W_to_weight=False, log=False)
    return nn.Sequential(features, *two_layers(width, length))


def two_layers(width: int, length: int) -> list[nn.Module]:
    """What follows the sinusoids in every one of these networks."""
    return [nn.Linear(width, length), nn.SiLU(), nn.Linear(length, length), nn.SiLU()]
