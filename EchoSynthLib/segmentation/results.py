"""What is found in one image: a label map with its confidence, or the endocardium with its doubt."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from EchoSynthLib.anatomy.heart2d.endocardium import LANDMARKS, endocardium_of_mask
from EchoSynthLib.anatomy.views import FOUR_CHAMBER, TWO_CHAMBER, view_names
from EchoSynthLib.images.grid import Box, from_grid
from EchoSynthLib.types import Record, Spacing


@dataclass(frozen=True, eq=False, repr=False)
class SegmentationResult:
    """What a segmenter saw in one image; `of` makes one of a label map and its confidence.

    Attributes:
        label_map: (H, W) uint8 in CAMUS codes.
        view_probabilities: of '2CH' and '4CH'; they sum to 1, and are alike where the model does not tell views.
        box: the part of the image where structures can be; None where there are none.
        confidence_in_box: float32 in [0, 1], the probability of the code shown at each pixel of it.
        background: (rows, columns) float32 in [0, 1], its probability on a grid that is stretched over the image; of
            this what lies outside of the box counts.
        record: how it was made, as `es.segment_detailed` tells it; pipelines tell nothing.
    """

    label_map: NDArray[np.uint8]
    view_probabilities: dict[str, float]
    box: Box | None
    confidence_in_box: NDArray[np.float32]
    background: NDArray[np.float32]
    record: Record = field(default_factory=dict)

    @classmethod
    def of(
        cls,
        label_map: NDArray[np.uint8],
        confidence: NDArray[np.float32],
        view_probabilities: dict[str, float] | None = None,
    ) -> SegmentationResult:
        """That of a label map (H, W) and the probability (H, W) of the code shown at each pixel.

        Args:
            view_probabilities: None where the model does not tell views.
        """
        everywhere = (slice(0, label_map.shape[0]), slice(0, label_map.shape[1]))
        return cls(label_map, view_probabilities or _any_view(), everywhere, confidence, np.zeros((1, 1), np.float32))

    @cached_property
    def confidence(self) -> NDArray[np.float32]:
        """(H, W) float32 in [0, 1], the probability of the code shown at each pixel.

        Outside of the box that is the background's, carried over from its grid.
        """
        confidence = from_grid(self.background[None], self.label_map.shape)[0].clip(0, 1)  # type: ignore[arg-type]
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
    return SegmentationResult.of(np.zeros(shape, np.uint8), np.zeros(shape, np.float32))


def views_of(logit: NDArray[np.float32]) -> dict[str, float]:
    """Probabilities of the views from the logit of '4CH' (1,); they sum to 1."""
    four = float(1 / (1 + np.exp(-float(logit[0]))))
    return {TWO_CHAMBER.name: 1 - four, FOUR_CHAMBER.name: four}


def _any_view() -> dict[str, float]:
    names = view_names("segmentation")
    return dict.fromkeys(names, 1 / len(names))


@dataclass(frozen=True, eq=False)
class ContourResult:
    """The endocardium in one image (H, W); points are (row, column), pixel centers lie at whole numbers.

    Attributes:
        points: (7, 2) float64, P1 to P7 as in `anatomy.heart2d.endocardium.LANDMARKS`; all lie on the curve.
        curve: (100, 2) float64, open, from P1 over the apex to P7.
        deviation: (7, 2) standard deviation of each landmark along rows and columns, in pixels: of its heatmap, less
            the width that heatmaps were given in training (variances of independent errors add up).
        entropy: (7,) of each landmark's distribution over the pixels of its map, in nats.
        distance_map: (h, w) float32 on the network's own map, which is stretched over the frame: distance to the
            endocardium in pixels of that map, cut off at some ten.
        mean_distance: mean of the distance map along the curve, in the map's pixels; high where the heads disagree.

    A label map tells of no doubt: what was derived from one has NaN for numbers and a map without pixels.
    """

    points: NDArray[np.float64]
    curve: NDArray[np.float64]
    deviation: NDArray[np.float64]
    entropy: NDArray[np.float64]
    distance_map: NDArray[np.float32]
    mean_distance: float

    @property
    def spread(self) -> NDArray[np.float64]:
        """(7,) root mean square distance at which each landmark may lie from where it is told, in pixels."""
        return np.linalg.norm(self.deviation, axis=1)

    def summary(self, spacing: Spacing | None) -> dict[str, Any]:
        """What a record says: each landmark with its doubt, in mm too where a spacing is given; None for unknown."""
        millimeters = None if spacing is None else np.linalg.norm(self.deviation * spacing, axis=1)
        landmarks = [
            {
                "name": name,
                "row": float(self.points[i, 0]),
                "column": float(self.points[i, 1]),
                "spread_px": _known(self.spread[i]),
                "spread_mm": None if millimeters is None else _known(millimeters[i]),
                "entropy": _known(self.entropy[i]),
            }
            for i, name in enumerate(LANDMARKS)
        ]
        return {"landmarks": landmarks, "mean_distance": _known(self.mean_distance)}

    @classmethod
    def of_mask(cls, label_map: NDArray[np.uint8], spacing: Spacing | None = None) -> ContourResult:
        """The endocardium of a label map; see `anatomy.heart2d.endocardium.endocardium_of_mask`."""
        derived = endocardium_of_mask(label_map, spacing)
        unknown = np.full(len(LANDMARKS), np.nan)
        nowhere = np.zeros((0, 0), np.float32)
        return cls(derived.points, derived.curve, np.stack([unknown, unknown], axis=1), unknown, nowhere, float("nan"))


def _known(value: float) -> float | None:
    return None if np.isnan(value) else round(float(value), 4)
