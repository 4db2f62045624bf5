"""The right heart as distances from the axis of the left: where rays enter and leave ventricle and atrium."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from EchoSynthLib.anatomy.heart3d.parameters import HeartParameters
from EchoSynthLib.anatomy.heart3d.rays import Rays, Table, angles, form

_ROUNDS = 9
_INFLOW_ENDS, _OUTFLOW_BEGINS = 180.0, 215.0  # degrees
_STEEPEST = 0.08
_FILLET = 0.12  # of the half axes: fat that rounds off where the atrium ends


def ventricle(p: HeartParameters, rays: Rays, inside: Table) -> Table:
    """Distance of the free wall: a crescent around `inside` (left ventricle and aorta), cut by its valves."""
    u = np.clip((rays.share - p.rv_apex) / (1 - p.rv_apex), 0.0, 1.0)
    middle = np.radians(p.rv_angle_deg + p.rv_turn_deg * (u - 0.5))
    half = np.radians(p.rv_width_deg * (0.8 + 0.2 * u))
    psi = ((angles()[None] - middle + math.pi) % (2 * math.pi) - math.pi) / half
    bump = np.maximum(1 - psi**2, 0.0) ** 0.6 * np.sqrt(np.minimum(u / 0.75, 1.0)) * form(p.rv_form, u)
    valves = np.maximum(valve_plane(p, rays), inside)
    depth = 25.0
    for _ in range(_ROUNDS):
        outer = np.minimum(inside + depth * bump, valves)
        volume = rays.volume(outer**2 - inside**2, float(rays.heights[0]), rays.length)
        depth *= (1000 * p.rv_edv_ml / volume) ** 0.7
    return np.minimum(inside + depth * bump, valves)


def valve_plane(p: HeartParameters, rays: Rays) -> Table:
    """How far from the axis the right ventricle ends at its valves: the tricuspid valve falls away to the free wall,
    and where the outflow tract is, the ventricle goes on to the pulmonary valve.
    """
    front = np.clip((np.degrees(angles()) - _INFLOW_ENDS) / (_OUTFLOW_BEGINS - _INFLOW_ENDS), 0.0, 1.0)
    front = front * front * (3 - 2 * front)
    height = rays.length - p.tricuspid_drop_mm + (p.tricuspid_drop_mm - p.pulmonary_drop_mm) * front
    fall = p.tricuspid_tilt * (1 - front) + _STEEPEST * front
    return np.maximum(p.tricuspid_mm + (height - rays.heights[:, None]) / fall, 0.0)


def atrium(p: HeartParameters, rays: Rays, volume_of: Callable[[Table, Table], float]) -> tuple[Table, Table]:
    """Where rays enter and leave it; `volume_of` tells the mm3 of what is left beside the neighbors."""
    half = 28.0
    for _ in range(_ROUNDS):
        enter, leave = _body(p, rays, half)
        half *= (1000 * p.ra_max_ml * (1 - p.ra_emptying) / volume_of(enter, leave)) ** 0.29
    return _body(p, rays, half)


def _body(p: HeartParameters, rays: Rays, half: float) -> tuple[Table, Table]:
    valve, turned = p.lv_length_mm - p.tricuspid_drop_mm, math.radians(p.tricuspid_deg)
    center = np.array([p.tricuspid_mm * math.cos(turned), p.tricuspid_mm * math.sin(turned), valve])
    center = center + half * np.array([p.ra_x, p.ra_y, p.ra_z])
    axes = half * np.array([p.ra_width, p.ra_depth, 1.0])
    shape = form(p.ra_form, (rays.heights[:, None] - center[2]) / (2 * half) + 0.5)
    enter, leave, aside = rays.ellipsoid(center, axes, math.radians(p.ra_turn_deg), (p.ra_lean_x, p.ra_lean_y))
    fade = np.exp(-((aside / _FILLET) ** 2))
    return enter * fade, leave * np.where(leave > enter, shape, fade)
