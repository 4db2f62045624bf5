"""Image to label map, or to contour: one folder for each system of these kinds, and what those of a kind answer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

import numpy as np
from numpy.typing import NDArray

from EchoSynthLib.types import Spacing

if TYPE_CHECKING:
    from EchoSynthLib.segmentation.results import ContourResult, SegmentationResult


class Segmenter(Protocol):
    """A pipeline of the kind `segmentation`; calls may run side by side."""

    def __call__(self, image: NDArray[np.uint8]) -> SegmentationResult:
        """LV cavity, myocardium and left atrium in one gray image (H, W) with row 0 at the transducer."""
        ...


class ViewTeller(Protocol):
    """A pipeline of a system whose row says `tells_view`; calls may run side by side."""

    def view_probabilities(self, image: NDArray[np.uint8]) -> dict[str, float]:
        """Of '2CH' and '4CH', which sum to 1, in one gray image (H, W) with row 0 at the transducer."""
        ...


class Contourer(Protocol):
    """A pipeline of the kind `contour`."""

    def __call__(
        self, image: NDArray[np.uint8], spacing: Spacing | None = None, *, heads: str = "both"
    ) -> ContourResult:
        """The endocardium of the left ventricle in one gray image (H, W) with row 0 at the transducer.

        Args:
            image: uint8.
            spacing: (row, column) pixel size, where pixels are not square: the curve's samples lie evenly in it.
            heads: 'both', or 'points' for the curve through the landmarks alone.
        """
        ...
