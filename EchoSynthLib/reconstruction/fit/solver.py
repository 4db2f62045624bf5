"""The heart whose surfaces pass through the outlines: a maximum a posteriori estimate by scipy's least squares."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import least_squares

from EchoSynthLib.anatomy.heart3d.parameters import HeartParameters
from EchoSynthLib.reconstruction.fit.left_heart import Aorta, LeftHeart
from EchoSynthLib.reconstruction.fit.outlines import Outlines
from EchoSynthLib.reconstruction.fit.unknowns import (
    LV_VOLUME,
    LV_VOLUME_SD,
    NAMES,
    POSE,
    SHAPE_SIZE,
    Unknowns,
    Vector,
    places_of,
)

SIGMA_MM = (1.0, 1.6, 2.0)
"""How well outlines are drawn, and followed by any model: cavity, wall, atrium."""
INDEPENDENT = 20
"""Points of an outline that err by themselves: neighbors err together."""
_ROBUST = 2.5
"""Sigmas beyond which a point counts less: the end of a sector, a slip of the hand."""
_STEP = 0.05
_CALLS = 9


@dataclass(frozen=True, eq=False)
class Fit:
    """What was found.

    Attributes:
        parameters: of the heart; its end-diastole is the moment of the pictures.
        poses: (views, 6), see `unknowns.POSE`.
        residual_mm: root mean square distance of the outlines' points, by view.
        lv_volume_sd: standard deviation of the left ventricle's volume, as a fraction of it, as the fit itself tells.
        calls: of the surfaces, less those for derivatives.
    """

    parameters: HeartParameters
    poses: NDArray[np.float64]
    residual_mm: Mapping[str, float]
    lv_volume_sd: float
    calls: int


def fit(outlines: Mapping[str, Outlines], unknowns: Unknowns) -> Fit:
    """Find heart and planes.

    Args:
        outlines: of each picture by view, in the order of `unknowns.azimuth`.
        unknowns: what is fitted, and what is known beforehand.
    """
    problem = _Problem(list(outlines.values()), unknowns)
    found = least_squares(
        problem.residuals, np.zeros(unknowns.size), problem.derivatives, loss=problem.loss, max_nfev=_CALLS, ftol=1e-3
    )
    q = found.x
    return Fit(
        unknowns.heart(q),
        unknowns.poses(q),
        dict(zip(outlines, problem.residual_mm(q), strict=True)),
        LV_VOLUME_SD * float(np.sqrt(np.linalg.inv(found.jac.T @ found.jac)[LV_VOLUME, LV_VOLUME])),
        int(found.nfev),
    )


class _Problem:
    """Distances in sigmas, by surface and then by picture; then the numbers themselves, in units of their spread."""

    def __init__(self, outlines: Sequence[Outlines], unknowns: Unknowns) -> None:
        self.unknowns = unknowns
        self.vessel = Aorta.of(unknowns.start)
        self.points = [[o.each[surface] for o in outlines] for surface in range(len(SIGMA_MM))]
        counts = [[len(points) for points in pictures] for pictures in self.points]
        self.view = np.concatenate([np.repeat(np.arange(len(outlines)), count) for count in counts])
        weights = [
            np.sqrt(min(1.0, INDEPENDENT / max(1, points))) / sigma
            for count, sigma in zip(counts, SIGMA_MM, strict=True)
            for points in count
        ]
        self.weights = np.repeat(weights, np.concatenate(counts))
        self.data = len(self.view)

    def residuals(self, q: Vector) -> Vector:
        places = [self.places(view, pose) for view, pose in enumerate(self.unknowns.poses(q))]
        return np.concatenate([self.weights * _distances(self.left(q), _joined(places)), q])

    def derivatives(self, q: Vector) -> NDArray[np.float64]:
        """(residuals, numbers): of the heart by building what changes anew, of a pose by moving its picture alone."""
        poses, left = self.unknowns.poses(q), self.left(q)
        of_views = [self.places(view, pose) for view, pose in enumerate(poses)]
        places = _joined(of_views)
        before = _distances(left, places)
        jacobian = np.zeros((self.data + len(q), len(q)))
        jacobian[self.data :] = np.eye(len(q))
        for k in range(len(q)):
            moved = q.copy()
            moved[k] += _STEP
            if k < SHAPE_SIZE:
                other = left.changed(self.unknowns.heart(moved), self.vessel, NAMES[k])
                jacobian[: self.data, k] = self.weights * (_distances(other, places, left, before) - before) / _STEP
            else:
                view = (k - SHAPE_SIZE) // len(POSE)
                rows = np.flatnonzero(self.view == view)
                after = _distances(left, self.places(view, self.unknowns.poses(moved)[view]))
                jacobian[rows, k] = self.weights[rows] * (after - before[rows]) / _STEP
        return jacobian

    def loss(self, squares: Vector) -> NDArray[np.float64]:
        """(3, residuals): rho of the squares and two derivatives; robust for distances, plain for the numbers."""
        c = _ROBUST**2
        root = np.sqrt(1 + squares / c)
        rho = np.stack([2 * c * (root - 1), 1 / root, -0.5 / (c * root**3)])
        rho[:, self.data :] = np.stack([squares, np.ones_like(squares), np.zeros_like(squares)])[:, self.data :]
        return rho

    def left(self, q: Vector) -> LeftHeart:
        return LeftHeart.of(self.unknowns.heart(q), self.vessel)

    def places(self, view: int, pose: Vector) -> list[NDArray[np.float64]]:
        """(n, 3) for each surface: the points of one picture in the heart."""
        return [places_of(pictures[view], pose) for pictures in self.points]

    def residual_mm(self, q: Vector) -> list[float]:
        mm = self.residuals(q)[: self.data] / self.weights
        return [float(np.sqrt(np.mean(mm[self.view == view] ** 2))) for view in range(len(self.unknowns.azimuth))]


def _joined(of_views: Sequence[list[NDArray[np.float64]]]) -> list[NDArray[np.float64]]:
    return [np.concatenate(of_surface) for of_surface in zip(*of_views, strict=True)]


def _distances(
    left: LeftHeart, places: Sequence[NDArray[np.float64]], like: LeftHeart | None = None, known: Vector | None = None
) -> Vector:
    """mm of the points of each surface from it; `known` are those from a heart that shares surfaces with it."""
    ends = np.cumsum([0, *map(len, places)])
    return np.concatenate(
        [
            known[ends[surface] : ends[surface + 1]]
            if like is not None and known is not None and left.shares(surface, like)
            else left.distances(surface, points)
            for surface, points in enumerate(places)
        ]
    )
