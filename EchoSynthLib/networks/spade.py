"""SPADE: a normalization whose scale and shift are drawn from a label map (torch)."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

Modulation = tuple[Tensor, Tensor]
"""Scale 1 + gamma and shift beta of one layer, each (N or 1, C, h, w)."""


def group_count(channels: int) -> int:
    """Groups of the papers' group norms: 32, fewer where a group would have less than four channels or a remainder."""
    most = max(1, min(32, channels // 4))
    return next(groups for groups in range(most, 0, -1) if channels % groups == 0)


class Spade(nn.Module):
    """Spatially adaptive normalization: GN(x) * (1 + gamma(m)) + beta(m), m a label map (Park et al. 2019, eq. 1).

    gamma and beta are a 3x3 convolution of relu(conv3x3(m)). They know neither x nor the time step, so that
    `modulation` needs to be computed only once for all steps of a sampler.

    Args:
        channels: of what is normalized.
        classes: planes of the one-hot label map.
        hidden: width between the two convolutions.
        affine: give the group norm a scale and shift of its own as well (as Stojanovski et al. 2024 do).
    """

    def __init__(self, channels: int, classes: int, hidden: int = 128, affine: bool = False) -> None:
        super().__init__()
        self.norm = nn.GroupNorm(group_count(channels), channels, affine=affine)
        self.shared = nn.Conv2d(classes, hidden, 3, padding=1)
        self.gamma_beta = nn.Conv2d(hidden, 2 * channels, 3, padding=1)

    def modulation(self, label: Tensor) -> Modulation:
        """1 + gamma and beta for a one-hot label map (N, classes, h, w) of the size of what is normalized."""
        gamma, beta = self.gamma_beta(F.relu(self.shared(label))).chunk(2, dim=1)
        return 1 + gamma, beta

    def forward(self, x: Tensor, modulation: Modulation) -> Tensor:
        """(N, C, h, w) to the same shape; the modulation of one label map serves every item of the batch."""
        scale, shift = modulation
        return torch.addcmul(shift, self.norm(x), scale)


def resized(label: Tensor, size: tuple[int, int]) -> Tensor:
    """A one-hot label map (N, classes, H, W) at `size` (h, w), by nearest neighbor."""
    return F.interpolate(label, size, mode="nearest").contiguous()  # not the layout that one_hot leaves
