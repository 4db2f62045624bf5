"""What networks see in one image, whatever label map lies on it: from it follows how far to trust any such map."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from EchoSynthLib.anatomy.sector import Sector
from EchoSynthLib.measurement.certainty import SecondContour, agreement_with


@dataclass(frozen=True, eq=False)
class DrawnContour:
    """A second contour as it travels between processes; see `certainty.SecondContour`."""

    curve: NDArray[np.float64]
    spread: NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Evidence:
    """What `api.measure.evidence_of` finds in an image (H, W).

    Nothing in it depends on a label map: where a map is edited or its endocardium dragged, what speaks for and against
    it is arithmetic.

    Attributes:
        probabilities: (4, H, W) float32 of each CAMUS code at each pixel, the segmenter's.
        retaken: (n, H, W) uint8, label maps of the picture taken otherwise, laid on it; see `certainty.EXPOSURES`.
        view_probabilities: of '2CH' and '4CH'.
        second_contour: what the contour model draws, None where it is not there.
        sector: where the beams go, None where the image shows none.
    """

    probabilities: NDArray[np.float32]
    retaken: NDArray[np.uint8]
    view_probabilities: dict[str, float]
    second_contour: SecondContour | None = None
    sector: Sector | None = None

    @property
    def view(self) -> str:
        """The likelier view."""
        return max(self.view_probabilities, key=lambda view: self.view_probabilities[view])

    def confidence(self, labels: NDArray[np.uint8]) -> NDArray[np.float32]:
        """(H, W) in [0, 1], the probability of the code that a label map (H, W) shows at each pixel."""
        return np.choose(labels, self.probabilities)

    def agreement(self, labels: NDArray[np.uint8]) -> float:
        """How a label map (H, W) agrees with those of the picture taken otherwise; see `certainty.agreement`."""
        return agreement_with(labels, self.retaken)

    def placed(self, shape: tuple[int, int], corner: tuple[int, int]) -> Evidence:
        """What was seen in a part of an image, on the grid (H, W) of the whole; beside it nothing is known.

        Args:
            shape: (H, W) of the whole image.
            corner: (row, column) of it where the part begins.
        """
        rows, columns = self.probabilities.shape[1:]
        if (rows, columns) == tuple(shape):
            return self
        part = (slice(None), slice(corner[0], corner[0] + rows), slice(corner[1], corner[1] + columns))
        probabilities = np.zeros((len(self.probabilities), *shape), np.float32)
        retaken = np.zeros((len(self.retaken), *shape), np.uint8)
        probabilities[part], retaken[part] = self.probabilities, self.retaken
        second, sector = self.second_contour, self.sector
        if second is not None:
            second = DrawnContour(second.curve + np.array(corner), second.spread)
        if sector is not None:
            sector = replace(sector, apex_row=sector.apex_row + corner[0], apex_column=sector.apex_column + corner[1])
        return Evidence(probabilities, retaken, self.view_probabilities, second, sector)

    def to_arrays(self) -> dict[str, NDArray[Any]]:
        """As arrays by name, such as `numpy.savez` takes them."""
        arrays: dict[str, NDArray[Any]] = {
            "probabilities": self.probabilities,
            "retaken": self.retaken,
            "views": np.array(list(self.view_probabilities)),
            "view_probabilities": np.array(list(self.view_probabilities.values())),
        }
        if self.second_contour is not None:
            arrays |= {"curve": self.second_contour.curve, "spread": self.second_contour.spread}
        if self.sector is not None:
            arrays["sector"] = np.array(list(self.sector.to_dict().values()))
        return arrays

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[Any]]) -> Evidence:
        """From what `to_arrays` gave."""
        return cls(
            arrays["probabilities"],
            arrays["retaken"],
            dict(zip(arrays["views"].tolist(), arrays["view_probabilities"].tolist(), strict=True)),
            DrawnContour(arrays["curve"], arrays["spread"]) if "curve" in arrays else None,
            Sector(*arrays["sector"].tolist()) if "sector" in arrays else None,
        )
