"""The area under the receiver operating characteristic: how well a score tells two kinds apart (numpy)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def area_under_roc(same: NDArray[np.floating], other: NDArray[np.floating]) -> float:
    """How often a score (N,) of those that are wanted is higher than one (M,) of the others; ties count half."""
    order = np.sort(other)
    below, upto = (np.searchsorted(order, same, side) for side in ("left", "right"))
    return float(np.mean((below + upto) / 2) / len(other))
