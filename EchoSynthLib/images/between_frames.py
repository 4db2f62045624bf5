"""A cine at other times than those of its frames (numpy)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def at_times(cine: NDArray[np.number], times: NDArray[np.floating], endless: bool) -> NDArray[np.float32]:
    """Frames (len(times), H, W) of a cine (T, H, W), mixed linearly between the two on either side.

    Args:
        cine: gray levels.
        times: in frames of the cine.
        endless: whether after the last frame comes the first; otherwise it stays for one frame, and then all is black.
    """
    count = len(cine)
    before = np.floor(times).astype(int)
    share = (times - before).astype(np.float32)[:, None, None]
    if endless:
        first, second = cine[before % count], cine[(before + 1) % count]
    else:
        first, second = (cine[np.minimum(one, count - 1)] for one in (before, before + 1))
    mixed = (1 - share) * first.astype(np.float32) + share * second.astype(np.float32)
    if not endless:
        mixed[before >= count] = 0
    return mixed
