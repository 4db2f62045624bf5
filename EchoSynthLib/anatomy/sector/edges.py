"""How well a sector's edges sit on an image, and the small shifts that make them sit better."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from EchoSynthLib.anatomy.sector.geometry import Sector
from EchoSynthLib.types import Mask

_GAIN = 0.02  # of contrast that a shift must bring
_SHIFTS = np.arange(-1.0, 6.5, 0.5)  # row pixels inwards; thresholds find a blurred edge too far out


def snap_to_edges(gray: NDArray[np.float32], sector: Sector, inside: Mask) -> Sector:
    """The sector with each side and the far arc moved to the steepest step beside it, for blurred edges.

    Args:
        gray: (H, W).
        sector: on its grid.
        inside: (H, W), the sector's mask.

    Returns:
        A new sector, or the same one where nothing moved.
    """
    level = 2 * _level(gray, inside)
    if level <= 0:
        return sector
    for _ in range(2):
        for edge in range(3):
            before = _contrast(gray, sector, level)
            best = max((_moved(sector, shift, edge) for shift in _SHIFTS), key=lambda m: _contrast(gray, m, level))
            if _contrast(gray, best, level) > before + _GAIN:
                sector = best
    return sector


def is_sharp(gray: NDArray[np.float32], sector: Sector, inside: Mask) -> bool:
    """Whether the image (H, W) is black, but for overlays, up to the sides and the far arc of a sector, whose mask is
    `inside`: there the outline is exact."""
    outer = _moved(_moved(_moved(sector, -2.0, 0), -2.0, 1), -2.0, 2)
    ring = outer.mask(gray.shape) & ~inside
    return not ring.any() or float(np.median(gray[ring])) <= 0


def _moved(sector: Sector, inwards: float, edge: int) -> Sector:
    """The sector with its left side (0), its right side (1) or its far arc (2) moved inwards by some row pixels."""
    if edge == 2:
        return replace(sector, radius_far=max(sector.radius_far - inwards, sector.radius_near + 1.0))
    sides = np.array(
        [
            [-math.sin(sector.angle_left), math.cos(sector.angle_left)],
            [math.sin(sector.angle_right), -math.cos(sector.angle_right)],
        ]
    )
    down, across = np.linalg.solve(sides, inwards * np.eye(2)[edge])
    return replace(
        sector,
        apex_row=sector.apex_row + down,
        apex_column=sector.apex_column + across / sector.aspect,
        radius_near=max(0.0, sector.radius_near - down),
        radius_far=sector.radius_far - down,
    )


def edge_contrast(gray: NDArray[np.float32], sector: Sector, inside: Mask) -> float:
    """How well the sector's sides and far arc sit on edges of the image: 1 bright inside and black outside, 0 no edge.

    Gray levels are cut at half of the median inside, so that bright tissue beside one edge does not outweigh the rest.

    Args:
        gray: (H, W).
        sector: on its grid.
        inside: (H, W), the sector's mask.
    """
    level = _level(gray, inside)
    return _contrast(gray, sector, level) if level > 0 else 0.0


def _level(gray: NDArray[np.float32], inside: Mask) -> float:
    seen = gray[inside]
    return float(np.median(seen)) / 2 if seen.size else 0.0


def _contrast(gray: NDArray[np.float32], sector: Sector, level: float, samples: int = 120) -> float:
    near = sector.radius_near + 0.1 * (sector.radius_far - sector.radius_near)
    radius = np.linspace(near, sector.radius_far, samples)
    angle = np.linspace(sector.angle_left, sector.angle_right, samples)
    steps = []
    for offset in (1.0, 2.5):
        turn = offset / radius
        steps += [
            _step(gray, sector, (radius, sector.angle_left + turn), (radius, sector.angle_left - turn), level),
            _step(gray, sector, (radius, sector.angle_right - turn), (radius, sector.angle_right + turn), level),
            _step(gray, sector, (sector.radius_far - offset, angle), (sector.radius_far + offset, angle), level),
        ]
    seen = np.concatenate(steps)
    return float(seen.mean()) if seen.size else 0.0


def _step(
    gray: NDArray[np.float32],
    sector: Sector,
    inner: tuple[NDArray[np.float64] | float, NDArray[np.float64]],
    outer: tuple[NDArray[np.float64] | float, NDArray[np.float64]],
    level: float,
) -> NDArray[np.float64]:
    """Gray level inside minus outside in units of `level`, for the pairs of points that both lie in the image."""
    points = [np.rint(sector.cartesian(*p)).astype(int) for p in (inner, outer)]
    limits = np.array(gray.shape)[:, None]
    visible = np.all([(p >= 0) & (p < limits) for p in points], axis=(0, 1))
    inside, outside = (np.minimum(gray[tuple(p[:, visible])], level) for p in points)
    return (inside - outside).astype(np.float64) / level
