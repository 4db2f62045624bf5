"""What networks see in one image, whatever label map lies on it: from it follows how far to trust any such map."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from EchoSynthLib.anatomy.sector.geometry import Sector
from EchoSynthLib.measurement.reliability.agreement import SecondContour, agreement_with


@dataclass(frozen=True, eq=False)
class DrawnContour:
    """A second contour as it travels between processes; see `agreement.SecondContour`."""

    curve: NDArray[np.float64]
    spread: NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Evidence:
    """What `api.evidence.evidence_of` finds in an image (H, W).

    Nothing in it depends on a label map that is judged by it: where one is edited or its endocardium dragged, what
    speaks for and against it is arithmetic.

    Attributes:
        label_map: (H, W) uint8, what the segmenter sees.
        confidence: (H, W) float32 in [0, 1], the probability of what it sees.
        agreement: how far its label map holds when the picture is taken otherwise, see `agreement.agreement`.
        view_probabilities: of '2CH' and '4CH'.
        second_contour: what the contour model draws, None where it is not there.
        sector: where the beams go, None where the image shows none.
        trust: how far the image shows what the models know, in [0, 1]; None where nobody judged, see `es.trust`.
        distrust: why it does not, in words; '' where it is trusted.
    """

    label_map: NDArray[np.uint8]
    confidence: NDArray[np.float32]
    agreement: float
    view_probabilities: dict[str, float]
    second_contour: SecondContour | None = None
    sector: Sector | None = None
    trust: float | None = None
    distrust: str = ""

    @property
    def view(self) -> str:
        """The likelier view."""
        return max(self.view_probabilities, key=lambda view: self.view_probabilities[view])

    def likeness(self, labels: NDArray[np.uint8]) -> float:
        """Mean Dice, over the structures, of a label map (H, W) with the segmenter's; 1 where it is its own."""
        return agreement_with(labels, self.label_map[None])

    def placed(self, shape: tuple[int, int], corner: tuple[int, int]) -> Evidence:
        """What was seen in a part of an image, on the grid (H, W) of the whole; beside it nothing is known.

        Args:
            shape: (H, W) of the whole image.
            corner: (row, column) of it where the part begins.
        """
        rows, columns = self.label_map.shape
        if (rows, columns) == tuple(shape):
            return self
        part = (slice(corner[0], corner[0] + rows), slice(corner[1], corner[1] + columns))
        label_map, confidence = np.zeros(shape, np.uint8), np.zeros(shape, np.float32)
        label_map[part], confidence[part] = self.label_map, self.confidence
        second, sector = self.second_contour, self.sector
        if second is not None:
            second = DrawnContour(second.curve + np.array(corner), second.spread)
        if sector is not None:
            sector = replace(sector, apex_row=sector.apex_row + corner[0], apex_column=sector.apex_column + corner[1])
        return replace(self, label_map=label_map, confidence=confidence, second_contour=second, sector=sector)

    def to_arrays(self) -> dict[str, NDArray[Any]]:
        """As arrays by name, such as `numpy.savez` takes them."""
        arrays: dict[str, NDArray[Any]] = {
            "label_map": self.label_map,
            "confidence": self.confidence,
            "agreement": np.array(self.agreement),
            "views": np.array(list(self.view_probabilities)),
            "view_probabilities": np.array(list(self.view_probabilities.values())),
        }
        if self.second_contour is not None:
            arrays |= {"curve": self.second_contour.curve, "spread": self.second_contour.spread}
        if self.sector is not None:
            arrays["sector"] = np.array(list(self.sector.to_dict().values()))
        if self.trust is not None:
            arrays |= {"trust": np.array(self.trust), "distrust": np.array(self.distrust)}
        return arrays

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[Any]]) -> Evidence:
        """From what `to_arrays` gave."""
        return cls(
            arrays["label_map"],
            arrays["confidence"],
            float(arrays["agreement"]),
            dict(zip(arrays["views"].tolist(), arrays["view_probabilities"].tolist(), strict=True)),
            DrawnContour(arrays["curve"], arrays["spread"]) if "curve" in arrays else None,
            Sector(*arrays["sector"].tolist()) if "sector" in arrays else None,
            float(arrays["trust"]) if "trust" in arrays else None,
            str(arrays["distrust"]) if "distrust" in arrays else "",
        )
