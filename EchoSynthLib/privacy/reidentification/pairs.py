"""Pairs of frames of one heart, as two machines and hands would show them, and their loss (torch)."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Generator, Tensor, nn
from torch.nn import functional as F

from EchoSynthLib.networks.resnet import standardized
from EchoSynthLib.privacy.reidentification.network import directions
from EchoSynthLib.training.augment import affine_grid, exposure, uniform
from EchoSynthLib.training.blur import blur_each
from EchoSynthLib.training.loop import Moment

PAIRS = 64
"""Hearts of a batch, each in two pictures; all others of the batch are other hearts."""
TEMPERATURE = 0.1
_SAME_FRAME = 0.25
"""Share of the pairs that are one frame twice, changed as a copy would be; the others are both ends of the beat."""
_MIRRORED = 0.15
_AFFINE = 0.35
_BENT = 0.04
"""Of the picture, that a point is moved at most by bending."""


class PairLoss:
    """Draws hearts in two pictures each, and gives the cross-entropy of finding the one by the other (InfoNCE).

    Args:
        pictures: (N, side, side) uint8.
        hearts: of each picture the heart, that is patient and view, which it shows.
    """

    def __init__(self, pictures: Tensor, hearts: Sequence[str], device: str) -> None:
        self.pictures, self.device = pictures, device
        self.frames_of = [
            [index for index, other in enumerate(hearts) if other == heart] for heart in dict.fromkeys(hearts)
        ]

    def __call__(self, network: nn.Module, moment: Moment) -> Tensor:
        """The mean loss of one batch."""
        first, second = self.batch(moment.generator)
        both = directions(network(standardized(torch.cat([first, second]).to(self.device))))
        likeness = both[: len(first)] @ both[len(first) :].T / TEMPERATURE
        truth = torch.arange(len(first), device=likeness.device)
        return (F.cross_entropy(likeness, truth) + F.cross_entropy(likeness.T, truth)) / 2

    def batch(self, generator: Generator) -> tuple[Tensor, Tensor]:
        """Two pictures of each of some hearts, (64, 1, side, side) in [0, 1] both."""
        count = min(PAIRS, len(self.frames_of))
        chosen = torch.randperm(len(self.frames_of), generator=generator)[:count].tolist()
        index = torch.tensor([self._pair(self.frames_of[heart], generator) for heart in chosen])
        first, second = (self.pictures[one][:, None].float() / 255 for one in index.T)
        return changed(first, generator), changed(second, generator)

    def _pair(self, frames: list[int], generator: Generator) -> list[int]:
        order = torch.randperm(len(frames), generator=generator).tolist()
        same = len(frames) == 1 or float(torch.rand((), generator=generator)) < _SAME_FRAME
        return [frames[order[0]], frames[order[0 if same else 1]]]


class SiameseLoss(PairLoss):
    """Whether two pictures are of one heart, as the paper asks it: cross-entropy of pairs, as many of one as of two."""

    def __call__(self, network: nn.Module, moment: Moment) -> Tensor:
        """The mean loss of one batch, each heart's first picture beside its own second and that of the next heart."""
        pictures = torch.cat(self.batch(moment.generator)).to(self.device)
        first, second = network(standardized(pictures)).chunk(2)
        logits = torch.cat([network.likeness(first, other) for other in (second, second.roll(1, 0))])  # type: ignore[operator]
        same = torch.zeros_like(logits)
        same[: len(first)] = 1
        return F.binary_cross_entropy_with_logits(logits, same)


def changed(pictures: Tensor, generator: Generator) -> Tensor:
    """Pictures (N, 1, H, W) in [0, 1] moved, bent, mirrored, with other gains and other speckle."""
    count, _, rows, columns = pictures.shape
    grid = affine_grid(torch.full((count,), _AFFINE), (rows, columns), generator)
    bend = (torch.rand(count, 2, 4, 4, generator=generator) * 2 - 1) * 2 * _BENT
    grid = grid + F.interpolate(bend, size=(rows, columns), mode="bicubic", align_corners=False).permute(0, 2, 3, 1)
    moved = F.grid_sample(pictures, grid, align_corners=False)
    mirrored = torch.rand(count, 1, 1, 1, generator=generator) < _MIRRORED
    moved = torch.where(mirrored, moved.flip(-1), moved)
    soft = blur_each(moved, uniform(0.1, 1.2, count, generator), reach=3)
    grain = blur_each(torch.randn(moved.shape, generator=generator), torch.full((count,), 0.7), reach=2)
    speckle = uniform(0.0, 0.5, count, generator)[:, None, None, None]
    return exposure((soft * (1 + speckle * grain)).clamp(0, 1), generator)
