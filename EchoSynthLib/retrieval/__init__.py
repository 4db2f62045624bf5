"""The same view in another clip: one folder for each system of the kind `retrieval`, and what Python users call."""

from __future__ import annotations

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from EchoSynthLib.retrieval.finding import retrieve
from EchoSynthLib.types import Progress

__all__ = ["Retriever", "retrieve"]


class Retriever(Protocol):
    """A pipeline of the kind `retrieval`; calls may run side by side."""

    def embedded(self, clip: NDArray[np.uint8], progress: Progress | None = None) -> NDArray[np.float32]:
        """Embeddings (T, length) of the frames of a clip (T, H, W), whose means over time are embeddings, too."""
        ...

    def likeness(self, reference: NDArray[np.float32], others: NDArray[np.float32]) -> NDArray[np.float64]:
        """(T,) in [0, 1]: how likely each of `others` (T, length) shows what the reference (length,) shows."""
        ...
