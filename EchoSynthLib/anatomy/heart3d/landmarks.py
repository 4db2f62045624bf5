"""Places of the heart from which planes are set."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from EchoSynthLib.anatomy.heart3d.motion import Motion

Vector = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Landmarks:
    """Places (3,) in mm and directions (3,) of length 1, at a phase.

    Attributes:
        apex: of the left ventricle's cavity.
        apex_outside: of its wall, on the same line.
        mitral, aortic, tricuspid, pulmonary: middle of each valve's annulus.
        mitral_annulus: (36, 3).
        aortic_axis: out of the ventricle along the aortic root.
        long_axis: from the apex to the mitral valve.
        septal, anterior: square to the long axis, to the middle of the septum and to the anterior wall.
        left_atrium, right_atrium, right_ventricle: a place in the middle of each.
    """

    apex: Vector
    apex_outside: Vector
    mitral: Vector
    aortic: Vector
    tricuspid: Vector
    pulmonary: Vector
    mitral_annulus: NDArray[np.float64]
    aortic_axis: Vector
    long_axis: Vector
    septal: Vector
    anterior: Vector
    left_atrium: Vector
    right_atrium: Vector
    right_ventricle: Vector


def landmarks_of(motion: Motion, phase: float) -> Landmarks:
    """The landmarks of a heart at a phase."""
    t, p = motion.template, motion.parameters
    around = np.linspace(0, 2 * np.pi, 36, endpoint=False)
    ring = 17.0 * np.column_stack([np.cos(around), np.sin(around)])
    length = t.length
    rest = np.array(
        [
            [0, 0, 0],
            [0, 0, -p.apex_ratio * p.wall_mm],
            [0, 0, length],
            [-20, -10, length],
            [-38, 17, 0.83 * length],
            [-30, -38, length - 1],
            [-10, 0, length + 20],
            [-46, 16, length + 6],
            [-33, 0, 0.55 * length],
            *np.column_stack([ring, np.full(36, length)]),
        ],
        dtype=np.float64,
    )
    at = motion.forward(rest, phase)
    axis = np.array([-0.55, -0.35, 1.0])
    return Landmarks(
        *at[:6],
        at[9:],
        axis / np.linalg.norm(axis),
        (at[2] - at[0]) / np.linalg.norm(at[2] - at[0]),
        np.array([-1.0, 0, 0]),
        np.array([0, -1.0, 0]),
        *at[6:9],
    )
