"""The heart at end-diastole as layers around one axis: how far each surface lies from it, by height and angle.

Seen from the long axis of the left ventricle, which runs on through the left atrium, everything comes in layers: left
cavity, its wall, fat where there is any, the wall and cavity of the right heart, its outer wall, pericardium. A table
holds the *square* of the distance of each surface, for it is the square in which volumes are sums (an annular sector of
angle d theta and height dz holds (s_outer - s_inner) / 2 d theta dz) and motion is piecewise linear (`motion.py`).

Two tables: beside the left ventricle, and above the mitral plane beside the left atrium. In the first, the cavity of
the right heart is split where the tricuspid valve is: ventricle inside, atrium outside, for the valve falls away to the
free wall. Coordinates are sheared along the axis, so that the mitral plane may be tilted and the axis bent; shears keep
volumes.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from EchoSynthLib.anatomy.heart3d import left, right
from EchoSynthLib.anatomy.heart3d.parameters import HeartParameters
from EchoSynthLib.anatomy.heart3d.rays import Rays, Table
from EchoSynthLib.anatomy.heart3d.vessels import Tube, aorta, pulmonary_artery

LAYERS = 8  # surfaces, from the axis on
(INNER, INNER_WALL, GAP, OUTER_START, SPLIT, OUTER, OUTER_WALL, PERICARDIUM) = range(LAYERS)
BESIDE_LV, BESIDE_LA = range(2)

_ROWS_OF_VENTRICLE = 56
_ABOVE_MM = 85.0  # height of the tables over the mitral plane
_OVER_ATRIUM_MM = 8.0  # what lies higher does not move
_RIM_MM = 5.0
_PERICARDIUM_MM = 1.5


@dataclass(frozen=True, eq=False)
class Template:
    """Layers of a heart at end-diastole.

    Attributes:
        squares: (2, rows, COLUMNS, LAYERS) squares of distances from the axis, in the order of the constants above;
            the two tables are BESIDE_LV and BESIDE_LA.
        rays: heights and axis of the rows; 0 and the mitral plane lie on rows.
        roof: height above which nothing moves.
        tilt: (2,) rise of planes of equal height along x and y.
        aorta, pulmonary_artery: vessels in the axes of equal height, that is before the tilt.
    """

    squares: NDArray[np.float64]
    rays: Rays
    roof: float
    tilt: tuple[float, float]
    aorta: Tube
    pulmonary_artery: Tube

    @property
    def length(self) -> float:
        """Height of the mitral plane, mm."""
        return self.rays.length

    @property
    def row_mm(self) -> float:
        """Distance of rows."""
        return float(self.rays.heights[1] - self.rays.heights[0])

    def lifted_up(self, point: NDArray[np.float64]) -> NDArray[np.float64]:
        """(3,) a point of the vessels in the axes of the heart: tilted with the mitral plane."""
        return point + np.array([0.0, 0.0, float(point[:2] @ np.array(self.tilt))])


def make_template(p: HeartParameters) -> Template:
    """The layers of the heart with these numbers."""
    rays = _rays(p)
    vessel, trunk = aorta(p), pulmonary_artery(p)
    begins, ends = vessel.interval(rays)
    endo, epi = left.ventricle(p, rays, vessel)
    la, la_out = left.atrium(p, rays, begins)
    la_out = np.maximum(la_out, np.minimum(_rim(rays, epi), begins))
    beside_aorta = np.where(begins < epi + 15, np.maximum(epi, ends), epi)
    rv = right.ventricle(p, rays, beside_aorta)

    def volume_of(enter: Table, leave: Table) -> float:
        start = np.maximum(enter, ends)
        beside_lv = np.maximum(leave**2 - np.maximum(np.maximum(start, epi), right.valve_plane(p, rays)) ** 2, 0.0)
        beside_la = np.maximum(leave**2 - np.maximum(start, la_out) ** 2, 0.0)
        bottom, top = float(rays.heights[0]), float(rays.heights[-1])
        return rays.volume(beside_lv, bottom, rays.length) + rays.volume(beside_la, rays.length, top)

    enter, leave = right.atrium(p, rays, volume_of)
    enter = np.maximum(enter, np.where(begins < leave, ends, 0.0))
    # Beside the left ventricle the right one comes first; the atrium begins where the valve is, or beyond.
    valve = right.valve_plane(p, rays)
    atrium_there = leave > np.maximum(np.maximum(enter, valve), epi) + 0.5
    ventricle_there = rv > beside_aorta
    start = np.where(ventricle_there | ~atrium_there, beside_aorta, np.maximum(np.maximum(enter, valve), epi))
    outer = np.where(atrium_there, leave, np.maximum(rv, beside_aorta))
    split = np.where(ventricle_there, np.where(atrium_there, np.maximum(rv, np.minimum(valve, leave)), rv), start)
    walls = np.where(atrium_there, p.atrial_wall_mm, p.rv_wall_mm)
    tables = [
        _stack(endo, epi, start, split, outer, walls),
        _stack(la, la_out, enter, enter, leave, np.full_like(leave, p.atrial_wall_mm)),
    ]
    tilt = (p.base_tilt_x, p.base_tilt_y)
    roof = float(rays.heights[la.any(axis=1)].max()) + _OVER_ATRIUM_MM
    return Template(np.stack(tables), rays, roof, tilt, vessel, trunk)


def _rim(rays: Rays, epi: Table) -> Table:
    """The wall of the ventricle ends rounded, around the atrium's neck."""
    row = int(np.argmin(np.abs(rays.heights - rays.length)))
    up = (rays.heights - rays.length)[:, None] / _RIM_MM
    return np.where(up >= 0, epi[row] - _RIM_MM * (1 - np.sqrt(np.maximum(1 - up**2, 0.0))), 0.0) * (up < 1)


def _rays(p: HeartParameters) -> Rays:
    """The axis goes straight through the ventricle, then leans with the left atrium."""
    row = p.lv_length_mm / _ROWS_OF_VENTRICLE
    below, above = math.ceil((p.wall_mm * p.apex_ratio + 2) / row), math.ceil(_ABOVE_MM / row)
    heights = row * np.arange(-below, _ROWS_OF_VENTRICLE + above + 1, dtype=np.float64)
    up = np.clip(heights - p.lv_length_mm, 0.0, 45.0)
    return Rays(heights, np.column_stack([p.la_lean_x * up, p.la_lean_y * up]), p.lv_length_mm)


def _stack(
    inner: Table, inner_wall: Table, start: Table, split: Table, outer: Table, wall: Table
) -> NDArray[np.float64]:
    """Squares of all surfaces in order (rows, columns, LAYERS), from the distances of those of both sides."""
    start = np.maximum(start, inner_wall)
    outer = np.maximum(outer, start)
    split = np.clip(split, start, outer)
    there = np.clip((outer - start) / 2.0, 0.0, 1.0)  # where the right heart ends, so does its wall
    gap = np.maximum(start - wall * there, inner_wall)
    outer_wall = outer + wall * there
    sac = outer_wall + np.where(outer_wall > 0.1, _PERICARDIUM_MM, 0.0)
    return np.stack([inner, inner_wall, gap, start, split, outer, outer_wall, sac], axis=-1) ** 2
