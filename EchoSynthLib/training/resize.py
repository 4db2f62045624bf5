"""Frames on the grid of a network (torch)."""

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
    parts = [
        F.interpolate(
            torch.from_numpy(images[i : i + AT_ONCE])[:, None].float() / 255, size, mode="bilinear", antialias=True
        )
        for i in range(0, len(images), AT_ONCE)
    ]
    return torch.cat(parts)
