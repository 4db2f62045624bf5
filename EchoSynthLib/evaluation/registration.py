"""How well a displacement registers: label maps carried along it, its folds, and its distance to a known motion.

A displacement (2, H, W) is in pixels, (row, column), and belongs to the fixed grid, as in `anatomy.deformation`. Label
maps are carried by the nearest pixel; carrying memberships linearly would tell a little more overlap.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from EchoSynthLib.anatomy.deformation import compose, folding_share, warp_labels
from EchoSynthLib.anatomy.labels import check_spacing
from EchoSynthLib.anatomy.structures import CamusCode
from EchoSynthLib.array_like import as_array
from EchoSynthLib.errors import InputError
from EchoSynthLib.evaluation.segmentation_metrics import hausdorff_distance, structure_dice
from EchoSynthLib.types import Spacing

STRUCTURES: dict[str, tuple[int, ...]] = {
    "LV cavity": (CamusCode.LV_CAVITY,),
    "myocardium": (CamusCode.MYOCARDIUM,),
    "left atrium": (CamusCode.LEFT_ATRIUM,),
    "LV cavity+myocardium": (CamusCode.LV_CAVITY, CamusCode.MYOCARDIUM),
}
"""What registration is judged by, in CAMUS codes; the last one so that the outer wall counts by itself."""


@dataclass(frozen=True)
class Overlap:
    """How the moving label map lies on the fixed one.

    Attributes:
        dice: of each structure.
        hausdorff95: of each structure, 95th percentile, in mm, or in pixels without a spacing; infinite where one of
            both maps lacks the structure.
        folded_share: share of the pixels, 0 to 1, whose Jacobian determinant is 0 or less.
    """

    dice: dict[str, float]
    hausdorff95: dict[str, float]
    folded_share: float


def overlap(
    displacement: ArrayLike,
    moving: ArrayLike,
    fixed: ArrayLike,
    spacing: Spacing | None = None,
    structures: Mapping[str, Sequence[int]] = STRUCTURES,
) -> Overlap:
    """Carry the moving label map along a displacement and lay it on the fixed one.

    A displacement of zeros tells how both lie before they are registered.

    Args:
        displacement: (2, H, W) in pixels: what lies at x in the fixed frame lies at x + u(x) in the moving one.
        moving, fixed: label maps in CAMUS codes; the fixed one is (H, W).
        spacing: (row, column) millimeters of the fixed grid.
        structures: what is judged, each by its codes.

    Raises:
        InputError: the shapes do not fit, a displacement that is none, or a spacing that is none.
    """
    check_spacing(spacing)
    field, reference = as_array(displacement, "A displacement"), as_array(fixed, "A label map")
    if field.shape[1:] != reference.shape:
        raise InputError(
            f"A displacement lies on the grid of the fixed label map; given were shapes {field.shape} and "
            f"{reference.shape}. Bring both onto one grid first."
        )
    carried = warp_labels(moving, field)
    distances = {
        name: hausdorff_distance(np.isin(carried, codes), np.isin(reference, codes), spacing or (1.0, 1.0), 95.0)
        for name, codes in structures.items()
    }
    return Overlap(structure_dice(carried, reference, structures), distances, folding_share(field))


def end_point_error(displacement: ArrayLike, truth: ArrayLike, spacing: Spacing | None = None) -> NDArray[np.floating]:
    """|u - truth| at each pixel: (..., H, W) of displacements (..., 2, H, W), in mm, or in pixels without a spacing.

    Raises:
        InputError: both differ in shape, or are no displacements.
    """
    check_spacing(spacing)
    one, other = (np.asarray(as_array(given, "A displacement"), np.float64) for given in (displacement, truth))
    if one.shape != other.shape or one.ndim < 3 or one.shape[-3] != 2:
        raise InputError(
            f"An end-point error is that of two displacements (2, H, W), or (T, 2, H, W), of one shape; given were "
            f"{one.shape} and {other.shape}."
        )
    sides = np.array(spacing or (1.0, 1.0)).reshape(2, 1, 1)
    return np.linalg.norm((one - other) * sides, axis=-3)


def forward_backward_error(
    forward: ArrayLike, backward: ArrayLike, spacing: Spacing | None = None
) -> NDArray[np.floating]:
    """How far from x a point ends that goes along one displacement and back along the other; 0 where both agree.

    Args:
        forward: (2, H, W) on the grid that is judged.
        backward: (2, H, W) on the grid that it leads to.
        spacing: (row, column) millimeters; without it the error is in pixels.

    Raises:
        InputError: both differ in shape, or are no displacements.
    """
    there_and_back = compose(backward, forward)
    return end_point_error(there_and_back, np.zeros_like(there_and_back), spacing)
