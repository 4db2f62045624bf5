"""The left heart as distances from the axis: ventricle with its outflow tract, its wall, and the atrium."""

from __future__ import annotations

import math

import numpy as np

from EchoSynthLib.anatomy.heart3d.parameters import HeartParameters
from EchoSynthLib.anatomy.heart3d.rays import Rays, Table, angles, form
from EchoSynthLib.anatomy.heart3d.vessels import Tube

_ROUNDS = 5
_OUTFLOW_WALL_MM = 5.0


def ventricle(p: HeartParameters, rays: Rays, aorta: Tube) -> tuple[Table, Table]:
    """Distances of endocardium and epicardium; the cavity, outflow tract included, has the volume asked for."""
    endo, radius, outflow = cavity(p, rays, aorta)
    return endo, epicardium(p, rays, endo, radius, outflow)


def cavity(p: HeartParameters, rays: Rays, aorta: Tube) -> tuple[Table, Table, Table]:
    """Distances of the endocardium, how far it would reach where it is widest, and of the outflow tract."""
    z, length, wide = rays.heights[:, None], p.lv_length_mm, p.lv_widest * p.lv_length_mm
    upper = 1 - (1 - p.lv_base**2) * ((z - wide) / (length - wide)) ** 2
    profile = np.sqrt(np.maximum(np.where(z < wide, 1 - ((z - wide) / wide) ** 2, upper), 0.0))
    shape = profile * form(p.lv_form, rays.share)
    inside = (z >= -1e-6) & (z <= length + 1e-6)
    outflow = _outflow(rays, aorta)
    radius = math.sqrt(1000 * p.lv_edv_ml / rays.volume(shape**2, 0.0, length))
    for _ in range(_ROUNDS):
        endo = np.where(inside, np.maximum(radius * shape, outflow), 0.0)
        radius *= math.sqrt(1000 * p.lv_edv_ml / rays.volume(endo**2, 0.0, length))
    endo = np.where(inside, np.maximum(radius * shape, outflow), 0.0)
    endo *= math.sqrt(1000 * p.lv_edv_ml / rays.volume(endo**2, 0.0, length))
    return endo, radius * form(p.lv_form, rays.share), outflow


def epicardium(p: HeartParameters, rays: Rays, endo: Table, radius: Table, outflow: Table) -> Table:
    """Distances of the epicardium around what `cavity` gave."""
    z, wide = rays.heights[:, None], p.lv_widest * p.lv_length_mm
    septal = 1 + (p.septum_ratio - 1) * np.maximum(np.cos(angles() - math.pi), 0.0) ** 2
    thick = p.wall_mm * septal * form(p.wall_form, rays.share)
    thick = np.where((outflow > 1.0) & (outflow >= endo - 1.0), np.minimum(thick, _OUTFLOW_WALL_MM), thick)
    cap = p.wall_mm * p.apex_ratio
    dome = np.sqrt(np.maximum(1 - ((z - wide) / (wide + cap)) ** 2, 0.0))
    below = np.maximum((radius + thick) * dome, np.where(z >= 0, endo + 0.5 * p.apex_ratio * p.wall_mm, 0.0))
    return np.where(z < wide, below, np.where(endo > 0, endo + thick, radius + thick))


def _outflow(rays: Rays, aorta: Tube) -> Table:
    """How far rays go in the outflow tract: from the middle of the ventricle's upper third to the aortic valve."""
    valve, radius = aorta.course[0], aorta.radii[0]
    inner = np.array([0.0, 0.0, 0.72 * rays.length])
    share = np.clip((rays.heights - inner[2]) / (valve[2] - inner[2]), 0.0, 1.1)[:, None]
    x, y = share * valve[0], share * valve[1]
    along = x * np.cos(angles()) + y * np.sin(angles())
    root = along**2 - x * x - y * y + (0.98 * radius * np.clip(2.2 * share, 0, 1)) ** 2
    far = np.where((root > 0) & (share > 0), np.maximum(along + np.sqrt(np.maximum(root, 0.0)), 0.0), 0.0)
    # The aortic valve ends it.
    axis = aorta.axis
    toward = axis[0] * np.cos(angles()) + axis[1] * np.sin(angles())
    height = valve[0] * axis[0] + valve[1] * axis[1] + (valve[2] - rays.heights[:, None]) * axis[2]
    end = np.where(toward > 0.05, height / np.maximum(toward, 0.05), np.inf)
    return np.minimum(far, np.maximum(end, 0.0))


def atrium(p: HeartParameters, rays: Rays, aorta_begins: Table) -> tuple[Table, Table]:
    """Distances of the inner and the outer surface; the aorta dents both."""
    z, length = rays.heights[:, None], p.lv_length_mm
    above = z >= length - 1e-6
    volume = 1000 * p.la_max_ml * (1 - p.la_emptying)
    half = 20.0
    for _ in range(_ROUNDS):
        inner, outer = _dome(p, rays, half)
        inner = np.where(above, np.minimum(inner, np.maximum(aorta_begins - p.atrial_wall_mm, 0.0)), 0.0)
        half *= (volume / rays.volume(inner**2, length, length + 100.0)) ** (1 / 3)
    inner *= math.sqrt(volume / rays.volume(inner**2, length, length + 100.0))
    outer = np.minimum(outer, np.maximum(aorta_begins, 0.0))
    return inner, np.maximum(outer, inner + np.where(inner > 0, 0.5, 0.0))


def _dome(p: HeartParameters, rays: Rays, half: float) -> tuple[Table, Table]:
    z, length = rays.heights[:, None], p.lv_length_mm
    center, width = length + 0.72 * half, half / p.la_height
    shape = form(p.la_form, (z - length) / (1.72 * half))
    inner = np.sqrt(np.maximum(1 - ((z - center) / half) ** 2, 0.0)) * width * shape
    wall = p.atrial_wall_mm
    outer = np.sqrt(np.maximum(1 - ((z - center) / (half + wall)) ** 2, 0.0)) * (width * shape + wall)
    return inner, outer
