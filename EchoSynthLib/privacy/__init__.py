"""Whether pictures give patients away: one folder for each system of the kind `privacy`, and what Python users call."""

from __future__ import annotations

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from EchoSynthLib.privacy.check import check_privacy

__all__ = ["Reidentifier", "check_privacy"]


class Reidentifier(Protocol):
    """A pipeline of the kind `privacy`; calls may run side by side.

    Attributes:
        threshold: the correlation from which a frame is too near to a known one.
    """

    threshold: float

    def nearest(self, image: NDArray[np.uint8]) -> tuple[float, str]:
        """The largest correlation, in [-1, 1], of a gray image (H, W) with a known frame, and that frame's name."""
        ...
