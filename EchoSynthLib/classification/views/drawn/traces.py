"""What scanners show that is no 2D echo: M-mode, Doppler spectra, with or without the sector above, split screens."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy.ndimage import gaussian_filter

Sector = Callable[[np.random.Generator], NDArray[np.uint8]]


def trace_screen(rng: np.random.Generator, sector: Sector) -> NDArray[np.uint8]:
    """(H, W): one of them; `sector` draws a picture for those that show some."""
    if rng.random() < 0.12:
        return _split(rng, sector)
    shape = (int(rng.integers(70, 150)), int(rng.integers(140, 260)))
    trace = _m_mode(rng, shape) if rng.random() < 0.45 else _spectrum(rng, shape)
    panel = (255 * np.clip(trace, 0, 1)).astype(np.uint8)
    if rng.random() < 0.4:
        return panel
    small = sector(rng)
    high = int(rng.integers(40, 100))
    small = np.asarray(Image.fromarray(small).resize((high * small.shape[1] // small.shape[0], high)))
    gap = int(rng.integers(0, 12))
    screen = np.zeros((high + gap + panel.shape[0], max(panel.shape[1], small.shape[1])), np.uint8)
    left = int(rng.integers(0, screen.shape[1] - small.shape[1] + 1))
    screen[:high, left : left + small.shape[1]] = small
    screen[high + gap :, : panel.shape[1]] = panel
    return screen


def _split(rng: np.random.Generator, sector: Sector) -> NDArray[np.uint8]:
    """Two or four pictures beside one another."""
    count, side = (2, 150) if rng.random() < 0.7 else (4, 100)
    one = sector(rng)
    ones = [one if rng.random() < 0.4 else sector(rng) for _ in range(count)]
    cells = [np.asarray(Image.fromarray(cell).resize((side, side))) for cell in ones]
    gap = np.zeros((side, int(rng.integers(0, 14))), np.uint8)
    rows = [np.hstack([cells[k], gap, cells[k + 1]]) for k in range(0, count, 2)]
    return np.vstack(rows)


def _m_mode(rng: np.random.Generator, shape: tuple[int, int]) -> NDArray[np.float64]:
    """Layers that move with time; cavities between them are dark."""
    u = rng.uniform
    rows, columns = np.arange(shape[0])[:, None], np.arange(shape[1])[None]
    period, phase = u(18, 90), u(0, 7)
    time = 2 * np.pi * (columns + phase) / period
    beat = np.sin(time) + u(0, 0.7) * np.sin(2 * time + phase) + u(0, 0.3) * np.sin(3 * time)
    image = np.full(shape, u(0.02, 0.25))
    edges = np.sort(u(0, shape[0], rng.integers(3, 9)))
    for low, high in zip(edges[::2], edges[1::2], strict=False):  # walls
        swing = u(-7, 7)
        image = image + u(0.1, 0.6) * ((rows > low + swing * beat) & (rows < high + u(-7, 7) * beat))
    for _ in range(rng.integers(3, 13)):  # interfaces and leaflets
        y, thick, swing = u(0, shape[0]), u(0.5, 4), u(-8, 8)
        shaped = np.maximum(beat, u(-1, 1)) if rng.random() < 0.4 else beat
        image = image + u(0.1, 0.8) * np.exp(-0.5 * ((rows - y - swing * shaped) / thick) ** 2)
    grain = gaussian_filter(rng.random(shape), (u(0.3, 0.9), u(0.5, 5)))
    near = np.exp(-rows / u(3, 15)) * u(0, 0.8)
    return (image + near) * (0.5 + (grain - 0.5) / (grain.std() + 1e-6) * u(0.05, 0.3) + 0.5) * u(0.5, 1.2)


def _spectrum(rng: np.random.Generator, shape: tuple[int, int]) -> NDArray[np.float64]:
    """Envelopes over and under a baseline, filled or hollow, with clutter beside it."""
    u = rng.uniform
    height = shape[0]
    rows, columns = np.arange(height)[:, None], np.arange(shape[1])[None]
    period, base = u(25, 110), u(0.1, 0.9) * height
    share = (columns / period + u(0, 1)) % 1

    def waves(tallest: float) -> NDArray[np.float64]:
        wave = np.zeros(share.shape)
        for _ in range(rng.integers(1, 4)):
            at, wide = u(0.1, 0.9), u(0.03, 0.17)
            wave = wave + u(0.1, 1) * tallest * np.exp(-(((share - at) / wide) ** 2) * u(0.5, 3))
        return wave

    up, down = waves(0.7 * height), waves(0.7 * height * (rng.random() < 0.6))
    if rng.random() < 0.5:
        up, down = down, up
    away = np.where(rows < base, (base - rows) / (up + 1), (rows - base) / (down + 1))
    hollow = u(0, 1)
    body = (away < 1) * ((1 - hollow) + hollow * np.exp(-(((away - 0.85) / u(0.1, 0.5)) ** 2)))
    image = body * u(0.4, 1.2) * rng.random(shape) ** u(0.2, 1)
    image = gaussian_filter(image, (u(0, 1.2), u(0, 1.2))) + u(0, 0.15) * rng.random(shape) ** 2
    if rng.random() < 0.5:
        image = image + np.exp(-np.abs(rows - base) / u(2, 16)) * rng.random(shape) * u(0.2, 1)
    image[int(base) % height] = u(0, 1)
    for k in range(1, int(rng.integers(1, 7))):  # lines of the scale
        image[int(base + k * u(15, 40)) % height, :: int(rng.integers(1, 6))] = u(0.1, 0.5)
    return image
