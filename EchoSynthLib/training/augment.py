"""Random probes, scanners and screens: what a segmenter has to see in training to hold beyond one data set (torch)."""

from __future__ import annotations

import math

import torch
from torch import Generator, Tensor
from torch.nn import functional as F

from EchoSynthLib.training.blur import blur_each


def uniform(low: float, high: float, count: int, generator: Generator) -> Tensor:
    """(count,) numbers between low and high."""
    return torch.rand(count, generator=generator) * (high - low) + low


def affine_grid(strength: Tensor, size: tuple[int, int], generator: Generator) -> Tensor:
    """Sampling grids (N, H, W, 2) that turn, scale, stretch, shear and move frames, each with its strength (N,)."""
    count = len(strength)
    turn = strength * uniform(-15, 15, count, generator) * math.pi / 180
    scale = torch.exp(strength * uniform(-0.25, 0.25, count, generator))
    stretch = torch.exp(strength * uniform(-0.12, 0.12, count, generator))
    shear = strength * uniform(-0.1, 0.1, count, generator)
    shift = strength * (torch.rand(2, count, generator=generator) * 2 - 1) * 0.18
    cos, sin = turn.cos() / scale, turn.sin() / scale
    first = torch.stack([cos * stretch, -sin + shear * cos, shift[0]], dim=1)
    second = torch.stack([sin, (cos + shear * sin) / stretch, shift[1]], dim=1)
    return F.affine_grid(torch.stack([first, second], dim=1), [count, 1, *size], align_corners=False)


def probe_grid(opening: Tensor, size: tuple[int, int], generator: Generator) -> tuple[Tensor, Tensor]:
    """Sampling grids (N, H, W, 2) into beam space and masks (N, 1, H, W) that show frames as another probe would.

    Opening angle, depth, apex, tilt, near radius, the frame's aspect and its margins or cropping are drawn at random.

    Args:
        opening: (N,) opening angle of each source sector in radians.
    """
    n = len(opening)
    rows, columns = size

    def draw(low: float, high: float) -> Tensor:
        return uniform(low, high, n, generator)[:, None, None]

    down = (torch.arange(rows) + 0.5)[None, :, None] / rows
    across = (torch.arange(columns) + 0.5)[None, None, :] / columns
    aspect = draw(0.95, 1.5)  # width of the frame over its height
    depth = torch.exp(draw(-0.35, 0.25))  # length of the beams over the height of the frame
    apex_row = torch.minimum(draw(-0.12, 0.2), torch.clamp(1.1 - depth, min=-0.05))
    dy = down - apex_row
    dx = (across - draw(0.4, 0.6)) * aspect
    radius = torch.hypot(dx, dy) / depth
    angle = torch.atan2(dx, dy) - draw(-0.2, 0.2)
    half = opening[:, None, None] / 2 * torch.exp(draw(-0.12, 0.15))
    beam = angle / half
    near = torch.clamp(draw(-0.12, 0.08), min=0.0)
    shown = torch.clamp(draw(0.75, 1.25), max=1.0)
    inside = (radius >= near) & (radius <= 1) & (beam.abs() <= shown)
    grid = torch.stack([beam, 2 * radius - 1], dim=-1)
    return grid, inside[:, None]


def scanner(image: Tensor, generator: Generator) -> Tensor:
    """Another scanner's gain, gamma, depth gain, smoothing, resolution, shadows and noise on (N, 1, H, W) in [0, 1]."""
    n, _, height, width = image.shape

    def draw(low: float, high: float) -> Tensor:
        return uniform(low, high, n, generator)[:, None, None, None]

    def some(share: float) -> Tensor:
        return (torch.rand(n, 1, 1, 1, generator=generator) < share).float()

    x = image.clamp(0, 1) ** torch.exp(draw(-0.6, 0.6))
    x = x * torch.exp(draw(-0.5, 0.45))
    sigma = float(torch.rand((), generator=generator)) * 1.8 + 0.3
    blurred = _blurred(x, sigma)
    amount = some(0.35) * draw(0.2, 1.0) - some(0.25) * draw(0.0, 0.6)
    x = x + amount * (blurred - x)
    if float(torch.rand((), generator=generator)) < 0.2:
        small = int(torch.randint(64, 130, (), generator=generator))
        x = F.interpolate(F.interpolate(x, size=small, mode="area"), size=(height, width), mode="bilinear")
    field = F.interpolate(torch.randn(n, 1, 4, 4, generator=generator), size=(height, width), mode="bicubic")
    x = x * torch.exp(some(0.6) * draw(0.0, 0.45) * field)
    depth_gain = torch.linspace(-1, 1, height)[None, None, :, None]
    x = x * torch.exp(some(0.5) * draw(-0.6, 0.6) * depth_gain)
    grain = _blurred(torch.randn(n, 1, height, width, generator=generator), 0.7)
    x = x * (1 + some(0.3) * draw(0.0, 0.35) * grain)
    haze = some(0.15) * draw(0.0, 0.2)
    return (x + haze * (image > 0)).clamp(0, 1)


def far_grid(size: tuple[int, int], count: int, generator: Generator) -> Tensor:
    """Sampling grids (N, H, W, 2) of frames that show more around the heart: moved as by `affine_grid` at full
    strength, mostly zoomed out, down to some half of their size, and off the middle the more, the smaller they are."""
    zoom = torch.exp(uniform(-0.1, 0.6, count, generator))[:, None, None, None]
    shift = (torch.rand(count, 1, 1, 2, generator=generator) * 2 - 1) * torch.tensor([0.25, 0.2])
    return affine_grid(torch.ones(count), size, generator) * zoom + shift * (zoom - 1).clamp(min=0)


def gray_map(image: Tensor, generator: Generator) -> Tensor:
    """Another maker's gray map and storage on (N, 1, H, W) in [0, 1].

    In six of ten frames up to 0.3 of the gray levels are shown as black; contrast is more or less S-shaped; four of ten
    batches are stored with 72 to 129 pixels a side.
    """
    n = len(image)
    some = (torch.rand(n, 1, 1, 1, generator=generator) < 0.6).float()
    floor = some * uniform(0, 0.3, n, generator)[:, None, None, None]
    x = ((image - floor) / (1 - floor)).clamp(0, 1)
    curve = uniform(0, 1, n, generator)[:, None, None, None]
    x = (1 - curve) * x + curve * x * x * (3 - 2 * x)
    if float(torch.rand((), generator=generator)) < 0.4:
        small = int(torch.randint(72, 130, (), generator=generator))
        x = F.interpolate(F.interpolate(x, size=small, mode="area"), size=image.shape[2:], mode="bilinear")
    return x


def exposure(image: Tensor, generator: Generator) -> Tensor:
    """Gain and gamma within what one scanner's users choose, on (N, 1, H, W) in [0, 1]."""
    n = len(image)
    gamma = torch.exp(uniform(-0.4, 0.4, n, generator))[:, None, None, None]
    gain = torch.exp(uniform(-0.25, 0.25, n, generator))[:, None, None, None]
    return (gain * image.clamp(0, 1) ** gamma).clamp(0, 1)


def _blurred(image: Tensor, sigma: float) -> Tensor:
    return blur_each(image, torch.full((len(image),), sigma), reach=max(1, math.ceil(2.5 * sigma)))
