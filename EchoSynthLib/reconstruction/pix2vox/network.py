"""E-Pix2Vox++ and its parent Pix2Vox++: views in, probabilities of voxels out (torch).

Everything is a probability: with one class that of tissue, with more a distribution over background and structures.
Where volumes are mixed, by the merger's weights or half and half by the refiner, a distribution comes out again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import torch
from torch import Tensor, nn

from EchoSynthLib.errors import InputError
from EchoSynthLib.reconstruction.pix2vox.encoder import Convolution, Stem, head_of, stem_of

LEAK = 0.2


@dataclass(frozen=True)
class Layout:
    """Widths of one size of the network.

    Attributes:
        grid: voxels along each side of the volume.
        picture: pixels along each side of a view.
        stem: the convolutions that halve the picture: `RESNET`, or widths of plain ones, each of stride 2.
        head: those behind it.
        activation: of the head, 'elu' or 'relu'.
        decoder: channels after each transposed convolution, each of which doubles the side of the cube.
        cube: side of the cube that the features become, before the decoder.
        dense: two widths, of a hidden layer between features and cube and of the cube's channels; () where the
            features are reshaped to the cube as they are, as in the papers.
        merger: channels of each convolution but the last one, which gives the score; () where there is no merger.
        merger_joins: whether the last convolution but one sees all before it.
        refiner: channels of each level, from fine to coarse; () where there is no refiner.
    """

    grid: int
    picture: int
    stem: Stem
    head: tuple[Convolution, ...]
    activation: str
    decoder: tuple[int, ...]
    cube: int = 2
    dense: tuple[int, ...] = ()
    merger: tuple[int, ...] = ()
    merger_joins: bool = False
    refiner: tuple[int, ...] = ()


class Encoder(nn.Module):
    """Views (N, C, H, W) to features (N, F, h, w), each view by itself."""

    def __init__(self, layout: Layout, channels: int) -> None:
        super().__init__()
        stem, width, reduced = stem_of(layout.stem, channels, layout.picture)
        head, self.width, self.side = head_of(layout.head, layout.activation, width, reduced)
        self.layers = nn.Sequential(*stem, *head)

    def forward(self, x: Tensor) -> Tensor:
        """The features of each view."""
        return self.layers(x)


class ViewMerge(nn.Module):
    """Features of all views (B, V, F, h, w) to those of one (B, 1, F, h, w): one convolution in three dimensions.

    The views are its channels, the feature maps its depth: the change that makes Pix2Vox++ efficient (arXiv
    2207.13424). Number and order of the views are thereby fixed.
    """

    def __init__(self, views: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(nn.Conv3d(views, 1, 3, padding=1), nn.BatchNorm3d(1), nn.LeakyReLU(LEAK))

    def forward(self, x: Tensor) -> Tensor:
        """One set of features."""
        return self.layers(x)


class Decoder(nn.Module):
    """Features (N, F, h, w) to raw features (N, width, grid, grid, grid) and the coarse volume."""

    def __init__(self, layout: Layout, features: int, classes: int) -> None:
        super().__init__()
        self.cube = layout.cube
        voxels = self.cube**3
        self.dense: nn.Module = nn.Identity()
        if layout.dense:
            hidden, width = layout.dense
            self.dense = nn.Sequential(
                nn.Linear(features, hidden), nn.LeakyReLU(LEAK), nn.Linear(hidden, width * voxels), nn.LeakyReLU(LEAK)
            )
            features = width * voxels
        if features % voxels:
            raise InputError(f"{features} features make no cube of {self.cube} x {self.cube} x {self.cube} voxels.")
        widths = (features // voxels, *layout.decoder)
        self.layers = nn.Sequential(*(_doubling(a, b) for a, b in pairwise(widths)))
        self.last = nn.Conv3d(widths[-1], classes, 1, bias=False)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Raw features, and the volume (N, classes, grid, grid, grid) of probabilities."""
        x = self.dense(x.flatten(1))
        raw = self.layers(x.reshape(len(x), -1, self.cube, self.cube, self.cube))
        return raw, probabilities(self.last(raw))


class Merger(nn.Module):
    """Volumes of several views to one: their mean, weighted at each voxel by a softmax over the scores of the views."""

    def __init__(self, layout: Layout, channels: int) -> None:
        super().__init__()
        widths = (channels, *layout.merger)
        convolutions = [_convolution(a, b, 3, 1) for a, b in pairwise(widths)]
        self.joins = layout.merger_joins
        if self.joins:
            convolutions[-1] = _convolution(sum(layout.merger[:-1]), widths[-1], 3, 1)
        self.layers = nn.ModuleList(convolutions)
        self.score = _convolution(widths[-1], 1, 3, 1)

    def forward(self, raw: Tensor, volumes: Tensor) -> Tensor:
        """Raw features (B, V, R, ...) and volumes (B, V, classes, ...) to the merged volume (B, classes, ...)."""
        x, seen = torch.cat([raw, volumes], dim=2).flatten(0, 1), []
        for layer in self.layers[:-1]:
            x = layer(x)
            seen.append(x)
        x = self.layers[-1](torch.cat(seen, dim=1) if self.joins else x)
        weights = self.score(x).unflatten(0, raw.shape[:2]).softmax(dim=1)
        return (weights * volumes).sum(dim=1)


class Refiner(nn.Module):
    """A volume corrected by a U-Net with a dense layer at its bottom, which sees the whole; half the old, half new."""

    BOTTOM = 4
    """Side of the coarsest cube."""
    HIDDEN = 2048

    def __init__(self, layout: Layout, classes: int) -> None:
        super().__init__()
        widths = (classes, *layout.refiner)
        pairs = list(pairwise(widths))
        if layout.grid != self.BOTTOM << len(pairs):
            raise InputError(f"A refiner of {len(pairs)} levels takes a grid of {self.BOTTOM << len(pairs)}.")
        self.down = nn.ModuleList(nn.Sequential(*_convolution(a, b, 4, 2), nn.MaxPool3d(2)) for a, b in pairs)
        size = widths[-1] * self.BOTTOM**3
        self.dense = nn.Sequential(nn.Linear(size, self.HIDDEN), nn.ReLU(), nn.Linear(self.HIDDEN, size), nn.ReLU())
        self.up = nn.ModuleList(_doubling(b, a) for a, b in reversed(pairs[1:]))
        self.last = nn.ConvTranspose3d(widths[1], classes, 4, 2, 1, bias=False)

    def forward(self, volume: Tensor) -> Tensor:
        """Probabilities (B, classes, grid, grid, grid) to better ones."""
        levels = [volume]
        for down in self.down:
            levels.append(down(levels[-1]))
        *finer, x = levels
        x = x + self.dense(x.flatten(1)).reshape(x.shape)
        for up, level in zip(self.up, reversed(finer[1:]), strict=True):
            x = level + up(x)
        return (volume + probabilities(self.last(x))) / 2


class Pix2Vox(nn.Module):
    """Views of one heart to its volume.

    Args:
        layout: widths.
        views: how many; 2 to 9 in the paper.
        classes: 1 for tissue or none, else background and structures.
        channels: of a view.
        merges_features: the features of all views are merged before the decoder, which then runs once (E-Pix2Vox++);
            else the decoder runs for each view and the merger merges volumes (Pix2Vox++, the parent).

    Raises:
        InputError: the parent without a merger, fewer than one view, or widths that do not fit one another.
    """

    def __init__(
        self, layout: Layout, views: int, classes: int = 1, channels: int = 3, *, merges_features: bool = True
    ) -> None:
        super().__init__()
        if views < 1 or not (merges_features or layout.merger):
            raise InputError(
                f"A heart is reconstructed from one view or more, and volumes of views need a merger; given were "
                f"{views} views and a merger of the widths {layout.merger}."
            )
        self.views, self.picture = views, (channels, layout.picture, layout.picture)
        self.encoder = Encoder(layout, channels)
        self.view_merge = ViewMerge(views) if merges_features else nn.Identity()
        self.decoder = Decoder(layout, self.encoder.width * self.encoder.side**2, classes)
        self.merger = Merger(layout, layout.decoder[-1] + classes) if layout.merger else None
        self.refiner = Refiner(layout, classes) if layout.refiner else None

    def forward(self, views: Tensor) -> tuple[Tensor, Tensor]:
        """Views (B, V, C, H, W) to the merged volume and the refined one, (B, classes, grid, grid, grid) each.

        Raises:
            InputError: other views than the network is made for.
        """
        if tuple(views.shape[1:]) != (self.views, *self.picture):
            raise InputError(
                f"This network takes {self.views} views of {self.picture} (channels, rows, columns) in their order; "
                f"given was the shape {tuple(views.shape)}."
            )
        features = self.view_merge(self.encoder(views.flatten(0, 1)).unflatten(0, views.shape[:2]))
        raw, volumes = (x.unflatten(0, features.shape[:2]) for x in self.decoder(features.flatten(0, 1)))
        # Of one volume the weights are 1. The papers' network is run as it is; ours has no merger to run in vain.
        merged = volumes[:, 0] if self.merger is None else self.merger(raw, volumes)
        return merged, merged if self.refiner is None else self.refiner(merged)


def probabilities(scores: Tensor) -> Tensor:
    """Scores (N, classes, ...) to probabilities: of tissue where there is one class, else a distribution."""
    scores = scores.float()  # bfloat16, which training may have, tells no probability near 1 from 1
    return scores.sigmoid() if scores.shape[1] == 1 else scores.softmax(dim=1)


def parameters_of(modules: Sequence[nn.Module | None]) -> int:
    """How many numbers are trained in these modules."""
    return sum(weights.numel() for module in modules if module is not None for weights in module.parameters())


def _convolution(before: int, after: int, kernel: int, padding: int) -> nn.Sequential:
    return nn.Sequential(nn.Conv3d(before, after, kernel, padding=padding), nn.BatchNorm3d(after), nn.LeakyReLU(LEAK))


def _doubling(before: int, after: int) -> nn.Sequential:
    return nn.Sequential(nn.ConvTranspose3d(before, after, 4, 2, 1, bias=False), nn.BatchNorm3d(after), nn.ReLU())
