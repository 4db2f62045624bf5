"""The residual block of all semantic U-Nets, and how those of one paper differ from those of another (torch)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from EchoSynthLib.networks.blocks import SelfAttention
from EchoSynthLib.networks.semantic.resampling import BOX, double, halve
from EchoSynthLib.networks.spade import Modulation, Spade, group_count

Size = tuple[int, int]
BlockModulation = tuple[Modulation, ...]
"""Of the SPADE layers of one block, in the order in which they act; empty for a block without."""


@dataclass(frozen=True)
class Style:
    """What tells the residual blocks of one paper from those of another.

    Attributes:
        embedding: length of the vector that carries the noise level.
        classes: planes of the one-hot label map.
        hidden: width inside the SPADE layers.
        dropout: probability, after the second norm.
        adaptive: the embedding scales and shifts the second norm; else it is added before it.
        skip_scale: factor on the sum of each residual connection.
        head_channels: of attention; None for a single head.
        taps: filter of halving and doubling.
        project_skip: a 1x1 convolution on every skip connection that is resampled.
        affine: the norms inside SPADE have a scale and shift of their own.
        semantic_attention: SPADE also takes the place of the norm before attention.
        eps: of the ordinary group norms.
    """

    embedding: int
    classes: int
    hidden: int
    dropout: float
    adaptive: bool = True
    skip_scale: float = 1.0
    head_channels: int | None = 64
    taps: tuple[float, ...] = BOX
    project_skip: bool = False
    affine: bool = False
    semantic_attention: bool = True
    eps: float = 1e-5

    def norm(self, channels: int, semantic: bool) -> nn.Module:
        """SPADE where the label map is to enter, an ordinary group norm elsewhere."""
        if semantic:
            return Spade(channels, self.classes, self.hidden, self.affine)
        return nn.GroupNorm(group_count(channels), channels, eps=self.eps)


def normalize(norm: nn.Module, x: Tensor, modulation: Iterator[Modulation]) -> Tensor:
    """Apply a norm; SPADE takes the next modulation."""
    return norm(x, next(modulation)) if isinstance(norm, Spade) else norm(x)


class SemanticBlock(nn.Module):
    """Norm, SiLU, resampling, convolution; norm with the embedding, SiLU, dropout, convolution; skip; attention.

    Args:
        channels_in, channels_out: of what comes in and goes out.
        style: of the paper.
        semantic: SPADE in place of the norms.
        attention: self-attention after the residual connection.
        resample: halve or double the resolution.
    """

    def __init__(
        self,
        channels_in: int,
        channels_out: int,
        style: Style,
        semantic: bool = False,
        attention: bool = False,
        resample: Literal["halve", "double"] | None = None,
    ) -> None:
        super().__init__()
        self.style, self.resample = style, resample
        self.norm_in = style.norm(channels_in, semantic)
        self.conv_in = nn.Conv2d(channels_in, channels_out, 3, padding=1)
        self.film = nn.Linear(style.embedding, 2 * channels_out if style.adaptive else channels_out)
        self.norm_out = style.norm(channels_out, semantic)
        self.conv_out = nn.Conv2d(channels_out, channels_out, 3, padding=1)
        project = channels_in != channels_out or (resample is not None and style.project_skip)
        self.skip = nn.Conv2d(channels_in, channels_out, 1) if project else nn.Identity()
        self.attention = self._attention(channels_out, semantic) if attention else None

    def _attention(self, channels: int, semantic: bool) -> SelfAttention:
        heads = max(1, channels // self.style.head_channels) if self.style.head_channels else 1
        return SelfAttention(channels, self.style.norm(channels, semantic and self.style.semantic_attention), heads)

    def modulation(self, label_at: Callable[[Size], Tensor], size: Size) -> BlockModulation:
        """Scales and shifts for input of this block of `size` (h, w); `label_at(size)` is the one-hot label map."""
        size_out = self.size_out(size)
        norms = [(self.norm_in, size), (self.norm_out, size_out)]
        if self.attention is not None:
            norms.append((self.attention.norm, size_out))
        return tuple(norm.modulation(label_at(at)) for norm, at in norms if isinstance(norm, Spade))

    def size_out(self, size: Size) -> Size:
        """Height and width of the output for an input of `size`."""
        factor = {"halve": 0.5, "double": 2.0, None: 1.0}[self.resample]
        return int(factor * size[0]), int(factor * size[1])

    def forward(self, x: Tensor, embedding: Tensor, modulation: BlockModulation = ()) -> Tensor:
        """(N, channels_in, h, w), (N, style.embedding) to (N, channels_out, h', w')."""
        pairs = iter(modulation)
        h = F.silu(normalize(self.norm_in, x, pairs))
        h = self.conv_in(self.resampled(h))
        film = self.film(embedding)[:, :, None, None]
        if self.style.adaptive:
            scale, shift = film.chunk(2, dim=1)
            h = torch.addcmul(shift, normalize(self.norm_out, h, pairs), 1 + scale)
        else:
            h = normalize(self.norm_out, h + film, pairs)
        h = self.conv_out(F.dropout(F.silu(h), self.style.dropout, self.training))
        h = (self.skip(self.resampled(x)) + h) * self.style.skip_scale
        if self.attention is not None:
            h = (h + self.attention(h, *pairs)) * self.style.skip_scale
        return h

    def resampled(self, x: Tensor) -> Tensor:
        """x at the resolution of the output."""
        if self.resample is None:
            return x
        return halve(x, self.style.taps) if self.resample == "halve" else double(x, self.style.taps)
