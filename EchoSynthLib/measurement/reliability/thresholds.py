"""The constants of the traffic light, as `Testing/calibration/traffic_light.py` (`make calibrate`) fits them.

They come from the 1600 frames of CAMUS' training patients and 800 degraded versions of a quarter of those frames (blur,
gain, shadows, haze, noise). The segmenter was trained on these patients; its Dice is 0.941 there in the mean and 0.938
on val, so that its doubts there are hardly too small. Nothing is fitted on val.

What the contour model says has no part in the expected Dice. It remembers its training frames (error of the 4CH volume
at end-diastole 6.9 % there, 8.0 % on val), so that agreement with it on them is agreement with the truth, and a fit
gives it a weight that it does not deserve on frames of others.
"""

from __future__ import annotations

from typing import NamedTuple


class DiceFit(NamedTuple):
    """D = 1.01 - exp(offset) * (1.001 - E)^exponent, see `agreement.expected_dice`."""

    offset: float
    exponent: float


BY_CONFIDENCE = {
    "LV cavity": DiceFit(2.117, 1.528),
    "LV cavity+myocardium": DiceFit(2.184, 1.710),
    "left atrium": DiceFit(1.498, 1.372),
}
"""By least squares of the logarithms."""

GREEN_FROM = 0.935
"""Expected Dice, mean over the structures: 87 % of the better half of the training frames are at or above it, 79 % of
the worst tenth below."""

RED_BELOW = 0.89
"""Half of the degraded frames below it have a Dice under 0.8."""

AGREEMENT_FROM = 0.96
CONTOUR_AGREEMENT_FROM = 0.95
SPREAD_UP_TO = 0.06
"""What all but 1 % of the better half of the training frames keep to."""

OWN_FROM = 0.98
"""Dice with the segmenter's label map from which one is its own, but for a touch."""
LIKENESS_FROM = 0.90
UNLIKE_BELOW = 0.75
"""Of a label map by another hand. Conventions: on val, 19 of 20 of CAMUS' references have a Dice of 0.89 or more with
the segmenter's label map; what is moved sideways by 25 pixels of 590, or is drawn much too small, has 0.85 or less.
"""
