"""Points on the surfaces of a heart at a phase, as a mesh of rows and columns, for pictures and comparison."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from EchoSynthLib.anatomy.heart3d.motion import Motion
from EchoSynthLib.anatomy.heart3d.rays import angles
from EchoSynthLib.anatomy.heart3d.template import (
    INNER,
    INNER_WALL,
    OUTER,
    OUTER_START,
    OUTER_WALL,
    SPLIT,
)

Points = NDArray[np.float64]

_THINNEST = 1.0  # mm; thinner layers of the right heart are its ends


def surfaces(motion: Motion, phase: float = 0.0) -> dict[str, Points]:
    """Points (N, 3) of "LV", "LV outside", "LA", "RV", "RA", "aorta" and of the "epicardium" of both ventricles."""
    t = motion.template
    z, mitral = t.rays.heights, t.length + 1e-6
    pose = motion.pose(phase)
    beside_lv, beside_la = (np.sqrt(pose.squares[k].astype(np.float64)) for k in range(2))
    below, above = (z <= mitral)[:, None], (z >= t.length)[:, None]

    def at(layers: NDArray[np.float64], inside: int, outside: int, rows: NDArray[np.bool_]) -> Points:
        """Both surfaces of a cavity of the right heart, where it is, less where another cavity goes on."""
        there = (layers[..., outside] - layers[..., inside] > _THINNEST) & rows
        other = (layers[..., OUTER] - layers[..., SPLIT] > _THINNEST) & (
            layers[..., SPLIT] > layers[..., OUTER_START] + 1
        )
        parts = []
        for layer in (inside, outside):
            shown = there & ~other if layer == SPLIT else there
            parts.append(motion.placed(layers[..., layer], pose)[shown])
        return np.concatenate(parts)

    right = (beside_lv[..., OUTER] - beside_lv[..., OUTER_START] > _THINNEST) & below
    outside = np.where(right, beside_lv[..., OUTER_WALL], beside_lv[..., INNER_WALL])
    endo, epi, la = beside_lv[..., INNER], beside_lv[..., INNER_WALL], beside_la[..., INNER]
    return {
        "LV": motion.placed(endo, pose)[below & (z >= 0)[:, None] & (endo >= 0)],
        "LV outside": motion.placed(epi, pose)[below & (epi > 0)],
        "LA": motion.placed(la, pose)[above & (la > 0)],
        "RV": at(beside_lv, OUTER_START, SPLIT, below),
        "RA": np.concatenate([at(beside_lv, SPLIT, OUTER, below), at(beside_la, OUTER_START, OUTER, above)]),
        "aorta": tube(motion),
        "epicardium": motion.placed(outside, pose)[below & (outside > 0)],
    }


def tube(motion: Motion) -> Points:
    """The inner surface of the aorta at end-diastole, ring by ring from the valve on."""
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
    theta = angles()[None, ::4, None]
    ring = np.cos(theta) * first[:, None] + np.sin(theta) * second[:, None]
    points = (center[:, None] + radius[:, None, None] * ring).reshape(-1, 3)
    points[:, 2] += points[:, :2] @ np.array(t.tilt)
    return points
