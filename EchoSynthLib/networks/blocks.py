"""Building blocks that two systems or more share."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F


def group_norm(channels: int) -> nn.GroupNorm:
    """Group normalization over eight groups, fewer where the channels do not divide."""
    groups = next(g for g in (8, 4, 2, 1) if channels % g == 0)
    return nn.GroupNorm(groups, channels)


class ResidualBlock(nn.Module):
    """Two 3x3 convolutions with a skip; an embedding, where there is one, scales and shifts the second norm (FiLM)."""

    def __init__(self, channels_in: int, channels_out: int, embedding: int = 0) -> None:
        super().__init__()
        self.norm1 = group_norm(channels_in)
        self.conv1 = nn.Conv2d(channels_in, channels_out, 3, padding=1)
        self.norm2 = group_norm(channels_out)
        self.conv2 = nn.Conv2d(channels_out, channels_out, 3, padding=1)
        self.skip = nn.Conv2d(channels_in, channels_out, 1) if channels_in != channels_out else nn.Identity()
        self.film = nn.Linear(embedding, 2 * channels_out) if embedding else None

    def forward(self, x: Tensor, embedding: Tensor | None = None) -> Tensor:
        """(N, Cin, H, W) and (N, E) to (N, Cout, H, W)."""
        h = self.norm2(self.conv1(F.silu(self.norm1(x))))
        if self.film is not None and embedding is not None:
            scale, shift = self.film(embedding)[:, :, None, None].chunk(2, dim=1)
            h = h * (1 + scale) + shift
        return self.skip(x) + self.conv2(F.silu(h))


class SelfAttention(nn.Module):
    """Multi-head attention over all pixels; its result is to be added to what it was given.

    Args:
        channels: of what comes in and goes out.
        norm: in front of it.
        heads: that share the channels.
    """

    def __init__(self, channels: int, norm: nn.Module, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.norm = norm
        self.qkv = nn.Conv2d(channels, 3 * channels, 1)
        self.out = nn.Conv2d(channels, channels, 1)

    def forward(self, x: Tensor, *modulation: object) -> Tensor:
        """(N, C, H, W) to the same shape; the norm is given the modulation, where there is one."""
        n, c, height, width = x.shape
        qkv = self.qkv(self.norm(x, *modulation)).reshape(n, 3, self.heads, c // self.heads, height * width)
        query, key, value = qkv.transpose(-1, -2).unbind(1)
        mixed = F.scaled_dot_product_attention(query, key, value)
        return self.out(mixed.transpose(-1, -2).reshape(n, c, height, width))


def fourier_features(value: Tensor, count: int = 32, highest: float = 32.0) -> Tensor:
    """Cosines and sines (N, 2 count) of a scalar (N,) in [0, 1] at log-spaced frequencies up to `highest` rad.

    The highest frequency is low on purpose: a flow map's time derivative is multiplied by it.
    """
    steps = torch.arange(count, device=value.device, dtype=torch.float32) / (count - 1)
    angles = value[:, None] * (0.5 * (highest / 0.5) ** steps)[None]
    return torch.cat([angles.cos(), angles.sin()], dim=1)
