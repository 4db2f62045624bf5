"""Which view a frame shows, and whether it can be trusted: one folder for each system of the kind `classification`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray


class Classifier(Protocol):
    """A pipeline of the kind `classification`; calls may run side by side."""

    def view_probabilities(self, image: NDArray[np.uint8]) -> dict[str, float]:
        """Shares of views, which sum to 1, in one gray image (H, W) with row 0 at the transducer."""
        ...

    def trust(self, shares: Mapping[str, float], wanted: Sequence[str]) -> float:
        """The score in [0, 1] of an image with these shares, for a model that knows the views `wanted`."""
        ...
