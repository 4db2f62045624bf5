"""Where a classifier looks: how much of its saliency lies inside the sector."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def region_focus(saliency: NDArray[np.floating], inside: NDArray[np.bool_]) -> NDArray[np.float64]:
    """RF = sum(S M) / sum(S) of each of (N, H, W) saliency maps, which are not negative; NaN where a map is 0."""
    total = saliency.sum(axis=(-2, -1), dtype=np.float64)
    within = np.where(inside, saliency, 0).sum(axis=(-2, -1), dtype=np.float64)
    return np.divide(within, total, out=np.full(total.shape, np.nan), where=total > 0)


def pointing_game(saliency: NDArray[np.floating], inside: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Of each of (N, H, W) maps whether its highest value lies inside (Zhang et al. 2018, doi
    10.1007/s11263-017-1059-x); false where a map is 0."""
    flat = saliency.reshape(*saliency.shape[:-2], -1)
    highest = flat.argmax(axis=-1)
    hit = np.take_along_axis(inside.reshape(flat.shape), highest[..., None], axis=-1)[..., 0]
    return hit & (flat.max(axis=-1) > 0)
