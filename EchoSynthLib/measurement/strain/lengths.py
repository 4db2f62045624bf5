"""Lengths of moved contours, thickness between them, and the strain that either tells.

Strain is Lagrangian (engineering) strain, (L - L0) / L0 with L0 the length at end-diastole: what the consensus of
EACVI, ASE and industry asks for (Voigt et al., Eur Heart J Cardiovasc Imaging 16:1-11, 2015). A shorter contour has a
negative strain, a thicker wall a positive one.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from EchoSynthLib.measurement.strain.wall import EDGES
from EchoSynthLib.types import Spacing

Values = NDArray[np.float64]


def lagrangian(size: Values, reference: Values) -> Values:
    """Strain (L - L0) / L0 in %."""
    return np.asarray(100 * (size / reference - 1))


def contour_length(contour: Values, spacing: Spacing | None = None) -> float:
    """Length of an open contour (n, 2), in mm or pixels."""
    return float(_steps(contour, np.array(spacing or (1.0, 1.0))).sum())


def segment_lengths(contours: Values, step: Values) -> Values:
    """Length (..., 6) of each segment of contours (..., 97, 2): the sum of the distances of neighboring points."""
    return _summed(_steps(contours, step))


def segment_thickness(layers: Values, step: Values) -> Values:
    """Mean thickness (T, 6) of each segment of layers (T, 3, 97, 2): the area between the outer two over the middle.

    Thickness of the wall and not the distance of two points, which grows by shear alone, too.
    """
    inner, middle, outer = np.moveaxis(layers, 1, 0)
    areas = np.abs(_summed(_quadrilaterals(inner * step, outer * step)))
    return np.asarray(areas / segment_lengths(middle, step))


def enclosed_area(contours: Values, step: Values) -> Values:
    """Area (...) within contours (..., n, 2) that the mitral plane closes, by the shoelace formula."""
    here = contours * step
    return np.asarray(np.abs(_cross(here, np.roll(here, -1, axis=-2)).sum(axis=-1)) / 2)


def _steps(contours: Values, step: Values) -> Values:
    return np.asarray(np.linalg.norm(np.diff(contours, axis=-2) * step, axis=-1))


def _quadrilaterals(inner: Values, outer: Values) -> Values:
    """Signed area (..., n - 1) between two contours and two neighboring pairs of their points: half of d1 x d2."""
    return _cross(outer[..., 1:, :] - inner[..., :-1, :], outer[..., :-1, :] - inner[..., 1:, :]) / 2


def _summed(pieces: Values) -> Values:
    """Sums (..., 6) over the segments of what belongs to the 96 intervals of a contour."""
    return np.add.reduceat(pieces, EDGES[:-1], axis=-1)


def _cross(one: Values, other: Values) -> Values:
    return np.asarray(one[..., 0] * other[..., 1] - one[..., 1] * other[..., 0])
