"""How the heart beats: one map from end-diastole to each phase, with its inverse, in closed form.

In order: heights shorten (the apex stays, the mitral plane comes down by D, the roof of the atria stays), radii change,
and each level turns. At each height and angle, the square s of the distance from the axis goes to s', piecewise linear
between the layers. A layer's volume changes by the slope ds'/ds times the stretch of heights dz'/dz: a wall has slope
1 / stretch and so keeps its volume, exactly and everywhere; a cavity has the slope that its volume asks for. That makes
walls thicken by as much as an incompressible muscle must.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from EchoSynthLib.anatomy.heart3d.cylinder import AtPhase, Cylinder, carried, locate
from EchoSynthLib.anatomy.heart3d.parameters import HeartParameters
from EchoSynthLib.anatomy.heart3d.rays import COLUMNS, angles
from EchoSynthLib.anatomy.heart3d.template import (
    BESIDE_LA,
    BESIDE_LV,
    INNER,
    INNER_WALL,
    OUTER,
    OUTER_START,
    SPLIT,
    Template,
)
from EchoSynthLib.anatomy.heart3d.volume_curve import Beat
from EchoSynthLib.errors import InputError

_REMEMBERED = 64
_MOST_CONTRACTED = 0.96  # of the area of the cavity, at any height
_NECK_MM = 14.0  # height over the mitral plane at which the left atrium takes full part in its filling
_BASAL_SHARE_OF_TWIST = 0.3


class Motion:
    """The map of a heart, for all phases."""

    def __init__(self, template: Template, parameters: HeartParameters, beat: Beat) -> None:
        self.template, self.parameters, self.beat = template, parameters, beat
        self._poses: dict[float, AtPhase] = {}
        heights = template.rays.heights
        self._contraction = self._contraction_of_ventricle(heights)
        self._growth = self._growth_of_atrium()
        self.rest = self._volumes_at_rest()
        self._still = template.squares.astype(np.float32)

    def pose(self, phase: float) -> AtPhase:
        """The heart at a phase; the last ones are remembered."""
        key = float(phase) % 1.0
        if key not in self._poses:
            if len(self._poses) >= _REMEMBERED:
                self._poses.pop(next(iter(self._poses)))
            self._poses[key] = self._pose(key)
        return self._poses[key]

    def volumes(self, phase: float) -> dict[str, float]:
        """ml at a phase: what the layers hold."""
        p, rest = self.parameters, self.rest
        out, full = float(self.beat.emptied(phase)), float(self.beat.filled(phase))
        atrium = (1 - p.la_emptying * (1 - full)) / (1 - p.la_emptying)
        right_atrium = (1 - p.ra_emptying * (1 - full)) / (1 - p.ra_emptying)
        return {
            "LV": rest["LV"] * (1 - p.ejection_fraction * out),
            "LV wall": rest["LV wall"],
            "RV": rest["RV"] * (1 - p.rv_ejection_fraction * out),
            "LA": rest["LA"] * atrium,
            "RA": (rest["RA low"] + rest["RA high"]) * right_atrium,
        }

    def _pose(self, phase: float) -> AtPhase:
        t, p, rest = self.template, self.parameters, self.rest
        out = float(self.beat.emptied(phase))
        down = p.longitudinal_shortening * out
        ventricle, atrium = 1 - down, 1 + down * t.length / (t.roof - t.length)
        now = self.volumes(phase)
        old, new = t.squares, t.squares.copy()
        # Left ventricle: s' = s (1 - k h), with k from the volume.
        k = (1 - now["LV"] / (ventricle * rest["LV"])) / rest["contraction"]
        if k * self._contraction.max() > _MOST_CONTRACTED:
            raise InputError(
                f"An ejection fraction of {p.ejection_fraction:g} is more than this ventricle can reach: lower it or"
                f" the scar of {p.scar:g}, or raise the longitudinal shortening of {p.longitudinal_shortening:g}."
            )
        k_la = (now["LA"] / (atrium * rest["LA"]) - 1) / rest["growth"]
        rv = now["RV"] / (ventricle * rest["RV"])
        ra = now["RA"] / (ventricle * rest["RA low"] + atrium * rest["RA high"])
        for table, stretch in ((BESIDE_LV, ventricle), (BESIDE_LA, atrium)):
            o, n = old[table], new[table]
            change = 1 + k_la * self._growth if table == BESIDE_LA else 1 - k * self._contraction
            n[..., INNER] = o[..., INNER] * change
            muscle = 1 / stretch
            slopes = (muscle, 1.0, 1.0, rv, ra, muscle, 1.0)  # of the layers that end at INNER_WALL to PERICARDIUM
            for layer, slope in enumerate(slopes, start=INNER_WALL):
                n[..., layer] = n[..., layer - 1] + slope * (o[..., layer] - o[..., layer - 1])
        return AtPhase(new.astype(np.float32), ventricle, atrium, self._turn(out))

    def _turn(self, out: float) -> NDArray[np.float64]:
        t = self.template
        z = t.rays.heights
        basal, apical = _BASAL_SHARE_OF_TWIST, _BASAL_SHARE_OF_TWIST - 1
        share = np.interp(z, [0.0, t.length, t.length + 30.0], [apical, basal, 0.0])
        return np.radians(self.parameters.twist_deg) * out * share

    def _contraction_of_ventricle(self, z: NDArray[np.float64]) -> NDArray[np.float64]:
        """How much each place of the endocardium takes part: less at the annulus, hardly in the outflow tract."""
        share = z[:, None] / self.template.length
        x, y = self.template.aorta.course[0, :2]
        toward = np.cos(angles() - np.arctan2(y, x))
        outflow = _smooth((share - 0.75) / 0.2) * _smooth((toward - 0.3) / 0.5)
        # As widths at 50, 70 and 90 % of the length do in the medians of CAMUS.
        base = 0.32 * np.sin(0.5 * np.pi * np.clip((share - 0.5) / 0.5, 0, 1))
        return (1 - base) * (1 - 0.85 * outflow) * (1 - self._scar(share))

    def _scar(self, share: NDArray[np.float64]) -> NDArray[np.float64]:
        p = self.parameters
        aside = (angles() - np.radians(p.scar_deg) + np.pi) % (2 * np.pi) - np.pi
        around = _smooth(1.5 - np.abs(aside) / np.radians(p.scar_width_deg))
        return p.scar * around * _smooth(1.5 - np.abs(share - p.scar_height) / p.scar_extent)

    def _growth_of_atrium(self) -> NDArray[np.float64]:
        """How much each place of the left atrium takes part: not where the aorta is, and not at the annulus."""
        rays, (x, y) = self.template.rays, self.template.aorta.course[1, :2]
        toward = np.cos(angles()[None] - np.arctan2(y - rays.axis[:, 1:], x - rays.axis[:, :1]))
        over = _smooth((rays.heights - rays.length) / _NECK_MM)[:, None]
        return (1 - _smooth((toward - 0.2) / 0.5)) * over

    def _volumes_at_rest(self) -> dict[str, float]:
        """ml of the layers at end-diastole, and the mean of what contracts and grows, over the volume."""
        t = self.template
        bottom, top = float(t.rays.heights[0]), float(t.rays.heights[-1])

        def ml(squares: NDArray[np.float64], low: float, high: float) -> float:
            return t.rays.volume(squares, low, high) / 1000

        def between(table: int, inside: int, outside: int) -> NDArray[np.float64]:
            return t.squares[table][..., outside] - t.squares[table][..., inside]

        lv, la = t.squares[BESIDE_LV][..., INNER], t.squares[BESIDE_LA][..., INNER]
        lv_ml, la_ml = ml(lv, 0.0, t.length), ml(la, t.length, top)
        return {
            "LV": lv_ml,
            "LV wall": ml(t.squares[BESIDE_LV][..., INNER_WALL] - lv, bottom, t.length),
            "contraction": ml(lv * self._contraction, 0.0, t.length) / lv_ml,
            "LA": la_ml,
            "growth": ml(la * self._growth, t.length, top) / la_ml,
            "RV": ml(between(BESIDE_LV, OUTER_START, SPLIT), bottom, t.length),
            "RA low": ml(between(BESIDE_LV, SPLIT, OUTER), bottom, t.length),
            "RA high": ml(between(BESIDE_LA, OUTER_START, OUTER), t.length, top),
        }

    # ---- points -----------------------------------------------------------------------------------------------------

    def on_axis(self, height: float, pose: AtPhase) -> NDArray[np.float64]:
        """(3,) the axis, at a height of end-diastole."""
        return self._placed_at(height, 0.0, 0.0, pose)

    def endocardium(self, height: float, angle: float, pose: AtPhase) -> NDArray[np.float64]:
        """(3,) the left ventricle's endocardium, at a height and angle of end-diastole."""
        t = self.template
        row = (height - t.rays.heights[0]) / t.row_mm
        column = angle / (2 * np.pi) * COLUMNS
        i, j = int(row), int(column)
        v, w = column - j, row - i
        s = pose.squares[BESIDE_LV][..., INNER][np.ix_([i, i + 1], [j % COLUMNS, (j + 1) % COLUMNS])].astype(np.float64)
        square = np.array([1 - w, w]) @ s @ np.array([1 - v, v])
        return self._placed_at(height, angle, float(np.sqrt(square)), pose)

    def annulus_ratio(self, pose: AtPhase) -> float:
        """Diameter of the mitral annulus over that at end-diastole."""
        row = round((self.template.length - self.template.rays.heights[0]) / self.template.row_mm)
        now, rest = pose.squares[BESIDE_LV][row, :, INNER], self.template.squares[BESIDE_LV][row, :, INNER]
        return float(np.sqrt(now.mean() / rest.mean()))

    def _placed_at(self, height: float, angle: float, distance: float, pose: AtPhase) -> NDArray[np.float64]:
        t = self.template
        rays = t.rays
        turned = angle + np.interp(height, rays.heights, pose.turn)
        x = np.interp(height, rays.heights, rays.axis[:, 0]) + distance * np.cos(turned)
        y = np.interp(height, rays.heights, rays.axis[:, 1]) + distance * np.sin(turned)
        z = float(self._lifted(np.array([height]), pose)[0])
        return np.array([x, y, z + t.tilt[0] * x + t.tilt[1] * y])

    def placed(self, distance: NDArray[np.float64], pose: AtPhase) -> NDArray[np.float64]:
        """(rows, COLUMNS, 3): points at these distances from the axis, on the rows and columns of the template."""
        t = self.template
        rays = t.rays
        theta = angles()[None] + pose.turn[:, None]
        x = rays.axis[:, :1] + distance * np.cos(theta)
        y = rays.axis[:, 1:] + distance * np.sin(theta)
        z = self._lifted(rays.heights, pose)[:, None] + t.tilt[0] * x + t.tilt[1] * y
        return np.stack([x, y, z], axis=-1)

    def _lifted(self, z: NDArray[np.float64], pose: AtPhase) -> NDArray[np.float64]:
        """Heights of end-diastole at the pose."""
        length, roof = self.template.length, self.template.roof
        below = np.minimum(z, 0) + pose.ventricle * np.clip(z, 0, length)
        return below + pose.atrium * np.clip(z - length, 0, roof - length) + np.maximum(z - roof, 0)

    def depth(self, points: NDArray[np.floating]) -> NDArray[np.float64]:
        """(N,) how far points (N, 3) of end-diastole are through the wall of the left heart, in area; 1 is outside."""
        at = locate(self.template, points, None)
        layers = at.layers(self._still).astype(np.float64)
        inner, outer = layers[:, INNER], layers[:, INNER_WALL]
        return (at.square - inner) / np.maximum(outer - inner, 1e-6)

    def forward(self, points: NDArray[np.floating], phase: float) -> NDArray[np.float64]:
        """Points (..., 3) of end-diastole at a phase."""
        flat = points.reshape(-1, 3).astype(np.float64)
        pose = self.pose(phase)
        at = locate(self.template, flat, None)
        moved = self._rebuilt(at, at.layers(self._still), at.layers(pose.squares), pose, +1)
        return moved.reshape(points.shape)

    def backward(self, points: NDArray[np.floating], phase: float) -> NDArray[np.float64]:
        """Points (..., 3) of a phase at end-diastole."""
        flat = points.reshape(-1, 3).astype(np.float64)
        pose = self.pose(phase)
        at = locate(self.template, flat, pose)
        return self.at_rest(at, at.layers(pose.squares), pose).reshape(points.shape)

    def at_rest(self, at: Cylinder, knots: NDArray[np.float32], pose: AtPhase) -> NDArray[np.float64]:
        """The same (N, 3), of points that are located already, with their layers at the pose."""
        return self._rebuilt(at, knots, at.layers(self._still), pose, 0)

    def _rebuilt(
        self, at: Cylinder, old: NDArray[np.float32], new: NDArray[np.float32], pose: AtPhase, turn: int
    ) -> NDArray[np.float64]:
        t = self.template
        square = carried(at.square, old, new)
        row = np.clip((at.height - t.rays.heights[0]) / t.row_mm, 0, len(t.rays.axis) - 1.001)
        rows = np.arange(len(t.rays.axis))
        angle = at.angle + turn * np.interp(row, rows, pose.turn)
        z = at.height.astype(np.float64)
        if turn:
            z = self._lifted(z, pose)
        r = np.sqrt(square)
        x = np.interp(row, rows, t.rays.axis[:, 0]) + r * np.cos(angle)
        y = np.interp(row, rows, t.rays.axis[:, 1]) + r * np.sin(angle)
        return np.stack([x, y, z + t.tilt[0] * x + t.tilt[1] * y], axis=-1)


def _smooth(x: NDArray[np.float64]) -> NDArray[np.float64]:
    x = np.clip(x, 0.0, 1.0)
    return x * x * (3 - 2 * x)
