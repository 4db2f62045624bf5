"""What lies between a sector and the file that comes of it: shadows, zoom, color boxes, text, size, loss."""

from __future__ import annotations

import io

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw
from scipy.ndimage import gaussian_filter

from EchoSynthLib.classification.views.drawn.fields import smooth

Gray = NDArray[np.uint8]


def on_screen(picture: Gray, rng: np.random.Generator, sector: bool = True) -> Gray:
    """A picture (H, W) as files show it; what is no `sector` is neither shadowed nor zoomed."""
    if sector:
        picture = _shown(picture, rng)
    if rng.random() < 0.65:
        picture = _with_screen(picture, rng)
    return _as_file(picture, rng)


def _shown(picture: Gray, rng: np.random.Generator) -> Gray:
    u = rng.uniform
    rows, columns = picture.shape
    image: NDArray[np.floating] = picture / np.float32(255)
    inside = picture > 0
    if rng.random() < 0.7:  # parts that drop out
        image = image * np.clip(
            smooth(rng, picture.shape, (int(u(3, 7)), int(u(3, 7))), 1 - u(0, 1), 1 + u(0, 0.5)), 0.05, 2
        )
    down, across = np.indices(picture.shape)
    radius, angle = np.hypot(down, across - columns / 2), np.arctan2(across - columns / 2, down + 1e-6)
    if rng.random() < 0.3:  # the shadow of a rib or of lung
        beams = (np.abs(angle - u(-0.6, 0.6)) < u(0.02, 0.18)) & (radius > u(0, 0.6) * rows)
        image = image * (1 - u(0.5, 1) * gaussian_filter(beams.astype(np.float32), 2))
    if rng.random() < 0.35:  # a curved or cut-off near field
        image = image * (radius > u(0.01, 0.12) * rows)
    if rng.random() < 0.15:  # bright layers of the chest
        image = image + u(0.2, 1) * inside * (radius < u(0.05, 0.15) * rows)
    if rng.random() < 0.3:
        image = gaussian_filter(image, (u(0, 1.2), u(0, 1.4)))
    image = np.clip(image * np.exp(u(-0.6, 0.5)), 0, 1) ** np.exp(u(-0.45, 0.6))
    image = np.where(inside | (image > 0.02), image, 0)
    if rng.random() < 0.13:
        image = _color_box(image, rng)
    if rng.random() < 0.25:  # sides and bottom that the screen cuts off
        side = int(u(0, 0.16) * columns)
        image = image[: rows - int(u(0, 0.14) * rows), side : columns - int(u(0, 0.16) * columns)]
    elif rng.random() < 0.09:  # zoomed: no edge of the sector in sight
        top, left = int(u(0.05, 0.35) * rows), int(u(0.15, 0.32) * columns)
        image = image[top : rows - int(u(0.02, 0.22) * rows), left : columns - int(u(0.15, 0.32) * columns)]
    return (255 * np.clip(image, 0, 1)).astype(np.uint8)


def _color_box(image: NDArray[np.floating], rng: np.random.Generator) -> NDArray[np.floating]:
    rows, columns = image.shape
    canvas = Image.fromarray((255 * image).astype(np.uint8))
    half = rng.uniform(0.1, 0.4)
    middle = rng.uniform(-0.35, 0.35)
    near, far = rng.uniform(0.15, 0.5) * rows, rng.uniform(0.55, 0.98) * rows
    corners = [(middle - half, near), (middle + half, near), (middle + half, far), (middle - half, far)]
    points = [(columns / 2 + radius * np.sin(angle), radius * np.cos(angle)) for angle, radius in corners]
    if rng.random() < 0.6:
        blobs = smooth(rng, image.shape, (12, 14), -1, 1)
        mask = Image.new("1", canvas.size)
        ImageDraw.Draw(mask).polygon(points, fill=1)
        colored = np.asarray(mask) & (np.abs(blobs) > rng.uniform(0.3, 0.8))
        shown = np.asarray(canvas).copy()
        shown[colored] = np.clip(80 + 150 * np.abs(blobs[colored]), 0, 255).astype(np.uint8)
        canvas = Image.fromarray(shown)
    ImageDraw.Draw(canvas).polygon(points, outline=int(rng.integers(120, 256)))
    return np.asarray(canvas) / np.float32(255)


def _with_screen(picture: Gray, rng: np.random.Generator) -> Gray:
    rows, columns = picture.shape
    margins = (rng.uniform(0, 1, 4) ** 2 * np.array([40, 60, 90, 90])).astype(int)
    top, bottom, left, right = (int(m) for m in margins)
    background = 0 if rng.random() < 0.85 else int(rng.integers(1, 40))
    screen = np.full((rows + top + bottom, columns + left + right), background, np.uint8)
    screen[top : top + rows, left : left + columns] = np.maximum(picture, background)
    canvas = Image.fromarray(screen)
    pen = ImageDraw.Draw(canvas)
    height, width = screen.shape

    def gray() -> int:
        return int(rng.integers(100, 256))

    for _ in range(rng.integers(0, 9)):
        words = "".join(chr(c) for c in rng.integers(45, 123, rng.integers(2, 14)))
        at = (int(rng.choice([rng.integers(0, 30), rng.integers(width - 50, width)])), int(rng.integers(0, height)))
        if rng.random() < 0.3:
            at = (
                int(rng.integers(0, width)),
                int(rng.choice([rng.integers(0, 15), rng.integers(height - 20, height)])),
            )
        pen.text(at, words, fill=gray())
    if rng.random() < 0.4:  # the ECG
        x = np.arange(width)
        period, base = rng.uniform(25, 90), height - rng.uniform(3, 30)
        trace = base - 12 * np.exp(-((((x % period) - 8) / 1.5) ** 2)) - 3 * np.exp(-((((x % period) - 18) / 4) ** 2))
        length = int(rng.uniform(0.2, 1) * width)
        pen.line([(int(a), float(b)) for a, b in zip(x[:length], trace[:length], strict=True)], fill=gray())
    if rng.random() < 0.5:  # marks of depth
        along = left + columns + int(rng.integers(-12, 12))
        for y in np.arange(top, height, rng.uniform(6, 22)):
            pen.line([(along, y), (along + int(rng.integers(1, 5)), y)], fill=gray())
    if rng.random() < 0.5:  # the bar of gray levels
        x, y, long = width - int(rng.integers(4, 24)), int(rng.integers(0, 30)), int(rng.integers(30, 90))
        for k in range(long):
            pen.line([(x, y + k), (x + 5, y + k)], fill=int(255 * (1 - k / long)))
    return np.asarray(canvas)


def _as_file(picture: Gray, rng: np.random.Generator) -> Gray:
    image = Image.fromarray(picture)
    if rng.random() < 0.3:
        side = int(rng.integers(80, 140))
        size = (side, side) if rng.random() < 0.5 else (side, max(60, side * image.height // image.width))
        image = image.resize(size, Image.Resampling.BILINEAR)
    if rng.random() < 0.35:
        file = io.BytesIO()
        image.save(file, "JPEG", quality=int(rng.integers(25, 92)))
        image = Image.open(file)
    found = np.asarray(image)
    if rng.random() < 0.15:
        found = np.clip(found + rng.normal(0, rng.uniform(1, 8), found.shape), 0, 255).astype(np.uint8)
    return found
