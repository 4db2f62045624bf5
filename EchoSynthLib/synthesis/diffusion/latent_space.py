"""From gray images to what the network works on, and back: pixels, or the latent of an autoencoder (torch)."""

from __future__ import annotations

from typing import Protocol

import torch
from torch import Tensor


class Autoencoder(Protocol):
    """What a latent model needs of its autoencoder. Images and masks (N, 1, H, W), images in [0, 1].

    Attributes:
        factor: image pixels to a side of one latent pixel.
    """

    factor: int

    def encode(self, image: Tensor, mask: Tensor) -> Tensor:
        """The latent z (N, C, h, w), positive and mostly below 1, 0 outside the sector."""

    def decode(self, latent: Tensor, mask: Tensor) -> Tensor:
        """The image of a latent z, 0 outside the sector."""


def to_model_space(image: Tensor, mask: Tensor, autoencoder: Autoencoder | None = None, channels: int = 1) -> Tensor:
    """x_0 in [-1, 1]: the image in `channels` equal planes, or the latent as clamp(2 z - 1, -1, 1).

    Args:
        image: (N, 1, H, W) in [0, 1].
        mask: (N, 1, H, W), 1 inside the sector; outside, x_0 is -1.
        autoencoder: None in pixel space.
        channels: in pixel space.
    """
    if autoencoder is None:
        return (2 * image * mask - 1).expand(-1, channels, -1, -1)
    return (2 * autoencoder.encode(image * mask, mask) - 1).clamp(-1, 1)


def from_model_space(x: Tensor, mask: Tensor, autoencoder: Autoencoder | None = None) -> Tensor:
    """The image (N, 1, H, W) in [0, 1], 0 outside the sector, of a sample x (N, C, h, w)."""
    gray = (x + 1) / 2
    if autoencoder is None:
        return gray.mean(dim=1, keepdim=True).clamp(0, 1) * mask
    # A Gamma latent is positive.
    return autoencoder.decode(gray.clamp(min=1e-7), mask).clamp(0, 1) * mask


def one_hot(codes: Tensor, classes: int, grid: tuple[int, int]) -> Tensor:
    """Conditioning codes (N, H, W) as planes (N, classes, rows, columns), stretched by nearest neighbor."""
    stretched = torch.nn.functional.interpolate(codes[:, None].float(), size=grid, mode="nearest-exact")
    return (stretched == torch.arange(classes, device=codes.device)[:, None, None]).float()
