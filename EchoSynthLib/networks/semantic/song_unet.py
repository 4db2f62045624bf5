"""DDPM++ and NCSN++ with SPADE in every norm of middle and decoder (torch)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Literal

from diffusers.configuration_utils import register_to_config
from torch import nn

from EchoSynthLib.networks.semantic.blocks import Style
from EchoSynthLib.networks.semantic.embedding import fourier_embedding, positional_embedding
from EchoSynthLib.networks.semantic.resampling import BINOMIAL, BOX
from EchoSynthLib.networks.semantic.unet import SemanticUNet
from EchoSynthLib.networks.spade import Spade


class SongUNet(SemanticUNet):
    """The U-Nets of Song et al. 2021 as Karras et al. 2022 (table 1) set them up, with semantic decoder blocks.

    `ncsnpp` differs from `ddpmpp` by random Fourier features of the noise level, a wider resampling filter and an
    encoder that gets the image again at each resolution.

    Args:
        variant: "ddpmpp" (for VP) or "ncsnpp" (for VE).
        channels_in, channels_out: planes of x and of the result.
        classes: planes of the one-hot label map.
        width: of the embedding; `multipliers` of it are the channels of each level, from fine to coarse.
        blocks: residual blocks per level of the encoder.
        attention_levels: levels with self-attention, 0 being the finest; the middle always has it.
        hidden: width inside the SPADE layers.
        dropout: probability inside the residual blocks.
        patch: side of the patches folded into channels first and unfolded last.
        input_skip: x is added to the result, see `SemanticUNet`.
    """

    @register_to_config
    def __init__(
        self,
        variant: Literal["ddpmpp", "ncsnpp"] = "ddpmpp",
        channels_in: int = 1,
        channels_out: int = 1,
        classes: int = 10,
        width: int = 128,
        multipliers: Sequence[int] = (2, 2, 2),
        blocks: int = 4,
        attention_levels: Sequence[int] = (),
        hidden: int = 128,
        dropout: float = 0.1,
        patch: int = 1,
        input_skip: bool = False,
    ) -> None:
        residual, length = variant == "ncsnpp", 4 * width
        style = Style(
            length,
            classes,
            hidden,
            dropout,
            adaptive=False,
            skip_scale=math.sqrt(0.5),
            head_channels=None,
            taps=BINOMIAL if residual else BOX,
            project_skip=True,
            affine=True,
            eps=1e-6,
        )
        widths = [width * m for m in multipliers]
        embed = fourier_embedding(2 * width, length) if residual else positional_embedding(width, length, endpoint=True)
        super().__init__(
            channels_in, channels_out, widths, blocks, attention_levels, style, embed, patch,
            stem=width, attention_last=True, image_pyramid=residual, input_skip=input_skip,
        )  # fmt: skip
        initialize(self)


def initialize(network: SemanticUNet) -> None:
    """Xavier's uniform weights, all but zero where a branch ends (Karras et al. 2022, after Song et al. 2021)."""
    inside_spade = {id(layer) for spade in network.modules() if isinstance(spade, Spade) for layer in spade.modules()}
    gains = {id(last): 1e-5 for last in (network.head, network.gain)}
    for block in [*network.encoder, *network.middle, *network.decoder]:
        gains[id(block.conv_out)] = 1e-5
        if block.attention is not None:
            gains[id(block.attention.out)], gains[id(block.attention.qkv)] = 1e-5, math.sqrt(0.2)
    for layer in network.modules():
        if isinstance(layer, nn.Conv2d | nn.Linear) and id(layer) not in inside_spade:
            nn.init.xavier_uniform_(layer.weight, gain=gains.get(id(layer), 1.0))
            if layer.bias is not None:
                nn.init.zeros_(layer.bias)
