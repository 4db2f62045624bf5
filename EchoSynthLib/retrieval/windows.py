"""From scores of frames to the frames that are shown: windows over time, a median, the best and the next two."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import median_filter

WINDOW = 5
"""Frames that are averaged, and of whose scores the median is taken."""
SHOWN = 3


def window_means(count: int, window: int = WINDOW) -> NDArray[np.float32]:
    """(T, T): row t averages the frames around t, of which there are fewer at both ends of a clip."""
    number = np.arange(count)
    near = np.abs(number[:, None] - number[None]) <= window // 2
    means: NDArray[np.float32] = (near / near.sum(axis=1, keepdims=True)).astype(np.float32)
    return means


def smoothed(scores: NDArray[np.floating], window: int = WINDOW) -> NDArray[np.float64]:
    """Scores (T,) with the median over so many frames, the ends repeated beyond the clip."""
    return np.asarray(median_filter(np.asarray(scores, np.float64), window, mode="nearest"))


def best_frames(scores: NDArray[np.floating], shown: int = SHOWN) -> list[int]:
    """Numbers of the best frame and of the next ones, best first.

    Scores are smoothed first; of frames that the median makes equal, the one whose own score is higher comes first.
    Each next one is the best of those that are no neighbors of the ones before, as long as there are any.
    """
    own = np.asarray(scores, np.float64)
    order = np.lexsort((-own, -smoothed(own))).tolist()
    chosen: list[int] = []
    for apart in (WINDOW // 2 + 1, 1):
        for frame in order:
            if len(chosen) < shown and all(abs(frame - other) >= apart for other in chosen):
                chosen.append(frame)
    return chosen
