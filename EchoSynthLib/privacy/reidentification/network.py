"""The network that frames of one heart are known again by (torch)."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from EchoSynthLib.networks.resnet import resnet, standardized

LENGTH = 128
"""Numbers of an embedding, as the paper has."""
SIDES = {"small": 64, "paper": 112}
"""Pixels along each side of what a network sees."""


def network_of(preset: str) -> nn.Module:
    """An untrained network of a preset: pictures (N, 1, side, side) of mean 0 and variance 1 to (N, 128)."""
    return resnet(preset, LENGTH)


def directions(embeddings: Tensor) -> Tensor:
    """Embeddings (N, 128) less their own mean, of length 1: products of two are Pearson's correlation."""
    return F.normalize(embeddings - embeddings.mean(dim=1, keepdim=True), dim=1)


class KnownHearts(nn.Module):
    """A network with what it makes of the frames that it learned from.

    Args:
        network: see `network_of`.
        known: directions (N, 128) of N frames.
    """

    def __init__(self, network: nn.Module, known: Tensor) -> None:
        super().__init__()
        self.network = network
        self.known: Tensor
        self.register_buffer("known", known)

    def forward(self, picture: Tensor) -> Tensor:
        """Pictures (M, 1, side, side) of mean 0 and variance 1 to their correlations (M, N) with the known frames."""
        return F.linear(directions(self.network(picture)), self.known)


@torch.inference_mode()
def embedded(network: nn.Module, pictures: Tensor, device: str = "cpu") -> Tensor:
    """Directions (N, 128) of pictures (N, side, side) uint8."""
    network.eval()
    parts = [directions(network(standardized(part[:, None].float() / 255).to(device))) for part in pictures.split(200)]
    return torch.cat(parts).cpu()
