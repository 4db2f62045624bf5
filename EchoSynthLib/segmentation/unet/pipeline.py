"""The segmenter as a user calls it: image in, structures out (numpy)."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from EchoSynthLib.images.grid import to_grid
from EchoSynthLib.runtime import Network, OnnxNetwork
from EchoSynthLib.segmentation.full_size import structures_of
from EchoSynthLib.segmentation.results import SegmentationResult, views_of
from EchoSynthLib.zoo.config import grid_of


class SegmenterPipeline:
    """Image to structures.

    Args:
        network: gray values (1, 1, rows, columns) to logits (1, 4, rows, columns) and the logit of '4CH' (1,).
        config: `grid` (rows, columns) of the network.
    """

    def __init__(self, network: Network, config: Mapping[str, Any]) -> None:
        self.network = network
        self.grid = grid_of(config)

    @classmethod
    def from_folder(cls, folder: Path, config: Mapping[str, Any], threads: int | None = None) -> SegmenterPipeline:
        """The pipeline on the fast path; `threads` as in `OnnxNetwork`."""
        return cls(OnnxNetwork(folder / "segmenter.onnx", threads), config)

    def __call__(self, image: NDArray[np.uint8]) -> SegmentationResult:
        """Segment one gray image (H, W) uint8 with row 0 at the transducer."""
        logits, view = self._evaluate(image)
        return structures_of(logits[0], image.shape, views_of(view))  # type: ignore[arg-type]

    def view_probabilities(self, image: NDArray[np.uint8]) -> dict[str, float]:
        """Of '2CH' and '4CH', of one gray image (H, W) uint8; as `SegmentationResult` has them, in less time."""
        return views_of(self._evaluate(image)[1])

    def _evaluate(self, image: NDArray[np.uint8]) -> list[NDArray[np.float32]]:
        gray = to_grid(image, self.grid) / 255
        return self.network(gray[None, None])
