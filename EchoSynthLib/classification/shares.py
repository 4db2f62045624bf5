"""Frames as classifiers of the CIFAR kind take them, and shares of what they answer (numpy)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from EchoSynthLib.images.grid import to_grid


def normalized_frame(image: NDArray[np.uint8], grid: tuple[int, int]) -> NDArray[np.float32]:
    """(1, 1, rows, columns) with mean 0 and variance 1 of a gray image (H, W)."""
    gray = np.asarray(image if image.shape == grid else to_grid(image, grid), np.float32)
    return ((gray - gray.mean()) / max(float(gray.std()), 1e-3))[None, None]


def softmax(logits: NDArray[np.floating]) -> NDArray[np.float64]:
    """Over the last axis."""
    shifted = np.exp(np.asarray(logits, np.float64) - logits.max(axis=-1, keepdims=True))
    return shifted / shifted.sum(axis=-1, keepdims=True)


def shares_of(logits: NDArray[np.floating], classes: Sequence[str]) -> dict[str, float]:
    """Each class with its share, 0 to 1, of logits (K,)."""
    return dict(zip(classes, softmax(logits).tolist(), strict=True))
