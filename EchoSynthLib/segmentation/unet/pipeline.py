"""The segmenter as a user calls it: image in, label map and confidence out (numpy)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from EchoSynthLib.images.grid import from_grid, to_grid
from EchoSynthLib.runtime import Network, OnnxNetwork
from EchoSynthLib.segmentation.unet.cleaning import clean


@dataclass(frozen=True)
class Structures:
    """What the segmenter saw in one image.

    Attributes:
        label_map: (H, W) uint8 in CAMUS codes.
        confidence: (H, W) float32 in [0, 1], the probability of the code shown at each pixel.
        view_probabilities: of '2CH' and '4CH'; they sum to 1.
    """

    label_map: NDArray[np.uint8]
    confidence: NDArray[np.float32]
    view_probabilities: dict[str, float]


class SegmenterPipeline:
    """Image to structures.

    Args:
        network: grey values (1, 1, rows, columns) to logits (1, 4, rows, columns) and the logit of '4CH' (1,).
        config: `grid` (rows, columns) of the network.
    """

    def __init__(self, network: Network, config: Mapping[str, Any]) -> None:
        self.network = network
        self.grid = (int(config["grid"][0]), int(config["grid"][1]))

    @classmethod
    def from_folder(cls, folder: Path, config: Mapping[str, Any]) -> SegmenterPipeline:
        """The pipeline on the fast path."""
        return cls(OnnxNetwork(folder / "segmenter.onnx"), config)

    def __call__(self, image: NDArray[np.uint8]) -> Structures:
        """Segment one grey image (H, W) uint8 with row 0 at the transducer."""
        logits, view = self._evaluate(image)
        probabilities = softmax(from_grid(logits[0], image.shape))  # type: ignore[arg-type]
        likeliest, confidence = most_probable(probabilities)
        label_map = clean(likeliest)
        changed = label_map != likeliest
        confidence[changed] = probabilities[:, changed][label_map[changed], np.arange(changed.sum())]
        return Structures(label_map, confidence, views_of(view))

    def view_probabilities(self, image: NDArray[np.uint8]) -> dict[str, float]:
        """Of '2CH' and '4CH', of one grey image (H, W) uint8; as `Structures` has them, in less time."""
        return views_of(self._evaluate(image)[1])

    def _evaluate(self, image: NDArray[np.uint8]) -> list[NDArray[np.float32]]:
        grey = to_grid(image.astype(np.float32) / 255, self.grid)
        return self.network(grey[None, None])


def views_of(logit: NDArray[np.float32]) -> dict[str, float]:
    """Probabilities of the views from the logit of '4CH' (1,); they sum to 1."""
    four = float(1 / (1 + np.exp(-float(logit[0]))))
    return {"2CH": 1 - four, "4CH": four}


def most_probable(probabilities: NDArray[np.float32]) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
    """Code and probability (H, W) of the likeliest structure; plane by plane is faster than argmax over axis 0."""
    code, highest = np.zeros(probabilities.shape[1:], np.uint8), probabilities[0].copy()
    for candidate in range(1, len(probabilities)):
        better = probabilities[candidate] > highest
        code[better] = candidate
        np.maximum(highest, probabilities[candidate], out=highest)
    return code, highest


def softmax(logits: NDArray[np.float32]) -> NDArray[np.float32]:
    """Probabilities over the first axis."""
    raised = np.exp(logits - logits.max(axis=0, keepdims=True))
    return raised / raised.sum(axis=0, keepdims=True)
