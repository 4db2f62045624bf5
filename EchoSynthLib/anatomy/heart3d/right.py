"""The right heart as distances from the axis of the left: where rays enter and leave ventricle and atrium."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from EchoSynthLib.anatomy.heart3d.parameters import HeartParameters
from EchoSynthLib.anatomy.heart3d.rays import Rays, Table, angles, form

_ROUNDS = 7
_FILLET = 0.12  # of the half axes: fat that rounds off where the atrium ends


def ventricle(p: HeartParameters, rays: Rays, inside: Table, tricuspid: float) -> Table:
    """Distance of the free wall's endocardium, a crescent around `inside`: the left ventricle or the aorta."""
    u = np.clip((rays.share - p.rv_apex) / (1 - p.rv_apex), 0.0, 1.0)
    middle = np.radians(p.rv_angle_deg + p.rv_turn_deg * (u - 0.5))
    half = np.radians(p.rv_width_deg * (0.8 + 0.2 * u))
    psi = ((angles()[None] - middle + math.pi) % (2 * math.pi) - math.pi) / half
    bump = np.maximum(1 - psi**2, 0.0) ** 0.6 * np.sqrt(np.minimum(u / 0.75, 1.0)) * form(p.rv_form, u)
    # The volume, (depth bump)^2 + 2 depth bump inside, is quadratic in the depth.
    low = float(rays.heights[0])
    square, linear = rays.volume(bump**2, low, tricuspid), rays.volume(2 * bump * inside, low, tricuspid)
    depth = (math.sqrt(linear**2 + 4 * square * 1000 * p.rv_edv_ml) - linear) / (2 * square)
    return inside + depth * bump


def atrium(p: HeartParameters, rays: Rays, volume_of: Callable[[Table, Table], float]) -> tuple[Table, Table]:
    """Where rays enter and leave it; `volume_of` tells the mm3 of what is left beside the neighbors."""
    center = np.array([p.ra_x_mm, p.ra_y_mm, p.lv_length_mm + p.ra_z_mm])
    half = 28.0
    for _ in range(_ROUNDS):
        enter, leave = _body(p, rays, center, half)
        half *= (1000 * p.ra_max_ml * (1 - p.ra_emptying) / volume_of(enter, leave)) ** 0.4
    return _body(p, rays, center, half)


def _body(p: HeartParameters, rays: Rays, center: Table, half: float) -> tuple[Table, Table]:
    axes = half * np.array([p.ra_width, p.ra_depth, 1.0])
    shape = form(p.ra_form, (rays.heights[:, None] - center[2]) / (2 * half) + 0.5)
    enter, leave, aside = rays.ellipsoid(center, axes)
    fade = np.exp(-((aside / _FILLET) ** 2))
    return enter * fade, leave * np.where(leave > enter, shape, fade)
