"""Batches for the generator: beam-space frames, label maps, conditions; label-consistent augmentation (torch)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Generator, Tensor
from torch.nn import functional as F

from EchoSynthLib.anatomy.views import VIEWS
from EchoSynthLib.images.datasets.camus_frame import QUALITIES
from EchoSynthLib.synthesis.beam_flow import conditions
from EchoSynthLib.synthesis.beam_flow.shapes import CLASSES
from EchoSynthLib.training.beam_data import BeamData

DROP = ((conditions.VIEW, 0.15), (conditions.QUALITY, 0.25), (conditions.OPENING, 0.15), (conditions.DEPTH, 0.5))
"""How often each condition is withheld in training, so that the generator also works without it."""


@dataclass(frozen=True)
class Batch:
    """image (N, 1, R, A) in [-1, 1], label one-hot (N, 4, R, A), condition (N, 9)."""

    image: Tensor
    label: Tensor
    condition: Tensor


class BeamBatches:
    """Draws batches from beam-space data."""

    def __init__(self, frames: BeamData, device: str = "cpu") -> None:
        self.device = device
        self.images = torch.from_numpy(frames.beam_image)[:, None]
        self.labels = torch.from_numpy(frames.beam_label)[:, None]
        opening = frames.sectors[:, 3] - frames.sectors[:, 2]
        self.conditions = torch.from_numpy(
            np.stack(
                [
                    conditions.encode(
                        VIEWS[view].name, QUALITIES[quality] if quality >= 0 else None, float(angle), float(depth)
                    )
                    for view, quality, angle, depth in zip(
                        frames.view, frames.quality, opening, frames.depth, strict=True
                    )
                ]
            )
        )

    def draw(self, count: int, generator: Generator) -> Batch:
        """`count` frames, half of them stretched along range and angle and moved across the beams."""
        index = torch.randint(0, len(self.images), (count,), generator=generator)
        image = self.images[index].float() / 127.5 - 1
        label = self.labels[index].float()
        condition = self.conditions[index].clone()
        moved = torch.rand(count, generator=generator) < 0.5
        if bool(moved.any()):
            along, across, grid = _stretch(int(moved.sum()), image.shape[-2:], generator)
            condition[moved] = _seen_through(condition[moved], along, across)
            image[moved] = _sample(image[moved], grid, "bicubic").clamp(-1, 1)
            label[moved] = _sample(label[moved], grid, "nearest")
        one_hot = F.one_hot(label[:, 0].long(), CLASSES).permute(0, 3, 1, 2).float()
        condition = withhold(condition, generator)
        return Batch(image.to(self.device), one_hot.to(self.device), condition.to(self.device))


def withhold(condition: Tensor, generator: Generator) -> Tensor:
    """The conditions (N, 9), each set to unknown as often as DROP says."""
    for part, share in DROP:
        condition[torch.rand(len(condition), generator=generator) < share, part] = 0
    return condition


def _seen_through(condition: Tensor, along: Tensor, across: Tensor) -> Tensor:
    """Conditions of frames stretched by these factors: what is seen spans that much less angle and depth."""
    for part, scale, factor in (
        (conditions.OPENING, conditions.OPENING_SCALE, across),
        (conditions.DEPTH, conditions.DEPTH_SCALE, along),
    ):
        value, known = condition[:, part.start], condition[:, part.start + 1]
        condition[:, part.start] = known * (((value * scale[1] + scale[0]) / factor) - scale[0]) / scale[1]
    return condition


def _stretch(count: int, size: torch.Size, generator: Generator) -> tuple[Tensor, Tensor, Tensor]:
    """Factors along the range and across the beams (N,), and the sampling grid (N, R, A, 2) that stretches by them."""

    def draw(low: float, high: float) -> Tensor:
        return torch.rand(count, generator=generator) * (high - low) + low

    along, across, shift, zero = draw(0.92, 1.08), draw(0.9, 1.1), draw(-0.12, 0.12), torch.zeros(count)
    # Depth is stretched from the probe down: the near field stays where it is.
    rows = [torch.stack([1 / across, zero, shift], dim=1), torch.stack([zero, 1 / along, 1 / along - 1], dim=1)]
    return along, across, F.affine_grid(torch.stack(rows, dim=1), [count, 1, *size], align_corners=False)


def _sample(planes: Tensor, grid: Tensor, mode: str) -> Tensor:
    return F.grid_sample(planes, grid, mode=mode, padding_mode="reflection", align_corners=False)
