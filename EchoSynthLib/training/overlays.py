"""What screens show besides the echo: text, rulers, ECG traces, color bars (torch)."""

from __future__ import annotations

import numpy as np
import torch
from torch import Generator, Tensor

STOCK = 96
"""Different overlays of one training."""
SHARE = 0.3
"""Of the frames that are given one."""


class Overlays:
    """Lays overlays of a stock over some frames."""

    def __init__(self, size: tuple[int, int], seed: int) -> None:
        self.stock = overlays(STOCK, size, seed)

    def __call__(self, image: Tensor, generator: Generator) -> Tensor:
        """Frames (N, 1, H, W) in [0, 1], each with one of the overlays or without."""
        n = len(image)
        chosen = self.stock[torch.randint(0, len(self.stock), (n,), generator=generator)]
        shown = (torch.rand(n, 1, 1, 1, generator=generator) < SHARE).float()
        return torch.maximum(image, chosen * shown)


def overlays(count: int, size: tuple[int, int], seed: int) -> Tensor:
    """A stock of (count, 1, H, W) overlays in [0, 1]: text, rulers, ECG traces, color bars and logos."""
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
