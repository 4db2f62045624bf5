"""Integrate the flow map from noise to image (numpy)."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

AverageVelocity = Callable[[NDArray[np.float32], float, float], NDArray[np.float32]]
"""u(z, t, r)"""


def times(steps: int, shift: float) -> NDArray[np.float64]:
    """Times from 1 to 0, `steps` + 1 of them: t = s q / (1 + (s - 1) q) for even q; shift s < 1 favours small t."""
    even = np.linspace(1.0, 0.0, steps + 1)
    return shift * even / (1 + (shift - 1) * even)


def integrate(
    velocity: AverageVelocity,
    noise: NDArray[np.float32],
    steps: int,
    shift: float,
    after_step: Callable[[], None] | None = None,
) -> NDArray[np.float32]:
    """z(0) of dz/dt = v from z(1) = noise by z_r = z_t - (t - r) u(z_t, t, r), one network evaluation a step."""
    z = noise
    grid = times(steps, shift)
    for t, r in pairwise(grid):
        z = z - np.float32(t - r) * velocity(z, float(t), float(r))
        if after_step is not None:
            after_step()
    return z
