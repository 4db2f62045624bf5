"""What retrieval by a trained network is measured against: correlation of gray levels, and registration."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from EchoSynthLib.anatomy.deformation import warp

if TYPE_CHECKING:
    from collections.abc import Callable


def zero_mean_correlation(reference: NDArray[np.uint8], clip: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Zero-mean normalized cross-correlation (T,), from -1 to 1, of a frame (H, W) with each of a clip (T, H, W)."""
    a = reference.astype(np.float64).ravel() - reference.mean()
    b = clip.reshape(len(clip), -1).astype(np.float64)
    b -= b.mean(axis=1, keepdims=True)
    scale = np.linalg.norm(a) * np.linalg.norm(b, axis=1)
    found: NDArray[np.float64] = (b @ a) / np.maximum(scale, 1e-9)
    return found


def registered_correlation(
    registrar: Callable[[NDArray[np.uint8], NDArray[np.uint8]], NDArray[np.float32]],
    reference: NDArray[np.uint8],
    clip: NDArray[np.uint8],
) -> NDArray[np.float64]:
    """The same once each frame has been moved onto the reference: what registration leaves unexplained lowers it.

    Args:
        registrar: of two frames (moving, fixed), see `EchoSynthLib.motion.Registrar`.
    """
    moved = [warp(frame, registrar(frame, reference), outside=None) for frame in clip]
    return zero_mean_correlation(reference, np.stack(moved))
