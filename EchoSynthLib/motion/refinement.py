"""Refinement of a displacement on the two pictures it was found in (instance optimization), numpy alone."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter, zoom

from EchoSynthLib.anatomy import deformation
from EchoSynthLib.progress import silent
from EchoSynthLib.types import Progress

Picture = NDArray[np.float32]

WINDOW = 4.0
"""Standard deviation, in pixels of half the network's grid, of the window in which gray levels are correlated: speckle
decides in narrow ones, walls and chambers in this."""
STIFFNESS = 10.0
"""Standard deviation, in the same pixels, by which each step is smoothed: the pictures move the heart as a whole."""
STEP = 0.15
"""Pixels that the fastest point moves in a step."""
LEAST_VARIANCE = 10.0
"""Of gray levels from 0 to 255, so that nothing is made of a dark region's noise."""


def refined(
    moving: NDArray[np.uint8],
    fixed: NDArray[np.uint8],
    displacement: NDArray[np.float32],
    steps: int,
    progress: Progress | None = None,
) -> tuple[NDArray[np.float32], list[float]]:
    """The displacement after some steps up the likeness of the warped moving picture to the fixed one.

    Likeness is the mean squared local correlation; each step is its gradient, smoothed and composed with what there is,
    so that the motion stays smooth and does not fold (Avants et al., Medical Image Analysis 12:26-41, 2008). Pictures
    alone are looked at, at half the size.

    Args:
        moving, fixed: gray levels on the network's grid, two or three dimensions.
        displacement: (d, *grid), where it starts.

    Returns:
        The displacement, and the likeness before and after.
    """
    picture, target = _halved(moving.astype(np.float32)), _halved(fixed.astype(np.float32))
    factor = np.float32(moving.shape[0] / picture.shape[0])
    start = np.stack([_halved(part) for part in displacement]) / factor
    way = np.zeros_like(start)
    tell, told = progress or silent, []
    for step in range(steps):
        tell(step, steps, "refining")
        warped = deformation.warp(picture, deformation.compose(start, way), outside=None)
        likeness, slope = likeness_and_slope(warped, target)
        told.append(likeness)
        force = slope * np.stack(np.gradient(warped))
        force = gaussian_filter(force, (0, *[STIFFNESS] * warped.ndim))
        fastest = float(np.sqrt(np.square(force).sum(axis=0)).max())
        if fastest == 0:
            break
        way = deformation.compose(way, (STEP / fastest * force).astype(np.float32)).astype(np.float32)
    warped = deformation.warp(picture, deformation.compose(start, way), outside=None)
    told.append(likeness_and_slope(warped, target)[0])
    tell(steps, steps, "refining")
    larger = np.stack([zoom(part, factor, order=1, mode="nearest", grid_mode=True) for part in way]) * factor
    return deformation.compose(displacement, larger).astype(np.float32), [round(told[0], 4), round(told[-1], 4)]


def likeness_and_slope(warped: Picture, fixed: Picture) -> tuple[float, Picture]:
    """Mean of the squared correlation under Gaussian windows, and its derivative by each pixel of `warped`.

    Of cc = c^2 / (v w) with c = <w f> - <w><f>, each average <.> linear and its own transpose, the derivative is
    f <a> - <a <f>> - (w <b> - <b <w>>), a = 2 c / (v w), b = 2 c^2 / (v^2 w); up to the number of pixels.
    """

    def mean(values: Picture) -> Picture:
        return gaussian_filter(values, WINDOW, mode="reflect", truncate=2.5)

    mean_w, mean_f = mean(warped), mean(fixed)
    variance_w = np.maximum(mean(warped * warped) - mean_w**2, 0) + np.float32(LEAST_VARIANCE)
    variance_f = np.maximum(mean(fixed * fixed) - mean_f**2, 0) + np.float32(LEAST_VARIANCE)
    c = mean(warped * fixed) - mean_w * mean_f
    a = 2 * c / (variance_w * variance_f)
    b = a * c / variance_w
    slope = fixed * mean(a) - mean(a * mean_f) - (warped * mean(b) - mean(b * mean_w))
    return float((c * c / (variance_w * variance_f)).mean()), slope


def _halved(picture: Picture) -> Picture:
    """Means of 2 x 2 (x 2) pixels; of sides that are not even, the picture itself."""
    if any(side % 2 for side in picture.shape):
        return picture
    pairs = picture.reshape([part for side in picture.shape for part in (side // 2, 2)])
    return pairs.mean(axis=tuple(range(1, 2 * picture.ndim, 2)))
