"""The left ventricle's size in the frames of a cine, and in which of them it cannot be what it seems."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from EchoSynthLib.anatomy.heart2d.endocardium import Endocardium
from EchoSynthLib.anatomy.masks import cropped
from EchoSynthLib.anatomy.structures import CamusCode
from EchoSynthLib.measurement.chambers import largest_parts, long_axis_of_ventricle
from EchoSynthLib.measurement.frame import FrameMeasures
from EchoSynthLib.types import Spacing

FEWEST = 6
"""Frames with a cavity from which on the others tell what a heart's size is."""
LENGTH = (-0.42, 0.30)
"""Logarithm of the length over its median: of CAMUS' training patients one in a thousand shortens by more from ED to
ES; the median, nearer to end-diastole in most beats, is exceeded by less than that."""
VENTRICLE = (-0.55, 0.40)
"""The same of the area of cavity and wall together."""
MOVED = 0.30
"""Of its median length, by which apex or base are moved from their median places; one in a thousand moves as much from
ED to ES."""


@dataclass(frozen=True, eq=False)
class Cavity:
    """The left ventricle in one frame, in mm or pixels.

    Attributes:
        area: of the cavity.
        length: of its long axis.
        ventricle: area of cavity and wall.
        base, apex: (row, column), the ends of the long axis.
    """

    area: float
    length: float
    ventricle: float
    base: NDArray[np.float64]
    apex: NDArray[np.float64]

    @property
    def volume(self) -> float:
        """A^2 / L, to which the volume of an ellipsoid of revolution is proportional."""
        return self.area**2 / self.length

    @classmethod
    def of_frame(cls, frame: FrameMeasures) -> Cavity | None:
        """That of a measured frame; None where it has none."""
        axis, chamber = frame.ventricular_axis, frame.ventricle
        if axis is None or chamber is None:
            return None
        ventricle = chamber.area + frame.values.get("myocardium area", 0.0)
        return cls(chamber.area, chamber.length, ventricle, axis.base * axis.spacing, axis.end * axis.spacing)

    @classmethod
    def of_labels(
        cls, labels: NDArray[np.uint8], spacing: Spacing | None = None, contour: Endocardium | None = None
    ) -> Cavity | None:
        """The same before anything but it is measured, of a label map (H, W) in CAMUS codes."""
        first = np.zeros(2, np.int64)
        if contour is None:
            shown, corner = cropped(labels > 0)
            first, last = np.maximum(corner - 1, 0), corner + shown.shape + 1
            labels = labels[first[0] : last[0], first[1] : last[1]]
        mapped = largest_parts(labels)
        axis = long_axis_of_ventricle(mapped, spacing, contour)
        if axis is None:
            return None
        pixel = math.prod(axis.spacing)
        cavity = np.count_nonzero(mapped == CamusCode.LV_CAVITY) * pixel
        if not cavity:
            return None
        wall = np.count_nonzero(labels == CamusCode.MYOCARDIUM) * pixel
        base, apex = ((end + first) * axis.spacing for end in (axis.base, axis.end))
        return cls(cavity, axis.length, cavity + wall, base, apex)


def implausible(cavities: Sequence[Cavity | None]) -> dict[int, str]:
    """The frames of a cine in which the ventricle is none that the others could become, and why, in words.

    A heart shortens and moves within bounds; a cavity that runs into another chamber, or ends where a valve shines,
    does so beyond them. Nothing is told of less than `FEWEST` frames.
    """
    shown = {index: one for index, one in enumerate(cavities) if one is not None}
    if len(shown) < FEWEST:
        return {}
    length = float(np.median([one.length for one in shown.values()]))
    ventricle = float(np.median([one.ventricle for one in shown.values()]))
    base = np.median([one.base for one in shown.values()], axis=0)
    apex = np.median([one.apex for one in shown.values()], axis=0)
    found = {}
    for index, one in shown.items():
        for what, of, middle, (low, high) in (
            ("its length", one.length, length, LENGTH),
            ("its area with the wall", one.ventricle, ventricle, VENTRICLE),
        ):
            if not low <= math.log(of / middle) <= high:
                found[index] = f"{what} is {of / middle:.2f} times that of the others"
        for what, place, usual in (("base", one.base, base), ("apex", one.apex, apex)):
            off = float(np.linalg.norm(place - usual)) / length
            if off > MOVED:
                found.setdefault(index, f"its {what} lies {100 * off:.0f} % of its length off")
    # Where half of the frames contradict each other, none of them tells what is right.
    return found if 2 * len(found) <= len(shown) else {}
