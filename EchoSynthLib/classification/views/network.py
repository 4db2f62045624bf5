"""The networks that tell views (torch)."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from EchoSynthLib.classification.views.classes import CLASSES
from EchoSynthLib.classification.views.presets import SIDES, STEM, WIDTHS
from EchoSynthLib.networks import resnet
from EchoSynthLib.networks.resnet import BasicBlock


class ViewNetwork(nn.Module):
    """A small residual network; shallow layers normalize half of their channels by each picture's own statistics.

    So contrast and brightness of a machine count less (IBN-Net: Pan et al., ECCV 2018,
    doi 10.1007/978-3-030-01225-0_29).
    """

    def __init__(self, classes: int = len(CLASSES), stem: int = STEM, widths: Sequence[int] = WIDTHS) -> None:
        super().__init__()
        self.stem = nn.Sequential(nn.Conv2d(1, stem, 5, 2, 2, bias=False), HalfInstanceNorm(stem), nn.ReLU())
        blocks: list[nn.Module] = []
        channels = stem
        for depth, width in enumerate(widths):
            for stride in (2, 1):
                block = BasicBlock(channels, width, stride)
                if depth == 0 or (depth == 1 and stride == 2):
                    block.norm1 = HalfInstanceNorm(width)  # type: ignore[assignment]
                blocks.append(block)
                channels = width
        self.blocks = nn.Sequential(*blocks)
        self.dropout = nn.Dropout(0.2)
        self.head = nn.Linear(channels, classes)

    def forward(self, x: Tensor) -> Tensor:
        """Pictures (N, 1, side, side) of mean 0 and variance 1 to logits (N, classes)."""
        return self.head(self.dropout(self.blocks(self.stem(x)).mean(dim=(-2, -1))))


class HalfInstanceNorm(nn.Module):
    """Instance normalization of the first half of the channels, batch normalization of the others."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.own = channels // 2
        self.instance = nn.InstanceNorm2d(self.own, affine=True)
        self.batch = nn.BatchNorm2d(channels - self.own)

    def forward(self, x: Tensor) -> Tensor:
        """(N, channels, H, W), normalized."""
        return torch.cat([self.instance(x[:, : self.own]), self.batch(x[:, self.own :])], dim=1)


def network_of(preset: str, classes: int = len(CLASSES)) -> nn.Module:
    """An untrained network: 'small', or the ResNet-18 of the CIFAR kind in 'paper' (arXiv 2406.19148)."""
    return resnet.resnet("paper", classes) if preset == "paper" else ViewNetwork(classes)


def standardized(pictures: Tensor) -> Tensor:
    """Pictures (N, side, side) of gray levels in [0, 1] as the network takes them, (N, 1, side, side)."""
    return resnet.standardized(pictures[:, None])


def resized(images: Tensor, preset: str) -> Tensor:
    """(N, S, S) gray levels at the side of a preset."""
    side = SIDES[preset]
    if images.shape[-1] == side:
        return images
    return F.interpolate(images[:, None], size=(side, side), mode="bilinear", align_corners=False)[:, 0]
