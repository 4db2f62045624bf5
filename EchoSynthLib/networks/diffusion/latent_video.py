"""The networks of EchoNet-Synthetic, built of the parts of diffusers (Reynaud et al. 2024, arXiv 2406.00808) (torch).

An autoencoder turns frames of 112 x 112 into latents of 14 x 14 with four channels, which the diffusion networks see
padded to 16 x 16. The one of images draws the latent of a frame from noise; the one of cines sees the noisy latents of
64 frames beside that latent, and the ejection fraction by cross-attention.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

SIDE, LATENT, PADDED, CHANNELS = 112, 14, 16, 4
WIDTHS = (128, 256, 256, 512)
_HEAD = 16  # channels of an attention head


def autoencoder(channels: int = 3, widths: tuple[int, ...] = WIDTHS, blocks: int = 2) -> Any:
    """The autoencoder with a Kullback-Leibler term of Stable Diffusion; for colors 62,412,007 numbers.

    Args:
        channels: of a frame.
        widths: channels at each of the four resolutions, each a multiple of 8.
        blocks: residual blocks at each.
    """
    from diffusers import AutoencoderKL

    return AutoencoderKL(
        in_channels=channels,
        out_channels=channels,
        down_block_types=("DownEncoderBlock2D",) * 4,
        up_block_types=("UpDecoderBlock2D",) * 4,
        block_out_channels=widths,
        layers_per_block=blocks,
        latent_channels=CHANNELS,
        norm_num_groups=min(32, *widths),
        sample_size=SIDE,
    )


def image_network(widths: tuple[int, ...] = WIDTHS, blocks: int = 2) -> Any:
    """Of latent images, without conditions; attention at the three finer resolutions, residual blocks resample.

    Args:
        widths: channels at each of the four resolutions, each a multiple of 8.
        blocks: residual blocks at each.
    """
    from diffusers import UNet2DModel

    return UNet2DModel(
        sample_size=LATENT,
        in_channels=CHANNELS,
        out_channels=CHANNELS,
        down_block_types=("AttnDownBlock2D", "AttnDownBlock2D", "AttnDownBlock2D", "DownBlock2D"),
        up_block_types=("UpBlock2D", "AttnUpBlock2D", "AttnUpBlock2D", "AttnUpBlock2D"),
        block_out_channels=widths,
        layers_per_block=blocks,
        norm_num_groups=min(32, *widths),
        downsample_type="resnet",
        upsample_type="resnet",
        attention_head_dim=8,
    )


def video_network(frames: int = 64, widths: tuple[int, ...] = WIDTHS, blocks: int = 2) -> Any:
    """Of latent cines, the one of Stable Video Diffusion: noisy latents and the reference's in, 143,830,186 numbers.

    Args:
        frames: that it draws at a time.
        widths: channels at each of the four resolutions, each a multiple of 32.
        blocks: residual blocks at each, of space and of time.
    """
    from diffusers import UNetSpatioTemporalConditionModel

    return UNetSpatioTemporalConditionModel(
        sample_size=LATENT,
        in_channels=2 * CHANNELS,
        out_channels=CHANNELS,
        block_out_channels=widths,
        addition_time_embed_dim=1,
        projection_class_embeddings_input_dim=1,
        layers_per_block=blocks,
        cross_attention_dim=1,
        transformer_layers_per_block=1,
        num_attention_heads=tuple(width // _HEAD for width in widths),
        num_frames=frames,
    )


def predicted_image(network: Any, noisy: Tensor, time: Tensor) -> Tensor:
    """What an `image_network` says of noisy latents (N, 4, 14, 14) at the process's times (N,), of their shape."""
    return cropped(network(padded(noisy), time, return_dict=False)[0])


def predicted(network: Any, noisy: Tensor, time: Tensor, reference: Tensor, told: Tensor) -> Tensor:
    """What a `video_network` says of noisy latents.

    Args:
        network: the network.
        noisy: (N, T, 4, 14, 14).
        time: (N,) of the process.
        reference: (N, T, 4, 14, 14), the latent of the given frame beside each.
        told: (N,) ejection fractions, 0 to 1, some of them left out by `dropped`.

    Returns:
        (N, T, 4, 14, 14).
    """
    # Frame rate and the like, which it takes, too, are the same for all, and always 0.
    about = torch.zeros((len(noisy), 1), dtype=noisy.dtype, device=noisy.device)
    seen = padded(torch.cat([noisy, reference], dim=2))
    return cropped(network(seen, time, told[:, None, None].to(noisy.dtype), about, return_dict=False)[0])


def dropped(fractions: Tensor, share: float, generator: torch.Generator | None = None) -> Tensor:
    """Ejection fractions (N,), each of them left out (-1, which no heart has) with a chance of `share`.

    The published loop draws which to leave out, and does not do it, so that its network knows nothing without one.
    """
    keep = torch.rand(fractions.shape, generator=generator) >= share
    return torch.where(keep.to(fractions.device), fractions, torch.full_like(fractions, -1.0))


def padded(latents: Tensor) -> Tensor:
    """Latents (..., 14, 14) with a zero on each side, (..., 16, 16), which halves as often as the networks do."""
    edge = (PADDED - LATENT) // 2
    return F.pad(latents, (edge, edge, edge, edge))


def cropped(latents: Tensor) -> Tensor:
    """The inverse of `padded`."""
    edge = (PADDED - LATENT) // 2
    return latents[..., edge : edge + LATENT, edge : edge + LATENT]
