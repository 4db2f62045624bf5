"""Copies of frames with one thing changed, planted to see whether they are found (numpy, scipy)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import affine_transform, gaussian_filter, map_coordinates

Gray = NDArray[np.uint8]
Change = Callable[[Gray, np.random.Generator], Gray]


def unchanged(image: Gray, rng: np.random.Generator) -> Gray:
    """The copy itself (H, W)."""
    return image


def warped(image: Gray, rng: np.random.Generator) -> Gray:
    """Turned by up to 5 degrees, scaled by up to 8 %, and bent smoothly by up to some 3 % of the frame."""
    turn, scale = np.deg2rad(rng.uniform(-5, 5)), np.exp(rng.uniform(-0.08, 0.08))
    matrix = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]]) / scale
    center = (np.array(image.shape) - 1) / 2
    moved = affine_transform(image.astype(np.float32), matrix, center - matrix @ center, order=1)
    bend = gaussian_filter(rng.standard_normal((2, *image.shape)), (0, *(side / 8 for side in image.shape)))
    bend *= 0.03 * max(image.shape) / np.abs(bend).max()
    points = np.indices(image.shape) + bend
    return np.clip(map_coordinates(moved, points, order=1), 0, 255).astype(np.uint8)


def respeckled(image: Gray, rng: np.random.Generator) -> Gray:
    """Its own speckle smoothed away and Rayleigh-distributed speckle of the same grain laid over."""
    smooth = gaussian_filter(image.astype(np.float32), 2.5)
    field = gaussian_filter(rng.standard_normal((2, *image.shape)), (0, 1.2, 1.2))
    amplitude = np.hypot(*field)
    # Log-compressed, as a scanner shows amplitudes: a factor of speckle is a sum there.
    return np.clip(smooth + 18 * np.log(amplitude / amplitude.mean() + 0.05) * (smooth > 8), 0, 255).astype(np.uint8)


def mirrored(image: Gray, rng: np.random.Generator) -> Gray:
    """Left and right exchanged."""
    return np.ascontiguousarray(image[:, ::-1])


COPIES: Mapping[str, Change] = MappingProxyType(
    {"copies": unchanged, "warped": warped, "speckled anew": respeckled, "mirrored": mirrored}
)
"""What a generator that remembers might make of a frame."""
