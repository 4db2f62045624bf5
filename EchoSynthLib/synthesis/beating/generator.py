"""Motions that a heart of a given shape may have: the shipped distribution, asked by label map, view and EF."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from EchoSynthLib.anatomy.views import FOUR_CHAMBER, TWO_CHAMBER
from EchoSynthLib.errors import ModelError
from EchoSynthLib.runtime import Network, OnnxNetwork
from EchoSynthLib.synthesis.beating.field import CODES, GRID, SAMPLES, Field, HeartGrid
from EchoSynthLib.types import LabelMap

SMALLEST_EF, LARGEST_EF = 15.0, 78.0
"""Percent, between which ejection fractions lie that a heart is given; a user may ask for others."""
_FARTHEST_EF = 90.0  # percent, beyond which the distribution is not asked: the amplitude does the rest


@dataclass(frozen=True, eq=False)
class Sight:
    """What a generator is told of a given frame.

    Attributes:
        members: (3, *GRID) the share of cavity, myocardium and atrium around each node, 0 to 1.
        pose: (3,) angle of the long axis, and where the apex lies, see `network.POSE`.
        view: 0.5 for 2CH, -0.5 for 4CH, 0 for others.
    """

    members: NDArray[np.float32]
    pose: NDArray[np.float32]
    view: float

    @classmethod
    def of(cls, label_map: LabelMap, grid: HeartGrid, view: str) -> Sight:
        """That of a label map (H, W) in CAMUS codes, on its own grid."""
        from scipy.ndimage import map_coordinates

        at = grid.places(SAMPLES)
        read = [map_coordinates((label_map == c).astype(np.float32), at, order=1, mode="nearest") for c in CODES]
        cells = np.stack(read).reshape(len(CODES), GRID[0], SAMPLES, GRID[1], SAMPLES)
        row, column = grid.along
        down, aside = grid.apex - (0.0, (grid.shape[1] - 1) / 2)
        rows_mm, columns_mm = grid.spacing
        pose = (math.atan2(column, row), down * rows_mm / grid.length, aside * columns_mm / grid.length)
        told = {TWO_CHAMBER.name: 0.5, FOUR_CHAMBER.name: -0.5}.get(view, 0.0)
        return cls(cells.mean(axis=(2, 4)), np.array(pose, np.float32), told)


class MotionGenerator:
    """The distribution of velocities, from end-diastole to end-systole.

    Args:
        network: see `network.MotionNetwork`.
        config: `modes`, of what is left to chance; `ratio_spread`, the standard deviation of -log(1 - EF) among hearts
            of one shape.
    """

    def __init__(self, network: Network, config: Mapping[str, Any]) -> None:
        self.network = network
        try:
            self.modes, self.ratio_spread = int(config["modes"]), float(config["ratio_spread"])
        except (KeyError, TypeError, ValueError) as error:
            raise ModelError(
                f"config.json of this motion generator has no sound {error}; get the model anew."
            ) from error

    @classmethod
    def from_folder(cls, folder: Path, config: Mapping[str, Any], threads: int | None = None) -> MotionGenerator:
        """The generator of a model folder; `threads` as in `OnnxNetwork`."""
        return cls(OnnxNetwork(folder / "beating.onnx", threads), config)

    def velocity(
        self, sight: Sight, ejection_fraction: float, emptied: float, chance: NDArray[np.float32] | None = None
    ) -> Field:
        """(2, *GRID) in steps of the heart's grid, for an ejection fraction in percent.

        Args:
            sight: of the given frame.
            ejection_fraction: in percent.
            emptied: the part of the stroke volume that is out of the ventricle in the given frame.
            chance: (modes,) standard normal, times the temperature; None for the mean motion.
        """
        ratio = -math.log(1 - min(ejection_fraction, _FARTHEST_EF) / 100)
        return self._asked(sight, ratio, emptied, chance)[0]

    def second_velocity(self, sight: Sight) -> Field:
        """(2, *GRID) of the second mode in time, see `loops`."""
        return self._asked(sight, 0.0, 0.0)[1]

    def ejection_fraction(self, sight: Sight, emptied: float, chance: float = 0.0) -> float:
        """Percent, as a heart of this shape would have it; `chance` is standard normal, times the temperature."""
        ratio = float(self._asked(sight, 0.0, emptied)[2]) + self.ratio_spread * chance
        return float(np.clip(100 * (1 - math.exp(-ratio)), SMALLEST_EF, LARGEST_EF))

    def contracted(self, sight: Sight) -> float:
        """How far a heart of this shape has contracted, 0 to 1: nearer to 0 at end-diastole, to 1 at end-systole."""
        return float(np.clip(self._asked(sight, 0.0, 0.0)[3], 0.0, 1.0))

    def _asked(
        self, sight: Sight, ratio: float, emptied: float, chance: NDArray[np.float32] | None = None
    ) -> tuple[Field, Field, NDArray[np.float32], NDArray[np.float32]]:
        conditions = np.array([[sight.view, ratio, emptied]], np.float32)
        noise = np.zeros((1, self.modes), np.float32) if chance is None else chance[None]
        velocity, second, mean, contracted = self.network(sight.members[None], sight.pose[None], conditions, noise)
        return velocity[0], second[0], mean.reshape(()), contracted.reshape(())
