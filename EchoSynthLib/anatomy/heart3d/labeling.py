"""What is at a point at a phase: the layer it lies in, then what lies in the layers."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from EchoSynthLib.anatomy.heart3d.motion import Motion
from EchoSynthLib.anatomy.heart3d.papillary import PapillaryMuscles
from EchoSynthLib.anatomy.heart3d.surroundings import surroundings
from EchoSynthLib.anatomy.heart3d.template import LAYERS
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
        at = motion.locate(flat, pose)
        found = _TISSUE_OF_LAYER[at.table, _layer(at.square, at.layers(pose.squares))]
        outside = np.flatnonzero(found == _OUTSIDE)
        found[outside] = surroundings(t, flat[outside])
        self._vessel(
            found,
            flat,
            phase,
            at.height,
            t.pulmonary_artery,
            Tissue.PULMONARY_ARTERY,
            (Tissue.LV_CAVITY, Tissue.LV_WALL, Tissue.RV_CAVITY, Tissue.LEFT_ATRIUM, Tissue.RIGHT_ATRIUM),
        )
        self._vessel(found, flat, phase, at.height, t.aorta, Tissue.AORTA, (Tissue.LV_CAVITY, Tissue.LEFT_ATRIUM))
        mitral, tricuspid, aortic = self.valves.at(phase)
        self._leaflets(found, flat, mitral, (Tissue.LV_CAVITY, Tissue.LEFT_ATRIUM), Tissue.MITRAL_LEAFLET)
        self._leaflets(found, flat, tricuspid, (Tissue.RV_CAVITY, Tissue.RIGHT_ATRIUM), Tissue.TRICUSPID_LEAFLET)
        self._leaflets(found, flat, aortic, (Tissue.LV_CAVITY, Tissue.AORTA), Tissue.AORTIC_CUSP)
        cavity = np.flatnonzero((found == Tissue.LV_CAVITY) & (at.height < 0.8 * t.length))
        found[cavity[self.papillary.inside(flat[cavity], phase)]] = Tissue.PAPILLARY_MUSCLE
        return found

    def _vessel(
        self,
        found: NDArray[np.uint8],
        points: NDArray[np.float32],
        phase: float,
        height: NDArray[np.floating],
        tube: Tube,
        code: int,
        over: tuple[int, ...],
    ) -> None:
        """Marks a vessel and its wall where none of the structures in `over` is."""
        wide = float(tube.radii.max()) + 2 * WALL_MM
        low, high = tube.course.min(0) - wide, tube.course.max(0) + wide
        near = (height > low[2]) & (height < high[2])
        for k in (0, 1):
            near &= (points[:, k] > low[k]) & (points[:, k] < high[k])
        chosen = np.flatnonzero(near)
        chosen = chosen[~np.isin(found[chosen], over)]
        if not len(chosen):
            return
        rest = self.motion.backward(points[chosen], phase).astype(np.float32)
        t = self.motion.template
        z = rest[:, 2] - np.float32(t.tilt[0]) * rest[:, 0] - np.float32(t.tilt[1]) * rest[:, 1]
        away = tube.distance(rest[:, 0], rest[:, 1], z)
        found[chosen[away < WALL_MM]] = code + 1
        found[chosen[away < 0]] = code

    @staticmethod
    def _leaflets(
        found: NDArray[np.uint8], points: NDArray[np.float32], valve: Leaflets, blood: tuple[int, ...], code: int
    ) -> None:
        offset = points - valve.center.astype(np.float32)
        near = (offset * offset).sum(-1) < (1.6 * valve.radius) ** 2
        chosen = np.flatnonzero(near & np.isin(found, blood))
        found[chosen[valve.inside(points[chosen])]] = code


def _layer(square: NDArray[np.floating], knots: NDArray[np.float32]) -> NDArray[np.intp]:
    """How many of its knots (N, 8) each point lies beyond: the bytes of eight comparisons, added up at once."""
    beyond = np.ascontiguousarray(square[:, None] >= knots).view(np.uint64)[:, 0]
    return ((beyond * _BYTES) >> np.uint64(56)).astype(np.intp)


assert LAYERS == 8
