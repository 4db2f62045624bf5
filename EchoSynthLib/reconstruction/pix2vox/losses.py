"""What reconstruction is trained on: likeness of voxels, of the merged volume and of the refined one (torch).

Volumes are probabilities (N, classes, D, H, W), as the network gives them.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

OCCUPANCY_WEIGHT = 10.0
"""Of each volume (arXiv 2207.13424's release)."""
_LEAST = 1e-10
"""Probability that is added before a logarithm: a voxel that is wrong for sure still has a gradient."""


def occupancy_loss(merged: Tensor, refined: Tensor, tissue: Tensor) -> Tensor:
    """Binary cross-entropy of both volumes, 10 times each, as in the paper.

    Args:
        merged, refined: (N, 1, D, H, W); one volume where there is no refiner, which counts once.
        tissue: (N, D, H, W), 0 or 1, or the share of a voxel that is tissue.
    """
    target = tissue[:, None].float()
    volumes = (merged,) if refined is merged else (merged, refined)
    return torch.stack([OCCUPANCY_WEIGHT * F.binary_cross_entropy(volume, target) for volume in volumes]).sum()


def structure_loss(merged: Tensor, refined: Tensor, labels: Tensor) -> Tensor:
    """Cross-entropy of all voxels and soft Dice of each structure, of both volumes.

    Cross-entropy alone is won by the background, nine tenths of a heart's cube; Dice counts a thin wall and a small
    atrium as much as a large ventricle.

    Args:
        merged, refined: (N, classes, D, H, W); one volume where there is no refiner, which counts once.
        labels: (N, D, H, W), codes.
    """
    members = F.one_hot(labels.long(), merged.shape[1]).movedim(-1, 1).to(merged.dtype)
    volumes = (merged,) if refined is merged else (merged, refined)
    return torch.stack([_entropy(volume, labels) + _overlap(volume, members) for volume in volumes]).sum()


def _entropy(volume: Tensor, labels: Tensor) -> Tensor:
    return F.nll_loss((volume + _LEAST).log(), labels.long())


def _overlap(volume: Tensor, members: Tensor) -> Tensor:
    """1 - mean soft Dice of the structures of a batch, background left out; one that no heart of it has is not counted.

    Sums go over the batch, so that a heart whose aorta is out of sight does not decide it.
    """
    axes = (0, 2, 3, 4)
    shared, both = (volume * members).sum(axes)[1:], (volume + members).sum(axes)[1:]
    present = members.sum(axes)[1:] > 0
    return 1 - (2 * shared / both.clamp(min=1.0))[present].mean() if present.any() else volume.sum() * 0
