"""The networks by name: those of the papers, at the papers' grids (torch)."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from EchoSynthLib.motion.fourier.network import (
    FOURIER_NET,
    FOURIER_NET_PLUS,
    FOURIER_NET_PLUS_SKIPS,
    FourierNet,
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


def default_network(channels: int = CHANNELS) -> FourierNet:
    """A diffeomorphic cascade of two, without the layers that the release never calls."""
    layout = replace(FOURIER_NET, never_called=())
    whole = (GRID[0] + 2 * MARGIN, GRID[1] + 2 * MARGIN)
    return FourierNet(whole, whole, channels, layout, stages=2, diffeomorphic=True, margin=MARGIN)
