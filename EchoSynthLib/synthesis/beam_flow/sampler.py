"""Integrate the flow map from noise to image (numpy)."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

AverageVelocity = Callable[[NDArray[np.float32], float, float], NDArray[np.float32]]
"""u(z, t, r)"""


def integrate(
    velocity: AverageVelocity,
    noise: NDArray[np.float32],
    steps: int,
    after_step: Callable[[], None] | None = None,
) -> NDArray[np.float32]:
    """z(0) of dz/dt = v from z(1) = noise by even steps z_r = z_t - (t - r) u(z_t, t, r), one evaluation of u each."""
    z = noise
    for t, r in pairwise(np.linspace(1.0, 0.0, steps + 1)):
        z = z - np.float32(t - r) * velocity(z, float(t), float(r))
        if after_step is not None:
            after_step()
    return z
