"""Gaussian blur, each image of a batch by its own (torch); MONAI's has one width for all, and dark borders."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F


def blur_each(image: Tensor, sigma: Tensor, reach: int) -> Tensor:
    """Gaussian blur of each image (N, 1, H, W) with its own standard deviation (N,) in pixels; none where it is 0.

    The kernel is cut `reach` pixels off its middle; beyond the border images go on as there.
    """
    offsets = torch.arange(-reach, reach + 1, device=image.device)[None]
    kernel = torch.exp(-0.5 * (offsets / sigma.clamp(min=1e-3)[:, None]) ** 2)
    kernel = kernel / kernel.sum(dim=1, keepdim=True)
    planes = F.pad(image.transpose(0, 1), (reach, reach, reach, reach), mode="replicate")
    planes = F.conv2d(planes, kernel[:, None, None, :], groups=len(image))
    return F.conv2d(planes, kernel[:, None, :, None], groups=len(image)).transpose(0, 1)
