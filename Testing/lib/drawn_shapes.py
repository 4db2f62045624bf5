"""Label maps of shapes whose sizes are known by a formula."""

from __future__ import annotations

import numpy as np


def ellipse(shape: tuple[int, int], middle: tuple[float, float], half_axes: tuple[float, float]) -> np.ndarray:
    rows, columns = np.indices(shape)
    return ((rows - middle[0]) / half_axes[0]) ** 2 + ((columns - middle[1]) / half_axes[1]) ** 2 <= 1


def half_ellipsoid(length: int = 160, radius: int = 50, wall: int = 20, atrium: int = 60) -> np.ndarray:
    """A cavity that is half a prolate ellipsoid, apex up, in a wall, above a half-disc of an atrium; in pixels."""
    shape = (length + wall + atrium + 20, 2 * (radius + wall) + 20)
    base, middle = length + wall + 10, shape[1] / 2 - 0.5
    labels = np.where(ellipse(shape, (base - 0.5, middle), (length + wall, radius + wall)), 2, 0).astype(np.uint8)
    labels[ellipse(shape, (base - 0.5, middle), (length, radius))] = 1
    labels[base:] = 0
    labels[base:][ellipse(shape, (base - 0.5, middle), (atrium, radius))[base:]] = 3
    return labels


def truncated_cone(length: int = 150, base_radius: int = 50, end_radius: int = 20, wall: int = 15) -> np.ndarray:
    """A cavity that is a cone cut off at the apex, base down on an atrium; in pixels."""
    shape = (length + 2 * wall + 60, 2 * (base_radius + wall) + 20)
    rows, columns = np.indices(shape)
    away = np.abs(columns - (shape[1] / 2 - 0.5))
    down = rows - (wall + 10)
    radius = end_radius + (base_radius - end_radius) * (down + 0.5) / length
    labels = np.where((down >= -wall) & (down < length) & (away <= radius + wall), 2, 0).astype(np.uint8)
    labels[(down >= 0) & (down < length) & (away <= radius)] = 1
    labels[(down >= length) & (down < length + 40) & (away <= base_radius)] = 3
    return labels
