"""Areas of the structures in a label map."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from EchoSynthLib.anatomy.discs import Spacing
from EchoSynthLib.anatomy.labels import CAMUS

STRUCTURES = {"LV": CAMUS["left ventricle"], "myocardium": CAMUS["myocardium"], "LA": CAMUS["left atrium"]}
"""What is measured, and its code."""


def areas(labels: NDArray[np.uint8], spacing: Spacing | None = None) -> dict[str, float]:
    """Area of each of `STRUCTURES` in mm^2, or in pixels: A = n * row spacing * column spacing; 0 where there is none.

    Args:
        labels: (H, W) in CAMUS codes.
        spacing: (row, column) pixel size in mm.
    """
    pixel = math.prod(spacing or (1.0, 1.0))
    return {name: float(np.count_nonzero(labels == code)) * pixel for name, code in STRUCTURES.items()}
