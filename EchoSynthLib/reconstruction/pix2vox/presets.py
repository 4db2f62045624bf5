"""The networks by name: those of the paper, and one that two cores can train (torch)."""

from __future__ import annotations

from EchoSynthLib.reconstruction.pix2vox.encoder import RESNET, Convolution
from EchoSynthLib.reconstruction.pix2vox.network import Layout

PAPER = {
    32: Layout(
        grid=32,
        picture=224,
        stem=RESNET,
        head=(Convolution(512, padding=1), Convolution(256, padding=1, pool=2), Convolution(256, padding=1, pool=2)),
        activation="relu",
        decoder=(512, 128, 32, 8),
        merger=(9, 9, 9, 9, 9),
        merger_joins=True,
        refiner=(32, 64, 128),
    ),
    64: Layout(
        grid=64,
        picture=224,
        stem=RESNET,
        head=(Convolution(64), Convolution(128, pool=3), Convolution(256, kernel=1)),
        activation="elu",
        decoder=(64, 128, 32, 16, 8),
        merger=(16, 8, 4, 2),
        refiner=(16, 32, 64, 128),
    ),
    128: Layout(
        grid=128,
        picture=224,
        stem=RESNET,
        head=(Convolution(512), Convolution(512, pool=3), Convolution(256, kernel=1)),
        activation="elu",
        decoder=(512, 128, 32, 32, 32, 8),
        merger=(16, 8, 4, 2),
        refiner=(8, 16, 32, 64, 128),
    ),
}
"""By grid. With `merges_features` they are E-Pix2Vox++, without it Pix2Vox++ at that grid."""

SMALL = {
    32: Layout(
        grid=32,
        picture=96,
        stem=(16, 32, 64, 128),
        head=(Convolution(64, padding=1),),
        activation="leaky",
        cube=4,
        dense=(512, 64),
        decoder=(64, 48, 24),
    ),
    64: Layout(
        grid=64,
        picture=96,
        stem=(16, 32, 64, 128),
        head=(Convolution(64, padding=1),),
        activation="leaky",
        cube=4,
        dense=(512, 64),
        decoder=(64, 48, 24, 12),
    ),
}
"""By grid. The features' picture is no cube's: a dense layer between them turns one into the other at a small cube, in
place of the papers' reshaping and their first, widest layer. The merger, which has nothing to weigh where there is one
volume, and the refiner's dense layers, most of the papers' weights, are left out."""

LAYOUTS = {"small": SMALL, "paper": PAPER}
"""By preset and grid."""
