"""The heart at end-diastole as layers around one axis: how far each surface lies from it, by height and angle.

Seen from the long axis of the left ventricle, which runs on through the left atrium, everything comes in layers: left
cavity, its wall, fat where there is any, the wall and cavity of the right heart, its outer wall, pericardium. A table
holds the *square* of the distance of each surface, for it is the square in which volumes are sums (an annular sector of
angle d theta and height dz holds (s_outer - s_inner) / 2 d theta dz) and motion is piecewise linear (`motion.py`).

Three tables: beside the left ventricle below the tricuspid plane (right ventricle), above it (right atrium), and above
the mitral plane (both atria). Coordinates are sheared along the axis, so that the mitral plane may be tilted and the
axis bent; shears keep volumes.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from EchoSynthLib.anatomy.heart3d.parameters import HeartParameters

Table = NDArray[np.float64]
"""(rows, columns) over height and angle; squares of distances in mm2."""

COLUMNS = 96
ROWS_OF_VENTRICLE = 56
LAYERS = 8  # surfaces, from the axis on
(INNER, INNER_WALL, GAP, OUTER_START, OUTER, OUTER_WALL, PERICARDIUM, SUPPORT) = range(LAYERS)
BESIDE_RV, BESIDE_RA, BESIDE_LA = range(3)

_PERICARDIUM_MM = 1.5
_ROOM_MM = 16.0  # around the heart, for its motion to fade


@dataclass(frozen=True, eq=False)
class Template:
    """Layers of a heart at end-diastole.

    Attributes:
        squares: (3, rows, COLUMNS, LAYERS) squares of distances from the axis, in the order of the constants above.
        first_row: height of row 0, mm from the apex of the cavity.
        row_mm: distance of rows; 0 and the mitral plane lie on rows.
        length: of the cavity: height of the mitral plane.
        roof: height above which nothing moves.
        axis: (rows, 2) x and y of the axis.
        tilt: (2,) rise of planes of equal height along x and y.
        tricuspid: (COLUMNS,) height of the plane between right atrium and ventricle, at most `length`.
    """

    squares: NDArray[np.float64]
    first_row: float
    row_mm: float
    length: float
    roof: float
    axis: NDArray[np.float64]
    tilt: NDArray[np.float64]
    tricuspid: NDArray[np.float64]

    @property
    def heights(self) -> NDArray[np.float64]:
        """(rows,) mm."""
        return self.first_row + self.row_mm * np.arange(self.squares.shape[1])


def angles() -> NDArray[np.float64]:
    """(COLUMNS,) from lateral (0) through inferior (90 degrees), septal (180) and anterior (270), in radians."""
    return np.arange(COLUMNS) * (2 * math.pi / COLUMNS)


def make_template(p: HeartParameters) -> Template:
    """The layers of the heart with these numbers."""
    length, row = p.lv_length_mm, p.lv_length_mm / ROWS_OF_VENTRICLE
    below = math.ceil((p.wall_mm * p.apex_ratio + 3) / row)
    above = math.ceil(95.0 / row)
    z = row * np.arange(-below, ROWS_OF_VENTRICLE + above + 1)
    theta = angles()
    tricuspid = _tricuspid(p, theta)
    endo, epi = _left_ventricle(p, z, theta)
    axis = _axis(p, z)
    la, la_out = _left_atrium(p, z, theta, axis)
    roof = length + 80.0
    rv = _right_ventricle(p, z, theta, epi, tricuspid)
    ra = _right_atrium(p, z, theta, axis)
    beside_rv = _stack(endo, epi, epi, rv, p.rv_wall_mm)
    low, high = _fit_right_atrium(p, z, theta, endo, epi, la, la_out, ra, tricuspid)
    return Template(np.stack([beside_rv, low, high]), z[0], row, length, roof, axis, np.zeros(2), tricuspid)


def _axis(p: HeartParameters, z: Table) -> NDArray[np.float64]:
    """Straight through the ventricle, then towards the septum through the middle of the left atrium."""
    up = np.clip(z - p.lv_length_mm, 0.0, 40.0)
    return np.column_stack([-0.35 * up, 0.0 * up])


def _tricuspid(p: HeartParameters, theta: Table) -> Table:
    """Lowest below the mitral plane where the tricuspid valve is, highest at the pulmonary valve."""
    return p.lv_length_mm * (0.91 - 0.08 * np.cos(theta - math.radians(155)))


def _left_ventricle(p: HeartParameters, z: Table, theta: Table) -> tuple[Table, Table]:
    length, wide = p.lv_length_mm, p.lv_widest * p.lv_length_mm
    u = np.clip(z, 0.0, length)
    upper = 1 - (1 - p.lv_base**2) * ((u - wide) / (length - wide)) ** 2
    profile = np.where(u < wide, 1 - ((u - wide) / wide) ** 2, upper)
    inside = (z >= 0) & (z <= length + 1e-6)
    area = math.pi * np.trapezoid(np.where(inside, profile, 0.0), z)
    radius = math.sqrt(1000 * p.lv_edv_ml / area)
    share = np.clip((z / length - 0.75) / 0.25, 0, 1)[:, None]
    endo = np.zeros((len(z), len(theta)))
    for _ in range(20):  # the outflow tract adds to the volume, which is that asked for
        endo = np.sqrt(profile)[:, None] * radius + 0 * theta
        outflow = _circle_exit(
            share * _aortic_center(p)[0], share * _aortic_center(p)[1], 0.5 * p.aortic_annulus_mm, theta
        )
        endo = np.maximum(endo, np.where(share > 0, share * outflow, 0.0))
        volume = np.trapezoid((endo**2 * inside[:, None]).mean(1), z) * math.pi
        radius *= math.sqrt(1000 * p.lv_edv_ml / volume)
    septal = 1 + (p.septum_ratio - 1) * 0.5 * (1 + np.cos(theta - math.pi))
    thick = p.wall_mm * septal / septal.mean()
    cap = p.wall_mm * p.apex_ratio
    outer = np.sqrt(np.maximum(1 - ((z - wide) / (wide + cap)) ** 2, 0))[:, None]
    epi = np.where(z[:, None] < wide, (radius + thick) * outer, endo + thick)
    epi = np.maximum(epi, np.where(z[:, None] >= 0, np.where(endo > 0, endo + 0.5 * p.wall_mm, 0), 0))
    return (endo * (z[:, None] >= 0)) ** 2, epi**2


def _aortic_center(p: HeartParameters) -> NDArray[np.float64]:
    """x and y of the middle of the aortic valve."""
    return 0.95 * p.aortic_annulus_mm * np.array([-0.9, -0.45])


def _circle_exit(x, y, radius, theta):  # type: ignore[no-untyped-def]
    """How far a ray from the axis goes in a circle around (x, y); 0 where it passes by."""
    along = x * np.cos(theta) + y * np.sin(theta)
    root = along**2 - x * x - y * y + radius**2
    return np.where(root > 0, along + np.sqrt(np.maximum(root, 0)), 0.0)


def _left_atrium(p: HeartParameters, z: Table, theta: Table, axis: Table) -> tuple[Table, Table]:
    length = p.lv_length_mm
    volume = p.la_max_ml * (1 - p.la_emptying) * 1000
    half = 1.0
    inside = z >= length - 1e-6
    for _ in range(30):
        center = length + 0.75 * half
        square = np.where(inside, np.maximum(1 - ((z - center) / half) ** 2, 0), 0) * (0.95 * half) ** 2
        half *= (volume / (math.pi * np.trapezoid(square, z))) ** (1 / 3)
    outer_half = half + p.atrial_wall_mm
    outer = np.maximum(1 - ((z - center) / outer_half) ** 2, 0) * (0.95 * half + p.atrial_wall_mm) ** 2
    spread = np.ones(len(theta))
    return square[:, None] * spread, outer[:, None] * spread


def _right_ventricle(p: HeartParameters, z: Table, theta: Table, epi: Table, tricuspid: Table) -> Table:
    length = p.lv_length_mm
    u = z / length
    w = np.sqrt(np.clip((u - 0.08) / 0.62, 0, 1)) * (1 - 0.15 * np.clip((u - 0.7) / 0.3, 0, 1))
    half = np.radians(62 + 14 * np.clip(u, 0, 1))
    psi = ((theta - math.pi + math.pi) % (2 * math.pi) - math.pi)[None] / half[:, None]
    bump = np.maximum(1 - psi**2, 0) ** 0.6 * w[:, None]
    depth = 25.0
    below = (z[:, None] <= tricuspid) & (z[:, None] >= 0)
    for _ in range(12):
        outer = (np.sqrt(epi) + depth * bump) ** 2
        volume = math.pi * np.trapezoid(((outer - epi) * below).mean(1), z)
        depth *= (1000 * p.rv_edv_ml / volume) ** 0.7
    return outer


def _right_atrium(p: HeartParameters, z: Table, theta: Table, axis: Table):  # type: ignore[no-untyped-def]
    return None


def _blob(z, theta, axis, center, radii):  # type: ignore[no-untyped-def]
    """Entry and exit of rays from the axis through an ellipsoid: (rows, columns) distances, 0 and 0 where they miss."""
    c, s = np.cos(theta)[None], np.sin(theta)[None]
    px, py = (axis[:, :1] - center[0]) / radii[0], (axis[:, 1:] - center[1]) / radii[1]
    h = ((z - center[2]) / radii[2])[:, None]
    a = (c / radii[0]) ** 2 + (s / radii[1]) ** 2
    b = px * c / radii[0] + py * s / radii[1]
    d = b * b - a * (px**2 + py**2 + h**2 - 1)
    root = np.sqrt(np.maximum(d, 0))
    return np.where(d > 0, np.maximum((-b - root) / a, 0), 0), np.where(d > 0, np.maximum((-b + root) / a, 0), 0)


def _fit_right_atrium(p, z, theta, endo, epi, la, la_out, ra, tricuspid):  # type: ignore[no-untyped-def]
    length = p.lv_length_mm
    axis = _axis(p, z)
    size = 24.0
    volume = 1000 * p.ra_max_ml * (1 - p.ra_emptying)
    low = (z[:, None] > tricuspid) & (z[:, None] < length)
    high = z[:, None] >= length
    for _ in range(14):
        center = np.array([-46.0, 16.0, length + 6])
        entry, leave = _blob(z, theta, axis, center, size * np.array([1.0, 1.1, 1.3]))
        s3, s4 = entry**2, leave**2
        total = 0.0
        for mask, wall in ((low, epi), (high, la_out)):
            total += math.pi * np.trapezoid((np.maximum(s4 - np.maximum(s3, wall), 0) * mask).mean(1), z)
        size *= (volume / total) ** 0.33
    return (_stack(endo, epi, s3, s4, p.atrial_wall_mm), _stack(la, la_out, s3, s4, p.atrial_wall_mm))


def _stack(inner, inner_wall, start, outer, wall_mm):  # type: ignore[no-untyped-def]
    """All layers in order, from those of both sides."""
    there = outer > np.maximum(start, inner_wall)
    start = np.where(there, np.maximum(start, inner_wall), inner_wall)
    outer = np.where(there, outer, start)
    gap = np.where(there, np.clip((np.sqrt(start) - wall_mm) ** 2, inner_wall, start), inner_wall)
    outer_wall = np.where(there, (np.sqrt(outer) + wall_mm) ** 2, outer)
    r = np.sqrt(outer_wall)
    layers = [inner, inner_wall, gap, start, outer, outer_wall, (r + _PERICARDIUM_MM) ** 2, (r + _ROOM_MM) ** 2]
    return np.stack(layers, axis=-1)
