"""Cines of a contracting ellipse, whose ejection fraction is known and can be measured: V ~ A^(3/2)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

DARK, BRIGHT = 96.0, 159.75
"""Gray levels -1/4 and 1/4 of a model: about the deviation that the cascades take data to have."""
LOW, HIGH = 0.15, 0.75


def contracting_ellipses(
    count: int, frames: int, side: int, seed: int
) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
    """Cines (count, frames, side, side) of one beat from its end-diastole on, and their ejection fractions (count,)."""
    rng = np.random.default_rng(seed)
    fractions = rng.uniform(LOW, HIGH, count)
    y, x = np.mgrid[:side, :side] + 0.5
    phase = np.arange(frames) / frames
    cines = []
    for fraction in fractions:
        row, column = side / 2 + rng.uniform(-0.03, 0.03, 2) * side
        long = rng.uniform(0.34, 0.4) * side
        short = long * rng.uniform(0.7, 0.9)
        scale = 1 - (1 - (1 - fraction) ** (1 / 3)) * np.sin(np.pi * phase) ** 2
        radius = np.hypot((y - row) / long, (x - column) / short) / scale[:, None, None]
        outside = (radius - 1) * np.sqrt(long * short) * scale[:, None, None]
        cines.append(DARK + (BRIGHT - DARK) * np.clip(0.5 - outside, 0, 1))
    return np.rint(cines).astype(np.uint8), fractions.astype(np.float32)


def measured_ejection(cines: NDArray[np.number]) -> NDArray[np.float64]:
    """Ejection fractions (N,) of cines (N, T, side, side), of gray levels."""
    members = np.clip((np.asarray(cines, dtype=float) - DARK) / (BRIGHT - DARK), 0, 1)
    areas = members.sum(axis=(2, 3))
    return 1 - (areas.min(axis=1) / areas.max(axis=1)) ** 1.5
