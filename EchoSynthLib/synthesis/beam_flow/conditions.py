"""What the generator may be told besides the label map, as one vector; whatever is unknown is zero."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from EchoSynthLib.anatomy.views import taken_view
from EchoSynthLib.arguments import choice
from EchoSynthLib.images.datasets.camus_frame import QUALITIES

VIEW = slice(0, 2)
QUALITY = slice(2, 5)
OPENING = slice(5, 7)
DEPTH = slice(7, 9)
LENGTH = 9

OPENING_SCALE = (1.3, 0.2)
"""Radians that are 0 in the vector, and radians that are 1."""
DEPTH_SCALE = (150.0, 30.0)
"""Millimeters that are 0 in the vector, and millimeters that are 1."""


def encode(
    view: str | None = None,
    quality: str | None = None,
    opening_angle: float | None = None,
    depth_mm: float | None = None,
) -> NDArray[np.float32]:
    """The condition vector (9,): view (2), quality (3), opening angle (value, known), depth (value, known).

    Args:
        view: '2CH' or '4CH'.
        quality: 'good', 'medium' or 'poor', as CAMUS' cardiologists graded the acoustic window.
        opening_angle: of the sector, in radians.
        depth_mm: from the probe to the end of the beams.
    """
    vector = np.zeros(LENGTH, np.float32)
    if view is not None:
        vector[VIEW][taken_view(view, "synthesis").condition] = 1
    if quality is not None:
        vector[QUALITY] = _one_hot(quality, QUALITIES, "quality")
    if opening_angle is not None:
        vector[OPENING] = (opening_angle - OPENING_SCALE[0]) / OPENING_SCALE[1], 1
    if depth_mm is not None and math.isfinite(depth_mm):
        vector[DEPTH] = (depth_mm - DEPTH_SCALE[0]) / DEPTH_SCALE[1], 1
    return vector


def _one_hot(value: str, allowed: tuple[str, ...], name: str) -> NDArray[np.float32]:
    known = choice(value, f"The {name}", allowed)
    return np.array([known == other for other in allowed], np.float32)
