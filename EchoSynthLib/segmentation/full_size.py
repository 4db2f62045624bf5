"""From a network's logits to structures at the image's own size, worked out only where a structure can be."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from EchoSynthLib.images.grid import from_grid, reach
from EchoSynthLib.segmentation.postprocessing import clean
from EchoSynthLib.segmentation.results import SegmentationResult

# Of a logit over the background's: its exponential is still a float32, and its probability 1 to the last bit.
_LARGEST = 40.0


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
    background = 1 / (1 + np.exp(above).sum(axis=0))
    if box is None:
        return SegmentationResult(label_map, view_probabilities, None, np.empty((0, 0), np.float32), background)
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
    return SegmentationResult(label_map, view_probabilities, box, shown, background)


def _likeliest(above: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Code 0 to 3 (H, W) of the highest logit, from those of codes 1 to 3 over the background's (3, H, W)."""
    # Plane by plane is several times faster than argmax over the first axis.
    code, highest = np.zeros(above.shape[1:], np.uint8), np.zeros(above.shape[1:], np.float32)
    for candidate, plane in enumerate(above, start=1):
        code[plane > highest] = candidate
        np.maximum(highest, plane, out=highest)
    return code
