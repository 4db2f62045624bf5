"""ADM with SPADE in every norm of middle and decoder (torch)."""

from __future__ import annotations

from collections.abc import Sequence

from diffusers.configuration_utils import register_to_config
from torch import nn

from EchoSynthLib.networks.semantic.blocks import Style
from EchoSynthLib.networks.semantic.embedding import positional_embedding
from EchoSynthLib.networks.semantic.unet import SemanticUNet


class ADMUNet(SemanticUNet):
    """The U-Net of Dhariwal, Nichol 2021, as Karras et al. 2022 (table 1, ADM) set it up, with semantic decoder blocks.

    SPADE takes the place of both residual norms and of the norm before attention (Stojanovski et al. 2024).

    Args:
        channels_in, channels_out: planes of x and of the result.
        classes: planes of the one-hot label map.
        width: channels of the finest level; `multipliers` of it for each level, from fine to coarse.
        blocks: residual blocks per level of the encoder.
        attention_levels: levels with self-attention, 0 being the finest.
        hidden: width inside the SPADE layers.
        dropout: probability inside the residual blocks.
        patch: side of the patches folded into channels first and unfolded last.
        input_skip: x is added to the result, see `SemanticUNet`.
    """

    @register_to_config
    def __init__(
        self,
        channels_in: int = 1,
        channels_out: int = 1,
        classes: int = 10,
        width: int = 192,
        multipliers: Sequence[int] = (1, 2, 3, 4),
        blocks: int = 3,
        attention_levels: Sequence[int] = (3,),
        hidden: int = 128,
        dropout: float = 0.1,
        patch: int = 1,
        input_skip: bool = False,
    ) -> None:
        style = Style(4 * width, classes, hidden, dropout, affine=True)
        widths = [width * m for m in multipliers]
        embed = positional_embedding(width, 4 * width)
        super().__init__(
            channels_in, channels_out, widths, blocks, attention_levels, style, embed, patch, input_skip=input_skip
        )
        zero_outputs(self)


def zero_outputs(network: SemanticUNet) -> None:
    """Zero the last convolution of every branch and of the network: each block starts as its skip connection."""
    blocks = [*network.encoder, *network.middle, *network.decoder]
    attentions = [block.attention.out for block in blocks if block.attention is not None]
    gain = [] if network.gain is None else [network.gain]
    for layer in [network.head, *gain, *(block.conv_out for block in blocks), *attentions]:
        nn.init.zeros_(layer.weight)
        nn.init.zeros_(layer.bias)
