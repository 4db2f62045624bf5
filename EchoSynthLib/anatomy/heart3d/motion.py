"""How the heart beats: one map from end-diastole to each phase, with its inverse, in closed form.

In order: heights shorten (the apex stays, the mitral plane comes down by D, the roof of the atria stays), radii change,
and each level turns. At each height and angle, the square s of the distance from the axis goes to s', piecewise linear
between the layers. A layer's volume changes by the slope ds'/ds times the stretch of heights dz'/dz: a wall has slope
1 / stretch and so keeps its volume, exactly and everywhere; a cavity has the slope that its volume asks for. That makes
walls thicken by as much as an incompressible muscle must.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from EchoSynthLib.anatomy.heart3d.parameters import HeartParameters
from EchoSynthLib.anatomy.heart3d.template import (
    BESIDE_LA,
    BESIDE_RA,
    BESIDE_RV,
    COLUMNS,
    GAP,
    INNER,
    INNER_WALL,
    OUTER,
    OUTER_START,
    OUTER_WALL,
    PERICARDIUM,
    SUPPORT,
    Template,
    angles,
)
from EchoSynthLib.anatomy.heart3d.volume_curve import Beat

_REMEMBERED = 64
_BASAL_SHARE_OF_TWIST = 0.3


@dataclass(frozen=True, eq=False)
class Pose:
    """A heart at a phase: what the map needs.

    Attributes:
        squares: as `Template.squares`, at the phase but over heights and angles of end-diastole; float32.
        ventricle, atrium: stretch of heights below and above the mitral plane.
        turn: (rows,) angle by which each level has turned.
    """

    squares: NDArray[np.float32]
    ventricle: float
    atrium: float
    turn: NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Cylinder:
    """Points in the coordinates of the template, all of end-diastole but the square of the distance.

    Attributes:
        height, square, angle, table: (N,); `table` is one of BESIDE_RV, BESIDE_RA, BESIDE_LA.
        knots: (N, LAYERS) squares at the phase.
    """

    height: NDArray[np.floating]
    square: NDArray[np.floating]
    angle: NDArray[np.floating]
    table: NDArray[np.intp]
    corners: tuple[NDArray[np.intp], ...]
    weights: tuple[NDArray[np.floating], ...]

    def layers(self, squares: NDArray[np.float32]) -> NDArray[np.float32]:
        """(N, LAYERS) of a table, bilinear."""
        flat = squares.reshape(-1, squares.shape[-1])
        out = flat.take(self.corners[0], axis=0)
        out *= self.weights[0][:, None]
        for corner, weight in zip(self.corners[1:], self.weights[1:], strict=True):
            part = flat.take(corner, axis=0)
            part *= weight[:, None]
            out += part
        return out


class Motion:
    """The map of a heart, for all phases."""

    def __init__(self, template: Template, parameters: HeartParameters, beat: Beat) -> None:
        self.template, self.parameters, self.beat = template, parameters, beat
        self._poses: dict[float, Pose] = {}
        heights = template.heights
        self._contraction = self._contraction_of_ventricle(heights)
        self._growth = self._growth_of_atrium()
        self._volumes = self._volumes_at_rest()
        self._still = template.squares.astype(np.float32)

    def pose(self, phase: float) -> Pose:
        """The heart at a phase; the last ones are remembered."""
        key = float(phase) % 1.0
        if key not in self._poses:
            if len(self._poses) >= _REMEMBERED:
                self._poses.pop(next(iter(self._poses)))
            self._poses[key] = self._pose(key)
        return self._poses[key]

    def volumes(self, phase: float) -> dict[str, float]:
        """ml at a phase: what the layers hold."""
        p, rest = self.parameters, self._volumes
        out, full = float(self.beat.emptied(phase)), float(self.beat.filled(phase))
        return {
            "LV": p.lv_edv_ml * (1 - p.ejection_fraction * out),
            "LV wall": rest["LV wall"],
            "RV": p.rv_edv_ml * (1 - p.rv_ejection_fraction * out),
            "LA": p.la_max_ml * (1 - p.la_emptying * (1 - full)),
            "RA": p.ra_max_ml * (1 - p.ra_emptying * (1 - full)),
        }

    def _pose(self, phase: float) -> Pose:
        t, p, rest = self.template, self.parameters, self._volumes
        out = float(self.beat.emptied(phase))
        down = p.longitudinal_shortening * out
        ventricle, atrium = 1 - down, 1 + down * t.length / (t.roof - t.length)
        now = self.volumes(phase)
        old, new = t.squares, t.squares.copy()
        # Left ventricle: s' = s (1 - k h), with k from the volume.
        k = (1 - now["LV"] / (ventricle * rest["LV"])) / rest["contraction"]
        k_la = (now["LA"] / (atrium * rest["LA"]) - 1) / rest["growth"]
        rv = now["RV"] / (ventricle * rest["RV"])
        ra = now["RA"] / (ventricle * rest["RA low"] + atrium * rest["RA high"])
        for table, stretch, cavity in ((BESIDE_RV, ventricle, rv), (BESIDE_RA, ventricle, ra), (BESIDE_LA, atrium, ra)):
            o, n = old[table], new[table]
            change = 1 + k_la * self._growth if table == BESIDE_LA else 1 - k * self._contraction
            n[..., INNER] = o[..., INNER] * change
            slopes = {
                INNER_WALL: 1 / stretch,
                GAP: 1.0,
                OUTER_START: 1.0,
                OUTER: cavity,
                OUTER_WALL: 1 / stretch,
                PERICARDIUM: 1.0,
            }
            for layer, slope in slopes.items():
                n[..., layer] = n[..., layer - 1] + slope * (o[..., layer] - o[..., layer - 1])
            n[..., SUPPORT] = np.maximum(o[..., SUPPORT], n[..., PERICARDIUM] + 1.0)
        return Pose(new.astype(np.float32), ventricle, atrium, self._turn(out))

    def _turn(self, out: float) -> NDArray[np.float64]:
        t = self.template
        z = t.heights
        basal, apical = _BASAL_SHARE_OF_TWIST, _BASAL_SHARE_OF_TWIST - 1
        share = np.interp(z, [0.0, t.length, t.length + 30.0], [apical, basal, 0.0])
        return np.radians(self.parameters.twist_deg) * out * share

    def _contraction_of_ventricle(self, z: NDArray[np.float64]) -> NDArray[np.float64]:
        base = np.clip((z / self.template.length - 0.6) / 0.4, 0, 1)
        return (1 - 0.45 * base**2)[:, None] * np.ones(COLUMNS)

    def _growth_of_atrium(self) -> NDArray[np.float64]:
        """Everywhere but towards the aorta."""
        apart = np.cos(angles() - np.radians(207))
        return (1 - np.clip((apart - 0.3) / 0.5, 0, 1))[None] * np.ones((len(self.template.heights), 1))

    def _volumes_at_rest(self) -> dict[str, float]:
        t = self.template
        z = t.heights
        low = (z >= -1e-6) & (z <= t.length + 1e-6)
        high = z >= t.length - 1e-6
        wall = z <= t.length + 1e-6

        def ml(s: NDArray[np.float64], rows: NDArray[np.bool_]) -> float:
            return float(np.pi * np.trapezoid(s.mean(1)[rows], z[rows])) / 1000

        lv, la = t.squares[BESIDE_RV][..., INNER], t.squares[BESIDE_LA][..., INNER]
        return {
            "LV": ml(lv, low),
            "LV wall": ml(t.squares[BESIDE_RV][..., INNER_WALL] - lv, wall),
            "contraction": ml(lv * self._contraction, low) / ml(lv, low),
            "LA": ml(la, high),
            "growth": ml(la * self._growth, high) / ml(la, high),
            **self._right_volumes(),
        }

    def _right_volumes(self) -> dict[str, float]:
        t = self.template
        z = t.heights
        fine = np.linspace(z[0], z[-1], 8 * (len(z) - 1) + 1)[:-1] + (z[1] - z[0]) / 16
        step = (z[1] - z[0]) / 8
        row = (fine - z[0]) / t.row_mm
        i = row.astype(int)
        w = (row - i)[:, None]

        def cavity(table: int) -> NDArray[np.float64]:
            s = t.squares[table][..., OUTER] - t.squares[table][..., OUTER_START]
            return s[i] * (1 - w) + s[i + 1] * w

        below = fine[:, None] < t.tricuspid
        low = ~below & (fine[:, None] < t.length)
        ml = np.pi * step / 1000
        return {
            "RV": float((cavity(BESIDE_RV) * below).mean(1).sum() * ml),
            "RA low": float((cavity(BESIDE_RA) * low).mean(1).sum() * ml),
            "RA high": float((cavity(BESIDE_LA) * (fine[:, None] >= t.length)).mean(1).sum() * ml),
        }

    # ---- points -----------------------------------------------------------------------------------------------------

    def locate(self, points: NDArray[np.floating], pose: Pose | None) -> Cylinder:
        """Points (N, 3) at a pose (None: end-diastole) in the template's coordinates."""
        t = self.template
        x, y, z = (np.asarray(points[:, k], dtype=np.float32) for k in range(3))
        z = z - np.float32(t.tilt[0]) * x - np.float32(t.tilt[1]) * y
        if pose is not None:
            below, above = np.float32(t.length * pose.ventricle), np.float32(t.roof)
            z = (
                np.minimum(z, 0)
                + np.clip(z, 0, below) / np.float32(pose.ventricle)
                + np.clip(z - below, 0, above - below) / np.float32(pose.atrium)
                + np.maximum(z - above, 0)
            )
        row = np.clip((z - np.float32(t.first_row)) / np.float32(t.row_mm), 0, len(t.axis) - 1.001)
        i = row.astype(np.intp)
        w = row - i
        center = t.axis.astype(np.float32)
        cx, cy = (
            center[i, 0] + w * (center[i + 1, 0] - center[i, 0]),
            center[i, 1] + w * (center[i + 1, 1] - center[i, 1]),
        )
        dx, dy = x - cx, y - cy
        angle = np.arctan2(dy, dx)
        if pose is not None:
            turn = pose.turn.astype(np.float32)
            angle = angle - (turn[i] + w * (turn[i + 1] - turn[i]))
        column = angle * np.float32(COLUMNS / (2 * np.pi))
        column = column - np.float32(COLUMNS) * np.floor(column / np.float32(COLUMNS))
        j = column.astype(np.intp)
        v = column - j
        j %= COLUMNS
        k = (j + 1) % COLUMNS
        plane = t.tricuspid.astype(np.float32)
        table = (z > plane[j] + v * (plane[k] - plane[j])).astype(np.intp) + (z > np.float32(t.length))
        first = (table * len(t.axis) + i) * COLUMNS
        return Cylinder(
            z,
            dx * dx + dy * dy,
            angle,
            table,
            (first + j, first + k, first + COLUMNS + j, first + COLUMNS + k),
            ((1 - w) * (1 - v), (1 - w) * v, w * (1 - v), w * v),
        )

    def forward(self, points: NDArray[np.floating], phase: float) -> NDArray[np.float64]:
        """Points (..., 3) of end-diastole at a phase."""
        flat = points.reshape(-1, 3).astype(np.float64)
        pose = self.pose(phase)
        at = self.locate(flat, None)
        moved = self._rebuilt(at, at.layers(self._still), at.layers(pose.squares), pose, +1)
        return moved.reshape(points.shape)

    def backward(self, points: NDArray[np.floating], phase: float) -> NDArray[np.float64]:
        """Points (..., 3) of a phase at end-diastole."""
        flat = points.reshape(-1, 3).astype(np.float64)
        pose = self.pose(phase)
        at = self.locate(flat, pose)
        return self._rebuilt(at, at.layers(pose.squares), at.layers(self._still), pose, 0).reshape(points.shape)

    def _rebuilt(
        self, at: Cylinder, old: NDArray[np.float32], new: NDArray[np.float32], pose: Pose, turn: int
    ) -> NDArray[np.float64]:
        t = self.template
        square = _piecewise(at.square, old, new)
        row = np.clip((at.height - t.first_row) / t.row_mm, 0, len(t.axis) - 1.001)
        rows = np.arange(len(t.axis))
        angle = at.angle + turn * np.interp(row, rows, pose.turn)
        z = at.height.astype(np.float64)
        if turn:
            z = (
                np.minimum(z, 0)
                + pose.ventricle * np.clip(z, 0, t.length)
                + pose.atrium * np.clip(z - t.length, 0, t.roof - t.length)
                + np.maximum(z - t.roof, 0)
            )
        r = np.sqrt(square)
        x = np.interp(row, rows, t.axis[:, 0]) + r * np.cos(angle)
        y = np.interp(row, rows, t.axis[:, 1]) + r * np.sin(angle)
        return np.stack([x, y, z + t.tilt[0] * x + t.tilt[1] * y], axis=-1)


def _piecewise(s: NDArray[np.floating], old: NDArray[np.float32], new: NDArray[np.float32]) -> NDArray[np.float64]:
    """s of each point carried from its old knots to its new ones, linear between; beyond the last one it stays."""
    s = s.astype(np.float64)
    zero = np.zeros((len(s), 1))
    a, b = np.hstack([zero, old]), np.hstack([zero, new])
    widths = np.maximum(np.diff(a), 1e-9)
    parts = np.clip(s[:, None] - a[:, :-1], 0, widths)
    moved = (parts * (np.diff(b) / widths)).sum(1)
    return np.where(s > a[:, -1], s + b[:, -1] - a[:, -1], moved)
