"""The networks by name: those of the papers, at the papers' grids (torch)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial

from torch import nn

from EchoSynthLib.motion.fourier.network import (
    FOURIER_NET,
    FOURIER_NET_PLUS,
    FOURIER_NET_PLUS_SKIPS,
    FourierNet,
    RegistrationNet,
)

SLICE, VOLUME = (160, 192), (160, 192, 224)
"""Grids of OASIS in two dimensions and in three."""
HALF_SLICE, HALF_VOLUME = (80, 96), (80, 96, 112)

PAPER = {
    "fourier-net-2d": partial(FourierNet, SLICE, SLICE, layout=FOURIER_NET, gain=64.0),
    "fourier-net-3d": partial(FourierNet, VOLUME, VOLUME, layout=FOURIER_NET),
    "fourier-net+-2d": partial(FourierNet, SLICE, HALF_SLICE, layout=FOURIER_NET_PLUS),
    "fourier-net+-3d": partial(FourierNet, VOLUME, HALF_VOLUME, layout=FOURIER_NET_PLUS),
    "fourier-net+-3d-skips": partial(FourierNet, VOLUME, HALF_VOLUME, layout=FOURIER_NET_PLUS_SKIPS),
}
"""Each takes `channels` (8, 16 or 32 in the papers), and `stages` and `diffeomorphic` for its variants."""

GRID, MARGIN = (112, 112), 8
"""Of the networks that are trained here; frames are stretched onto the grid."""
CHANNELS = 16


_STILL = 1e-5
"""Of the first displacements, in half widths of the grid for features of one."""
VOLUME_GRID, VOLUME_MARGIN = (40, 40, 40), 4
"""As `GRID` and `MARGIN`, of networks for volumes."""


def network_of(grid: Sequence[int], channels: int = CHANNELS) -> FourierNet:
    """The network of a model, by the grid that its config.json tells."""
    return default_network(channels) if len(grid) == 2 else volume_network(channels)


def volume_network(channels: int = CHANNELS) -> FourierNet:
    """As `default_network`, for volumes, of one stage."""
    layout = replace(FOURIER_NET, never_called=())
    whole = tuple(side + 2 * VOLUME_MARGIN for side in VOLUME_GRID)
    network = FourierNet(whole, whole, channels, layout, diffeomorphic=True, margin=VOLUME_MARGIN)
    for layer in network.modules():
        if isinstance(layer, nn.Conv3d | nn.ConvTranspose3d):
            # As wide as it came in (He et al. 2015, arXiv 1502.01852, for PReLU): by torch's own start next to nothing
            # of the pictures is left after five levels, which thousands of iterations make up for.
            nn.init.kaiming_normal_(layer.weight, a=0.25)
            if layer.bias is not None:
                nn.init.zeros_(layer.bias)
    for stage in network.stages:
        assert isinstance(stage, RegistrationNet)
        nn.init.normal_(stage.head.weight, std=_STILL)
    return network


def default_network(channels: int = CHANNELS) -> FourierNet:
    """A diffeomorphic cascade of two, without the layers that the release never calls."""
    layout = replace(FOURIER_NET, never_called=())
    whole = (GRID[0] + 2 * MARGIN, GRID[1] + 2 * MARGIN)
    return FourierNet(whole, whole, channels, layout, stages=2, diffeomorphic=True, margin=MARGIN)
