"""The two networks of the generator (torch)."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from EchoSynthLib.networks.blocks import fourier_features
from EchoSynthLib.networks.unet import UNet
from EchoSynthLib.synthesis.beam_flow import conditions
from EchoSynthLib.synthesis.beam_flow.shapes import CLASSES, FACTOR

EMBEDDING = 128
STRUCTURE_MEAN, STRUCTURE_SCALE = -0.2, 0.5
"""The structure stage sees (image - mean) / scale, image in [-1, 1], so that data and noise are of one size."""
_FEATURES = 64  # of fourier_features


def coordinates(like: Tensor) -> Tensor:
    """Planes (N, 2, H, W) of range and angle in [-1, 1]: gain and speckle change along both."""
    n, _, height, width = like.shape
    range_ = torch.linspace(-1, 1, height, device=like.device)[None, None, :, None].expand(n, 1, height, width)
    angle = torch.linspace(-1, 1, width, device=like.device)[None, None, None, :].expand(n, 1, height, width)
    return torch.cat([range_, angle], dim=1)


class StructureNetwork(nn.Module):
    """Average velocity u(z, t, r) of the flow from noise (t = 1) to the coarse beam-space image (t = 0).

    With r = t it is the flow's velocity. `guidance` w asks for the velocity guided by the label map with weight w.
    """

    def __init__(self, channels: Sequence[int] = (48, 96, 192)) -> None:
        super().__init__()
        self.embed = nn.Sequential(
            nn.Linear(3 * _FEATURES + conditions.LENGTH, EMBEDDING),
            nn.SiLU(),
            nn.Linear(EMBEDDING, EMBEDDING),
            nn.SiLU(),
        )
        self.unet = UNet(1 + FACTOR**2 * CLASSES + 2, 1, channels, patch=1, embedding=EMBEDDING)

    def forward(self, z: Tensor, t: Tensor, r: Tensor, guidance: Tensor, label: Tensor, condition: Tensor) -> Tensor:
        """z normalized (N, 1, R/4, A/4); t, r, guidance (N,); label one-hot (N, 4, R, A); condition (N, 9); like z."""
        features = [fourier_features(t), fourier_features(t - r), fourier_features((guidance - 1) / 2), condition]
        planes = torch.cat([z, F.pixel_unshuffle(label, FACTOR), coordinates(z)], dim=1)
        return self.unet(planes, self.embed(torch.cat(features, dim=1)))


class SpeckleNetwork(nn.Module):
    """One draw of the full-resolution beam-space image, from the coarse one and white noise."""

    def __init__(self, channels: Sequence[int] = (24, 48, 96)) -> None:
        super().__init__()
        self.embed = nn.Sequential(nn.Linear(1 + conditions.LENGTH, EMBEDDING), nn.SiLU())
        self.unet = UNet(1 + 2 + CLASSES + 2, 1, channels, patch=2, embedding=EMBEDDING, attention=False)

    def forward(self, coarse: Tensor, blur: Tensor, noise: Tensor, label: Tensor, condition: Tensor) -> Tensor:
        """coarse (N, 1, R/4, A/4) in [-1, 1], blurred by `blur` (N,) pixels; noise (N, 2, R, A); to (N, 1, R, A)."""
        base = F.interpolate(coarse, scale_factor=float(FACTOR), mode="bilinear", align_corners=False)
        planes = torch.cat([base, noise, label, coordinates(base)], dim=1)
        embedding = self.embed(torch.cat([blur[:, None], condition], dim=1))
        return base + 0.1 * self.unet(planes, embedding)
