"""Halving and doubling of the resolution with a low-pass filter, as diffusion U-Nets do it (torch)."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import functional as F

BOX = (1.0, 1.0)
"""Filter of DDPM++ and ADM: the mean of two pixels, and their repetition."""
BINOMIAL = (1.0, 3.0, 3.0, 1.0)
"""Filter of NCSN++ (Song et al. 2021)."""


def halve(x: Tensor, taps: Sequence[float] = BOX, padded: bool = False) -> Tensor:
    """(N, C, H, W) to (N, C, H/2, W/2): filtered, then every second pixel.

    Where x is `padded`, it has `padding(taps)` pixels more on each side already; else zeros are taken for them.
    """
    if tuple(taps) == BOX:
        return F.avg_pool2d(x, 2)
    kernel = separable(taps, x)
    return F.conv2d(x, kernel, stride=2, padding=0 if padded else padding(taps), groups=x.shape[1])


def double(x: Tensor, taps: Sequence[float] = BOX) -> Tensor:
    """(N, C, H, W) to (N, C, 2H, 2W): zeros in between, then filtered; a constant stays what it is inside."""
    if tuple(taps) == BOX:
        return F.interpolate(x, scale_factor=2.0, mode="nearest")
    kernel = 4 * separable(taps, x)
    return F.conv_transpose2d(x, kernel, stride=2, padding=padding(taps), groups=x.shape[1])


def separable(taps: Sequence[float], like: Tensor) -> Tensor:
    """The outer product of the taps with themselves, of sum 1, once for every channel: (C, 1, t, t)."""
    row = torch.tensor(taps, dtype=like.dtype, device=like.device)
    kernel = torch.outer(row, row) / row.sum() ** 2
    return kernel.expand(like.shape[1], 1, -1, -1)


def padding(taps: Sequence[float]) -> int:
    """What keeps the result at exactly half, or twice, the resolution."""
    return (len(taps) - 1) // 2
