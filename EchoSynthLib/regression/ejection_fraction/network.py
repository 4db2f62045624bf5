"""The networks that tell ejection fractions (torch)."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from EchoSynthLib.networks.video_resnet import VideoResNet

CELLS = 16
"""Along each side of the grid on which the small network tells where the cavity is."""
_LEAST = 1e-3  # of the picture, that a cavity is taken for at least


class EjectionNetwork(nn.Module):
    """A small network of space and time with a cavity in it: frames are looked at on four scales and over time, the
    cells of the cavity are weighed, and the cavity's size and looks over time tell the ejection fraction.

    Where the cavity is, it learns from the label maps of synthetic cines; so few cines teach much.

    Args:
        widths: channels at a half, a quarter, an eighth and a sixteenth of the resolution.
    """

    def __init__(self, widths: tuple[int, int, int, int] = (16, 24, 48, 96)) -> None:
        super().__init__()
        half, quarter, eighth, sixteenth = widths
        self.stem = _convolution(2, half, 5, 2)
        self.quarter = nn.Sequential(_convolution(half, quarter, 3, 2), _convolution(quarter, quarter, 3))
        self.eighth = nn.Sequential(_convolution(quarter, eighth, 3, 2), _convolution(eighth, eighth, 3))
        self.time_of_eighth = OverTime(eighth)
        self.sixteenth = nn.Sequential(_convolution(eighth, sixteenth, 3, 2), _convolution(sixteenth, sixteenth, 3))
        self.time_of_sixteenth = OverTime(sixteenth)
        self.down = nn.Conv2d(sixteenth, eighth, 1)
        self.join_eighth = _convolution(eighth, eighth, 3)
        self.across = nn.Conv2d(eighth, quarter, 1)
        self.join_quarter = _convolution(quarter, quarter, 3)
        self.cavity = nn.Conv2d(quarter, 1, 1)
        features = 1 + quarter + sixteenth
        self.curve = nn.Sequential(nn.Conv1d(features, 64, 3, padding=1), nn.ReLU(), nn.Conv1d(64, 32, 3, padding=1))
        self.head = nn.Sequential(nn.Dropout(0.1), nn.Linear(4 * 32 + 1, 32), nn.ReLU(), nn.Linear(32, 1))

    def forward(self, cine: Tensor) -> Tensor:
        """Cines (N, T, side, side) of mean 0 and variance 1 to ejection fractions (N,), 1 for all of the volume."""
        return self.observed(cine)[0]

    def observed(self, cine: Tensor) -> tuple[Tensor, Tensor]:
        """The same, and the logits (N, T, side / 4, side / 4) of the share of each cell that is cavity."""
        count, frames = cine.shape[:2]
        moving = cine - cine.mean(dim=1, keepdim=True)
        quarter = self.quarter(self.stem(torch.stack([cine, moving], dim=2).flatten(0, 1)))
        eighth = self.time_of_eighth(self.eighth(quarter), frames)
        sixteenth = self.time_of_sixteenth(self.sixteenth(eighth), frames)
        eighth = self.join_eighth(eighth + _doubled(self.down(sixteenth)))
        quarter = self.join_quarter(quarter + _doubled(self.across(eighth)))
        logits = self.cavity(quarter)
        share = torch.sigmoid(logits)
        size = share.mean(dim=(-2, -1))
        inside = (quarter * share).mean(dim=(-2, -1)) / (size + _LEAST)
        told = torch.cat([torch.log(size + _LEAST), inside, sixteenth.mean(dim=(-2, -1))], dim=1)
        told = told.view(count, frames, -1).transpose(1, 2)
        curves = self.curve(told)
        sizes = told[:, :1]
        emptied = sizes.amax(dim=2) - sizes.amin(dim=2)
        spread = (curves - curves.mean(dim=2, keepdim=True)).square().mean(dim=2).add(1e-6).sqrt()
        pooled = torch.cat([curves.mean(dim=2), curves.amax(dim=2), curves.amin(dim=2), spread, emptied], dim=1)
        return self.head(pooled)[:, 0] + 0.5, logits.view(count, frames, *logits.shape[-2:])


class OverTime(nn.Module):
    """A convolution over five frames at each place, added to what came in."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.convolution = nn.Conv2d(channels, channels, (5, 1), padding=(2, 0), bias=False)
        self.norm = nn.BatchNorm2d(channels)

    def forward(self, x: Tensor, frames: int) -> Tensor:
        """(N T, C, H, W) to the same shape, where T are the frames of a cine."""
        rows, columns = x.shape[-2:]
        channels = x.shape[1]
        lines = x.view(-1, frames, channels, rows * columns).transpose(1, 2)
        followed = self.norm(self.convolution(lines)).transpose(1, 2).reshape(-1, channels, rows, columns)
        return F.relu(x + followed)


class PaperNetwork(nn.Module):
    """R(2+1)D-18 of three planes, all of them the gray levels: what EchoNet-Synthetic is judged by."""

    def __init__(self) -> None:
        super().__init__()
        self.network = VideoResNet(1)

    def forward(self, cine: Tensor) -> Tensor:
        """As that of `EjectionNetwork`."""
        return self.observed(cine)[0]

    def observed(self, cine: Tensor) -> tuple[Tensor, None]:
        """The same; where the cavity is, it does not tell."""
        return self.network(cine[:, None].expand(-1, 3, -1, -1, -1))[:, 0] + 0.5, None


def network_of(preset: str) -> EjectionNetwork | PaperNetwork:
    """An untrained network of a preset."""
    return PaperNetwork() if preset == "paper" else EjectionNetwork()


def _convolution(channels_in: int, channels_out: int, size: int, stride: int = 1) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(channels_in, channels_out, size, stride=stride, padding=size // 2, bias=False),
        nn.BatchNorm2d(channels_out),
        nn.ReLU(),
    )


def _doubled(x: Tensor) -> Tensor:
    return F.interpolate(x, scale_factor=2, mode="nearest")
