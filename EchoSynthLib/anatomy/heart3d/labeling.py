"""What is at a point at a phase: the layer it lies in, then what lies in the layers."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from EchoSynthLib.anatomy.heart3d.cylinder import locate
from EchoSynthLib.anatomy.heart3d.motion import Motion
from EchoSynthLib.anatomy.heart3d.papillary import PapillaryMuscles
from EchoSynthLib.anatomy.heart3d.surroundings import surroundings
from EchoSynthLib.anatomy.heart3d.tissue import Tissue
from EchoSynthLib.anatomy.heart3d.valves import Leaflets, Valves
from EchoSynthLib.anatomy.heart3d.vessels import WALL_MM, Tube

_OUTSIDE = 255  # a layer's code for what does not belong to the heart
_TISSUE_OF_LAYER = np.array(
    [
        [
            Tissue.LV_CAVITY, Tissue.LV_WALL, Tissue.FAT, Tissue.RV_WALL, Tissue.RV_CAVITY, Tissue.RIGHT_ATRIUM,
            Tissue.RV_WALL, Tissue.PERICARDIUM, _OUTSIDE,
        ],
        [
            Tissue.LEFT_ATRIUM, Tissue.LEFT_ATRIAL_WALL, Tissue.FAT, Tissue.RIGHT_ATRIAL_WALL, Tissue.RIGHT_ATRIUM,
            Tissue.RIGHT_ATRIUM, Tissue.RIGHT_ATRIAL_WALL, Tissue.PERICARDIUM, _OUTSIDE,
        ],
    ],
    dtype=np.uint8,
)  # fmt: skip
_BYTES = np.uint64(0x0101010101010101)


class Labeling:
    """Labels of a heart at any phase."""

    def __init__(self, motion: Motion, papillary: PapillaryMuscles, valves: Valves) -> None:
        self.motion, self.papillary, self.valves = motion, papillary, valves

    def labels(self, points: NDArray[np.floating], phase: float) -> NDArray[np.uint8]:
        """Codes of `Tissue` (N,) at points (N, 3)."""
        flat = np.ascontiguousarray(points, dtype=np.float32)
        motion, t = self.motion, self.motion.template
        pose = motion.pose(phase)
        at = locate(t, flat, pose)
        knots = at.layers(pose.squares)
        found = _TISSUE_OF_LAYER[at.table, _layer(at.square, knots)]
        outside = np.flatnonzero(found == _OUTSIDE)
        found[outside] = surroundings(t, flat[outside])

        def mark_vessel(tube: Tube, code: int, not_over: NDArray[np.bool_]) -> None:
            chosen = np.flatnonzero(_in_box(flat, at.height, tube))
            chosen = chosen[~not_over[found[chosen]]]
            if len(chosen):
                rest = motion.at_rest(at[chosen], knots[chosen], pose).astype(np.float32)
                z = rest[:, 2] - rest[:, :2] @ np.array(t.tilt, dtype=np.float32)
                away = tube.distance(rest[:, 0], rest[:, 1], z)
                found[chosen[away < WALL_MM]] = code + 1
                found[chosen[away < 0]] = code

        def mark_leaflets(valve: Leaflets, code: int, over: NDArray[np.bool_]) -> None:
            chosen = np.flatnonzero(np.abs(flat[:, 2] - np.float32(valve.center[2])) < 1.5 * valve.radius)
            offset = flat[chosen] - valve.center.astype(np.float32)
            chosen = chosen[(offset * offset).sum(-1) < (1.5 * valve.radius) ** 2]
            chosen = chosen[over[found[chosen]]]
            found[chosen[valve.inside(flat[chosen])]] = code

        mark_vessel(t.pulmonary_artery, Tissue.PULMONARY_ARTERY, _NOT_TRUNK)
        mark_vessel(t.aorta, Tissue.AORTA, _NOT_AORTA)
        mitral, tricuspid, aortic = self.valves.at(phase)
        mark_leaflets(mitral, Tissue.MITRAL_LEAFLET, _LEFT)
        mark_leaflets(tricuspid, Tissue.TRICUSPID_LEAFLET, _RIGHT)
        mark_leaflets(aortic, Tissue.AORTIC_CUSP, _OUTFLOW)
        cavity = np.flatnonzero((found == Tissue.LV_CAVITY) & (at.height < 0.75 * t.length))
        found[cavity[self.papillary.inside(flat[cavity], phase)]] = Tissue.PAPILLARY_MUSCLE
        return found


def _in_box(points: NDArray[np.float32], height: NDArray[np.floating], tube: Tube) -> NDArray[np.bool_]:
    """Points near a tube, roughly."""
    wide = float(tube.radii.max()) + 2 * WALL_MM
    low, high = tube.course.min(0) - wide, tube.course.max(0) + wide
    near = (height > low[2]) & (height < high[2])
    for k in (0, 1):
        near &= (points[:, k] > low[k]) & (points[:, k] < high[k])
    return near


def _codes(*codes: int) -> NDArray[np.bool_]:
    """(256,) true at these."""
    return np.isin(np.arange(256), codes)


def _layer(square: NDArray[np.floating], knots: NDArray[np.float32]) -> NDArray[np.intp]:
    """How many of its knots (N, 8) each point lies beyond: the bytes of eight comparisons, added up at once."""
    beyond = np.ascontiguousarray(square[:, None] >= knots).view(np.uint64)[:, 0]
    return ((beyond * _BYTES) >> np.uint64(56)).astype(np.intp)


# Where vessels and leaflets are not, or only, drawn.
_NOT_TRUNK = _codes(
    Tissue.LV_CAVITY, Tissue.LV_WALL, Tissue.RV_CAVITY, Tissue.LEFT_ATRIUM, Tissue.RIGHT_ATRIUM
)  # fmt: skip
_NOT_AORTA = _codes(Tissue.LV_CAVITY, Tissue.LEFT_ATRIUM)
_LEFT = _codes(Tissue.LV_CAVITY, Tissue.LEFT_ATRIUM)
_RIGHT = _codes(Tissue.RV_CAVITY, Tissue.RIGHT_ATRIUM)
_OUTFLOW = _codes(Tissue.LV_CAVITY, Tissue.AORTA)
