"""Areas, long axes and volumes of the chambers (Lang et al., J Am Soc Echocardiogr 28:1-39, 2015)."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from EchoSynthLib.anatomy.discs import DISCS, Discs, LongAxis, atrial_axis, ventricular_axis
from EchoSynthLib.anatomy.heart2d.endocardium import APEX, BASAL_LEFT, BASAL_RIGHT, Endocardium
from EchoSynthLib.anatomy.masks import largest_part
from EchoSynthLib.anatomy.structures import CamusCode
from EchoSynthLib.types import Spacing

STRUCTURES = {"LV": CamusCode.LV_CAVITY, "myocardium": CamusCode.MYOCARDIUM, "LA": CamusCode.LEFT_ATRIUM}
"""What is measured, and its code."""


def areas(labels: NDArray[np.uint8], spacing: Spacing | None = None) -> dict[str, float]:
    """Area of each of `STRUCTURES` in mm^2, or in pixels: A = n * row spacing * column spacing; 0 where there is none.

    Args:
        labels: (H, W) in CAMUS codes.
        spacing: (row, column) pixel size in mm.
    """
    pixel = math.prod(spacing or (1.0, 1.0))
    return {name: float(np.count_nonzero(labels == code)) * pixel for name, code in STRUCTURES.items()}


def largest_parts(labels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """A label map (H, W) with cavity and atrium in one piece each, the largest; what is beside becomes background."""
    found = labels
    for code in (CamusCode.LV_CAVITY, CamusCode.LEFT_ATRIUM):
        structure = labels == code
        part = largest_part(structure)
        if part is not structure:
            found = np.where(structure & ~part, np.uint8(CamusCode.BACKGROUND), found)
    return found


def long_axis_of_ventricle(
    labels: NDArray[np.uint8], spacing: Spacing | None = None, contour: Endocardium | None = None
) -> LongAxis | None:
    """From the middle of the mitral plane to the apex; None without a cavity (Lang et al. 2015).

    Args:
        labels: (H, W) in CAMUS codes.
        spacing: (row, column) pixel size in mm.
        contour: where given, its basal points and its apex are taken instead of the label map's.
    """
    if contour is not None:
        points = contour.points
        return LongAxis((points[BASAL_LEFT] + points[BASAL_RIGHT]) / 2, points[APEX], spacing or (1.0, 1.0))
    return ventricular_axis(labels, spacing) if (labels == CamusCode.LV_CAVITY).any() else None


def long_axis_of_atrium(labels: NDArray[np.uint8], spacing: Spacing | None = None) -> LongAxis | None:
    """From the middle of the mitral plane, square to it, to the left atrium's roof; None without one."""
    return atrial_axis(labels, spacing) if (labels == CamusCode.LEFT_ATRIUM).any() else None


@dataclass(frozen=True, eq=False)
class Chamber:
    """A chamber in one view, ready for every formula; lengths in mm, or in pixels.

    Attributes:
        area: A.
        length: L, of the long axis.
        widths: (20,) of the discs, from the mitral plane on.
        disc_length: H, of all discs together; the chamber's corners below the middle of a tilted mitral plane count.
    """

    area: float
    length: float
    widths: NDArray[np.float64]
    disc_length: float

    @classmethod
    def of(cls, mask: NDArray[np.bool_], axis: LongAxis) -> Chamber:
        """The chamber that a mask (H, W) shows, along its long axis."""
        rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
        mask = mask[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
        discs = Discs.along(mask, axis)
        area = float(mask.sum()) * math.prod(axis.spacing)
        return cls(area, axis.length, discs.widths(mask), discs.length)


def area_length_volume(chamber: Chamber) -> float:
    """V = 8 A^2 / (3 pi L), the volume of an ellipsoid of revolution; mm^3, or cubic pixels."""
    return 8 * chamber.area**2 / (3 * math.pi * chamber.length)


def disc_volume(chamber: Chamber) -> float:
    """V = pi / 4 * sum(d_i^2) * H / N, Simpson's method of discs in one plane; mm^3, or cubic pixels.

    H is the chamber's extent along its long axis: where the mitral plane is tilted, longer than L.
    """
    return float(math.pi / 4 * (chamber.widths**2).sum() * chamber.disc_length / DISCS)


def biplane_disc_volume(two: Chamber, four: Chamber) -> float:
    """V = pi / 4 * sum(a_i b_i) * H / N: elliptic discs with an axis from each view, H the larger of both extents."""
    longer = max(two.disc_length, four.disc_length)
    return float(math.pi / 4 * (two.widths * four.widths).sum() * longer / DISCS)


def biplane_area_length_volume(two: Chamber, four: Chamber) -> float:
    """V = 8 A_2CH A_4CH / (3 pi L), L the shorter of both lengths, as recommended for the left atrium."""
    return 8 * two.area * four.area / (3 * math.pi * min(two.length, four.length))


def ejected(diastolic: float, systolic: float) -> float:
    """(V_ED - V_ES) / V_ED, the ejection fraction; of areas the fractional area change, of lengths the shortening."""
    return (diastolic - systolic) / diastolic
