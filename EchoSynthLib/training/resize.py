"""Frames on another grid, some at a time (torch)."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

AT_ONCE = 200
"""Frames that are held as float at their own size at a time."""


def on_grid(images: NDArray[np.uint8], size: tuple[int, int]) -> Tensor:
    """uint8 frames (N, H, W) as (N, 1, *size) in [0, 1], antialiased."""
    parts = torch.from_numpy(images).split(AT_ONCE)
    return torch.cat(
        [F.interpolate(part[:, None].float() / 255, size, mode="bilinear", antialias=True) for part in parts]
    )


def resize(frames: Tensor, grid: tuple[int, int], mode: str) -> Tensor:
    """uint8 frames (N, H, W) on another grid, (N, 1, rows, columns) uint8.

    Args:
        frames: images or codes.
        grid: rows and columns.
        mode: "area" for images, averaged where they shrink; "nearest-exact" for codes.
    """
    if frames.shape[1:] == grid:
        return frames[:, None]
    blend = {"mode": "bilinear", "antialias": True} if mode == "area" else {"mode": mode}
    parts = [F.interpolate(part[:, None].float(), grid, **blend) for part in frames.split(AT_ONCE)]  # type: ignore[arg-type]
    return torch.cat([part.round().clamp(0, 255).byte() for part in parts])
