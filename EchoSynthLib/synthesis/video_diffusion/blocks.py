"""Layers in space and time, factorized: each looks along the frames or within one (torch).

A batch of cines (N, C, T, H, W) goes through the network as its frames (N T, C, H, W), those of a cine in a row:
layers within a frame are those of images, and layers along time are left out where frames are to be pictures alone.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from EchoSynthLib.networks.blocks import SelfAttention, fourier_features, group_norm

TAPS = 3
"""Of a convolution along time."""
TIME_FEATURES = 32
HEAD_CHANNELS = 32


class SpaceTimeConv(nn.Module):
    """A 3x3 convolution within frames, then one of three taps along time, which begins as the identity."""

    def __init__(self, channels_in: int, channels_out: int) -> None:
        super().__init__()
        self.space = nn.Conv2d(channels_in, channels_out, 3, padding=1)
        self.time = nn.Conv2d(channels_out, channels_out, (TAPS, 1), padding=(TAPS // 2, 0))
        nn.init.dirac_(self.time.weight)
        nn.init.zeros_(bias_of(self.time))

    def forward(self, x: Tensor, frames: int) -> Tensor:
        """(N frames, C, H, W) to the same with other channels; `frames` is 1 where they are pictures alone."""
        x = self.space(x)
        if frames == 1:
            return x
        return along_frames(self.time(along_time(x, frames)), x.shape)


class SpaceTimeBlock(nn.Module):
    """Two `SpaceTimeConv` with a skip; the embedding of a cine scales and shifts the second norm (FiLM)."""

    def __init__(self, channels_in: int, channels_out: int, embedding: int) -> None:
        super().__init__()
        self.norm1, self.norm2 = group_norm(channels_in), group_norm(channels_out)
        self.conv1 = SpaceTimeConv(channels_in, channels_out)
        self.conv2 = SpaceTimeConv(channels_out, channels_out)
        self.film = nn.Linear(embedding, 2 * channels_out)
        self.skip = nn.Conv2d(channels_in, channels_out, 1) if channels_in != channels_out else nn.Identity()
        nn.init.zeros_(self.conv2.space.weight)
        nn.init.zeros_(bias_of(self.conv2.space))

    def forward(self, x: Tensor, embedding: Tensor, frames: int) -> Tensor:
        """(N frames, Cin, H, W) and one embedding for each picture (N frames, E) to (N frames, Cout, H, W)."""
        h = self.norm2(self.conv1(F.silu(self.norm1(x)), frames))
        scale, shift = self.film(embedding)[:, :, None, None].chunk(2, dim=1)
        h = torch.addcmul(shift, h, 1 + scale)
        return self.skip(x) + self.conv2(F.silu(h), frames)


class TemporalAttention(nn.Module):
    """Each pixel looks at itself in all frames of its cine, and knows how far through the cine each of them is.

    A frame's time is a share of the cine, so the number of frames is free.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.heads = max(1, channels // HEAD_CHANNELS)
        self.norm = nn.LayerNorm(channels)
        self.place = nn.Linear(TIME_FEATURES, channels)
        self.qkv = nn.Linear(channels, 3 * channels)
        self.out = nn.Linear(channels, channels)
        nn.init.zeros_(self.out.weight)
        nn.init.zeros_(self.out.bias)

    def forward(self, x: Tensor, frames: int) -> Tensor:
        """(N frames, C, H, W) to the same shape; what is one picture stays as it is."""
        if frames == 1:
            return x
        tokens = along_time(x, frames).permute(0, 3, 2, 1)  # (N, H W, T, C)
        share = torch.arange(frames, device=x.device, dtype=x.dtype) / frames
        placed = self.norm(tokens) + self.place(fourier_features(share, TIME_FEATURES // 2).to(x.dtype))
        n, pixels, _, c = tokens.shape
        qkv = self.qkv(placed).reshape(n * pixels, frames, 3, self.heads, c // self.heads)
        mixed = F.scaled_dot_product_attention(*qkv.permute(2, 0, 3, 1, 4).unbind(0))
        found = self.out(mixed.transpose(1, 2).reshape(n, pixels, frames, c))
        return x + along_frames(found.permute(0, 3, 2, 1), x.shape)


class SpaceTimeAttention(nn.Module):
    """Every pixel looks at all pixels of all frames of its cine; of pictures alone, at those of its own."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.attention = SelfAttention(channels, group_norm(channels), max(1, channels // HEAD_CHANNELS))
        nn.init.zeros_(self.attention.out.weight)
        nn.init.zeros_(bias_of(self.attention.out))

    def forward(self, x: Tensor, frames: int) -> Tensor:
        """(N frames, C, H, W) to the same shape."""
        return x + along_frames(self.attention(along_time(x, frames)), x.shape)


def along_time(x: Tensor, frames: int) -> Tensor:
    """(N frames, C, H, W) as (N, C, frames, H W): a picture with time for its rows; no copy in channels-last order."""
    n, c, height, width = x.shape
    return x.permute(0, 2, 3, 1).reshape(n // frames, frames, height * width, c).permute(0, 3, 1, 2)


def along_frames(x: Tensor, shape: torch.Size) -> Tensor:
    """What `along_time` was given, of its number, height and width."""
    n, _, height, width = shape
    return x.permute(0, 2, 3, 1).reshape(n, height, width, -1).permute(0, 3, 1, 2)


def bias_of(layer: nn.Conv2d) -> Tensor:
    """The bias of a convolution that has one."""
    assert layer.bias is not None
    return layer.bias
