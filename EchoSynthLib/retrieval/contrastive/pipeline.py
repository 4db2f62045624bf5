"""Retrieval as a user calls it: frames to embeddings, and embeddings to how likely both show the same (numpy)."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from EchoSynthLib.images.picture_box import of_unit_variance
from EchoSynthLib.retrieval.contrastive.scans import seen_clip
from EchoSynthLib.runtime import Network, OnnxNetwork
from EchoSynthLib.types import Progress
from EchoSynthLib.zoo.config import whole_number_of


class ContrastivePipeline:
    """Clips to embeddings of their frames, and pairs of embeddings, or of means of them over time, to likeness.

    Args:
        encoder: pictures (1, 1, side, side) of mean 0 and variance 1 to embeddings (1, length).
        head: embeddings (1, length) twice to the logit (1,) of showing the same.
        config: `side`.
    """

    def __init__(self, encoder: Network, head: Network, config: Mapping[str, Any]) -> None:
        self.encoder = encoder
        self.head = head
        self.side = whole_number_of(config, "side", 16, 1024)

    @classmethod
    def from_folder(cls, folder: Path, config: Mapping[str, Any], threads: int | None = None) -> ContrastivePipeline:
        """The pipeline on the fast path; `threads` as in `OnnxNetwork`."""
        encoder, head = (OnnxNetwork(folder / f"{name}.onnx", threads) for name in ("encoder", "head"))
        return cls(encoder, head, config)

    def embedded(self, clip: NDArray[np.uint8], progress: Progress | None = None) -> NDArray[np.float32]:
        """Embeddings (T, length) of the frames of a clip (T, H, W); progress is told of each frame."""
        return self.embedded_seen(seen_clip(clip, self.side), progress)

    def embedded_seen(self, frames: NDArray[np.uint8], progress: Progress | None = None) -> NDArray[np.float32]:
        """The same of what `scans.seen_clip` gives, (T, side, side)."""
        made = []
        for number, frame in enumerate(frames):
            if progress is not None:
                progress(number, len(frames), f"frame {number + 1} of {len(frames)}")
            made.append(self.encoder(of_unit_variance(frame)[None, None])[0])
        return np.concatenate(made)

    def likeness(self, reference: NDArray[np.float32], others: NDArray[np.float32]) -> NDArray[np.float64]:
        """(T,) in [0, 1]: how likely each of `others` (T, length) shows what the reference (length,) shows."""
        logits = np.array([self.head(reference[None], other[None])[0].item() for other in others])
        found: NDArray[np.float64] = 1 / (1 + np.exp(-logits))
        return found
