"""The networks: a frame to an embedding, and two embeddings to a logit of showing the same (torch)."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from EchoSynthLib.networks.resnet import BasicBlock

LENGTHS = {"small": 192, "paper": 32}
"""Numbers of a frame's embedding."""


class FrameEncoder(nn.Module):
    """A small residual network that keeps where things lie: the last 8 x 8 map is flattened rather than averaged.

    A step along a sweep moves structures by a pixel or two, which an average over the picture would not tell.
    """

    def __init__(self, length: int = LENGTHS["small"]) -> None:
        super().__init__()
        self.stem = nn.Sequential(nn.Conv2d(1, 16, 5, 2, 2, bias=False), nn.BatchNorm2d(16), nn.ReLU())
        self.blocks = nn.Sequential(BasicBlock(16, 32, 2), BasicBlock(32, 64, 2), BasicBlock(64, 64, 1))
        self.narrow = nn.Sequential(nn.Conv2d(64, 16, 1, bias=False), nn.BatchNorm2d(16), nn.ReLU())
        self.embedding = nn.Linear(16 * 8 * 8, length)

    def forward(self, x: Tensor) -> Tensor:
        """Pictures (N, 1, 64, 64) of mean 0 and variance 1 to embeddings (N, length)."""
        return self.embedding(self.narrow(self.blocks(self.stem(x))).flatten(1))


class SiameseHead(nn.Module):
    """Two embeddings to a logit by |a - b| and a b of their directions: it knows which differs from which by how much,
    and not which came first."""

    def __init__(self, length: int = LENGTHS["small"], hidden: int = 64) -> None:
        super().__init__()
        self.layers = nn.Sequential(nn.Linear(2 * length, hidden), nn.ReLU(), nn.Linear(hidden, 1))
        self.scale = length**0.5

    def forward(self, first: Tensor, second: Tensor) -> Tensor:
        """(..., length) twice to logits (...)."""
        a, b = (self.scale * directions(one) for one in (first, second))
        return self.layers(torch.cat([(a - b).abs(), a * b], dim=-1)).squeeze(-1)


class PaperEncoder(nn.Module):
    """The paper's per-frame convolutions (kernels 1 x 3 x 3 there): twice 16 channels, twice 32, averaged."""

    def __init__(self) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        channels = 1
        for wide in (16, 32):
            for _ in range(2):
                layers += [nn.Conv2d(channels, wide, 3, padding=1), nn.BatchNorm2d(wide), nn.ReLU()]
                channels = wide
            layers.append(nn.MaxPool2d(2))
        self.layers = nn.Sequential(*layers)

    def forward(self, x: Tensor) -> Tensor:
        """Pictures (N, 1, 64, 64) of mean 0 and variance 1 to embeddings (N, 32)."""
        return self.layers(x).mean(dim=(-2, -1))


class PaperBackbone(nn.Module):
    """What follows the mean over time: Dense 256, on which the pair head stands, and the projector of pre-training."""

    def __init__(self) -> None:
        super().__init__()
        self.dense = nn.Sequential(nn.Linear(LENGTHS["paper"], 256), nn.ReLU())
        self.projector = nn.Sequential(
            nn.Linear(256, 512), nn.BatchNorm1d(512), nn.ReLU(), nn.Linear(512, 512), nn.BatchNorm1d(512)
        )

    def forward(self, features: Tensor) -> Tensor:
        """Means over time (N, 32) to projections (N, 512)."""
        return self.projector(self.dense(features))


class OrderBlindHead(nn.Module):
    """The paper's matcher: both clips joined in time go through the frozen backbone, whose mean over time forgets which
    frame was whose; then Dense 2024, 1024, 512 and softmax."""

    def __init__(self, backbone: PaperBackbone) -> None:
        super().__init__()
        self.backbone = backbone.dense.requires_grad_(False)
        layers: list[nn.Module] = []
        wide = 256
        for width in (2024, 1024, 512):
            layers += [nn.Linear(wide, width), nn.ReLU(), nn.Dropout(0.2)]
            wide = width
        self.layers = nn.Sequential(*layers, nn.Linear(wide, 2))

    def forward(self, first: Tensor, second: Tensor) -> Tensor:
        """(..., 32) of two clips of as many frames to logits (...): the softmax's match over no match."""
        both = self.layers(self.backbone((first + second) / 2))
        return both[..., 1] - both[..., 0]


class Matcher(nn.Module):
    """Encoder and head together, as they are trained; `run_loop` calls it."""

    def __init__(self, encoder: nn.Module, head: nn.Module) -> None:
        super().__init__()
        self.encoder = encoder
        self.head = head

    def forward(self, first: Tensor, second: Tensor, means: tuple[Tensor, Tensor]) -> tuple[Tensor, Tensor]:
        """Frames of two scans, and how they are averaged over time, to logits of all pairs and products of directions.

        Args:
            first, second: (N, 1, 64, 64) and (M, 1, 64, 64) of mean 0 and variance 1.
            means: (P, N) and (Q, M): the weights of frames in each of P and Q windows.

        Returns:
            Logits (P, Q) of the head, and (P, Q) products of the windows' directions, in [-1, 1].
        """
        embeddings = self.encoder(torch.cat([first, second]))
        a, b = means[0] @ embeddings[: len(first)], means[1] @ embeddings[len(first) :]
        logits = self.head(a[:, None].expand(-1, len(b), -1), b[None].expand(len(a), -1, -1))
        return logits, directions(a) @ directions(b).T


def directions(embeddings: Tensor) -> Tensor:
    """Embeddings (..., length) of length 1."""
    return F.normalize(embeddings, dim=-1)


def matcher_of(preset: str) -> Matcher:
    """An untrained matcher of a preset."""
    if preset == "paper":
        return Matcher(PaperEncoder(), OrderBlindHead(PaperBackbone()))
    return Matcher(FrameEncoder(), SiameseHead())
