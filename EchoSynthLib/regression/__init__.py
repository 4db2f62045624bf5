"""Numbers told by looking, without outlines: one folder for each system of the kind `regression`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Told:
    """An ejection fraction as a cine gives it away.

    Attributes:
        percent: the mean over the windows.
        interval: (low, high) in percent, in which nine of ten cines that were not learned from have theirs.
        windows: percent of each window.
        doubts: in words, where the cine is unlike those that were learned from.
    """

    percent: float
    interval: tuple[float, float]
    windows: tuple[float, ...]
    doubts: tuple[str, ...] = ()


class EjectionRegressor(Protocol):
    """A pipeline of the kind `regression`; calls may run side by side."""

    def __call__(self, cine: NDArray[np.uint8], frame_time: float | None) -> Told:
        """The left ventricle's ejection fraction in a cine (T, H, W), T from 2, of an apical view.

        Frames are `frame_time` milliseconds apart; None where nobody knows. Two frames are both ends of a beat.
        """
        ...
