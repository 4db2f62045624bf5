"""The endocardium as it is drawn over a label map: its points are moved, and the cavity follows."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from EchoSynthLib.anatomy.heart2d.endocardium import APEX, BASAL_LEFT, BASAL_RIGHT, Endocardium, Points
from EchoSynthLib.anatomy.masks import fill_polygon
from EchoSynthLib.anatomy.structures import CamusCode
from EchoSynthLib.errors import InputError
from EchoSynthLib.types import Spacing


def with_points(endocardium: Endocardium, points: Points, spacing: Spacing | None = None) -> Endocardium:
    """The endocardium whose seven points lie elsewhere; between them the curve keeps its shape.

    Each place of the curve moves by the points' displacements, interpolated along its length (PCHIP: Fritsch and
    Carlson, SIAM J Numer Anal 17:238-246, 1980), so that a point pulls at the curve as far as its neighbors and no
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


def with_endocardium(label_map: NDArray[np.uint8], contour: Endocardium) -> NDArray[np.uint8]:
    """The label map (H, W) whose cavity is what a contour encloses.

    Cavity that is left outside becomes wall; beyond the contour's base it becomes atrium, where there is one.

    Raises:
        InputError: the contour encloses no pixel.
    """
    cavity = fill_polygon(contour.curve, (label_map.shape[0], label_map.shape[1]))
    if not cavity.any():
        raise InputError("The contour encloses no pixel of the label map; draw it on the label map's own grid.")
    left = np.argwhere((label_map == CamusCode.LV_CAVITY) & ~cavity)
    beyond = CamusCode.LEFT_ATRIUM if (label_map == CamusCode.LEFT_ATRIUM).any() else CamusCode.BACKGROUND
    changed = label_map.copy()
    changed[tuple(left.T)] = np.where(_beyond_base(left, contour.points), beyond, CamusCode.MYOCARDIUM)
    changed[cavity] = CamusCode.LV_CAVITY
    return changed


def _beyond_base(places: NDArray[np.int64], points: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Which places (n, 2) lie beside the line between the basal points, on the other side than the apex."""
    start, base = points[BASAL_LEFT], points[BASAL_RIGHT] - points[BASAL_LEFT]

    def side(at: NDArray) -> NDArray[np.float64]:
        return np.asarray(base[0] * (at - start)[..., 1] - base[1] * (at - start)[..., 0])

    along = (places - start) @ base / max(float(base @ base), 1e-9)
    return (side(places) * side(points[APEX]) < 0) & (along >= 0) & (along <= 1)
