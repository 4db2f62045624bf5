"""Re-identification as a user calls it: frames in, their likeness to the frames that were learned from out (numpy)."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from EchoSynthLib.images.picture_box import standardized
from EchoSynthLib.runtime import Network, OnnxNetwork
from EchoSynthLib.zoo.config import names_of, number_of, whole_number_of


class ReidentificationPipeline:
    """Frames to embeddings, and to the nearest of the frames that are known.

    Attributes:
        threshold: the correlation from which a frame is too near to a known one.

    Args:
        network: pictures (1, 1, side, side) of mean 0 and variance 1 to correlations (1, N) with the known frames.
        config: `side`, `threshold`, and `known`, the names of the N frames.
    """

    def __init__(self, network: Network, config: Mapping[str, Any]) -> None:
        self.network = network
        self.side = whole_number_of(config, "side", 16, 1024)
        self.threshold = number_of(config, "threshold", -1.0)
        self.names = names_of(config, "known")

    @classmethod
    def from_folder(
        cls, folder: Path, config: Mapping[str, Any], threads: int | None = None
    ) -> ReidentificationPipeline:
        """The pipeline on the fast path; `threads` as in `OnnxNetwork`."""
        return cls(OnnxNetwork(folder / "reidentification.onnx", threads), config)

    def nearest(self, image: NDArray[np.uint8]) -> tuple[float, str]:
        """The largest Pearson correlation of an image (H, W) with a known frame, and that frame's name."""
        (likeness,) = self.network(standardized(image, self.side)[None, None])
        place = int(likeness[0].argmax())
        return float(likeness[0, place]), self.names[place]
