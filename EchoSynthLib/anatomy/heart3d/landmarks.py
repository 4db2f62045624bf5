"""Places of the heart from which planes are set."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from EchoSynthLib.anatomy.heart3d.motion import Motion
from EchoSynthLib.anatomy.heart3d.rays import angles
from EchoSynthLib.anatomy.heart3d.template import BESIDE_LA, BESIDE_LV, INNER, OUTER, OUTER_START, SPLIT, Template
from EchoSynthLib.anatomy.heart3d.valves import Valves

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


def landmarks_of(motion: Motion, valves: Valves, phase: float) -> Landmarks:
    """The landmarks of a heart at a phase."""
    t, p = motion.template, motion.parameters
    mitral, tricuspid, aortic = valves.at(phase)
    around = np.linspace(0, 2 * np.pi, 36, endpoint=False)[:, None]
    lateral = np.array([1.0, 0.0, t.tilt[0]])
    across = np.cross(mitral.flow, lateral / np.linalg.norm(lateral))
    ring = np.cos(around) * np.cross(across, mitral.flow) + np.sin(around) * across
    rest = np.array(
        [
            [0.0, 0.0, 0.0],
            [0.0, 0.0, -p.apex_ratio * p.wall_mm],
            t.lifted_up(t.pulmonary_artery.course[0]),
            t.lifted_up(_middle(t, BESIDE_LA, None, INNER)),
            t.lifted_up(_middle(t, BESIDE_LA, OUTER_START, OUTER)),
            t.lifted_up(_middle(t, BESIDE_LV, OUTER_START, SPLIT)),
        ]
    )
    apex, outside, pulmonary, la, ra, rv = motion.forward(rest, phase)
    axis = (mitral.center - apex) / np.linalg.norm(mitral.center - apex)
    septal = rv - apex - ((rv - apex) @ axis) * axis
    septal /= np.linalg.norm(septal)
    return Landmarks(
        apex=apex,
        apex_outside=outside,
        mitral=mitral.center,
        aortic=aortic.center,
        tricuspid=tricuspid.center,
        pulmonary=pulmonary,
        mitral_annulus=mitral.center + mitral.radius * ring,
        aortic_axis=aortic.flow,
        long_axis=axis,
        septal=septal,
        anterior=np.cross(axis, septal),
        left_atrium=la,
        right_atrium=ra,
        right_ventricle=rv,
    )


def _middle(t: Template, table: int, inside: int | None, outside: int) -> Vector:
    """Center of mass of a layer, before the tilt; above the mitral plane for the atria."""
    squares = t.squares[table]
    outer = np.sqrt(squares[..., outside])
    inner = np.zeros_like(outer) if inside is None else np.sqrt(squares[..., inside])
    z = t.rays.heights
    rows = (z >= t.length) if table == BESIDE_LA else (z <= t.length)
    area = ((outer**2 - inner**2) / 2)[rows]
    reach = ((outer**3 - inner**3) / 3)[rows]
    x = t.rays.axis[rows, :1] * area + reach * np.cos(angles())
    y = t.rays.axis[rows, 1:] * area + reach * np.sin(angles())
    return np.array([x.sum(), y.sum(), (z[rows, None] * area).sum()]) / area.sum()
