"""The two papillary muscles: rods of constant volume that stand on the wall and point to the mitral valve."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from EchoSynthLib.anatomy.heart3d.motion import Motion

Points = NDArray[np.floating]

ANGLES = (12.0, 130.0)
"""Degrees of the anterolateral and the posteromedial muscle; 0 is lateral and 90 inferior."""

_ROOT, _TIP = 0.34, 0.6  # heights over the length of the ventricle
_TIP_INSIDE = 0.62  # distance of the tip from the axis, over that of the endocardium


class PapillaryMuscles:
    """Both muscles of a heart at any phase."""

    def __init__(self, motion: Motion) -> None:
        self.motion = motion
        self.radius = motion.parameters.papillary_mm
        self._rods: dict[float, NDArray[np.float64]] = {}

    def rods(self, phase: float) -> NDArray[np.float64]:
        """(muscle, root and tip, 3) mm at a phase; the root is sunk into the wall by half its radius."""
        key = float(phase) % 1.0
        if key not in self._rods:
            self._rods[key] = self._made(key)
        return self._rods[key]

    def thickness(self, phase: float) -> NDArray[np.float64]:
        """(2,) radius at a phase: a rod that shortens thickens."""
        lengths = [np.linalg.norm(np.diff(self.rods(at), axis=1)[:, 0], axis=-1) for at in (0.0, phase)]
        return self.radius * np.sqrt(lengths[0] / lengths[1])

    def inside(self, points: Points, phase: float) -> NDArray[np.bool_]:
        """Which of points (N, 3) are in a muscle."""
        found = np.zeros(len(points), dtype=bool)
        if not self.radius:
            return found
        for (root, tip), radius in zip(self.rods(phase), self.thickness(phase), strict=True):
            _, aside = _on_rod(points, root, tip)
            found |= (aside * aside).sum(-1) < radius * radius
        return found

    def carried(self, points: Points, before: float, after: float) -> NDArray[np.float64]:
        """Where points (N, 3) of the muscles at one phase are at another."""
        moved, best = np.array(points, dtype=np.float64), np.full(len(points), np.inf)
        thick = self.thickness(before), self.thickness(after)
        for k, (old, new) in enumerate(zip(self.rods(before), self.rods(after), strict=True)):
            share, aside = _on_rod(np.asarray(points, dtype=np.float64), *old)
            away = np.linalg.norm(aside, axis=-1)
            nearer = away < best
            best[nearer] = away[nearer]
            place = new[0] + share[:, None] * (new[1] - new[0]) + aside * (thick[1][k] / thick[0][k])
            moved[nearer] = place[nearer]
        return moved

    def _made(self, phase: float) -> NDArray[np.float64]:
        motion, pose = self.motion, self.motion.pose(phase)
        rods = []
        for degrees in ANGLES:
            wall = [
                motion.endocardium(share * motion.template.length, np.radians(degrees), pose) for share in (_ROOT, _TIP)
            ]
            axis = [motion.on_axis(share * motion.template.length, pose) for share in (_ROOT, _TIP)]
            out = (wall[0] - axis[0]) / max(float(np.linalg.norm(wall[0] - axis[0])), 1e-6)
            root = wall[0] - 0.5 * self.radius * out
            reach = max(_TIP_INSIDE * float(np.linalg.norm(wall[1] - axis[1])), 0.4 * self.radius)
            direction = (wall[1] - axis[1]) / max(float(np.linalg.norm(wall[1] - axis[1])), 1e-6)
            rods.append([root, axis[1] + reach * direction])
        return np.array(rods)


def _on_rod(points: Points, root: NDArray[np.float64], tip: NDArray[np.float64]) -> tuple[Points, Points]:
    """Share of the way from root to tip (N,), and what lies between there and the points (N, 3)."""
    kind = points.dtype
    start, way = root.astype(kind), (tip - root).astype(kind)
    offset = points - start
    share = np.clip(offset @ way / (way @ way), 0, 1)
    return share, offset - share[:, None] * way
