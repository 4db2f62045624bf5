"""Random probes, scanners and screens: what a segmenter has to see in training to hold beyond one data set (torch)."""

from __future__ import annotations

import math

import numpy as np
import torch
from torch import Generator, Tensor
from torch.nn import functional as F


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
    blurred = _gaussian(x, sigma)
    amount = some(0.35) * draw(0.2, 1.0) - some(0.25) * draw(0.0, 0.6)
    x = x + amount * (blurred - x)
    if float(torch.rand((), generator=generator)) < 0.2:
        small = int(torch.randint(64, 130, (), generator=generator))
        x = F.interpolate(F.interpolate(x, size=small, mode="area"), size=(height, width), mode="bilinear")
    field = F.interpolate(torch.randn(n, 1, 4, 4, generator=generator), size=(height, width), mode="bicubic")
    x = x * torch.exp(some(0.6) * draw(0.0, 0.45) * field)
    depth_gain = torch.linspace(-1, 1, height)[None, None, :, None]
    x = x * torch.exp(some(0.5) * draw(-0.6, 0.6) * depth_gain)
    grain = _gaussian(torch.randn(n, 1, height, width, generator=generator), 0.7)
    x = x * (1 + some(0.3) * draw(0.0, 0.35) * grain)
    haze = some(0.15) * draw(0.0, 0.2)
    return (x + haze * (image > 0)).clamp(0, 1)


def exposure(image: Tensor, generator: Generator) -> Tensor:
    """Gain and gamma within what one scanner's users choose, on (N, 1, H, W) in [0, 1]."""
    n = len(image)
    gamma = torch.exp(uniform(-0.4, 0.4, n, generator))[:, None, None, None]
    gain = torch.exp(uniform(-0.25, 0.25, n, generator))[:, None, None, None]
    return (gain * image.clamp(0, 1) ** gamma).clamp(0, 1)


def overlays(count: int, size: tuple[int, int], seed: int) -> Tensor:
    """A stock of (count, 1, H, W) overlays in [0, 1]: text, rulers, ECG traces, colour bars and logos."""
    from PIL import Image, ImageDraw

    rng = np.random.default_rng(seed)
    rows, columns = size
    stock = np.zeros((count, 1, rows, columns), np.float32)
    kinds = np.array([_text, _text, _ecg, _ruler, _bar], dtype=object)
    for i in range(count):
        canvas = Image.new("L", (columns, rows))
        pen = ImageDraw.Draw(canvas)
        for draw_one in rng.permutation(kinds)[: rng.integers(1, 5)]:
            draw_one(pen, rng, size)
        stock[i, 0] = np.asarray(canvas, np.float32) / 255
    return torch.from_numpy(stock)


def _gaussian(x: Tensor, sigma: float) -> Tensor:
    reach = max(1, math.ceil(2.5 * sigma))
    kernel = torch.exp(-0.5 * (torch.arange(-reach, reach + 1) / sigma) ** 2)
    kernel = kernel / kernel.sum()
    x = F.conv2d(F.pad(x, (reach, reach, 0, 0), mode="replicate"), kernel[None, None, None])
    return F.conv2d(F.pad(x, (0, 0, reach, reach), mode="replicate"), kernel[None, None, :, None])


def _text(pen, rng, size) -> None:  # type: ignore[no-untyped-def]
    rows, columns = size
    words = "".join(chr(c) for c in rng.integers(45, 123, rng.integers(4, 18)))
    corner = (
        int(rng.integers(0, columns - 20)),
        int(rng.choice([rng.integers(0, 25), rng.integers(rows - 30, rows - 8)])),
    )
    pen.text(corner, words, fill=int(rng.integers(120, 256)))


def _ecg(pen, rng, size) -> None:  # type: ignore[no-untyped-def]
    rows, columns = size
    x = np.arange(columns)
    base = rows - rng.integers(5, 30)
    period = rng.integers(30, 90)
    beat = np.exp(-0.5 * (((x + rng.integers(0, period)) % period - period / 3) / 1.5) ** 2)
    y = base - rng.uniform(5, 22) * beat + rng.normal(0, 0.5, columns)
    pen.line(list(zip(x.tolist(), y.tolist(), strict=True)), fill=int(rng.integers(120, 256)))


def _ruler(pen, rng, size) -> None:  # type: ignore[no-untyped-def]
    rows, columns = size
    x = int(rng.choice([rng.integers(0, 8), columns - 1 - rng.integers(0, 8)]))
    for y in range(int(rng.integers(0, 10)), rows, int(rng.integers(6, 20))):
        pen.line([(x - 2, y), (x + 2, y)], fill=int(rng.integers(120, 256)))


def _bar(pen, rng, size) -> None:  # type: ignore[no-untyped-def]
    _, columns = size
    x = int(rng.choice([2, columns - 9]))
    for y in range(10, 60):
        pen.line([(x, y), (x + 6, y)], fill=int(255 - 5 * (y - 10)))
