"""Cines as other hands and makers' machines would show them; all frames of one alike (torch)."""

from __future__ import annotations

import math

import torch
from torch import Generator, Tensor
from torch.nn import functional as F

from EchoSynthLib.training.augment import affine_grid, exposure, far_grid, gray_map, scanner, uniform
from EchoSynthLib.training.overlays import Overlays

_FAR = 0.5
"""Share of the cines that are seen from farther away, as wide sectors show a heart."""
_OTHER_MACHINE = 0.75
_CUT = 0.3
_COARSE = 0.35
_NOISY = 0.3


def moved(cine: Tensor, cavity: Tensor, generator: Generator) -> tuple[Tensor, Tensor]:
    """Cines and cavities (N, T, S, S) turned, scaled and moved; they drift, as a hand and breath move the probe."""
    count, frames, rows, columns = cine.shape
    far = round(_FAR * count)
    strength = torch.full((count - far,), 0.7)
    grid = torch.cat([affine_grid(strength, (rows, columns), generator), far_grid((rows, columns), far, generator)])
    grid = grid[:, None] + _drift(count, frames, generator)
    flat = grid.flatten(0, 1)
    seen = F.grid_sample(cine.flatten(0, 1)[:, None], flat, align_corners=False)
    truth = F.grid_sample(cavity.flatten(0, 1)[:, None], flat, align_corners=False)
    return seen[:, 0].view(cine.shape), truth[:, 0].view(cine.shape)


def _drift(count: int, frames: int, generator: Generator) -> Tensor:
    """(N, T, 1, 1, 2) in halves of the picture: each its own slow way along a sine."""
    size = uniform(0, 1, count, generator)[:, None, None] ** 2 * 0.08
    turns = uniform(0.3, 3.0, count, generator)[:, None, None]
    start = torch.rand(count, 1, 2, generator=generator) * 2 * math.pi
    time = torch.linspace(0, 1, frames)[None, :, None]
    return (size * torch.sin(2 * math.pi * turns * time + start))[:, :, None, None]


def on_other_machines(cine: Tensor, overlays: Overlays, generator: Generator) -> Tensor:
    """Cines (N, T, S, S) in [0, 1] with other gains, gray maps and resolution, cut sectors, noise, and what lies over.

    Some black levels are crushed, some pictures small; a part keeps the look that it has.
    """
    count = len(cine)
    order = torch.randperm(count, generator=generator)
    other = order[: round(_OTHER_MACHINE * count)]
    same = order[len(other) :]
    seen = torch.empty_like(cine)
    if len(same):
        seen[same] = exposure(cine[same], generator)
    seen[other] = overlays(gray_map(scanner(cine[other], generator), generator), generator)
    seen = _coarse(seen, generator) * _sector(seen, generator)
    noisy = (torch.rand(count, 1, 1, 1, generator=generator) < _NOISY) * uniform(0, 0.06, count, generator).view(
        -1, 1, 1, 1
    )
    return (seen + noisy * torch.randn(seen.shape, generator=generator)).clamp(0, 1)


def _coarse(cine: Tensor, generator: Generator) -> Tensor:
    """Some cines of the batch as if stored with fewer pixels, 0.4 to 0.8 of them a side."""
    side = cine.shape[-1]
    small = int(torch.randint(round(0.4 * side), round(0.8 * side), (), generator=generator))
    coarse = F.interpolate(F.interpolate(cine, size=small, mode="area"), size=side, mode="bilinear")
    chosen = torch.rand(len(cine), 1, 1, 1, generator=generator) < _COARSE
    return torch.where(chosen, coarse, cine)


def _sector(cine: Tensor, generator: Generator) -> Tensor:
    """(N, 1, S, S): 0 where a narrower sector or a frame that is too small cuts a picture off, else 1."""
    count, side = len(cine), cine.shape[-1]
    place = (torch.arange(side) + 0.5) / side

    def draw(low: float, high: float) -> Tensor:
        chosen = torch.rand(count, generator=generator) < _CUT
        return torch.where(chosen, uniform(low, high, count, generator), torch.tensor(low))[:, None]

    left, right = draw(0.0, 0.22), 1 - draw(0.0, 0.22)
    across = (place >= left) & (place <= right)
    down = place <= 1 - draw(0.0, 0.2)
    return (across[:, None, None, :] & down[:, None, :, None]).float()
