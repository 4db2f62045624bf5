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
KINDS = {"small": "residual network of the CIFAR kind", "paper": "Siamese ResNet-50"}


class Siamese(nn.Module):
    """The paper's network, 23,773,569 numbers: a ResNet-50 of four channels, and one heart or two by |e1 - e2|.

    There the channels are those of a latent; here, where a picture of anyone is looked at, its four neighboring pixels.
    """

    def __init__(self) -> None:
        from monai.networks.nets import resnet50

        super().__init__()
        self.embedding = resnet50(
            spatial_dims=2, n_input_channels=4, conv1_t_stride=2, num_classes=LENGTH, bias_downsample=False
        )
        self.head = nn.Linear(LENGTH, 1)

    def forward(self, pictures: Tensor) -> Tensor:
        """Pictures (N, 1, side, side) of mean 0 and variance 1 to embeddings (N, 128)."""
        return self.embedding(F.pixel_unshuffle(pictures, 2))

    def likeness(self, first: Tensor, second: Tensor) -> Tensor:
        """The logit (N,) that two embeddings (N, 128) are of one heart."""
        return self.head((first - second).abs())[:, 0]


def network_of(preset: str) -> nn.Module:
    """An untrained network of a preset: pictures (N, 1, side, side) of mean 0 and variance 1 to (N, 128)."""
    return Siamese() if preset == "paper" else resnet(preset, LENGTH)


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
