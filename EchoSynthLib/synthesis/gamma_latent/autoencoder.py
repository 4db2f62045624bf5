"""The autoencoder whose latent image is Gamma-distributed (torch)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from diffusers.configuration_utils import register_to_config
from monai.networks.nets.autoencoderkl import Decoder, Encoder
from torch import Generator, Tensor, nn
from torch.nn import functional as F

from EchoSynthLib.errors import InputError, ModelError
from EchoSynthLib.networks.devices import torch_device
from EchoSynthLib.networks.semantic.pretrained import PretrainedNetwork
from EchoSynthLib.synthesis.gamma_latent.distribution import GammaImage


@dataclass(frozen=True)
class Reconstruction:
    """What the autoencoder makes of a batch.

    Attributes:
        image: (N, 1, H, W), 0 outside the sector, not clamped.
        latent: (N, 1, h, w), 0 outside the sector.
        posterior: the distribution that `latent` was drawn from, or is the mean of.
    """

    image: Tensor
    latent: Tensor
    posterior: GammaImage


class GammaAutoencoder(PretrainedNetwork):
    """Image in [0, 1] <-> latent image of one channel, in which each pixel has a Gamma distribution.

    Encoder and decoder are those of latent diffusion as MONAI builds them. Two 1x1 heads on the encoder's output give
    alpha and rate. Everything outside the sector is zero. Source: Stojanovski et al. 2024 (arXiv 2409.19371).

    Args:
        channels: width of each level, from fine to coarse; each level but the first halves the resolution.
        blocks: residual blocks of each level.
        attention: of the middle and of the coarsest level.
        groups: of the group norms; must divide all channels.
    """

    @register_to_config
    def __init__(
        self,
        channels: Sequence[int] = (64, 128, 192),
        blocks: Sequence[int] = (2, 2, 2),
        attention: bool = True,
        groups: int = 32,
    ) -> None:
        super().__init__()
        self.factor = 2 ** (len(channels) - 1)
        shared: dict[str, Any] = {
            "spatial_dims": 2,
            "in_channels": 1,
            "out_channels": 1,
            "channels": channels,
            "num_res_blocks": blocks,
            "norm_num_groups": groups,
            "norm_eps": 1e-6,
            "attention_levels": [*([False] * (len(channels) - 1)), attention],
            "with_nonlocal_attn": attention,
            "use_flash_attention": True,
        }
        self.encoder, self.decoder = Encoder(**shared), Decoder(**shared)
        self.alpha_head, self.rate_head, self.from_latent = (nn.Conv2d(1, 1, 1) for _ in range(3))
        for head in (self.alpha_head, self.rate_head):
            head.bias = nn.Parameter(torch.ones(1))  # Training starts near the prior.

    @classmethod
    def from_folder(
        cls, folder: Path, config: Mapping[str, Any] | None = None, device: str = "cpu"
    ) -> GammaAutoencoder:
        """The autoencoder of a folder that `save_pretrained` wrote, as a system's row asks for it.

        Args:
            device: where torch runs it, see `networks.devices`.

        Raises:
            ModelError: the folder holds no such model.
            InputError: there is no such device.
        """
        where = torch_device(device)
        try:
            # By its whole path, and locally, so that it is not taken for somebody's model on a hub.
            made: GammaAutoencoder = cls.from_pretrained(str(Path(folder).resolve()), local_files_only=True)
        except OSError as error:
            raise ModelError(f"{folder} holds no Gamma autoencoder that can be read: {error}") from error
        return made.to(where).eval()

    def posterior(self, image: Tensor) -> GammaImage:
        """The distribution of the latent image, (N, 1, H / factor, W / factor).

        Args:
            image: (N, 1, H, W) in [0, 1].

        Raises:
            InputError: height or width is no multiple of `factor`.
        """
        if image.shape[-2] % self.factor or image.shape[-1] % self.factor:
            raise InputError(f"The image is {tuple(image.shape)}; height and width must be multiples of {self.factor}.")
        h = self.encoder(image)
        return GammaImage.from_heads(self.alpha_head(h), self.rate_head(h))

    def encode(self, image: Tensor, mask: Tensor) -> Tensor:
        """The latent image, (N, 1, H / factor, W / factor), >= 0: the posterior's mean, and 0 outside the sector.

        Args:
            image: (N, 1, H, W) in [0, 1].
            mask: (N or 1, 1, H, W), 1 inside the sector and 0 outside.
        """
        return self.latent_of(self.posterior(image).mean, mask)

    def decode(self, latent: Tensor, mask: Tensor) -> Tensor:
        """The image, (N, 1, H, W) in [0, 1], 0 outside the sector, of a latent image (N, 1, h, w).

        Args:
            latent: as `encode` returns it, or drawn by a diffusion model and brought back to its range.
            mask: (N or 1, 1, H, W), 1 inside the sector and 0 outside.
        """
        return self.image_of(self.latent_of(latent, mask), mask).clamp(0, 1)

    def forward(self, image: Tensor, mask: Tensor, generator: Generator | None = None) -> Reconstruction:
        """Encode and decode: a draw of the latent in training, the mean in evaluation."""
        posterior = self.posterior(image)
        latent = self.latent_of(posterior.sample(generator) if self.training else posterior.mean, mask)
        return Reconstruction(self.image_of(latent, mask), latent, posterior)

    def latent_of(self, latent: Tensor, mask: Tensor) -> Tensor:
        """A latent image with zeros outside the sector."""
        return latent * latent_mask(mask, latent)

    def image_of(self, latent: Tensor, mask: Tensor) -> Tensor:
        """The decoder's image with zeros outside the sector, not clamped."""
        return self.decoder(self.from_latent(latent)) * mask


def latent_mask(mask: Tensor, latent: Tensor) -> Tensor:
    """The sector's mask (N, 1, H, W) at the latent image's resolution, by nearest neighbor."""
    return F.interpolate(mask, (latent.shape[-2], latent.shape[-1]), mode="nearest")
