"""Points on the surfaces of a heart at a phase, as a mesh of rows and columns, for pictures and comparison."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from EchoSynthLib.anatomy.heart3d.motion import Motion
from EchoSynthLib.anatomy.heart3d.rays import COLUMNS, angles
from EchoSynthLib.anatomy.heart3d.template import (
    BESIDE_LA,
    BESIDE_RA,
    BESIDE_RV,
    INNER,
    INNER_WALL,
    OUTER,
    OUTER_START,
    OUTER_WALL,
)

Points = NDArray[np.float64]

_THINNEST = 1.0  # mm; thinner layers of the right heart are its ends


def surfaces(motion: Motion, phase: float = 0.0) -> dict[str, Points]:
    """Points (N, 3) of "LV", "LV outside", "LA", "RV", "RA", "aorta" and of the "epicardium" of both ventricles."""
    t = motion.template
    z, low, mitral = t.rays.heights, t.tricuspid, t.length + 1e-6
    pose = motion.pose(phase)
    beside_rv, beside_ra, beside_la = (np.sqrt(pose.squares[k].astype(np.float64)) for k in range(3))

    def at(layers: NDArray[np.float64], layer: int, where: NDArray[np.bool_]) -> Points:
        return motion.placed(layers[..., layer], pose)[where]

    def there(layers: NDArray[np.float64], rows: NDArray[np.bool_]) -> NDArray[np.bool_]:
        return (layers[..., OUTER] - layers[..., OUTER_START] > _THINNEST) & rows[:, None]

    every = np.ones((1, COLUMNS), dtype=bool)
    right = there(beside_rv, z <= low)
    atrium = ((beside_ra, there(beside_ra, (z > low) & (z < t.length))), (beside_la, there(beside_la, z >= t.length)))
    outside = np.where(right, beside_rv[..., OUTER_WALL], beside_rv[..., INNER_WALL])
    ventricle = (z <= mitral)[:, None] & every
    return {
        "LV": at(beside_rv, INNER, ((z >= 0) & (z <= mitral))[:, None] & every),
        "LV outside": at(beside_rv, INNER_WALL, ventricle & (beside_rv[..., INNER_WALL] > 0)),
        "LA": at(beside_la, INNER, (z >= t.length)[:, None] & (beside_la[..., INNER] > 0)),
        "RV": np.concatenate([at(beside_rv, layer, right) for layer in (OUTER_START, OUTER)]),
        "RA": np.concatenate([at(s, layer, w) for layer in (OUTER_START, OUTER) for s, w in atrium]),
        "aorta": _tube(motion),
        "epicardium": motion.placed(outside, pose)[ventricle & (outside > 0)],
    }


def _tube(motion: Motion) -> Points:
    """The inner surface of the aorta at end-diastole."""
    t = motion.template
    course, radii = t.aorta.course, t.aorta.radii
    lengths = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(course, axis=0), axis=1))])
    along = np.arange(1.0, lengths[-1], 1.5)
    center = np.column_stack([np.interp(along, lengths, course[:, k]) for k in range(3)])
    radius = np.interp(along, lengths, radii)
    axis = np.gradient(center, axis=0)
    axis /= np.linalg.norm(axis, axis=1, keepdims=True)
    first = np.cross(axis, [0.0, 1.0, 0.0])
    first /= np.linalg.norm(first, axis=1, keepdims=True)
    second = np.cross(axis, first)
    theta = angles()[::4, None, None]
    points = (center + radius[:, None] * (np.cos(theta) * first + np.sin(theta) * second)).reshape(-1, 3)
    points[:, 2] += points[:, :2] @ np.array(t.tilt)
    return points


__all__ = ["BESIDE_LA", "BESIDE_RA", "BESIDE_RV", "surfaces"]
