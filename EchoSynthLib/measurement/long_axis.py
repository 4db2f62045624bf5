"""Long axes of the ventricle and the atrium, as measured or as drawn by hand."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from EchoSynthLib.anatomy.discs import LongAxis, Spacing, atrial_axis, ventricular_axis
from EchoSynthLib.anatomy.heart2d.endocardium import APEX, BASAL_LEFT, BASAL_RIGHT, Endocardium
from EchoSynthLib.anatomy.labels import CAMUS

_CAVITY, _ATRIUM = CAMUS["left ventricle"], CAMUS["left atrium"]


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
    return ventricular_axis(labels, spacing) if (labels == _CAVITY).any() else None


def long_axis_of_atrium(labels: NDArray[np.uint8], spacing: Spacing | None = None) -> LongAxis | None:
    """From the middle of the mitral plane, square to it, to the left atrium's roof; None without one."""
    return atrial_axis(labels, spacing) if (labels == _ATRIUM).any() else None
