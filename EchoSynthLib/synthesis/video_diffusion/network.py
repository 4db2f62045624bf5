"""The denoiser of one stage: a U-Net in space, factorized in time (torch).

Ho et al., Video diffusion models, 2022 (arXiv 2204.03458): convolutions within frames, attention along time. The
ejection fraction scales and shifts every block, in place of the one cross-attention token of Reynaud et al. 2023.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

import torch
from diffusers.configuration_utils import register_to_config
from torch import Tensor, nn
from torch.nn import functional as F

from EchoSynthLib.networks.blocks import fourier_features, group_norm
from EchoSynthLib.networks.semantic.embedding import two_layers
from EchoSynthLib.networks.semantic.pretrained import PretrainedNetwork
from EchoSynthLib.synthesis.video_diffusion.blocks import SpaceTimeAttention, SpaceTimeBlock, TemporalAttention, bias_of

FEATURES = 32
"""Cosines and sines of each number that the network is told."""
LOWEST_C_NOISE, HIGHEST_C_NOISE = -1.6, 1.2
"""ln(sigma) / 4 of the noise levels 0.002 and 80, and a little beyond."""


class VideoUNet(PretrainedNetwork):
    """F(x, c_noise | image, ejection fraction, cine of the stage before), of any size and number of frames.

    Args:
        channels: of a frame.
        width: channels of the finest level; `multipliers` of it for each level, from fine to coarse.
        blocks: residual blocks per level of the encoder; the decoder has one more.
        upsampling: whether there is a cine of the stage before to follow.
        efficient: halve the resolution before the blocks of a level and not after them (Saharia et al. 2022, Imagen),
            so that one block alone works at full size.
        middle_attention: every pixel of every frame looks at all others, at the coarsest level.
        patch: side of the patches that are folded into channels first and unfolded last.
    """

    @register_to_config
    def __init__(
        self,
        channels: int = 1,
        width: int = 64,
        multipliers: Sequence[int] = (1, 2, 4),
        blocks: int = 2,
        upsampling: bool = False,
        efficient: bool = False,
        middle_attention: bool = True,
        patch: int = 1,
    ) -> None:
        super().__init__()
        self.efficient, self.patch = efficient, patch
        self.multiple = patch * 2 ** (len(multipliers) - (0 if efficient else 1))
        length = 4 * width
        self.of_noise = nn.Sequential(*two_layers(FEATURES, length)[:-1])
        self.of_ejection = nn.Sequential(*two_layers(FEATURES, length)[:-1])
        self.dropped_ejection = nn.Parameter(0.02 * torch.randn(length))
        self.of_augmentation = nn.Sequential(*two_layers(FEATURES, length)[:-1]) if upsampling else None
        planes = channels * (3 if upsampling else 2) * patch**2
        self.stem = nn.Conv2d(planes, width, 7 if patch == 1 else 3, padding=3 if patch == 1 else 1)
        self.first = SpaceTimeBlock(width, width, length) if efficient else None
        widths, skips, now = [width * m for m in multipliers], [width], width
        self.down = nn.ModuleList()
        for level, wide in enumerate(widths):
            layers = _Level(halves=efficient or level > 0, doubles=False, channels=now)
            for _ in range(blocks):
                layers.add(now, wide, length)
                now = wide
                skips.append(now)
            self.down.append(layers)
        self.middle1 = SpaceTimeBlock(now, now, length)
        self.middle_space_time = SpaceTimeAttention(now) if middle_attention else None
        self.middle_time = TemporalAttention(now)
        self.middle2 = SpaceTimeBlock(now, now, length)
        self.up = nn.ModuleList()
        for level, wide in reversed(list(enumerate(widths))):
            layers = _Level(halves=False, doubles=efficient or level > 0, channels=wide)
            for i in range(blocks + 1):
                # The last block of a level sees what went into the level.
                joined = skips.pop() if i < blocks else (widths[level - 1] if level > 0 else width)
                layers.add(now + joined, wide, length)
                now = wide
            self.up.append(layers)
        self.last = SpaceTimeBlock(now + width, width, length)
        head = nn.Conv2d(width, channels * patch**2, 3, padding=1)
        nn.init.zeros_(head.weight)
        nn.init.zeros_(bias_of(head))
        self.head = nn.Sequential(group_norm(width), nn.SiLU(), head)

    def forward(
        self,
        x: Tensor,
        c_noise: Tensor,
        *,
        image: Tensor,
        ejection_fraction: Tensor,
        kept: Tensor,
        low: Tensor | None = None,
        augmentation: Tensor | None = None,
        ignore_time: bool = False,
    ) -> Tensor:
        """The raw network F.

        Args:
            x: noised cines (N, C, T, H, W), scaled by c_in.
            c_noise: ln(sigma) / 4, (N,).
            image: frames that are given (N, C, H, W).
            ejection_fraction: (N,), 0 to 1; not looked at where `kept` (N,) is false.
            kept: whether the ejection fraction is told.
            low: cines of the stage before, at the size and number of frames of x, noised.
            augmentation: how much that noise is (N,), 0 to 1.
            ignore_time: frames are pictures alone, as in joint training with images.

        Returns:
            (N, C, T, H, W).
        """
        n, _, frames, height, width = x.shape
        if height % self.multiple or width % self.multiple:
            raise ValueError(f"height and width must be multiples of {self.multiple}, given were {height} x {width}")
        given = image[:, :, None].expand(-1, -1, frames, -1, -1)
        planes = torch.cat([x, given] if low is None else [x, given, low], dim=1)
        h = planes.transpose(1, 2).flatten(0, 1).contiguous(memory_format=torch.channels_last)
        embedding = self.embedding(c_noise, ejection_fraction, kept, augmentation).repeat_interleave(frames, dim=0)
        out = self._frames(h, embedding, 1 if ignore_time else frames)
        return out.unflatten(0, (n, frames)).transpose(1, 2)

    def embedding(
        self, c_noise: Tensor, ejection_fraction: Tensor, kept: Tensor, augmentation: Tensor | None
    ) -> Tensor:
        """All that is told in numbers, (N, 4 width)."""
        share = (c_noise - LOWEST_C_NOISE) / (HIGHEST_C_NOISE - LOWEST_C_NOISE)
        told = self.of_ejection(_features(ejection_fraction))
        embedding = self.of_noise(_features(share)) + torch.where(kept[:, None], told, self.dropped_ejection)
        if self.of_augmentation is not None and augmentation is not None:
            embedding = embedding + self.of_augmentation(_features(augmentation))
        return F.silu(embedding)

    def _frames(self, h: Tensor, embedding: Tensor, frames: int) -> Tensor:
        """(N frames, planes, H, W) to (N frames, C, H, W)."""
        h = first = self.stem(F.pixel_unshuffle(h, self.patch))
        if self.first is not None:
            h = self.first(h, embedding, frames)
        skips, entries = [h], []
        for level in _levels(self.down):
            h = level.resampled(h)
            entries.append(h)
            for block, attention in level.pairs():
                h = attention(block(h, embedding, frames), frames)
                skips.append(h)
        h = self.middle1(h, embedding, frames)
        if self.middle_space_time is not None:
            h = self.middle_space_time(h, frames)
        h = self.middle2(self.middle_time(h, frames), embedding, frames)
        for level in _levels(self.up):
            pairs = level.pairs()
            for i, (block, attention) in enumerate(pairs):
                joined = skips.pop() if i < len(pairs) - 1 else entries.pop()
                h = attention(block(torch.cat([h, joined], dim=1), embedding, frames), frames)
            h = level.resampled(h)
        h = self.last(torch.cat([h, first], dim=1), embedding, frames)
        return F.pixel_shuffle(self.head(h), self.patch)


class _Level(nn.Module):
    """The blocks of one resolution, each with its attention along time, and the way there or on."""

    def __init__(self, halves: bool, doubles: bool, channels: int) -> None:
        super().__init__()
        self.blocks, self.attentions = nn.ModuleList(), nn.ModuleList()
        self.resample: nn.Module | None = None
        if halves:
            self.resample = nn.Conv2d(channels, channels, 3, stride=2, padding=1)
        elif doubles:
            self.resample = nn.Sequential(nn.Upsample(scale_factor=2.0), nn.Conv2d(channels, channels, 3, padding=1))

    def add(self, channels_in: int, channels_out: int, embedding: int) -> None:
        self.blocks.append(SpaceTimeBlock(channels_in, channels_out, embedding))
        self.attentions.append(TemporalAttention(channels_out))

    def pairs(self) -> list[tuple[nn.Module, nn.Module]]:
        return list(zip(self.blocks, self.attentions, strict=True))

    def resampled(self, h: Tensor) -> Tensor:
        return h if self.resample is None else self.resample(h)


def _levels(modules: nn.ModuleList) -> list[_Level]:
    return cast(list[_Level], list(modules))


def _features(value: Tensor) -> Tensor:
    return fourier_features(value.float(), FEATURES // 2).to(value.dtype)
