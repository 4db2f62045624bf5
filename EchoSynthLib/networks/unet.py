"""The compact U-Net that all small networks are made of."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from EchoSynthLib.networks.blocks import ResidualBlock, SelfAttention, group_norm

HEAD_CHANNELS = 32
"""Of each head of the attention."""


class UNet(nn.Module):
    """A U-Net that works on pixel-unshuffled patches, so that most of its cost is at low resolution.

    Args:
        channels_in, channels_out: planes of the input and of the output at full resolution.
        channels: width of each level, from fine to coarse; each level halves the resolution.
        patch: side of the patches that are folded into channels first (and unfolded last).
        blocks: residual blocks per level of the encoder; the decoder has one more.
        embedding: length of the conditioning vector, 0 for none.
        attention: self-attention at the coarsest level.

    Height and width of the input must be multiples of patch * 2 ** (levels - 1).
    """

    def __init__(
        self,
        channels_in: int,
        channels_out: int,
        channels: Sequence[int],
        patch: int = 2,
        blocks: int = 1,
        embedding: int = 0,
        attention: bool = True,
    ) -> None:
        super().__init__()
        self.patch = patch
        self.multiple = patch * 2 ** (len(channels) - 1)
        self.stem = nn.Conv2d(channels_in * patch**2, channels[0], 3, padding=1)
        self.down = nn.ModuleList()
        self.up = nn.ModuleList()
        skips = [channels[0]]
        width = channels[0]
        for level, wide in enumerate(channels):
            for _ in range(blocks):
                self.down.append(ResidualBlock(width, wide, embedding))
                width = wide
                skips.append(width)
            if level < len(channels) - 1:
                self.down.append(nn.Conv2d(width, width, 3, stride=2, padding=1))
                skips.append(width)
        self.middle1 = ResidualBlock(width, width, embedding)
        heads = max(1, width // HEAD_CHANNELS)
        self.attention = SelfAttention(width, group_norm(width), heads) if attention else None
        self.middle2 = ResidualBlock(width, width, embedding)
        for level, wide in reversed(list(enumerate(channels))):
            for _ in range(blocks + 1):
                self.up.append(ResidualBlock(width + skips.pop(), wide, embedding))
                width = wide
            if level > 0:
                self.up.append(nn.Sequential(nn.Upsample(scale_factor=2.0), nn.Conv2d(width, width, 3, padding=1)))
        self.head = nn.Sequential(group_norm(width), nn.SiLU(), nn.Conv2d(width, channels_out * patch**2, 3, padding=1))
        self.bottleneck_channels = channels[-1]

    def forward(self, x: Tensor, embedding: Tensor | None = None) -> Tensor:
        """(N, channels_in, H, W), (N, embedding) to (N, channels_out, H, W)."""
        return self.decode(*self.encode(x, embedding), embedding)

    def encode(self, x: Tensor, embedding: Tensor | None = None) -> tuple[Tensor, list[Tensor]]:
        """Bottleneck (N, C, h, w) and the skip connections from fine to coarse."""
        if x.shape[-2] % self.multiple or x.shape[-1] % self.multiple:
            raise ValueError(f"height and width must be multiples of {self.multiple}, given was {tuple(x.shape)}")
        h = self.stem(F.pixel_unshuffle(x, self.patch))
        skips = [h]
        for layer in self.down:
            h = layer(h, embedding) if isinstance(layer, ResidualBlock) else layer(h)
            skips.append(h)
        h = self.middle1(h, embedding)
        if self.attention is not None:
            h = h + self.attention(h)
        return self.middle2(h, embedding), skips

    def decode(self, h: Tensor, skips: list[Tensor], embedding: Tensor | None = None) -> Tensor:
        """The output planes from what `encode` gave."""
        left = list(skips)
        for layer in self.up:
            is_block = isinstance(layer, ResidualBlock)
            h = layer(torch.cat([h, left.pop()], dim=1), embedding) if is_block else layer(h)
        return F.pixel_shuffle(self.head(h), self.patch)
