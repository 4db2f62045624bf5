"""Between what a number truly lies, nine times of ten: from the segmenter's doubt, the frames of a cine and its beats.

Truth is what is measured in a reference of the same frame, so that an interval holds the errors of the label map and
how well the measurement repeats on it, and not the error of the plane. Errors of sizes are factors: the logarithm of
true over measured lies between two bounds, at the doubt that is usual; with the doubt they grow. An ejection fraction
is what the ratio of two sizes leaves of 1, and the bounds are those of this ratio.

The constants are those that `Testing/calibration/intervals.py` fits on 160 patients of CAMUS train, segmented by a
segmenter that has not seen them. What they hold on val stands in Docs/measurements.md.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

INSIDE = 0.90
"""Share of the true values that lie within."""
_NORMAL = 1.645
"""Standard deviations on either side that hold as many."""


class Bounds(NamedTuple):
    """Of the logarithm of true over measured, at the usual doubt."""

    low: float
    high: float


BOUNDS: dict[str, Bounds] = {
    "LV length": Bounds(-0.072, 0.085),
    "LV area": Bounds(-0.188, 0.182),
    "LV volume, discs": Bounds(-0.351, 0.299),
    "LV volume, area-length": Bounds(-0.353, 0.312),
    "myocardium area": Bounds(-0.185, 0.167),
    "LA length": Bounds(-0.19, 0.19),
    "LA area": Bounds(-0.272, 0.256),
    "LA volume, discs": Bounds(-0.422, 0.412),
    "LA volume, area-length": Bounds(-0.419, 0.396),
    "wall thickness, mean": Bounds(-0.18, 0.17),
    "wall thickness, smallest": Bounds(-0.34, 0.295),
    "wall thickness, largest": Bounds(-0.276, 0.197),
    "LV volume, biplane discs": Bounds(-0.271, 0.244),
    "LA volume, biplane discs": Bounds(-0.295, 0.308),
    "LA volume, biplane area-length": Bounds(-0.332, 0.318),
    "EF, discs": Bounds(-0.371, 0.204),
    "EF, area-length": Bounds(-0.372, 0.197),
    "EF, biplane discs": Bounds(-0.282, 0.134),
    "FAC": Bounds(-0.188, 0.12),
    "LV shortening": Bounds(-0.083, 0.082),
}
"""Of sizes by their names; of fractions those of the ratio that is left."""
USUAL_DOUBT = {"LV": 0.109, "wall": 0.093, "LA": 0.118}
"""Median of the frames that the bounds were fitted on."""
POWER = 0.5
"""Of the doubt over the usual one, with which the bounds grow."""
FACTOR = (0.6, 1.8)
"""Least and most that they become; beyond that no frame was seen."""
LEAST_OF_FRACTIONS = 1.0
"""The same of fractions: between two segmenters of which one doubts less, sizes err by less, and fractions do not."""
FRACTIONS = ("EF, discs", "EF, area-length", "EF, biplane discs", "FAC", "LV shortening")
"""Percentages that are left of 1 by a ratio."""

_EXPECTED = {"LV": "LV cavity", "wall": "LV cavity+myocardium", "LA": "left atrium"}
_USUAL_AGREEMENT = 0.976


def structure_of(name: str) -> str:
    """Whose doubt a measurement depends on: 'LV', 'wall' or 'LA'."""
    if name.startswith("LA "):
        return "LA"
    return "wall" if name.startswith(("wall", "myocardium")) else "LV"


def doubt_of(values: Mapping[str, float], structure: str) -> float | None:
    """How far a frame's label map may be wrong: what is missing of 1 in the expected Dice and in the agreement.

    Args:
        values: the measurements of a frame by name.
        structure: 'LV', 'wall' or 'LA'.

    Returns:
        None where nothing is known of what the segmenter saw.
    """
    expected = values.get(f"expected Dice, {_EXPECTED[structure]}")
    if expected is None:
        return None
    return (1 - expected) + (1 - values.get("agreement", _USUAL_AGREEMENT))


def factor_of(doubts: Sequence[float | None], name: str) -> float:
    """By which the bounds of a measurement grow, the mean over frames of these doubts; 1 of one of no known doubt."""
    usual, (least, most) = USUAL_DOUBT[structure_of(name)], FACTOR
    least = LEAST_OF_FRACTIONS if name in FRACTIONS else least
    each = [1.0 if doubt is None else float(np.clip((doubt / usual) ** POWER, least, most)) for doubt in doubts]
    return float(np.mean(each)) if each else 1.0


def interval(
    name: str, value: float, frames: Sequence[Mapping[str, float]], repeated: float = 0.0
) -> tuple[float, float] | None:
    """(low, high) of a measurement, in its unit; None of those that have none.

    Args:
        name: of the measurement.
        value: of a size, or of a fraction from 0 to 1.
        frames: the measurements by name of the frames that it comes from.
        repeated: standard deviation of the logarithm of what is bounded, over beats or frames that show the same.
    """
    bounds = BOUNDS.get(name)
    if bounds is None or not math.isfinite(value):
        return None
    factor = factor_of([doubt_of(values, structure_of(name)) for values in frames], name)
    middle, half = factor * (bounds.low + bounds.high) / 2, factor * (bounds.high - bounds.low) / 2
    half = math.hypot(half, _NORMAL * repeated)
    if name in FRACTIONS:
        left = 1 - value
        return max(0.0, 1 - left * math.exp(middle + half)), 1 - left * math.exp(middle - half)
    return value * math.exp(middle - half), value * math.exp(middle + half)
