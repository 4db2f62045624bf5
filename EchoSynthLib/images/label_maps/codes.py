"""The codes of label maps, and the forms in which files hold them: as whole numbers, nearly whole ones, masks."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

CODES = "0 other, 1 LV cavity, 2 myocardium, 3 left atrium"
LARGEST_CODE = 3
FEW_LEVELS, MOST_CODES = 8, 32
"""So few values are no echo; so many may be codes, if they fill areas."""
WHOLE = 1e-3
"""How far a code may be off a whole number: what arithmetic on floats leaves."""


def snapped(values: NDArray) -> NDArray:
    """The values, those nearly whole made whole."""
    if values.dtype.kind != "f":
        return values
    nearest = np.rint(values)
    return np.where(np.abs(values - nearest) <= WHOLE, nearest, values)


def is_one_hot(channels: NDArray) -> bool:
    """Whether (C, ...) marks one structure in each channel, as networks are given them: they never overlap."""
    if channels.dtype.kind == "f" and not np.isfinite(channels).all():
        return False
    marks = channels != 0
    largest = channels.max(initial=0)
    if largest not in (1, 255) or not np.isin(channels, (0, largest)).all():
        return False
    return bool(marks.sum(axis=0).max() == 1 and marks.reshape(len(marks), -1).any(axis=1).sum() > 1)
