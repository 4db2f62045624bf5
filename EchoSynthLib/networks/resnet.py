"""The residual network of the CIFAR kind that classifies frames (He et al. 2016, doi 10.1109/CVPR.2016.90).

Its stem is a 3x3 convolution without pooling, so that small frames keep their detail.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType

import torch
from torch import Tensor, nn
from torch.nn import functional as F

STAGES = 4
PRESETS: Mapping[str, Mapping[str, object]] = MappingProxyType(
    {
        "paper": MappingProxyType({"width": 64, "blocks": (2, 2, 2, 2), "stem_stride": 1}),  # ResNet-18
        "small": MappingProxyType({"width": 16, "blocks": (1, 1, 1, 1), "stem_stride": 2}),
        "tiny": MappingProxyType({"width": 8, "blocks": (1, 1, 1, 1), "stem_stride": 2}),
    }
)
"""`paper` has 11,169,732 parameters for one channel and four classes; `small` trains in minutes on one core,
`tiny` in less than one."""


class BasicBlock(nn.Module):
    """Two 3x3 convolutions, each with batch normalization, added to what came in (1x1 where shapes differ)."""

    def __init__(self, channels_in: int, channels_out: int, stride: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(channels_in, channels_out, 3, stride=stride, padding=1, bias=False)
        self.norm1 = nn.BatchNorm2d(channels_out)
        self.conv2 = nn.Conv2d(channels_out, channels_out, 3, padding=1, bias=False)
        self.norm2 = nn.BatchNorm2d(channels_out)
        same = stride == 1 and channels_in == channels_out
        projection = nn.Conv2d(channels_in, channels_out, 1, stride=stride, bias=False)
        self.skip = nn.Identity() if same else nn.Sequential(projection, nn.BatchNorm2d(channels_out))

    def forward(self, x: Tensor) -> Tensor:
        """(N, Cin, H, W) to (N, Cout, H / stride, W / stride)."""
        return self.observed(x)[0]

    def observed(self, x: Tensor) -> tuple[Tensor, list[Tensor]]:
        """The same, with the spatial means (N, Cout) of what both convolutions give."""
        first = self.conv1(x)
        second = self.conv2(F.relu(self.norm1(first)))
        return F.relu(self.skip(x) + self.norm2(second)), [first.mean(dim=(-2, -1)), second.mean(dim=(-2, -1))]


class ResNet(nn.Module):
    """Stages of width, 2, 4 and 8 times width, each but the first at half the resolution; global average pool, linear.

    Args:
        classes: logits that come out.
        channels_in: planes of a frame.
        width: channels of the stem and of the first stage.
        blocks: basic blocks of each of the four stages.
        stem_stride: 1 keeps the resolution, 2 halves it and the cost to a quarter.
        dropout: of the pooled features, in training.
    """

    def __init__(
        self,
        classes: int,
        channels_in: int = 1,
        width: int = 64,
        blocks: Sequence[int] = (2, 2, 2, 2),
        stem_stride: int = 1,
        dropout: float = 0.0,
    ) -> None:
        super().__init__()
        if len(blocks) != STAGES or min(blocks) < 1:
            raise ValueError(f"blocks must be {STAGES} numbers of at least 1, given was {tuple(blocks)}")
        self.stem = nn.Sequential(
            nn.Conv2d(channels_in, width, 3, stride=stem_stride, padding=1, bias=False),
            nn.BatchNorm2d(width),
            nn.ReLU(),
        )
        stages = []
        channels = width
        for stage, count in enumerate(blocks):
            wide = width * 2**stage
            strides = [1 if stage == 0 else 2, *[1] * (count - 1)]
            widths = [channels, *[wide] * (count - 1)]
            stages.append(nn.Sequential(*(BasicBlock(w, wide, s) for w, s in zip(widths, strides, strict=True))))
            channels = wide
        self.stages = nn.Sequential(*stages)
        self.dropout = nn.Dropout(dropout)
        self.head = nn.Linear(channels, classes)
        self.feature_length = channels

    def forward(self, x: Tensor) -> Tensor:
        """Frames (N, channels_in, H, W) of mean 0 and variance 1 to logits (N, classes)."""
        return self.logits(self.features(x))

    def feature_map(self, x: Tensor) -> Tensor:
        """What the last stage gives, (N, feature_length, h, w), not negative."""
        return self.stages(self.stem(x))

    def features(self, x: Tensor) -> Tensor:
        """The pooled features (N, feature_length)."""
        return self.feature_map(x).mean(dim=(-2, -1))

    def observed(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """The pooled features, and the spatial mean of every channel of `convolutions`, (N, 3904) in a ResNet-18."""
        h = self.stem[0](x)
        means = [h.mean(dim=(-2, -1))]
        h = self.stem[2](self.stem[1](h))
        for stage in self.stages:
            for block in stage:  # type: ignore[attr-defined]
                h, seen = block.observed(h)
                means += seen
        return h.mean(dim=(-2, -1)), torch.cat(means, dim=1)

    def logits(self, features: Tensor) -> Tensor:
        """(N, feature_length) to (N, classes)."""
        return self.head(self.dropout(features))

    def convolutions(self) -> list[nn.Conv2d]:
        """The 3x3 convolutions in their order, those of the skips left out: 17 in a ResNet-18, with 3904 channels."""
        return [layer for layer in self.modules() if isinstance(layer, nn.Conv2d) and layer.kernel_size == (3, 3)]


def standardized(frames: Tensor) -> Tensor:
    """Frames (N, 1, H, W) of gray levels in [0, 1] as the network takes them, of mean 0 and variance 1."""
    mean = frames.mean(dim=(1, 2, 3), keepdim=True)
    return (frames - mean) / (frames.std(dim=(1, 2, 3), correction=0, keepdim=True) + 0.05)


def resnet(preset: str, classes: int, channels_in: int = 1, dropout: float = 0.0) -> ResNet:
    """The network of one of PRESETS."""
    if preset not in PRESETS:
        raise ValueError(f"preset must be one of {', '.join(PRESETS)}, given was {preset!r}")
    return ResNet(classes, channels_in, dropout=dropout, **PRESETS[preset])  # type: ignore[arg-type]


def parameter_count(network: nn.Module) -> int:
    """How many numbers it learns."""
    return sum(parameter.numel() for parameter in network.parameters())


def on_meta(preset: str, classes: int) -> ResNet:
    """The network of a preset without memory for its weights: to count and to check shapes."""
    with torch.device("meta"):
        return resnet(preset, classes)
