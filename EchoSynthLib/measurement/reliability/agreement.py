"""How far a segmentation can be trusted: the overlap with the truth that the segmenter itself expects, how near the
contour model's endocardium lies, and how little the answer changes when the picture is moved, scaled and exposed
otherwise."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from EchoSynthLib.anatomy.masks import fill_polygon
from EchoSynthLib.anatomy.structures import CamusCode
from EchoSynthLib.evaluation.segmentation_metrics import STRUCTURE_CODES, dice
from EchoSynthLib.measurement.reliability.thresholds import BY_CONFIDENCE
from EchoSynthLib.types import Mask

Image = NDArray[np.uint8]

_NEAR = 0.15  # of the square root of a structure's area: pixels beyond it that could have been its own


class SecondContour(Protocol):
    """The endocardium that another model draws in the same image, such as `es.contour_detailed` gives it."""

    @property
    def curve(self) -> NDArray[np.float64]:
        """(n, 2) (row, column), open, from basal point over the apex to basal point."""

    @property
    def spread(self) -> NDArray[np.float64]:
        """(7,) how far its landmarks may lie from where they are told, in pixels."""


@dataclass(frozen=True)
class Exposure:
    """A picture taken a little differently: smaller by `scale`, moved by shares of its size, gray values to `gamma`."""

    scale: float
    gamma: float
    moved: tuple[float, float]


EXPOSURES = (Exposure(0.90, 0.75, (-0.02, 0.02)), Exposure(0.96, 1.35, (0.02, -0.02)))
"""Smaller, so that nothing leaves the picture; never mirrored, for a mirrored heart is another one."""


def expected_dice(labels: Image, confidence: NDArray[np.floating]) -> dict[str, float]:
    """Dice with the truth that the confidence map lets expect, per structure; 0 for one that is missing.

    Networks are too sure of themselves, so that D = 1.01 - exp(a) (1.001 - E)^b, E being the `confident_overlap` and a
    and b fitted.

    Args:
        labels: (H, W) in CAMUS codes.
        confidence: (H, W) in [0, 1].
    """
    overlaps = confident_overlap(labels, confidence)
    return {
        name: float(np.clip(1.01 - np.exp(fit.offset) * (1.001 - overlaps[name]) ** fit.exponent, 0, 1))
        for name, fit in BY_CONFIDENCE.items()
    }


def confident_overlap(labels: Image, confidence: NDArray[np.floating]) -> dict[str, float]:
    """The Dice that the segmenter's probabilities promise, per structure; 0 for one that is missing.

    E = 2 sum_in p / (2 sum_in p + sum_in (1 - p) + sum_near (1 - p)), with p the probability of the code shown at each
    pixel of the structure and of the band around it: pixels in it may be wrong, and those near it may belong to it.
    """
    return {name: _promised(_in(labels, codes), confidence) for name, codes in STRUCTURE_CODES.items()}


def _promised(structure: Mask, confidence: NDArray[np.floating]) -> float:
    from scipy import ndimage

    if not structure.any():
        return 0.0
    reach = _NEAR * np.sqrt(structure.sum())
    box = tuple(
        slice(max(0, int(along.min() - reach) - 1), int(along.max() + reach) + 2)
        for along in (np.flatnonzero(structure.any(axis=1)), np.flatnonzero(structure.any(axis=0)))
    )
    structure, confidence = structure[box], confidence[box]
    near = ~structure & (ndimage.distance_transform_edt(~structure) <= reach)
    right = 2 * float(confidence[structure].sum())
    wrong = float((1 - confidence[structure]).sum() + (1 - confidence[near]).sum())
    return right / (right + wrong) if right else 0.0


def contour_agreement(labels: Image, second: SecondContour) -> float:
    """Dice of the cavity (H, W) with what the contour model's endocardium encloses; 0 without a cavity."""
    cavity = labels == CamusCode.LV_CAVITY
    return dice(cavity, fill_polygon(second.curve, (labels.shape[0], labels.shape[1]))) if cavity.any() else 0.0


def relative_spread(labels: Image, second: SecondContour) -> float:
    """Mean spread of the landmarks over the square root of the cavity's area; infinite without a cavity."""
    area = np.count_nonzero(labels == CamusCode.LV_CAVITY)
    return float(np.mean(second.spread) / np.sqrt(area)) if area else float("inf")


def agreement(image: Image, labels: Image, segment: Callable[[Image], Image]) -> float:
    """Mean Dice, over the structures, of a segmentation with those of `EXPOSURES` of the same picture.

    Args:
        image: (H, W) uint8.
        labels: its label map (H, W).
        segment: what made it, image to label map.
    """
    others = (laid_back(segment(retaken(image, exposure)), exposure) for exposure in EXPOSURES)
    return agreement_with(labels, np.stack(list(others)))


def agreement_with(labels: Image, others: Image) -> float:
    """Mean Dice, over the structures, of a label map (H, W) with others (n, H, W) of the same picture."""
    found = [dice(_in(labels, codes), _in(other, codes)) for other in others for codes in STRUCTURE_CODES.values()]
    return float(np.mean(found))


def _in(labels: Image, codes: Sequence[int]) -> Mask:
    """Like `numpy.isin`, which sorts; a dragged point asks for it at every move."""
    mask = labels == codes[0]
    for code in codes[1:]:
        mask |= labels == code
    return mask


def retaken(image: Image, exposure: Exposure) -> Image:
    """The picture (H, W), taken a little differently."""
    from scipy import ndimage

    middle, moved = _place(image, exposure)
    gray = ndimage.affine_transform(
        image.astype(np.float32), np.eye(2) / exposure.scale, middle - (middle + moved) / exposure.scale, order=1
    )
    return np.rint(255 * (np.clip(gray, 0, 255) / 255) ** exposure.gamma).astype(np.uint8)


def laid_back(labels: Image, exposure: Exposure) -> Image:
    """The label map (H, W) of such a picture, laid on the first one."""
    from scipy import ndimage

    middle, moved = _place(labels, exposure)
    offset = middle + moved - middle * exposure.scale
    return np.asarray(ndimage.affine_transform(labels, np.eye(2) * exposure.scale, offset, order=0))


def _place(plane: Image, exposure: Exposure) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The picture's middle, and by how much it is moved, in pixels."""
    return (np.array(plane.shape) - 1) / 2, np.array(plane.shape) * exposure.moved


def confidence_at(place: NDArray[np.float64], confidence: NDArray[np.floating], radius: float) -> float:
    """Mean confidence in a disc around (row, column); radius in pixels."""
    radius = max(radius, 1.0)
    first = np.maximum(np.floor(place - radius).astype(int), 0)
    last = np.minimum(np.ceil(place + radius).astype(int) + 1, confidence.shape)
    rows, columns = np.ogrid[first[0] : last[0], first[1] : last[1]]
    around = (rows - place[0]) ** 2 + (columns - place[1]) ** 2 <= radius**2
    return float(confidence[first[0] : last[0], first[1] : last[1]][around].mean()) if around.any() else 0.0
