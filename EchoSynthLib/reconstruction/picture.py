"""A label map in the axes of its own ventricle: where the heart lies in the picture no longer matters, its size does.

Of an apical view the apex becomes the origin and the long axis the vertical; of another one, which has no long axis,
the middle of all that is labeled becomes the origin, and the picture keeps its direction.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from EchoSynthLib.anatomy.discs import LongAxis, ventricular_axis
from EchoSynthLib.anatomy.masks import border, places_of
from EchoSynthLib.anatomy.structures import CamusCode
from EchoSynthLib.anatomy.views import FIVE_CHAMBER, FOUR_CHAMBER, LONG_AXIS, TWO_CHAMBER, view_of
from EchoSynthLib.errors import InputError
from EchoSynthLib.types import LabelMap, Spacing

APICAL = (FOUR_CHAMBER.name, TWO_CHAMBER.name, LONG_AXIS.name, FIVE_CHAMBER.name)
"""Views that contain the long axis."""

SEEN = (CamusCode.LV_CAVITY, CamusCode.MYOCARDIUM, CamusCode.LEFT_ATRIUM)
"""Structures that a reconstruction is made from; those that CAMUS marks."""

ROWS_ABOVE = 8
"""Of an aligned picture of 96 rows: above the apex."""
PICTURE_MM = 211.2
"""Side of an aligned picture: 96 pixels of 2.2 mm."""
_OVERSAMPLED = 3
LEAST_AXIS_MM = 20.0
"""A long axis that is told is no shorter: the smallest ventricles of adults are 45 mm long at end-diastole."""
_APEX_MM = 1.0
"""A round apex has many points that are about as far from the base as the farthest one; it lies amid them."""


@dataclass(frozen=True, eq=False)
class OwnAxes:
    """Origin and direction of a picture's own axes.

    Attributes:
        origin: (row, column) in pixels: the apex, or the middle.
        down: unit vector (row, column), in mm, from the apex to the mitral plane.
        length_mm: of the long axis; 0 where there is none.
        spacing: (row, column) in mm.
        told: whether somebody said where the long axis is, rather than the label map.
    """

    origin: NDArray[np.float64]
    down: NDArray[np.float64]
    length_mm: float
    spacing: Spacing
    told: bool = False

    @classmethod
    def of(cls, label_map: LabelMap, spacing: Spacing, view: str) -> OwnAxes:
        """Those of a label map (H, W) in CAMUS codes.

        Raises:
            InputError: an apical view without a cavity, or another one with nothing labeled.
        """
        if view_of(view).name in APICAL:
            if not (label_map == CamusCode.LV_CAVITY).any():
                raise InputError(
                    f"The label map of the view {view} has no left ventricular cavity "
                    f"({CamusCode.LV_CAVITY}), so it has no long axis; label it, or leave the view out."
                )
            axis = ventricular_axis(label_map, spacing)
            axis = LongAxis(axis.base, _apex(label_map, axis), spacing)
            return cls(axis.end, -axis.direction, axis.length, spacing)
        places = np.argwhere(np.isin(label_map, SEEN))
        if not len(places):
            raise InputError(f"The label map of the view {view} is empty; label it, or leave the view out.")
        return cls(places.mean(axis=0), np.array([1.0, 0.0]), 0.0, spacing)

    @classmethod
    def through(cls, apex: ArrayLike, base: ArrayLike, spacing: Spacing) -> OwnAxes:
        """Those of a long axis that is told: (row, column) in pixels of the apex and of the mitral plane's middle.

        Raises:
            InputError: no such places, or they lie nearer to one another than `LEAST_AXIS_MM`.
        """
        ends = np.asarray([apex, base], np.float64)
        if ends.shape != (2, 2) or not np.isfinite(ends).all():
            raise InputError(
                "A long axis is told by (row, column) of the apex and of the middle of the mitral plane, in pixels; "
                f"given was {apex!r:.60} and {base!r:.60}."
            )
        along = (ends[1] - ends[0]) * np.array(spacing)
        length = float(np.linalg.norm(along))
        if length < LEAST_AXIS_MM:
            raise InputError(
                f"The long axis that is told is {length:.0f} mm long, and no heart's is below {LEAST_AXIS_MM:.0f} mm; "
                "give the apex first, then the middle of the mitral plane."
            )
        return cls(ends[0], along / length, length, spacing, told=True)

    @property
    def ends(self) -> NDArray[np.float64]:
        """(2, 2) row and column in pixels of the apex and of the middle of the mitral plane."""
        return self.to_pixels(np.zeros(2), np.array([0.0, self.length_mm]))

    @property
    def right(self) -> NDArray[np.float64]:
        """Unit vector (row, column) in mm, square to `down`, to the image's right."""
        return np.array([-self.down[1], self.down[0]])

    def to_pixels(self, across: NDArray[np.floating], along: NDArray[np.floating]) -> NDArray[np.float64]:
        """(..., 2) row and column of places so many mm to the right of the origin and down from it."""
        moved = across[..., None] * self.right + along[..., None] * self.down
        return self.origin + moved / np.array(self.spacing)

    def to_own(self, pixels: NDArray[np.floating]) -> NDArray[np.float64]:
        """(..., 2) mm to the right of the origin and down from it, of places (..., 2) row and column."""
        moved = (pixels - self.origin) * np.array(self.spacing)
        return np.stack([moved @ self.right, moved @ self.down], axis=-1)


def axes_of_views(
    label_maps: Mapping[str, LabelMap],
    spacing: Mapping[str, Spacing],
    views: Iterable[str],
    told: Mapping[str, OwnAxes] | None = None,
) -> dict[str, OwnAxes]:
    """Of those of the views that have a label map, in their order; `told` are taken instead of the label map's.

    Raises:
        InputError: see `OwnAxes.of`.
    """
    known = told or {}
    return {
        view: known[view] if view in known else OwnAxes.of(label_maps[view], spacing[view], view)
        for view in views
        if view in label_maps
    }


def aligned(label_map: LabelMap, axes: OwnAxes, side: int) -> NDArray[np.uint8]:
    """(3, side, side): how much of each pixel each structure of `SEEN` covers, 0 to 255.

    The origin lies in the middle of the columns; of an apical view a twelfth of the rows from the top, else in the
    middle.
    """
    fine = side * _OVERSAMPLED
    step = PICTURE_MM / fine
    above = ROWS_ABOVE / 96 if axes.length_mm else 0.5
    along = (np.arange(fine) + 0.5) * step - above * PICTURE_MM
    across = (np.arange(fine) + 0.5) * step - PICTURE_MM / 2
    pixels = np.rint(axes.to_pixels(*np.meshgrid(across, along))).astype(np.intp)
    inside = np.all((pixels >= 0) & (pixels < label_map.shape), axis=-1)
    row, column = np.moveaxis(np.where(inside[..., None], pixels, 0), -1, 0)
    codes = np.where(inside, label_map[row, column], CamusCode.BACKGROUND)
    shares = [
        (codes == code).reshape(side, _OVERSAMPLED, side, _OVERSAMPLED).mean(axis=(1, 3), dtype=np.float32)
        for code in SEEN
    ]
    return np.rint(255 * np.stack(shares)).astype(np.uint8)


def plane_at(axes: OwnAxes, azimuth_deg: float) -> NDArray[np.float64]:
    """(4, 4): (row, column, 0, 1) of an apical picture in pixels to (x, y, z, 1) in mm, if it is exact.

    The third column is what lies behind the picture, in mm. An exact apical view contains the long axis of the volume,
    which lies on that of the picture; `azimuth_deg` is the direction of its right, from x towards y.
    """
    angle = math.radians(azimuth_deg)
    right, down = np.array([math.cos(angle), math.sin(angle), 0.0]), np.array([0.0, 0.0, 1.0])
    row_mm, column_mm = axes.spacing
    matrix = np.eye(4)
    # One row further is so much down and so much right; the same for a column.
    matrix[:3, 0] = row_mm * (axes.down[0] * down + axes.right[0] * right)
    matrix[:3, 1] = column_mm * (axes.down[1] * down + axes.right[1] * right)
    matrix[:3, 2] = np.cross(right, down)
    matrix[:3, 3] = -matrix[:3, :2] @ axes.origin
    return matrix


def _apex(label_map: LabelMap, axis: LongAxis) -> NDArray[np.float64]:
    """(row, column): the mean of the cavity's points that are about as far from the base as the farthest."""
    places = places_of(border(label_map == CamusCode.LV_CAVITY)).astype(np.float64)
    distance = np.linalg.norm((places - axis.base) * np.array(axis.spacing), axis=1)
    return places[distance >= distance.max() - _APEX_MM].mean(axis=0)
