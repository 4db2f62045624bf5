"""How an observer traces a cut: the label maps of CAMUS are drawings by hand, and differ from anatomy in known ways.

Their walls are thicker than walls are, most of all beside the two-chamber view's inferior wall, where what lies outside
looks alike; they thicken by half of what muscle does; and they are drawn on beside the atrium, farther on the lateral
side. Cavity and atrium are left as they are.

The numbers were fitted to the 400 training patients of CAMUS (Leclerc et al., IEEE TMI 38:2198-2210, 2019) by
`Testing/benchmarks/cohort_statistics.py`, which compares cuts with them.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import astuple, dataclass

import numpy as np
from numpy.typing import NDArray

from EchoSynthLib.anatomy import views
from EchoSynthLib.anatomy.discs import ventricular_axis
from EchoSynthLib.anatomy.masks import cropped
from EchoSynthLib.anatomy.structures import CamusCode
from EchoSynthLib.types import LabelMap, Spacing

USUAL_WALL_MM = 9.0
"""A wall as thick as this is traced as the means say."""
_OWN_SHARE = 0.42
_SMALLEST_WALL_MM = 3.0
_LEFT_PROFILE = (0.1, 0.3, 0.5, 0.7, 0.9), (0.90, 0.95, 1.0, 0.94, 0.88)
"""The left wall is drawn thinner towards both its ends; the right one is not."""
_APEX, _BASE = -0.03, 0.15
"""Shares of the long axis at which the apex ends and the sides begin."""


@dataclass(frozen=True)
class Tracing:
    """One observer's habits in one patient's view; left and right are those of the image.

    Attributes:
        left_mm, apex_mm, right_mm: traced thickness of a usual wall.
        left_end_mm, right_end_mm: how far beyond the middle of the mitral plane the wall is drawn, along the long axis.
    """

    left_mm: float
    apex_mm: float
    right_mm: float
    left_end_mm: float
    right_end_mm: float

    @classmethod
    def drawn(cls, generator: np.random.Generator, view: str) -> Tracing:
        """An observer's habits; thicknesses vary together and each on its own."""
        left, apex, right, *ends = astuple(TRACINGS[views.taken_view(view, "heart cuts").name])
        together, *own = np.clip(generator.standard_normal(6), -2.5, 2.5).tolist()
        walls = [
            mm * math.exp(_SPREAD * (together + one)) for mm, one in zip((left, apex, right), own[:3], strict=True)
        ]
        return cls(*walls, *(mm + _END_SPREAD_MM * one for mm, one in zip(ends, own[3:], strict=True)))

    def trace(self, labels: LabelMap, spacing: Spacing) -> LabelMap:
        """The label map (H, W) in CAMUS codes as the observer would have drawn it.

        Args:
            labels: of a cut, in CAMUS codes; one without cavity, wall and atrium is given back as it is.
            spacing: (row, column) in mm.
        """
        if not all((labels == code).any() for code in _CODES):
            return labels
        box = _box(labels, spacing, max(astuple(self)) + 20.0)
        part = labels[box]
        distance, along, side, length = _wall_coordinates(part, spacing)
        wanted = self._thickness(part, distance, along, side)
        end = np.where(side > 0, self.right_end_mm, self.left_end_mm)
        wall = (distance > 0) & (distance <= wanted) & (along * length <= length + end)
        wall &= part != CamusCode.LEFT_ATRIUM
        traced = labels.copy()
        traced[labels == CamusCode.MYOCARDIUM] = CamusCode.BACKGROUND
        traced[box][wall] = CamusCode.MYOCARDIUM
        return traced

    def _thickness(
        self, part: LabelMap, distance: NDArray[np.float64], along: NDArray[np.float64], side: NDArray[np.float64]
    ) -> NDArray[np.float64]:
        """(h, w) mm: the habit, and half of what the heart's own wall there differs from a usual one."""
        wall = part == CamusCode.MYOCARDIUM
        regions = (
            (wall & (along > _BASE) & (side < 0), self.left_mm),
            (wall & (along < _APEX), self.apex_mm),
            (wall & (along > _BASE) & (side > 0), self.right_mm),
        )
        # In a band of even thickness the mean distance from its inner side is half of it.
        own = [2 * float(distance[region].mean()) if region.any() else USUAL_WALL_MM for region, _ in regions]
        wanted = [
            max(_SMALLEST_WALL_MM, habit + _OWN_SHARE * (found - USUAL_WALL_MM))
            for found, (_, habit) in zip(own, regions, strict=True)
        ]
        lateral = np.clip((along - _APEX) / (_BASE - _APEX), 0, 1)
        left = wanted[0] * np.interp(along, *_LEFT_PROFILE)
        sides = np.where(side > 0, wanted[2], left)
        return wanted[1] + lateral * (sides - wanted[1])


_CODES = (CamusCode.LV_CAVITY, CamusCode.MYOCARDIUM, CamusCode.LEFT_ATRIUM)


def _box(labels: LabelMap, spacing: Spacing, margin_mm: float) -> tuple[slice, slice]:
    part, corner = cropped(labels == CamusCode.LV_CAVITY)
    margin = [int(np.ceil(margin_mm / step)) for step in spacing]
    return tuple(  # type: ignore[return-value]
        slice(max(0, int(first) - more), int(first) + size + more)
        for first, size, more in zip(corner, part.shape, margin, strict=True)
    )


def _wall_coordinates(
    part: LabelMap, spacing: Spacing
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64], float]:
    """Distance from the cavity in mm, share of the long axis from the apex on, mm to its right; and its length."""
    from scipy import ndimage

    axis = ventricular_axis(part, spacing)
    distance = ndimage.distance_transform_edt(part != CamusCode.LV_CAVITY, sampling=spacing)
    down = -axis.direction
    across = np.array([-down[1], down[0]]) * (1 if down[0] >= 0 else -1)
    rows, columns = (np.arange(size) for size in part.shape)
    off = [(index - end) * step for index, end, step in zip((rows, columns), axis.end, spacing, strict=True)]
    along = off[0][:, None] * down[0] + off[1][None] * down[1]
    side = off[0][:, None] * across[0] + off[1][None] * across[1]
    return distance, along / axis.length, side, axis.length


_USUAL = Tracing(left_mm=11.5, apex_mm=11.0, right_mm=12.0, left_end_mm=2.0, right_end_mm=6.0)
TRACINGS: Mapping[str, Tracing] = {
    views.FOUR_CHAMBER.name: Tracing(12.6, 11.0, 12.2, 1.5, 6.5),
    views.TWO_CHAMBER.name: Tracing(16.8, 12.2, 15.0, 4.0, 6.0),
    views.LONG_AXIS.name: _USUAL,
    views.FIVE_CHAMBER.name: _USUAL,
}
"""Means, where the heart's own wall is a usual one. The last two are not in CAMUS."""
_SPREAD = 0.12
"""Of thicknesses, as a share: of all together, and of each on its own."""
_END_SPREAD_MM = 2.5
