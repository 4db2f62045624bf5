"""Refinement of the endocardial curve on the distance map: a snake whose basal points stay (numpy, scipy)."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from EchoSynthLib.anatomy.heart2d.endocardium import LANDMARKS

Points = NDArray[np.float64]

BETWEEN = 1
"""Nodes of the snake between neighboring landmarks: seven points alone follow no papillary muscle or basal bulge."""
NODES = (BETWEEN + 1) * (len(LANDMARKS) - 1) + 1
STEPS = 10
STIFFNESS = 0.02
"""Weight of bending away from the first curve, relative to the samples' weight; chosen on train frames, where the curve
comes no nearer with less, or with more nodes."""

_SAMPLES = 100
_FINE = 50  # pieces of the drawn curve between nodes
_SMALLEST_STEP = 1 / 16


def refine(points: Points, distance: NDArray[np.floating]) -> Points:
    """Nodes (13, 2) of a curve through seven points that has come to rest where the distance map is low.

    Each step moves the samples q of the curve by -D(q) grad D(q) = -grad D^2(q) / 2, which leads to the zero of a
    distance map (the Eikonal equation |grad D| = 1), as far as nodes that bend little away from the start can follow:
    a gradient descent of sum D(q)^2 / 2 with a preconditioner. A step that would raise the mean of D along the curve is
    halved, or left out, so that the mean never rises.

    Args:
        points: (7, 2) (row, column) in pixels of the map; the first and the last stay.
        distance: (h, w) in pixels of the map, not negative.

    Returns:
        (13, 2); the first and the last are the basal points.
    """
    valley = _Valley(distance)
    start = nodes_through(points)
    spline, follow = _matrices()
    nodes, samples = start.copy(), spline @ start
    mean = valley.mean_along(samples)
    for _ in range(STEPS):
        # The stiffness holds the sum of all moves, not each by itself.
        wanted = samples - spline @ start + valley.descent(samples)
        move = np.zeros_like(nodes)
        move[1:-1] = follow @ (spline.T @ wanted) - (nodes - start)[1:-1]
        nodes, samples, lower = _best_share(nodes, move, valley, mean)
        if lower is None:
            break
        mean = lower
    return nodes


def nodes_through(points: Points) -> Points:
    """The landmarks (7, 2) with nodes of their spline between them, (13, 2)."""
    matrix = spline_matrix(len(LANDMARKS), np.arange(NODES) / (BETWEEN + 1))
    return matrix @ points


def curve_of(nodes: Points) -> Points:
    """The curve (601, 2) through nodes (13, 2), fine enough to be a polyline."""
    return _fine() @ nodes


def mean_distance(nodes: Points, distance: NDArray[np.floating]) -> float:
    """Mean of the distance map along the curve through nodes (13, 2), in the map's pixels."""
    return _Valley(distance).mean_along(_matrices()[0] @ nodes)


class _Valley:
    """A distance map between its pixels: D has a kink on the curve; D^2, a parabola across it, is what is read."""

    def __init__(self, distance: NDArray[np.floating]) -> None:
        from scipy.ndimage import spline_filter

        squared = np.array(distance, dtype=np.float64) ** 2
        self.coefficients = spline_filter(squared, order=3, mode="nearest")
        self.slopes = np.array(np.gradient(squared))

    def mean_along(self, samples: Points) -> float:
        """Mean distance at samples (n, 2)."""
        from scipy.ndimage import map_coordinates

        squared = map_coordinates(self.coefficients, samples.T, order=3, mode="nearest", prefilter=False)
        return float(np.sqrt(np.maximum(squared, 0)).mean())

    def descent(self, samples: Points) -> Points:
        """-grad D^2 / 2 (n, 2): the way from each sample to the zero of the map."""
        from scipy.ndimage import map_coordinates

        slopes = [map_coordinates(slope, samples.T, order=1, mode="nearest") for slope in self.slopes]
        return -0.5 * np.stack(slopes, axis=1)


def _best_share(nodes: Points, move: Points, valley: _Valley, mean: float) -> tuple[Points, Points, float | None]:
    """Nodes and samples after the largest share of a move that lowers the mean distance, and that mean; else None."""
    spline, _ = _matrices()
    share = 1.0
    while share >= _SMALLEST_STEP:
        moved = nodes + share * move
        samples = spline @ moved
        lower = valley.mean_along(samples)
        if lower < mean:
            return moved, samples, lower
        share /= 2
    return nodes, spline @ nodes, None


@lru_cache(maxsize=1)
def _fine() -> Points:
    return spline_matrix(NODES, np.linspace(0, NODES - 1, _FINE * (NODES - 1) + 1))


@lru_cache(maxsize=1)
def _matrices() -> tuple[Points, Points]:
    """The spline S (100, 13) from nodes to samples; (11, 13) from S^T moves of samples to moves of the inner nodes."""
    spline = spline_matrix(NODES, np.linspace(0, NODES - 1, _SAMPLES))
    bend = np.diff(np.eye(NODES), n=2, axis=0)
    inner = slice(1, NODES - 1)
    normal = spline.T @ spline + STIFFNESS * _SAMPLES / NODES * bend.T @ bend
    return spline, np.array(np.linalg.solve(normal[inner, inner], np.eye(NODES)[inner]), dtype=np.float64)


def spline_matrix(points: int, at: NDArray[np.floating]) -> Points:
    """(len(at), points): the natural cubic spline through points at the times 0, 1, 2, ..., which is linear in them."""
    from scipy.interpolate import CubicSpline

    return CubicSpline(np.arange(points), np.eye(points), bc_type="natural")(at)
