"""How far a velocity has to be followed for the ventricle to hold what it should: the discs of moved label maps decide.

A picture of the heart is carried by exp(a v), a times along the velocity v. For a > 0 it contracts, for a < 0 it fills,
and 0 is the given picture. The volume by the method of discs falls along a, but not smoothly: the long axis ends in a
pixel.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from EchoSynthLib.anatomy.deformation import jacobian_determinant
from EchoSynthLib.anatomy.discs import disc_volume
from EchoSynthLib.anatomy.structures import CamusCode
from EchoSynthLib.errors import InputError
from EchoSynthLib.synthesis.beating.field import Field, HeartGrid, integrated, moved_labels
from EchoSynthLib.types import LabelMap

Mover = Callable[[Field], LabelMap]

STRIDE = 0.4
"""Between the amounts that are looked at first; 1 is how far hearts of such an ejection fraction mostly go."""
FARTHEST = 4.0
SMALLEST_JACOBIAN = 0.05
"""Nothing is squeezed to less of its area; where the velocity would, it is followed no farther."""
TOLERANCE = 1e-3
"""Of the given volume, to which a volume is met."""
_ROUNDS = 6
_MARGIN = 0.15  # of the long axis, around the structures
_LEAST_PIXELS = 8


@dataclass(eq=False)
class Course:
    """The volumes along a velocity.

    Attributes:
        label_map: (H, W) in CAMUS codes, the given frame's.
        grid: its own.
        velocity: (2, *GRID), towards end-systole.
        move: displacement (2, H, W) to the label map (H, W) of that frame; None for `field.moved_labels`.
    """

    label_map: LabelMap
    grid: HeartGrid
    velocity: Field
    move: Mover | None = None
    _volumes: dict[float, float] = field(default_factory=dict)
    _folds: set[float] = field(default_factory=set)

    def __post_init__(self) -> None:
        rows, columns = np.nonzero(self.label_map)
        margin = np.ceil(_MARGIN * self.grid.length / np.array(self.grid.spacing)).astype(int)
        low = np.maximum([rows.min(), columns.min()] - margin, 0)
        high = np.minimum([rows.max(), columns.max()] + margin + 1, self.label_map.shape)
        self._pixels = np.mgrid[low[0] : high[0], low[1] : high[1]].astype(np.float32)
        self.given = self.volume(0.0)

    def volume(self, amount: float) -> float:
        """By the method of discs, in mm^3 or cubic pixels, when the velocity is followed this far; 0 without cavity."""
        key = float(amount)
        if key not in self._volumes:
            self._volumes[key] = self._measured(key)
        return self._volumes[key]

    def folds(self, amount: float) -> bool:
        """Whether something would be squeezed to (nearly) nothing."""
        self.volume(amount)
        return float(amount) in self._folds

    def amount_of(self, volume: float) -> float:
        """How far to go for a volume; where there is none such, the nearest one is."""
        sign = 1.0 if volume <= self.given else -1.0
        low, high = self._bracket(volume, sign)
        for _ in range(_ROUNDS):
            best = min((low, high), key=lambda amount: abs(self.volume(amount) - volume))
            if abs(self.volume(best) - volume) <= TOLERANCE * self.given or abs(high - low) < 1e-4:
                break
            between = self._between(low, high, volume)
            if self.folds(between):
                high = between
            elif sign * (self.volume(between) - volume) > 0:
                low = between
            else:
                high = between
        near = [amount for amount in self._volumes if amount * sign >= 0 and amount not in self._folds]
        return min(near, key=lambda amount: abs(self._volumes[amount] - volume))

    def amounts_of(self, volumes: NDArray[np.float64]) -> NDArray[np.float64]:
        """(T,) of volumes between those that were looked at, by the line through these."""
        amounts = np.array(sorted(amount for amount in self._volumes if amount not in self._folds))
        falling = np.minimum.accumulate([self._volumes[amount] for amount in amounts])
        return np.interp(-volumes, -falling, amounts)

    def _bracket(self, volume: float, sign: float) -> tuple[float, float]:
        """Two amounts between which the volume is passed, the second one beyond it; or the last two there are."""
        low = 0.0
        for number in range(1, round(FARTHEST / STRIDE) + 1):
            high = sign * STRIDE * number
            if self.folds(high) or sign * (self.volume(high) - volume) <= 0:
                return low, high
            low = high
        return low, low

    def _between(self, low: float, high: float, volume: float) -> float:
        """Where the line through both meets the volume, kept off both ends; the middle where one folds."""
        if self.folds(high):
            return (low + high) / 2
        above, below = self.volume(low), self.volume(high)
        share = (above - volume) / (above - below) if above != below else 0.5
        return low + float(np.clip(share, 0.08, 0.92)) * (high - low)

    def _measured(self, amount: float) -> float:
        if amount == 0 and self.move is None:
            return disc_volume(self.label_map, self.grid.spacing)
        fine = integrated(np.float32(amount) * self.velocity)
        if float(jacobian_determinant(fine).min()) < SMALLEST_JACOBIAN:
            self._folds.add(amount)
        if self.move is not None:
            moved = self.move(self.grid.displacement(fine))
        else:
            moved = moved_labels(self.label_map, self.grid.displacement(fine, self._pixels), self._pixels)
        if np.count_nonzero(moved == CamusCode.LV_CAVITY) < _LEAST_PIXELS:
            return 0.0
        return disc_volume(moved, self.grid.spacing)


@dataclass(frozen=True)
class Stroke:
    """How far from the given frame end-diastole and end-systole are.

    Attributes:
        diastole, systole: amounts; the first one is 0 or below, the second one 0 or above.
        ejection_fraction: in percent, by the discs of both label maps.
        reached: whether it is what was asked for, to half a point.
    """

    diastole: float
    systole: float
    ejection_fraction: float
    reached: bool


CLOSE = 0.5
"""Points of ejection fraction to which a wish counts as met."""


def stroke(course: Course, ejection_fraction: float, emptied: float) -> Stroke:
    """The stroke whose ejection fraction is the wished one, or as near as the heart comes to it.

    Args:
        course: of the given frame.
        ejection_fraction: in percent, above 0 and below 100.
        emptied: the part of the stroke volume that is out of the ventricle in the given frame, 0 at end-diastole, 1 at
            end-systole.

    Raises:
        InputError: nothing that the velocity does changes the cavity.
    """
    share = ejection_fraction / 100
    full = course.given / (1 - emptied * share)
    diastole = course.amount_of(full) if emptied > 0 else 0.0
    full = course.volume(diastole)
    systole = course.amount_of(full * (1 - share)) if emptied < 1 else 0.0
    if diastole == systole:
        raise InputError(
            "The label map's ventricle does not move: all of it may lie beyond the picture, or its pixels be too few "
            "for it. Give a map with more of the left ventricle."
        )
    found = 100 * (1 - course.volume(systole) / full)
    return Stroke(diastole, systole, found, abs(found - ejection_fraction) <= CLOSE)
