"""Aorta and pulmonary artery: tubes along a polyline, in the axes of the heart at end-diastole."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from EchoSynthLib.anatomy.heart3d.parameters import HeartParameters
from EchoSynthLib.anatomy.heart3d.rays import COLUMNS, Rays, Table, angles

WALL_MM = 2.0
_STEP_MM = 3.0
_ASCENDING, _ARCH = np.array([-0.25, -0.78, 0.57]), np.array([0.4, -0.6, 0.69])


@dataclass(frozen=True, eq=False)
class Tube:
    """A vessel.

    Attributes:
        course: (K, 3) mm, the first point in the middle of the valve.
        radii: (K,) mm, the inner radius there, linear between.
    """

    course: NDArray[np.float64]
    radii: NDArray[np.float64]

    @property
    def axis(self) -> NDArray[np.float64]:
        """(3,) direction in which the blood goes through the valve."""
        step = self.course[1] - self.course[0]
        return step / np.linalg.norm(step)

    def distance(
        self, x: NDArray[np.floating], y: NDArray[np.floating], z: NDArray[np.floating]
    ) -> NDArray[np.floating]:
        """mm from the inner surface, negative inside; the tube begins at the valve with a flat end."""
        kind = np.result_type(x, np.float32)
        best = np.full(np.broadcast_shapes(x.shape, y.shape, z.shape), np.inf, dtype=kind)
        for k in range(len(self.course) - 1):
            start, step = self.course[k].astype(kind), (self.course[k + 1] - self.course[k]).astype(kind)
            px, py, pz = x - start[0], y - start[1], z - start[2]
            t = np.clip((px * step[0] + py * step[1] + pz * step[2]) / (step @ step), 0, 1)
            away = np.sqrt((px - t * step[0]) ** 2 + (py - t * step[1]) ** 2 + (pz - t * step[2]) ** 2)
            r0, r1 = kind.type(self.radii[k]), kind.type(self.radii[k + 1])
            np.minimum(best, away - (r0 + (r1 - r0) * t), out=best)
        first, axis = self.course[0].astype(kind), self.axis.astype(kind)
        before = -((x - first[0]) * axis[0] + (y - first[1]) * axis[1] + (z - first[2]) * axis[2])
        return np.maximum(best, before)

    def interval(self, rays: Rays, reach: float = 90.0) -> tuple[Table, Table]:
        """Where rays enter and leave the tube with its wall; infinity and 0 for those that miss it."""
        course = self.course
        radius = float(self.radii.max()) + WALL_MM
        turned = np.arctan2(course[1:-1, 1].mean(), course[1:-1, 0].mean())
        rows = np.flatnonzero(
            (rays.heights > course[:, 2].min() - radius) & (rays.heights < course[:, 2].max() + radius)
        )
        columns = np.flatnonzero(np.cos(angles() - turned) > -0.3)
        chosen = np.ix_(rows, columns)
        r = np.arange(0.0, reach, _STEP_MM, dtype=np.float32)
        shape = (len(rows), len(columns), len(r))
        x0, y0, z = (np.asarray(c, dtype=np.float32)[chosen][..., None] for c in rays.points(0.0))
        x1, y1, _ = (np.asarray(c, dtype=np.float32)[chosen][..., None] for c in rays.points(1.0))
        d = self.distance(x0 + (x1 - x0) * r, y0 + (y1 - y0) * r, np.broadcast_to(z, shape)) - WALL_MM
        inside = d < 0
        hit = inside.any(-1)
        first, last = inside.argmax(-1), len(r) - 1 - inside[..., ::-1].argmax(-1)
        enter, leave = np.full((len(rays.heights), COLUMNS), np.inf), np.zeros((len(rays.heights), COLUMNS))
        enter[chosen] = np.where(hit, np.maximum(r[first] - _STEP_MM * _part(d, first, first - 1), 0.0), np.inf)
        leave[chosen] = np.where(hit, r[last] + _STEP_MM * _part(d, last, last + 1), 0.0)
        return enter, leave


def _part(d: NDArray[np.floating], inside: NDArray[np.intp], outside: NDArray[np.intp]) -> Table:
    """Part of a step from the sample inside to the surface, by linear interpolation; 0 at the end of the rays."""
    beyond = (outside < 0) | (outside >= d.shape[-1])
    a = np.take_along_axis(d, inside[..., None], -1)[..., 0]
    b = np.take_along_axis(d, np.clip(outside, 0, d.shape[-1] - 1)[..., None], -1)[..., 0]
    return np.where(beyond, 0.0, a / np.where(beyond, 1.0, a - b))


def aorta(p: HeartParameters) -> Tube:
    """The root, widest in the sinuses; the ascending aorta, which turns to the front and up; the begin of the arch."""
    lean = np.array([p.aortic_lean_x, p.aortic_lean_y, 1.0])
    root = lean / np.linalg.norm(lean)
    steps = [9 * root, 11 * root, 10 * (root + _ASCENDING), 18 * _ASCENDING, 22 * _ARCH]
    start = np.array([p.aortic_x_mm, p.aortic_y_mm, p.lv_length_mm])
    course = start + np.concatenate([np.zeros((1, 3)), np.cumsum(steps, axis=0)])
    annulus, sinus, tube = p.aortic_annulus_mm / 2, p.aortic_sinus_mm / 2, p.ascending_aorta_mm / 2
    return Tube(course, np.array([annulus, sinus, 0.5 * (sinus + tube) * 0.95, tube, tube, tube]))


def pulmonary_artery(p: HeartParameters) -> Tube:
    """The trunk, from the pulmonary valve around the front of the aorta to its branching above the left atrium."""
    z = p.lv_length_mm
    size = p.ascending_aorta_mm / 30.0
    course = np.array(
        [
            [-30.0, -37.0, z - p.pulmonary_drop_mm],
            [-28.0, -42.0, z + 8],
            [-14.0, -40.0, z + 30],
            [2.0, -24.0, z + 50],
            [10.0, -8.0, z + 60],
        ]
    )
    return Tube(course, np.array([12.5, 12.5, 12.5, 11.5, 9.0]) * size)
