"""How well a sector's edges sit on an image, and the small shifts that make them sit better."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from EchoSynthLib.anatomy.sector import Sector

_HALO = 0.03  # of the median inside: grey level around the sector from which its edge is a blurred one
_SHIFTS = np.arange(-1.0, 6.5, 0.5)  # row pixels inwards; thresholds find a blurred edge too far out


def snap_to_edges(grey: NDArray[np.float32], sector: Sector) -> Sector:
    """The sector with each side and the far arc moved to the steepest step beside it, where the image is blurred.

    An image whose surroundings are black up to the sector's edge is left as it is: there the outline is exact.
    """
    level = _level(grey, sector)
    if level <= 0 or _halo(grey, sector) < _HALO:
        return sector
    for _ in range(2):
        for edge in range(3):
            moved = [sector, *(_moved(sector, shift, edge) for shift in _SHIFTS)]
            sector = max(moved, key=lambda m: _contrast(grey, m, level))
    return sector


def _halo(grey: NDArray[np.float32], sector: Sector) -> float:
    """Mean grey level just outside the sides and the far arc, over the median inside."""
    outer = _moved(_moved(_moved(sector, -2.0, 0), -2.0, 1), -2.0, 2)
    inside = sector.mask(grey.shape)  # type: ignore[arg-type]
    ring = outer.mask(grey.shape) & ~inside  # type: ignore[arg-type]
    if not ring.any() or not inside.any():
        return 0.0
    level = float(np.median(grey[inside]))
    return float(np.minimum(grey[ring], level).mean()) / level if level > 0 else 0.0


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


def edge_contrast(grey: NDArray[np.float32], sector: Sector) -> float:
    """How well the sector's sides and far arc sit on edges of the image: 1 bright inside and black outside, 0 no edge.

    Grey levels are cut at half of the median inside, so that bright tissue beside one edge does not outweigh the rest.
    """
    level = _level(grey, sector)
    return _contrast(grey, sector, level) if level > 0 else 0.0


def _level(grey: NDArray[np.float32], sector: Sector) -> float:
    inside = grey[sector.mask(grey.shape)]  # type: ignore[arg-type]
    return float(np.median(inside)) / 2 if inside.size else 0.0


def _contrast(grey: NDArray[np.float32], sector: Sector, level: float, samples: int = 120) -> float:
    near = sector.radius_near + 0.1 * (sector.radius_far - sector.radius_near)
    radius = np.linspace(near, sector.radius_far, samples)
    angle = np.linspace(sector.angle_left, sector.angle_right, samples)
    steps = []
    for offset in (1.0, 2.5):
        turn = offset / radius
        steps += [
            _step(grey, sector, (radius, sector.angle_left + turn), (radius, sector.angle_left - turn), level),
            _step(grey, sector, (radius, sector.angle_right - turn), (radius, sector.angle_right + turn), level),
            _step(grey, sector, (sector.radius_far - offset, angle), (sector.radius_far + offset, angle), level),
        ]
    seen = np.concatenate(steps)
    return float(seen.mean()) if seen.size else 0.0


def _step(
    grey: NDArray[np.float32],
    sector: Sector,
    inner: tuple[NDArray[np.float64] | float, NDArray[np.float64]],
    outer: tuple[NDArray[np.float64] | float, NDArray[np.float64]],
    level: float,
) -> NDArray[np.float64]:
    """Grey level inside minus outside in units of `level`, for the pairs of points that both lie in the image."""
    points = [np.rint(sector.cartesian(*p)).astype(int) for p in (inner, outer)]
    limits = np.array(grey.shape)[:, None]
    visible = np.all([(p >= 0) & (p < limits) for p in points], axis=(0, 1))
    inside, outside = (np.minimum(grey[tuple(p[:, visible])], level) for p in points)
    return (inside - outside).astype(np.float64) / level
