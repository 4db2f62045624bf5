"""How far a tracked motion can be trusted, pixel by pixel."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.ndimage import gaussian_filter

from EchoSynthLib.anatomy import deformation
from EchoSynthLib.arguments import whole_number
from EchoSynthLib.array_like import as_array
from EchoSynthLib.errors import InputError
from EchoSynthLib.images.gray import cine_to_gray8

NEIGHBORHOOD = 0.02
"""Standard deviation of the window in which gray levels are correlated, over the frame's shorter side."""
LEAST_VARIANCE = 4.0
"""Of gray levels (0 to 255), added so that nothing is made of a dark region's noise."""


def tracking_quality(
    cine: ArrayLike, displacements: ArrayLike, backward: ArrayLike | None = None, *, reference: int = 0
) -> dict[str, NDArray[np.float32]]:
    """Signs that a tracked motion is right, on the reference frame's grid.

    Args:
        cine: (T, H, W), or (T, H, W, 3) in color.
        displacements: (T, 2, H, W) pixels, of `track`: from the reference frame into frame t.
        backward: (T, 2, H, W) pixels, of frame t's grid: from there into the reference frame.
        reference: number of the frame that was followed.

    Returns:
        Of (T, H, W) float32 each: `forward_backward_px`, how many pixels a point that is carried to frame t and back
        ends from where it began (NaN without `backward`); `ncc`, the correlation, -1 to 1, of the gray levels around a
        point in the reference frame and around its place in frame t; `jacobian`, how many times larger its
        surroundings are there, 0 or less where the motion folds.

    Raises:
        InputError: the shapes do not fit, displacements are no finite numbers of pixels, or there is no such frame.
    """
    frames = cine_to_gray8(cine)
    forward = _fields(displacements, frames)
    back = None if backward is None else _fields(backward, frames)
    reference = whole_number(reference, "The reference, the number of a frame,", 0, len(frames) - 1)
    target = frames[reference].astype(np.float32)
    quality = {name: np.full(frames.shape, np.nan, np.float32) for name in ("forward_backward_px", "ncc", "jacobian")}
    for t, frame in enumerate(frames):
        warped = deformation.warp(frame.astype(np.float32), forward[t], outside=None)
        quality["ncc"][t] = local_correlation(warped, target)
        quality["jacobian"][t] = deformation.jacobian_determinant(forward[t])
        if back is not None:
            quality["forward_backward_px"][t] = np.linalg.norm(deformation.compose(back[t], forward[t]), axis=0)
    return quality


def local_correlation(one: NDArray[np.float32], other: NDArray[np.float32]) -> NDArray[np.float32]:
    """Pearson's correlation (H, W) of gray levels around each pixel, under a Gaussian window."""
    sigma = max(1.0, NEIGHBORHOOD * min(one.shape))

    def mean(values: NDArray[np.float32]) -> NDArray[np.float32]:
        return gaussian_filter(values, sigma, mode="nearest", truncate=2.5)

    mean_one, mean_other = mean(one), mean(other)
    variances = [mean(values**2) - middle**2 for values, middle in ((one, mean_one), (other, mean_other))]
    both = np.sqrt(np.prod([np.maximum(variance, 0) + LEAST_VARIANCE for variance in variances], axis=0))
    return ((mean(one * other) - mean_one * mean_other) / both).astype(np.float32)


def _fields(displacements: ArrayLike, frames: NDArray[np.uint8]) -> NDArray[np.float32]:
    fields = as_array(displacements, "Displacements")
    if fields.dtype.kind not in "fiu":
        raise InputError(f"Displacements are numbers of pixels; given was an array of {fields.dtype}.")
    if fields.shape != (len(frames), 2, *frames.shape[1:]):
        raise InputError(
            f"A cine {frames.shape} has displacements {(len(frames), 2, *frames.shape[1:])}, one for each frame; given "
            f"was shape {fields.shape}."
        )
    deformation.check_length(fields)
    return fields.astype(np.float32, copy=False)
