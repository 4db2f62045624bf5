"""What all semantic U-Nets share: the way through encoder, middle and decoder, and the cached modulation (torch)."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from functools import cache, partial

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from EchoSynthLib.errors import InputError
from EchoSynthLib.networks.semantic.blocks import BlockModulation, SemanticBlock, Style
from EchoSynthLib.networks.semantic.pretrained import PretrainedNetwork
from EchoSynthLib.networks.semantic.resampling import halve, padding
from EchoSynthLib.networks.spade import group_count, resized

LabelModulation = tuple[BlockModulation, ...]
"""What a label map does to the network: an entry for every block of middle and decoder."""


class SemanticUNet(PretrainedNetwork):
    """A diffusion U-Net F(x, c_noise; label map) whose encoder sees x alone and whose decoder also sees the label map.

    A level is a resolution, half of the level before. An encoder level is one block that halves and `blocks` blocks; a
    decoder level `blocks + 1` blocks, each fed by a skip connection, and one block that doubles. Between them stand two
    blocks, the first with attention.

    Height and width of x must be multiples of `multiple`.
    """

    def __init__(
        self,
        channels_in: int,
        channels_out: int,
        widths: Sequence[int],
        blocks: int,
        attention_levels: Sequence[int],
        style: Style,
        embed: nn.Module,
        patch: int = 1,
        stem: int | None = None,
        attention_last: bool = False,
        image_pyramid: bool = False,
        input_skip: bool = False,
    ) -> None:
        """Args:
        channels_in, channels_out: planes of x and of the result.
        widths: channels of each level, from fine to coarse.
        blocks: residual blocks per level of the encoder.
        attention_levels: levels with self-attention, 0 being the finest.
        style: of the blocks.
        embed: takes c_noise (N,) to (N, style.embedding).
        patch: side of the patches that are folded into channels first and unfolded last; 1 for none.
        stem: channels after the first convolution, where they are not those of the finest level.
        attention_last: in the decoder, attention follows only the last block of a level instead of each.
        image_pyramid: the encoder gets the image again at each resolution (the residual encoder of NCSN++).
        input_skip: x, times a gain of each plane that the noise level decides, is added to the result. A narrow network
            cannot carry the noise of many folded planes to its end, where the noise is to be told.
        """
        super().__init__()
        self.style, self.patch, self.embed = style, patch, embed
        self.multiple = patch * 2 ** (len(widths) - 1)
        planes, stem = channels_in * patch**2, stem or widths[0]
        self.stem = nn.Conv2d(planes, stem, 3, padding=1)
        self.encoder, skips = build_encoder(stem, widths, blocks, attention_levels, style)
        self.pyramid = build_pyramid(planes, widths, style) if image_pyramid else nn.ModuleList()
        self.middle = nn.ModuleList(
            SemanticBlock(widths[-1], widths[-1], style, semantic=True, attention=attention)
            for attention in (True, False)
        )
        self.decoder = build_decoder(widths, blocks, attention_levels, style, skips, attention_last)
        self.norm = nn.GroupNorm(group_count(widths[0]), widths[0], eps=style.eps)
        self.head = nn.Conv2d(widths[0], channels_out * patch**2, 3, padding=1)
        self.gain = nn.Linear(style.embedding, channels_out * patch**2) if input_skip else None

    def forward(self, x: Tensor, c_noise: Tensor, label: Tensor | LabelModulation) -> Tensor:
        """The raw network F of a preconditioned denoiser (Karras et al. 2022, eq. 7).

        Args:
            x: (N, channels_in, H, W), scaled by c_in.
            c_noise: noise level (N,) as the process encodes it.
            label: one-hot label map (N or 1, classes, any size), or what `modulation` gave for it.

        Returns:
            (N, channels_out, H, W)

        Raises:
            InputError: height or width does not divide, or the label map has the wrong number of planes.
        """
        size = (x.shape[-2], x.shape[-1])
        self._check_size(size)
        modulations = self._modulations(label, size) if isinstance(label, Tensor) else label
        embedding = self.embed(c_noise)
        planes = F.pixel_unshuffle(x, self.patch)
        skips = self._encode(planes, embedding)
        h = self.head(F.silu(self.norm(self._decode(skips, embedding, modulations))))
        if self.gain is not None:
            gain = self.gain(embedding)[:, :, None, None]
            h = h + gain * planes.repeat(1, gain.shape[1] // planes.shape[1], 1, 1)
        return F.pixel_shuffle(h, self.patch)

    def modulation(self, label: Tensor, size: tuple[int, int] | None = None) -> LabelModulation:
        """What the label map does to every SPADE layer: computed once, it serves all steps and any number of noises.

        It saves a third of the cost of a call and takes memory: 2.5 GiB for the paper's EDM at 256 x 256, 0.2 GiB in a
        64 x 64 latent.

        Args:
            label: one-hot label map (N or 1, classes, H, W).
            size: height and width of the x it is meant for; left out, the label map's own.

        Raises:
            InputError: as of `forward`.
        """
        size = size or (label.shape[-2], label.shape[-1])
        self._check_size(size)
        return tuple(self._modulations(label, size))

    def _modulations(self, label: Tensor, size: tuple[int, int]) -> Iterator[BlockModulation]:
        if label.ndim != 4 or label.shape[1] != self.style.classes:
            raise InputError(
                f"The label map has shape {tuple(label.shape)}; expected was one-hot (N, {self.style.classes}, H, W)."
            )
        # Each of a dozen layers wants it at one of few sizes.
        label_at = cache(partial(resized, label))
        at = (size[0] // self.multiple, size[1] // self.multiple)
        for block in [*self.middle, *self.decoder]:
            yield block.modulation(label_at, at)
            at = block.size_out(at)

    def _encode(self, x: Tensor, embedding: Tensor) -> list[Tensor]:
        h, image, pyramid = self.stem(x), x, iter(self.pyramid)
        skips = [h]
        for block in self.encoder:
            h = block(h, embedding)
            if block.resample == "halve" and len(self.pyramid):
                h = image = (h + halve(next(pyramid)(image), self.style.taps, padded=True)) / math.sqrt(2)
            skips.append(h)
        return skips

    def _decode(self, skips: list[Tensor], embedding: Tensor, modulations: Iterable[BlockModulation]) -> Tensor:
        h, stream = skips[-1], iter(modulations)
        for block in self.middle:
            h = block(h, embedding, next(stream))
        for block in self.decoder:
            if block.resample is None:
                h = torch.cat([h, skips.pop()], dim=1)
            h = block(h, embedding, next(stream))
        return h

    def _check_size(self, size: tuple[int, int]) -> None:
        if size[0] % self.multiple or size[1] % self.multiple:
            raise InputError(
                f"Height and width are {size[0]} and {size[1]}; this network takes multiples of {self.multiple}."
            )


def build_encoder(
    stem: int, widths: Sequence[int], blocks: int, attention_levels: Sequence[int], style: Style
) -> tuple[nn.ModuleList, list[int]]:
    """The blocks of the encoder, and the channels of the skip connections: the stem's, then one for every block."""
    encoder, skips, width = nn.ModuleList(), [stem], stem
    for level, wide in enumerate(widths):
        if level > 0:
            encoder.append(SemanticBlock(width, width, style, resample="halve"))
            skips.append(width)
        for _ in range(blocks):
            encoder.append(SemanticBlock(width, wide, style, attention=level in attention_levels))
            width = wide
            skips.append(width)
    return encoder, skips


def build_pyramid(planes: int, widths: Sequence[int], style: Style) -> nn.ModuleList:
    """Convolutions that bring the image to the next level; their border leaves room for the filter that halves."""
    border = 1 + padding(style.taps)
    steps = zip([planes, *widths], widths[:-1], strict=False)
    return nn.ModuleList(nn.Conv2d(before, after, 3, padding=border) for before, after in steps)


def build_decoder(
    widths: Sequence[int],
    blocks: int,
    attention_levels: Sequence[int],
    style: Style,
    skips: Sequence[int],
    attention_last: bool,
) -> nn.ModuleList:
    """The blocks of the decoder, all with SPADE."""
    decoder, width, left = nn.ModuleList(), widths[-1], list(skips)
    for level, wide in reversed(list(enumerate(widths))):
        if level < len(widths) - 1:
            decoder.append(SemanticBlock(width, width, style, semantic=True, resample="double"))
        for i in range(blocks + 1):
            attention = level in attention_levels and (i == blocks or not attention_last)
            decoder.append(SemanticBlock(width + left.pop(), wide, style, semantic=True, attention=attention))
            width = wide
    return decoder
