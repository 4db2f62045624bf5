"""Frames to the motion between them: one folder for each system of the kind `motion`, and what Python users call.

What lies where in another picture of the same heart, and what that does to pictures and label maps.
"""

from __future__ import annotations

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from EchoSynthLib.motion.propagation import propagate
from EchoSynthLib.motion.quality import tracking_quality
from EchoSynthLib.motion.registration import register
from EchoSynthLib.motion.tracking import track
from EchoSynthLib.motion.warping import warp

__all__ = ["Registrar", "propagate", "register", "track", "tracking_quality", "warp"]


class Registrar(Protocol):
    """A pipeline of the kind `motion`; calls may run side by side.

    Attributes:
        grid: (rows, columns) of the frames that its network looks at; others it brings onto it. Of a model for
            volumes (slices, rows, columns).
    """

    grid: tuple[int, ...]

    def __call__(self, moving: NDArray[np.uint8], fixed: NDArray[np.uint8]) -> NDArray[np.float32]:
        """The displacement (2, H, W) in pixels, (row, column): what lies at x in `fixed` lies at x + u(x) in `moving`.

        Args:
            moving, fixed: gray frames (H, W) of one size, row 0 at the transducer; or volumes (D, H, W), whose
                displacement is (3, D, H, W).
        """
        ...
