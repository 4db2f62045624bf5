"""R(2+1)D-18: a residual network of cines, whose convolutions go over space first and then over time (torch).

Tran et al., CVPR 2018 (arXiv 1711.11248), in the topology that torchvision made common; EchoNet-Dynamic tells ejection
fractions by it (Ouyang et al. 2020).
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

STEM = 45
"""Channels between the stem's two convolutions."""


class FactoredConv(nn.Sequential):
    """A convolution of 3 x 3 over space and one of 3 over time, which have as many numbers as one of 3 x 3 x 3.

    Args:
        channels_in, channels_out: of both together.
        middle: channels between the two.
        stride: over time and space.
    """

    def __init__(self, channels_in: int, channels_out: int, middle: int, stride: int = 1) -> None:
        super().__init__(
            nn.Conv3d(channels_in, middle, (1, 3, 3), stride=(1, stride, stride), padding=(0, 1, 1), bias=False),
            nn.BatchNorm3d(middle),
            nn.ReLU(),
            nn.Conv3d(middle, channels_out, (3, 1, 1), stride=(stride, 1, 1), padding=(1, 0, 0), bias=False),
        )


class VideoBlock(nn.Module):
    """Two factored convolutions, added to what came in (1 x 1 x 1 where shapes differ)."""

    def __init__(self, channels_in: int, channels_out: int, stride: int) -> None:
        super().__init__()
        # M of the paper's section 3.5, one for both convolutions.
        middle = (channels_in * channels_out * 27) // (channels_in * 9 + 3 * channels_out)
        self.conv1 = FactoredConv(channels_in, channels_out, middle, stride)
        self.norm1 = nn.BatchNorm3d(channels_out)
        self.conv2 = FactoredConv(channels_out, channels_out, middle)
        self.norm2 = nn.BatchNorm3d(channels_out)
        same = stride == 1 and channels_in == channels_out
        projection = nn.Conv3d(channels_in, channels_out, 1, stride=stride, bias=False)
        self.skip = nn.Identity() if same else nn.Sequential(projection, nn.BatchNorm3d(channels_out))

    def forward(self, x: Tensor) -> Tensor:
        """(N, Cin, T, H, W) to (N, Cout, T / stride, H / stride, W / stride)."""
        return F.relu(self.skip(x) + self.norm2(self.conv2(F.relu(self.norm1(self.conv1(x))))))


class VideoResNet(nn.Module):
    """Four stages, each but the first at half the resolution in time and space; global average pool, linear.

    Args:
        outputs: numbers that come out.
        channels_in: planes of a frame.
        width: channels of the stem and of the first stage; 64 in R(2+1)D-18.
        blocks: of each stage; 2 in R(2+1)D-18.
    """

    def __init__(self, outputs: int = 1, channels_in: int = 3, width: int = 64, blocks: int = 2) -> None:
        super().__init__()
        stem = max(1, STEM * width // 64)
        self.stem = nn.Sequential(
            nn.Conv3d(channels_in, stem, (1, 7, 7), stride=(1, 2, 2), padding=(0, 3, 3), bias=False),
            nn.BatchNorm3d(stem),
            nn.ReLU(),
            nn.Conv3d(stem, width, (3, 1, 1), padding=(1, 0, 0), bias=False),
            nn.BatchNorm3d(width),
            nn.ReLU(),
        )
        layers, channels = list[nn.Module](), width
        for stage in range(4):
            wide = width * 2**stage
            for block in range(blocks):
                layers.append(VideoBlock(channels, wide, 2 if stage and not block else 1))
                channels = wide
        self.stages = nn.Sequential(*layers)
        self.head = nn.Linear(channels, outputs)

    def forward(self, x: Tensor) -> Tensor:
        """Cines (N, channels_in, T, H, W) to (N, outputs)."""
        return self.head(self.features(x))

    def features(self, x: Tensor) -> Tensor:
        """The pooled features (N, 8 width)."""
        return torch.mean(self.stages(self.stem(x)), dim=(-3, -2, -1))
