"""Variations of a label map: the same heart moved and deformed, within anatomy.

The ranges are those of Stojanovski et al., "Echo from Noise", ASMUS 2023: an affine map, then an elastic one. Unlike
there, the elastic map cannot fold: the control points give a velocity, which is integrated.
"""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike, NDArray

from EchoSynthLib.anatomy.deformation import Field, compose, exponential, jacobian_determinant, warp_labels
from EchoSynthLib.anatomy.labels import check_label_map, check_sector_mask
from EchoSynthLib.arguments import real_number, whole_number
from EchoSynthLib.errors import InputError
from EchoSynthLib.types import LabelMap

LARGEST_ROTATION_DEG = 5.0
LARGEST_VERTICAL_SHIFT = 0.05
"""Fraction of the rows."""
SCALES = (0.8, 1.05)
LARGEST_SHEAR_DEG = 5.0
CONTROL_POINTS = 10
"""Along each axis; the outermost are locked."""
LARGEST_DISPLACEMENT = 30 / 256
"""Of a control point, as a fraction of the side."""
SMALLEST_JACOBIAN = 0.5
"""No part of the map is squeezed to less than this fraction of its area."""

COARSE_SIDE = 72
"""Pixels across the field on which a deformation is tried first."""

_SQUARINGS = 5
_REDUCTION = 0.8


def vary(
    label_map: ArrayLike,
    seed: int,
    index: int = 0,
    *,
    strength: float = 1.0,
    sector_mask: ArrayLike | None = None,
) -> LabelMap:
    """The variation `index` of a label map: an affine and an elastic deformation, drawn from (seed, index) alone.

    Args:
        label_map: (H, W) in CAMUS codes.
        seed, index: whole numbers, 0 or above.
        strength: factor on all ranges, 0 (the map itself) to 1.5.
        sector_mask: (H, W); where given, nothing is labeled outside it.

    Returns:
        (H, W) uint8 in CAMUS codes; each structure has no more parts than it had.

    Raises:
        InputError: see `check_label_map`; also a strength, seed, index or mask that cannot be used, or a deformation
            that leaves nothing inside the image and the sector.
    """
    labels = check_label_map(label_map)
    _check_strength(strength)
    numbers = whole_number(seed, "The seed of variations", 0), whole_number(index, "The index of variations", 0)
    varied = warp_labels(labels, _displacement(labels.shape, numbers, strength))
    if sector_mask is not None:
        varied = np.where(check_sector_mask(sector_mask, labels.shape), varied, np.uint8(0))
    varied = without_crumbs(varied, labels)
    if not varied.any():
        raise InputError("The variation left no structure inside the image and the sector. Use a smaller strength.")
    return varied


def variations(
    label_map: ArrayLike,
    count: int = 5,
    seed: int = 0,
    *,
    strength: float = 1.0,
    sector_mask: ArrayLike | None = None,
) -> LabelMap:
    """Variations 0 to count - 1 of a label map, (count, H, W) uint8; see `vary`. Number i does not depend on count."""
    whole_number(count, "The count of variations", 1)
    return np.stack(
        [vary(label_map, seed, index, strength=strength, sector_mask=sector_mask) for index in range(count)]
    )


def affine_field(shape: tuple[int, ...], generator: np.random.Generator, strength: float = 1.0) -> Field:
    """Displacements (2, H, W) of a random affine map about the middle of the image: rotation, shift, scale and shear.

    Rotation and shear are drawn from U(-5, 5) degrees, the shift along the rows from U(-5, 5) % of them, the scale from
    U(0.8, 1.05).
    """
    rotation = math.radians(strength * generator.uniform(-LARGEST_ROTATION_DEG, LARGEST_ROTATION_DEG))
    shift = strength * generator.uniform(-LARGEST_VERTICAL_SHIFT, LARGEST_VERTICAL_SHIFT) * shape[0]
    scale = 1 + strength * (generator.uniform(*SCALES) - 1)
    shear = math.radians(strength * generator.uniform(-LARGEST_SHEAR_DEG, LARGEST_SHEAR_DEG))
    turn = np.array([[math.cos(rotation), -math.sin(rotation)], [math.sin(rotation), math.cos(rotation)]])
    backward = np.linalg.inv(scale * turn @ np.array([[1.0, 0.0], [math.tan(shear), 1.0]]))
    middle = (np.array(shape)[:, None, None] - 1) / 2
    off_middle = np.indices(shape) - middle
    moved = np.tensordot(backward, off_middle - np.array([shift, 0.0])[:, None, None], axes=1)
    return moved - off_middle


def elastic_field(shape: tuple[int, ...], generator: np.random.Generator, strength: float = 1.0) -> Field:
    """Displacements (2, H, W) of a random smooth map that cannot fold and leaves the border in place.

    A grid of 10 x 10 control points, the outer ones locked, carries U(-1, 1) times 30/256 of the side; cubic B-splines
    between them give a velocity, which is integrated. Where that squeezes any part to less than half its area, the
    whole velocity is reduced, so that hearts stay hearts.
    """
    control = np.zeros((2, CONTROL_POINTS, CONTROL_POINTS))
    control[:, 1:-1, 1:-1] = generator.uniform(-1, 1, (2, CONTROL_POINTS - 2, CONTROL_POINTS - 2))
    velocity = strength * _spline_surface(control, shape) * (LARGEST_DISPLACEMENT * np.array(shape))[:, None, None]
    # The field is smooth: a coarse one tells nearly always how far it has to be reduced, in a ninth of the time.
    step = max(1, min(shape) // COARSE_SIDE)
    coarse = velocity[:, ::step, ::step] / step
    while jacobian_determinant(exponential(coarse, _SQUARINGS)).min() < SMALLEST_JACOBIAN:
        coarse *= _REDUCTION
        velocity *= _REDUCTION
    displacement = exponential(velocity, _SQUARINGS)
    while jacobian_determinant(displacement).min() < SMALLEST_JACOBIAN:
        velocity *= _REDUCTION
        displacement = exponential(velocity, _SQUARINGS)
    return displacement


def without_crumbs(label_map: LabelMap, reference: LabelMap) -> LabelMap:
    """The label map (H, W) with only the largest parts of each structure, as many as the reference has.

    Dropped pixels take the label of the nearest pixel that was kept.
    """
    from scipy import ndimage

    crumbs = np.zeros(label_map.shape, bool)
    for code in np.unique(label_map[label_map > 0]):
        parts, count = ndimage.label(label_map == code)
        allowed = ndimage.label(reference == code)[1]
        if count > allowed:
            sizes = np.bincount(parts.ravel())[1:]
            dropped = 1 + np.argsort(-sizes, kind="stable")[allowed:]
            crumbs |= np.isin(parts, dropped)
    if not crumbs.any():
        return label_map
    nearest = ndimage.distance_transform_edt(crumbs, return_distances=False, return_indices=True)
    return label_map[tuple(nearest)]


# All frames of a cine are deformed alike, and the deformation takes far longer than its use.
@lru_cache(maxsize=1)
def _displacement(shape: tuple[int, ...], numbers: tuple[int, int], strength: float) -> Field:
    """The affine map, then the elastic one, as one: sampling twice would roughen the outlines."""
    generator = np.random.default_rng(numbers)
    affine = affine_field(shape, generator, strength)
    return compose(affine, elastic_field(shape, generator, strength))


def _spline_surface(control: NDArray[np.float64], shape: tuple[int, ...]) -> Field:
    """Uniform cubic B-spline surfaces (2, H, W) of control points (2, n, n) from edge to edge; 0 at the edges."""
    rows, columns = (_spline_weights(size, control.shape[1]) for size in shape)
    return rows @ control @ columns.T


def _spline_weights(size: int, points: int) -> Field:
    position = np.linspace(0, points - 1, size)[:, None]
    weights = _cubic(position - np.arange(points))
    # A mirrored control point of opposite sign beyond each edge keeps the edge itself in place.
    weights[:, 1] -= _cubic(position + 1)[:, 0]
    weights[:, -2] -= _cubic(position - points)[:, 0]
    return weights


def _cubic(offset: NDArray[np.float64]) -> Field:
    distance = np.abs(offset)
    near = 2 / 3 - distance**2 + distance**3 / 2
    far = np.clip(2 - distance, 0, None) ** 3 / 6
    return np.where(distance < 1, near, far)


def _check_strength(strength: float) -> None:
    if not 0 <= real_number(strength) <= 1.5:
        raise InputError(f"The strength of variations lies between 0 and 1.5; given was {strength!r}.")
