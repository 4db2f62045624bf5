"""The loss that trains the Gamma autoencoder (torch)."""

from __future__ import annotations

from collections.abc import Callable

from torch import Tensor
from torch.nn import functional as F

from EchoSynthLib.synthesis.gamma_latent.autoencoder import Reconstruction, latent_mask
from EchoSynthLib.synthesis.gamma_latent.distribution import GammaImage, prior_kl

IMAGE_WEIGHT, PERCEPTUAL_WEIGHT, KL_WEIGHT, LATENT_WEIGHT = 10.0, 1e-3, 1e-3, 1e-2
PAPER_BATCH = 6
"""The paper sums its KL over a batch of six and takes the mean of all else; so does this, whatever the batch."""
WARM_UP = 5 / 250
"""Share of the training (epochs of the paper) before the perceptual and the latent terms begin."""

Perceptual = Callable[[Tensor, Tensor], Tensor]
"""A distance between two images (N, 1, H, W), a scalar."""


def sector_kl(posterior: GammaImage, mask: Tensor) -> Tensor:
    """KL(prior || posterior), mean over all latent pixels with zero outside the sector, times the sector's share: (N,).

    The paper's code counts as the sector's share what is not zero in the masked KL.
    """
    inside = latent_mask(mask, posterior.alpha).expand_as(posterior.alpha)
    return (prior_kl(posterior) * inside).mean(dim=(1, 2, 3)) * inside.mean(dim=(1, 2, 3))


def latent_error(latent: Tensor, image: Tensor) -> Tensor:
    """Mean square of the latent image (N, 1, h, w) less every factor-th pixel of the image: pins it to be an echo."""
    return F.mse_loss(latent, F.interpolate(image, (latent.shape[-2], latent.shape[-1]), mode="nearest"))


def autoencoder_loss(
    result: Reconstruction, image: Tensor, mask: Tensor, spent: float = 1.0, perceptual: Perceptual | None = None
) -> dict[str, Tensor]:
    """The weighted terms of the loss; their sum is what to minimize.

    10 MSE(image) + 1e-3 KL + 1e-2 MSE(latent, small image) + 1e-3 perceptual (Stojanovski et al. 2024 and its code).

    Args:
        result: of the autoencoder in training.
        image: (N, 1, H, W) in [0, 1], 0 outside the sector.
        mask: (N or 1, 1, H, W), 1 inside the sector and 0 outside.
        spent: share of the training that is over; the last two terms begin at WARM_UP.
        perceptual: a distance of images; left out, there is no such term.
    """
    terms = {
        "image": IMAGE_WEIGHT * F.mse_loss(result.image, image),
        "kl": KL_WEIGHT * PAPER_BATCH * sector_kl(result.posterior, mask).mean(),
    }
    if spent >= WARM_UP:
        terms["latent"] = LATENT_WEIGHT * latent_error(result.latent, image)
        if perceptual is not None:
            terms["perceptual"] = PERCEPTUAL_WEIGHT * perceptual(result.image, image)
    return terms
