"""The semantic diffusion model's U-Net: guided-diffusion with SPADE in middle and decoder (torch)."""

from __future__ import annotations

from collections.abc import Sequence

from diffusers.configuration_utils import register_to_config

from EchoSynthLib.networks.semantic.adm_unet import zero_outputs
from EchoSynthLib.networks.semantic.blocks import Style
from EchoSynthLib.networks.semantic.embedding import positional_embedding
from EchoSynthLib.networks.semantic.unet import SemanticUNet


class SDMUNet(SemanticUNet):
    """The U-Net of Wang et al. 2022 (SDM) as used by Stojanovski et al. 2023, section 2.

    SPADE takes the place of both norms of the residual blocks; the norm before attention stays ordinary. Twice as many
    planes go out as come in: the noise and the interpolation between the least and the largest variance (Nichol,
    Dhariwal 2021, eq. 15).

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
        channels_in: int = 3,
        channels_out: int = 6,
        classes: int = 5,
        width: int = 256,
        multipliers: Sequence[int] = (1, 1, 2, 2, 4, 4),
        blocks: int = 2,
        attention_levels: Sequence[int] = (3, 4, 5),
        hidden: int = 128,
        dropout: float = 0.0,
        patch: int = 1,
        input_skip: bool = False,
    ) -> None:
        style = Style(4 * width, classes, hidden, dropout, semantic_attention=False)
        widths = [width * m for m in multipliers]
        embed = positional_embedding(width, 4 * width)
        super().__init__(
            channels_in, channels_out, widths, blocks, attention_levels, style, embed, patch, input_skip=input_skip
        )
        zero_outputs(self)
