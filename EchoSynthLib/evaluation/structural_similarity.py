"""Structural similarity of two images."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

from EchoSynthLib.errors import InputError

WINDOW = 1.5
"""Standard deviation, in pixels, of the Gaussian window, which ends after 3.5 of them: 11 x 11 pixels."""
_MEANS, _CONTRASTS = 0.01, 0.03


def structural_similarity(
    a: NDArray[np.generic], b: NDArray[np.generic], inside: NDArray[np.bool_] | None = None, span: float = 255.0
) -> float:
    """SSIM of two gray images (H, W), as Wang et al. define it (IEEE TIP 13:600-612, 2004); 1 where they are the same.

    The mean over pixels of (2 m_a m_b + c1) (2 s_ab + c2) / ((m_a^2 + m_b^2 + c1) (s_a^2 + s_b^2 + c2)), with means,
    variances and covariance in a Gaussian window, c1 = (0.01 L)^2 and c2 = (0.03 L)^2.

    Args:
        inside: (H, W), over which the mean is taken; None for all pixels.
        span: L, from the darkest to the brightest that there can be.

    Raises:
        InputError: the images differ in shape, or nothing is inside.
    """
    first, second = (np.asarray(image, np.float64) for image in (a, b))
    if first.shape != second.shape or first.ndim != 2:
        raise InputError(f"Two images (H, W) of one shape are compared; given were {first.shape} and {second.shape}.")
    if inside is not None and not inside.any():
        raise InputError("The region in which two images are to be compared is empty.")
    mean_a, mean_b = _windowed(first), _windowed(second)
    spread_a, spread_b = _windowed(first**2) - mean_a**2, _windowed(second**2) - mean_b**2
    common = _windowed(first * second) - mean_a * mean_b
    c1, c2 = (_MEANS * span) ** 2, (_CONTRASTS * span) ** 2
    similar = (2 * mean_a * mean_b + c1) * (2 * common + c2)
    similar /= (mean_a**2 + mean_b**2 + c1) * (spread_a + spread_b + c2)
    return float(similar.mean() if inside is None else similar[inside].mean())


def _windowed(image: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(gaussian_filter(image, WINDOW, truncate=3.5))
