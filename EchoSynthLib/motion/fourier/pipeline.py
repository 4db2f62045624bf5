"""Registration as a user calls it: two pictures in, the displacement between them out (numpy)."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from EchoSynthLib.images.grid import from_grid, to_grid, volume_from_grid, volume_to_grid
from EchoSynthLib.runtime import Network, OnnxNetwork
from EchoSynthLib.zoo.config import grid_of, volume_grid_of


class MotionPipeline:
    """Two frames, or two volumes, to the displacement from the fixed one into the moving one.

    Args:
        network: moving and fixed (1, 1, *grid) in [0, 1] to a displacement (1, d, *grid) in pixels of that grid.
        config: `grid`, its (rows, columns), or (slices, rows, columns) of a network for volumes.
    """

    grid: tuple[int, ...]

    def __init__(self, network: Network, config: Mapping[str, Any]) -> None:
        self.network = network
        self.grid = volume_grid_of(config) or grid_of(config)

    @classmethod
    def from_folder(cls, folder: Path, config: Mapping[str, Any], threads: int | None = None) -> MotionPipeline:
        """The pipeline on the fast path; `threads` as in `OnnxNetwork`."""
        return cls(OnnxNetwork(folder / "motion.onnx", threads), config)

    def __call__(self, moving: NDArray[np.uint8], fixed: NDArray[np.uint8]) -> NDArray[np.float32]:
        """The displacement (2, H, W) in pixels, (row, column): what lies at x in `fixed` lies at x + u(x) in `moving`.

        Args:
            moving, fixed: gray frames (H, W) uint8 of one size, row 0 at the transducer; or volumes (D, H, W), whose
                displacement is (3, D, H, W).
        """
        seen = (self._to_grid(picture)[None, None] / np.float32(255) for picture in (moving, fixed))
        (found,) = self.network(*seen)
        scale = np.array(fixed.shape, np.float32) / np.array(self.grid, np.float32)
        field = found[0] * scale.reshape(-1, *[1] * fixed.ndim)
        if fixed.ndim == 3:
            return volume_from_grid(field, (fixed.shape[0], fixed.shape[1], fixed.shape[2]))
        return from_grid(field, (fixed.shape[0], fixed.shape[1]))

    def _to_grid(self, picture: NDArray[np.uint8]) -> NDArray[np.float32]:
        if len(self.grid) == 3:
            return volume_to_grid(picture, (self.grid[0], self.grid[1], self.grid[2]))
        return to_grid(picture, (self.grid[0], self.grid[1]))
