"""What training changes of each picture: where its box lies, gray levels, sharpness, noise, a hidden part (torch)."""

from __future__ import annotations

import torch
from torch import Generator, Tensor
from torch.nn import functional as F

_TURN, _SMALLER, _LARGER = 0.17, 0.06, 0.3  # radians; shares of the side
_HIDDEN = 26 / 96  # of the side


def augmented(images: Tensor, generator: Generator) -> Tensor:
    """Pictures (N, S, S) in [0, 1], each changed in another way."""
    count, side = len(images), images.shape[-1]

    def uniform(low: float, high: float, *shape: int) -> Tensor:
        return torch.rand(count, *shape, generator=generator) * (high - low) + low

    angle = uniform(-_TURN, _TURN)
    # Mostly a little, sometimes far into the picture, as screens crop and users zoom.
    scale = 1 + _SMALLER - uniform(0, 1, 2) ** 2 * (_LARGER + _SMALLER)
    theta = torch.zeros(count, 2, 3)
    theta[:, 0, 0], theta[:, 0, 1] = torch.cos(angle) * scale[:, 0], -torch.sin(angle)
    theta[:, 1, 0], theta[:, 1, 1] = torch.sin(angle), torch.cos(angle) * scale[:, 1]
    theta[:, :, 2] = uniform(-0.5, 0.5, 2) * (0.1 + 1.4 * (1 + _SMALLER - scale))
    grid = F.affine_grid(theta, [count, 1, side, side], align_corners=False)
    x = F.grid_sample(images[:, None], grid, align_corners=False).clamp(0, 1)
    x = x ** torch.exp(uniform(-0.6, 0.6, 1, 1, 1))
    blurred = F.avg_pool2d(x, 3, 1, 1, count_include_pad=False)
    x = torch.where(uniform(0, 1, 1, 1, 1) < 0.3, blurred, x)
    if torch.rand(1, generator=generator) < 0.3:
        small = int(torch.randint(side * 2 // 5, side * 4 // 5, (1,), generator=generator))
        part = F.interpolate(x[::2], size=(small, small), mode="bilinear")
        x = torch.cat([F.interpolate(part, size=(side, side), mode="bilinear"), x[1::2]])[_back(count)]
    noise = torch.randn(x.shape, generator=generator) * uniform(-0.05, 0.06, 1, 1, 1).clamp(min=0)
    hidden = round(_HIDDEN * side)
    y, z = uniform(0, side - hidden, 1, 1), uniform(0, side - hidden, 1, 1)
    rows, columns = torch.arange(side)[None, :, None], torch.arange(side)[None, None]
    inside = (rows >= y) & (rows < y + hidden) & (columns >= z) & (columns < z + hidden)
    chosen = uniform(0, 1, 1, 1) < 0.15
    return ((x + noise)[:, 0] * ~(inside & chosen)).clamp(0, 1)


def _back(count: int) -> Tensor:
    """Where each picture lies once the even ones have been put before the odd ones."""
    order = torch.cat([torch.arange(0, count, 2), torch.arange(1, count, 2)])
    return torch.argsort(order)
