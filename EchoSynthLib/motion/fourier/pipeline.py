"""Registration as a user calls it: two frames in, the displacement between them out (numpy)."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from EchoSynthLib.images.grid import from_grid, to_grid
from EchoSynthLib.runtime import Network, OnnxNetwork
from EchoSynthLib.zoo.config import grid_of


class MotionPipeline:
    """Two frames to the displacement from the fixed one into the moving one.

    Args:
        network: moving and fixed (1, 1, rows, columns) in [0, 1] to a displacement (1, 2, rows, columns) in pixels of
            that grid.
        config: `grid`, its (rows, columns).
    """

    def __init__(self, network: Network, config: Mapping[str, Any]) -> None:
        self.network = network
        self.grid = grid_of(config)

    @classmethod
    def from_folder(cls, folder: Path, config: Mapping[str, Any], threads: int | None = None) -> MotionPipeline:
        """The pipeline on the fast path; `threads` as in `OnnxNetwork`."""
        return cls(OnnxNetwork(folder / "motion.onnx", threads), config)

    def __call__(self, moving: NDArray[np.uint8], fixed: NDArray[np.uint8]) -> NDArray[np.float32]:
        """The displacement (2, H, W) in pixels, (row, column): what lies at x in `fixed` lies at x + u(x) in `moving`.

        Args:
            moving, fixed: gray frames (H, W) uint8 of one size, row 0 at the transducer.
        """
        frames = (to_grid(frame, self.grid)[None, None] / np.float32(255) for frame in (moving, fixed))
        (found,) = self.network(*frames)
        scale = np.array(fixed.shape, np.float32) / np.array(self.grid, np.float32)
        return from_grid(found[0] * scale[:, None, None], (fixed.shape[0], fixed.shape[1]))
