"""The view classifier as a user calls it: image in, shares of views out (numpy)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from EchoSynthLib.classification.views.classes import APICAL, CLASSES
from EchoSynthLib.classification.views.gate import Gate
from EchoSynthLib.images.picture_box import standardized
from EchoSynthLib.runtime import Network, OnnxNetwork
from EchoSynthLib.zoo.config import whole_number_of


class ViewPipeline:
    """Image to shares of views, and to the gate's score.

    Args:
        network: pictures (1, 1, side, side) of mean 0 and variance 1 to logits (1, classes).
        config: `side`, `classes` in the order of the logits, and `gate`.
    """

    def __init__(self, network: Network, config: Mapping[str, Any]) -> None:
        self.network = network
        self.side = whole_number_of(config, "side", 16, 1024)
        self.classes = tuple(config["classes"])
        if not set(self.classes) <= set(CLASSES):
            raise ValueError(f"`classes` are some of {', '.join(CLASSES)}; found were {', '.join(self.classes)}")
        self.gate = Gate.from_config(config["gate"])

    @classmethod
    def from_folder(cls, folder: Path, config: Mapping[str, Any], threads: int | None = None) -> ViewPipeline:
        """The pipeline on the fast path; `threads` as in `OnnxNetwork`."""
        return cls(OnnxNetwork(folder / "views.onnx", threads), config)

    def view_probabilities(self, image: NDArray[np.uint8]) -> dict[str, float]:
        """Shares of `classes`, which sum to 1, in one gray image (H, W) with row 0 at the transducer."""
        (logits,) = self.network(standardized(image, self.side)[None, None])
        powers = np.exp(logits[0].astype(np.float64) - logits[0].max())
        return dict(zip(self.classes, (powers / powers.sum()).tolist(), strict=True))

    def trust(self, shares: Mapping[str, float], wanted: Sequence[str] = APICAL) -> float:
        """The gate's score, in [0, 1], of an image with these shares, for a model that knows the views `wanted`."""
        return self.gate.score(shares, wanted)
