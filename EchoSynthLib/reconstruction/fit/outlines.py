"""Points on the outlines of a label map, in the picture's own axes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from EchoSynthLib.anatomy.structures import CamusCode
from EchoSynthLib.reconstruction.picture import OwnAxes
from EchoSynthLib.types import LabelMap, Mask

POINTS = 70
"""Of each outline, at most."""
_BASE = 0.93
"""Of the long axis: beyond it the ends of the wall, at the annulus, are drawn by taste."""

_MISSED_MM = 3.0
"""From an apex that was told to that of the outline: nearer ones are the same."""


@dataclass(frozen=True, eq=False)
class Outlines:
    """Outlines of one picture, each (n, 2): mm to the right of the apex and down from it.

    Attributes:
        cavity: of the left ventricle, with the mitral plane.
        wall: the outer one of the myocardium.
        atrium: of the left atrium, with the mitral plane.
    """

    cavity: NDArray[np.float64]
    wall: NDArray[np.float64]
    atrium: NDArray[np.float64]

    @classmethod
    def of(cls, label_map: LabelMap, axes: OwnAxes, seen: Mask | None = None) -> Outlines:
        """Those of a label map (H, W) in CAMUS codes.

        Args:
            label_map: of an apical view.
            axes: its own. Where they were told, the end of the cavity below their apex is that of a sector, and is
                left out.
            seen: (H, W): where an edge is one of the heart; at the end of the sector it is none.
        """
        cavity, atrium = label_map == CamusCode.LV_CAVITY, label_map == CamusCode.LEFT_ATRIUM
        whole = cavity | (label_map == CamusCode.MYOCARDIUM)
        wall = _edges(whole, seen if seen is not None else np.ones(whole.shape, bool), atrium)
        inner, outer = axes.to_own(_edges(cavity, seen)), axes.to_own(wall)
        missed = inner[:, 1].min() if axes.told else 0.0
        if missed > _MISSED_MM:
            inner, outer = (points[points[:, 1] > missed + _MISSED_MM] for points in (inner, outer))
        return cls(
            _thinned(inner),
            _thinned(outer[outer[:, 1] < _BASE * axes.length_mm]),
            _thinned(axes.to_own(_edges(atrium, seen))),
        )

    @property
    def each(self) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
        """Cavity, wall, atrium."""
        return self.cavity, self.wall, self.atrium


def _edges(mask: Mask, seen: Mask | None, other: Mask | None = None) -> NDArray[np.float64]:
    """(n, 2) row and column of the middles of the sides between pixels inside and outside; none beside `other`."""
    found = []
    for axis in (0, 1):
        first = tuple(slice(None, -1) if k == axis else slice(None) for k in (0, 1))
        second = tuple(slice(1, None) if k == axis else slice(None) for k in (0, 1))
        edge = mask[first] != mask[second]
        if seen is not None:
            edge &= seen[first] & seen[second]
        if other is not None:
            edge &= ~(other[first] | other[second])
        found.append(np.argwhere(edge) + 0.5 * np.eye(2)[axis])
    return np.concatenate(found)


def _thinned(points: NDArray[np.float64]) -> NDArray[np.float64]:
    """At most `POINTS`, evenly around the middle, so that all sides count alike."""
    if len(points) <= POINTS:
        return points
    offset = points - points.mean(axis=0)
    order = np.argsort(np.arctan2(offset[:, 1], offset[:, 0]), kind="stable")
    return points[order[np.linspace(0, len(points) - 1, POINTS).astype(np.intp)]]
