"""From the network's logits to structures at the image's own size, worked out only where a structure can be."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from EchoSynthLib.anatomy.views import view_names
from EchoSynthLib.images.grid import Box, from_grid, reach
from EchoSynthLib.segmentation.unet.postprocessing import clean

# Of a logit over the background's: its exponential is still a float32, and its probability 1 to the last bit.
_LARGEST = 40.0
_NO_BOX = np.empty((0, 0), np.float32)


@dataclass(frozen=True, eq=False, repr=False)
class SegmentationResult:
    """What the segmenter saw in one image.

    Attributes:
        label_map: (H, W) uint8 in CAMUS codes.
        view_probabilities: of '2CH' and '4CH'; they sum to 1.
        above: (3, rows, columns) of the network's own grid, the structures' logits over the background's.
        box: the part of the image where structures can be; None where there are none.
        confidence_in_box: float32 in [0, 1], the probability of the code shown at each pixel of it.
    """

    label_map: NDArray[np.uint8]
    view_probabilities: dict[str, float]
    above: NDArray[np.float32]
    box: Box | None
    confidence_in_box: NDArray[np.float32]

    @cached_property
    def confidence(self) -> NDArray[np.float32]:
        """(H, W) float32 in [0, 1], the probability of the code shown at each pixel.

        Outside of the box that is the background's, carried over from the network's grid.
        """
        background = 1 / (1 + np.exp(self.above).sum(axis=0, keepdims=True))
        confidence = from_grid(background, self.label_map.shape)[0].clip(0, 1)  # type: ignore[arg-type]
        if self.box is not None:
            confidence[self.box] = self.confidence_in_box
        return confidence

    @property
    def mean_confidence(self) -> float:
        """Of the pixels that show a structure; 0 where none does."""
        if self.box is None:
            return 0.0
        shown = self.label_map[self.box] > 0
        return float(self.confidence_in_box[shown].mean()) if shown.any() else 0.0


def nothing_in(shape: tuple[int, int]) -> SegmentationResult:
    """Of an image (H, W) that shows nothing: no structure anywhere, confidence 0, either view alike."""
    views = dict.fromkeys(view_names("view classification"), 0.5)
    return SegmentationResult(np.zeros(shape, np.uint8), views, np.full((3, 1, 1), np.inf, np.float32), None, _NO_BOX)


def structures_of(
    logits: NDArray[np.float32], shape: tuple[int, int], view_probabilities: dict[str, float]
) -> SegmentationResult:
    """Structures of an image (H, W) from the logits (4, rows, columns) of the network's grid.

    The logits are carried over bilinearly, each pixel is given the likeliest code, and what is left of each structure
    is made whole, see `clean`. Pixels that are mixed from cells of the background alone are background, too; the rest
    of the work is done for the others.
    """
    label_map = np.zeros(shape, np.uint8)
    # Only differences of logits count, so the background's plane need not be carried over: it is 0.
    above = (logits[1:] - logits[0]).clip(-_LARGEST, _LARGEST)
    box = reach(above.max(axis=0) > 0, shape)
    if box is None:
        return SegmentationResult(label_map, view_probabilities, above, None, _NO_BOX)
    odds = from_grid(above, shape, box)
    likeliest = _likeliest(odds)
    cleaned = label_map[box] = clean(likeliest)
    np.exp(odds, out=odds)
    shown = np.maximum(odds.max(axis=0), 1)
    changed = cleaned != likeliest
    if changed.any():
        for code in range(len(odds) + 1):
            chosen = changed & (cleaned == code)
            shown[chosen] = odds[code - 1][chosen] if code else 1
    shown /= odds.sum(axis=0) + 1
    return SegmentationResult(label_map, view_probabilities, above, box, shown)


def _likeliest(above: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Code 0 to 3 (H, W) of the highest logit, from those of codes 1 to 3 over the background's (3, H, W)."""
    # Plane by plane is several times faster than argmax over the first axis.
    code, highest = np.zeros(above.shape[1:], np.uint8), np.zeros(above.shape[1:], np.float32)
    for candidate, plane in enumerate(above, start=1):
        code[plane > highest] = candidate
        np.maximum(highest, plane, out=highest)
    return code
