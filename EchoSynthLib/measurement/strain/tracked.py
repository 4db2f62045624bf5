"""Points of the reference frame's wall in every other frame."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from EchoSynthLib.measurement.strain.wall import Wall
from EchoSynthLib.measurement.thickness import outwards

Values = NDArray[np.float64]

COEFFICIENTS = 8
"""Of the cubic B-spline along the contour that is a part of its motion."""
BAND = 0.07
"""Of the long axis: how far across the contour, to either side, the tissue reaches whose mean motion a point takes."""
_MARGIN = 12  # pixels around the points: beyond it no pixel has a part in a spline's value


def moved(wall: Wall, displacements: NDArray[np.floating]) -> Values:
    """Layers of the wall (k, n, 2) in every frame, (T, k, n, 2): x + d[t](x), d smooth along the contour.

    Heart muscle hangs together: what neighboring points of a contour move apart from one another within a few
    millimeters is error of the tracking, which would only make the contour longer. So the displacement along each layer
    is the one nearest to what was tracked (least squares) among affine maps of the picture plus cubic B-splines of
    `COEFFICIENTS` along the contour. A point takes the mean motion of a `BAND` of tissue across the contour, for one
    line through the picture tells less than what lies around it. The reference contour keeps its shape, and what is
    affine stays as it is.

    Args:
        wall: of the frame that the displacements begin in.
        displacements: (T, 2, H, W) in pixels; a frame that is not finite all over gives NaN.
    """
    layers = wall.layers
    smooth = np.stack([_smoothing(layer) for layer in layers])
    band = _band(wall, np.array(displacements.shape[2:]))
    found = np.full((len(displacements), *layers.shape), np.nan)
    for t, field in enumerate(displacements):
        if np.isfinite(field).all():
            found[t] = layers + smooth @ read(field, band).mean(axis=0)
    return found


def _band(wall: Wall, shape: NDArray[np.int_]) -> Values:
    """Points (3, k, n, 2): those of the layers and one on either side; a band that leaves the picture is none."""
    across = BAND * wall.axis_length * outwards(wall.endocardium, wall.step) / wall.step
    sides = np.stack([wall.layers - across, wall.layers + across])
    within = np.asarray(np.all((sides >= 0) & (sides <= shape - 1), axis=(0, -1)))
    lower, upper = np.where(within[..., None], sides, wall.layers)
    return np.stack([lower, wall.layers, upper])


def read(field: NDArray[np.floating], points: Values) -> Values:
    """A displacement (2, H, W) at points (..., 2) between the pixels, by cubic splines: (..., 2)."""
    from scipy.ndimage import map_coordinates

    flat = points.reshape(-1, 2)
    first = np.maximum(np.floor(flat.min(axis=0)).astype(int) - _MARGIN, 0)
    last = np.ceil(flat.max(axis=0)).astype(int) + _MARGIN + 1
    part = field[:, first[0] : last[0], first[1] : last[1]].astype(np.float64)
    at = (flat - first).T
    values = [map_coordinates(component, at, order=3, mode="nearest") for component in part]
    return np.stack(values, axis=-1).reshape(points.shape)


def _smoothing(layer: Values) -> Values:
    """The matrix (n, n) that replaces values at the points of a contour (n, 2) by the smooth ones nearest to them."""
    from scipy.interpolate import BSpline

    knots = np.concatenate([np.zeros(3), np.linspace(0.0, 1.0, COEFFICIENTS - 2), np.ones(3)])
    splines = BSpline.design_matrix(np.linspace(0.0, 1.0, len(layer)), knots, 3).toarray()
    # Splines have the constant; to be of one size, coordinates count from the contour's middle.
    linear = (layer - layer.mean(axis=0)) / np.ptp(layer)
    basis = np.concatenate([splines, linear], axis=1)
    return np.asarray(basis @ np.linalg.pinv(basis))
