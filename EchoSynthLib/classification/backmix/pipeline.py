"""A frame to the shares of its classes (numpy)."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from EchoSynthLib.classification.shares import normalized_frame, shares_of
from EchoSynthLib.runtime import Network, OnnxNetwork
from EchoSynthLib.zoo.config import grid_of, names_of


class BackMixPipeline:
    """Frame to shares; masks of sectors are for training alone.

    Args:
        network: frames (1, 1, rows, columns) of mean 0 and variance 1 to logits (1, K).
        config: `grid` (rows, columns) of the network, and the names of its `classes`.
    """

    def __init__(self, network: Network, config: Mapping[str, Any]) -> None:
        self.network = network
        self.grid = grid_of(config)
        self.classes = names_of(config, "classes")

    @classmethod
    def from_folder(cls, folder: Path, config: Mapping[str, Any], threads: int | None = None) -> BackMixPipeline:
        """The pipeline on the fast path; `threads` as in `OnnxNetwork`."""
        return cls(OnnxNetwork(folder / "classifier.onnx", threads), config)

    def __call__(self, image: NDArray[np.uint8]) -> dict[str, float]:
        """Shares of the classes, which sum to 1, of a gray image (H, W) uint8 with all that lies beside its sector."""
        (logits,) = self.network(normalized_frame(image, self.grid))
        return shares_of(logits[0], self.classes)

    def view_probabilities(self, image: NDArray[np.uint8]) -> dict[str, float]:
        """The shares alone, as all that tells views has them."""
        return self(image)
