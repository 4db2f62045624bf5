"""The segmentation network (torch)."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import torch
from monai.networks.nets import UNet
from torch import Tensor, nn

CHANNELS = (24, 48, 96, 192, 320)
"""Width of each level of the U-Net."""

GRID = (160, 160)
"""Rows and columns of the network's own grid; the whole frame is stretched onto it."""


class Segmenter(nn.Module):
    """MONAI's residual U-Net for the structures, and a small head that tells the view from image and structures."""

    def __init__(self, channels: Sequence[int] = CHANNELS) -> None:
        super().__init__()
        # Of gray values in [0, 1]; any fixed pair near the data's would do.
        self.mean, self.deviation = 0.2, 0.2
        self.unet = UNet(
            spatial_dims=2,
            in_channels=1,
            out_channels=4,
            channels=tuple(channels),
            strides=(2,) * (len(channels) - 1),
            num_res_units=2,
        )
        widths = (5, 16, 32, 64, 96)
        layers: list[nn.Module] = []
        for narrow, wide in pairwise(widths):
            layers += [nn.Conv2d(narrow, wide, 3, stride=2, padding=1), nn.GroupNorm(8, wide), nn.SiLU()]
        self.view_trunk = nn.Sequential(*layers)
        self.view_head = nn.Linear(widths[-1], 1)

    def forward(self, image: Tensor) -> tuple[Tensor, Tensor]:
        """Gray values (N, 1, 160, 160) in [0, 1] to logits of the CAMUS codes (N, 4, 160, 160) and of '4CH' (N,)."""
        x = (image - self.mean) / self.deviation
        logits = self.unet(x)
        seen = torch.cat([x, logits.detach().softmax(dim=1)], dim=1)
        view = self.view_head(self.view_trunk(seen).mean(dim=(2, 3)))[:, 0]
        return logits, view
