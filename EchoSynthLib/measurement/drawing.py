"""The endocardium as it is drawn by hand: one of its seven points is moved, and the curve follows."""

from __future__ import annotations

import numpy as np

from EchoSynthLib.anatomy.discs import Spacing
from EchoSynthLib.anatomy.endocardium import Endocardium, Points


def with_points(endocardium: Endocardium, points: Points, spacing: Spacing | None = None) -> Endocardium:
    """The endocardium whose seven points lie elsewhere; between them the curve keeps its shape.

    Each place of the curve moves by the points' displacements, interpolated along its length (PCHIP: Fritsch and
    Carlson, SIAM J Numer Anal 17:238-246, 1980), so that a point pulls at the curve as far as its neighbours and no
    farther, and unmoved points leave every measurement as it was.

    Args:
        endocardium: as measured, points on the curve.
        points: (7, 2) (row, column), where they are now.
        spacing: (row, column) pixel size, where pixels are not square.
    """
    from scipy.interpolate import PchipInterpolator

    step = np.array(spacing or (1.0, 1.0))
    curve, moved = endocardium.curve, np.asarray(points, dtype=np.float64) - endocardium.points
    along = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(curve, axis=0) * step, axis=1))])
    nearest = [int(np.linalg.norm((curve - point) * step, axis=1).argmin()) for point in endocardium.points[1:-1]]
    knots = along[[0, *nearest, len(curve) - 1]]
    return Endocardium(endocardium.points + moved, curve + PchipInterpolator(knots, moved)(along))
