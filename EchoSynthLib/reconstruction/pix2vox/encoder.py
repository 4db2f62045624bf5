"""The two-dimensional part: what turns one view into features (torch)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal, TypeAlias

from monai.networks.nets.resnet import ResNet
from torch import nn

RESNET: Literal["resnet50"] = "resnet50"
"""ResNet-50 up to its second stage: 512 channels, an eighth of the side."""

Stem: TypeAlias = Literal["resnet50"] | tuple[int, ...]

_ACTIVATIONS: dict[str, Callable[[], nn.Module]] = {"elu": nn.ELU, "relu": nn.ReLU, "leaky": lambda: nn.LeakyReLU(0.2)}


@dataclass(frozen=True)
class Convolution:
    """One of the head.

    Attributes:
        channels: after it.
        kernel: its side.
        padding: around it.
        pool: side of the maximum pooling behind it; 1 for none.
    """

    channels: int
    kernel: int = 3
    padding: int = 0
    pool: int = 1


def stem_of(stem: Stem, channels: int, side: int) -> tuple[list[nn.Module], int, int]:
    """The modules of a stem, its channels, and the side of what comes out of a picture of `side` pixels."""
    if stem == RESNET:
        net = ResNet(
            "bottleneck",
            [3, 4, 1, 1],
            [64, 128, 1, 1],
            spatial_dims=2,
            n_input_channels=channels,
            conv1_t_size=7,
            conv1_t_stride=2,
            feed_forward=False,
            bias_downsample=False,
        )
        return [net.conv1, net.bn1, net.act, net.maxpool, net.layer1, net.layer2], 512, side // 8
    widths = (channels, *stem)
    layers: list[nn.Module] = []
    for before, after in pairwise(widths):
        layers += [nn.Conv2d(before, after, 3, 2, 1), nn.BatchNorm2d(after), nn.LeakyReLU(0.2)]
        side = (side + 1) // 2
    return layers, widths[-1], side


def head_of(head: Sequence[Convolution], activation: str, width: int, side: int) -> tuple[list[nn.Module], int, int]:
    """The modules of a head on `width` channels, its own channels, and the side of what comes out of it."""
    layers: list[nn.Module] = []
    for step in head:
        layers += [
            nn.Conv2d(width, step.channels, step.kernel, padding=step.padding),
            nn.BatchNorm2d(step.channels),
            _ACTIVATIONS[activation](),
        ]
        width, side = step.channels, side + 2 * step.padding - step.kernel + 1
        if step.pool > 1:
            layers.append(nn.MaxPool2d(step.pool))
            side //= step.pool
    return layers, width, side
