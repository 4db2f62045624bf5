"""What a stage is given of the one before: its cine, at the stage's size and number of frames, with noise (torch)."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

from EchoSynthLib.networks.diffusion.processes.base import over


def resized(cine: Tensor, side: tuple[int, int]) -> Tensor:
    """Cines (N, C, T, H, W), or pictures (N, C, H, W), at another height and width; averaged where they get smaller."""
    if tuple(cine.shape[-2:]) == tuple(side):
        return cine
    flat = cine.transpose(1, 2).flatten(0, 1) if cine.ndim == 5 else cine
    flat = F.interpolate(flat, side, mode="bilinear", antialias=True, align_corners=False)
    return flat if cine.ndim == 4 else flat.unflatten(0, (len(cine), -1)).transpose(1, 2)


def every(cine: Tensor, factor: int) -> Tensor:
    """Each `factor`-th frame of cines (N, C, T, H, W), from the first: what a slower camera sees."""
    return cine[:, :, ::factor]


def between(cine: Tensor, factor: int) -> Tensor:
    """`factor` times as many frames, (N, C, factor T, H, W): those of the cine, and mixtures of each two neighbors.

    After the last frame, which has no neighbor, it stays.
    """
    if factor == 1:
        return cine
    after = torch.cat([cine[:, :, 1:], cine[:, :, -1:]], dim=2)
    shares = torch.arange(factor, device=cine.device, dtype=cine.dtype) / factor
    mixed = torch.stack([(1 - share) * cine + share * after for share in shares], dim=3)
    return mixed.flatten(2, 3)


def augmented(cine: Tensor, level: Tensor, noise: Tensor) -> Tensor:
    """alpha x + sigma n: cines with noise, so that a stage trusts the one before no more than it should.

    Ho et al., Cascaded diffusion models, 2021 (arXiv 2106.15282), with the linear schedule of Imagen's continuous time:
    log SNR = -ln(exp(1e-4 + 10 t^2) - 1), alpha^2 = sigmoid(log SNR).

    Args:
        cine: (N, C, T, H, W), [-1, 1].
        level: t (N,), 0 to 1.
        noise: white, of the cine's shape.
    """
    log_snr = -torch.expm1(1e-4 + 10 * level.double() ** 2).log()
    alpha, sigma = (over(part.to(cine.dtype), cine) for part in (log_snr.sigmoid().sqrt(), (-log_snr).sigmoid().sqrt()))
    return alpha * cine + sigma * noise
