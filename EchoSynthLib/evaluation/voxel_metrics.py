"""How well a heart of voxels is reconstructed: overlap, volumes, and what knowing nothing but the mean heart gives.

Two protocols. That of Stojanovski et al. 2022 (arXiv 2207.13424): tissue or none, each heart normalized to its own
bounding box, and the best overlap over several thresholds. It forgives every error of size and place. And ours, in
millimeters: all structures where they lie. Hearts resemble one another, so that either is read beside the mean shape.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import map_coordinates

from EchoSynthLib.errors import InputError

THRESHOLDS = (0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)
"""Of arXiv 2207.13424's release."""


def intersection_over_union(a: NDArray[np.bool_], b: NDArray[np.bool_]) -> float:
    """|a and b| / |a or b| of two masks of one shape; 1 where both are empty."""
    union = int((a | b).sum())
    return int((a & b).sum()) / union if union else 1.0


def peak_iou(
    probability: NDArray[np.floating], reference: NDArray[np.bool_], thresholds: Sequence[float] = THRESHOLDS
) -> float:
    """The largest overlap of {probability >= threshold} and the reference over the thresholds, of one heart.

    It is chosen with the reference in sight, as in the paper; `mean_peak_iou` chooses one threshold for all.
    """
    return max(intersection_over_union(probability >= threshold, reference) for threshold in thresholds)


def mean_peak_iou(
    probabilities: Iterable[NDArray[np.floating]],
    references: Iterable[NDArray[np.bool_]],
    thresholds: Sequence[float] = THRESHOLDS,
) -> tuple[float, float]:
    """Mean overlap over hearts at the threshold that is best for all of them together, and this threshold."""
    rows = [
        [intersection_over_union(probability >= threshold, reference) for threshold in thresholds]
        for probability, reference in zip(probabilities, references, strict=True)
    ]
    means = np.mean(rows, axis=0)
    best = int(means.argmax())
    return float(means[best]), float(thresholds[best])


def structure_iou(
    predicted: NDArray[np.integer], reference: NDArray[np.integer], structures: Mapping[str, Sequence[int]]
) -> dict[str, float]:
    """Overlap of each structure, told by its codes, of two volumes (D, H, W) on one grid in millimeters."""
    return {
        name: intersection_over_union(np.isin(predicted, codes), np.isin(reference, codes))
        for name, codes in structures.items()
    }


def volume_ml(labels: NDArray[np.integer], codes: Sequence[int], voxel_mm: float | Sequence[float]) -> float:
    """Volume in ml of what has one of these codes.

    Args:
        labels: (D, H, W).
        codes: of the structure.
        voxel_mm: side of a voxel, or its three sides.
    """
    return float(np.isin(labels, codes).sum() * np.prod(np.broadcast_to(voxel_mm, 3)) / 1000)


def box_normalized(
    volume: NDArray[np.floating] | NDArray[np.bool_], within: NDArray[np.bool_], grid: int
) -> NDArray[np.float32]:
    """A volume in the bounding box of a mask, on a cube of voxels, as the paper's targets are.

    The box is a cube around the middle of the mask's own box, whose side is the longest of its sides: a heart keeps
    its proportions and loses its size and place.

    Args:
        volume: (D, H, W), of voxels that are cubes; read by linear interpolation, 0 beyond its border.
        within: the mask, of that shape.
        grid: voxels along each side of the result.

    Raises:
        InputError: the mask is empty.
    """
    places = np.argwhere(within)
    if not len(places):
        raise InputError("There is nothing in the volume, so it has no bounding box to be normalized to.")
    low, high = places.min(axis=0) - 0.5, places.max(axis=0) + 0.5
    middle, side = (low + high) / 2, float((high - low).max())
    along = ((np.arange(grid) + 0.5) / grid - 0.5) * side
    places = np.stack(np.meshgrid(*(middle[axis] + along for axis in range(3)), indexing="ij"))
    return map_coordinates(volume.astype(np.float32), places, order=1, mode="constant")


class MeanShape:
    """What there is to say of a heart that nobody has looked at: how often each voxel was which structure.

    Args:
        volumes: label maps (D, H, W) of other hearts, on one grid.
        labels: how many codes there are, background counted.

    Attributes:
        shares: (labels, D, H, W) float32, how many of the hearts have which code there.

    Raises:
        InputError: there are none.
    """

    def __init__(self, volumes: Iterable[NDArray[np.integer]], labels: int) -> None:
        counted: NDArray[np.int64] | None = None
        hearts = 0
        for volume in volumes:
            if counted is None:
                counted = np.zeros((labels, *volume.shape), np.int64)
            for code in range(labels):
                counted[code] += volume == code
            hearts += 1
        if counted is None:
            raise InputError("A mean shape needs the volume of one heart or more; there was none.")
        self.shares = (counted / hearts).astype(np.float32)

    @property
    def labels(self) -> NDArray[np.uint8]:
        """(D, H, W): the code that most of the hearts have there."""
        return self.shares.argmax(axis=0).astype(np.uint8)

    @property
    def tissue(self) -> NDArray[np.float32]:
        """(D, H, W): the share of hearts that have any structure there, to be thresholded as a network's output is."""
        return 1 - self.shares[0]
