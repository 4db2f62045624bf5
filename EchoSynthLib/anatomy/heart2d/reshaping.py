"""Reshaping of a label map by distance maps: another cavity size, or another wall thickness, in the same heart.

Distances are in pixels, or in mm where the spacing is given.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from EchoSynthLib.anatomy.labels import check_label_map, check_sector_mask
from EchoSynthLib.anatomy.masks import largest_part
from EchoSynthLib.anatomy.structures import CamusCode
from EchoSynthLib.arguments import real_number
from EchoSynthLib.errors import InputError
from EchoSynthLib.types import Spacing

AREA_FACTORS = (0.2, 2.0)
THICKNESS_FACTORS = (0.3, 2.0)

_THINNEST_WALL = 0.2  # of its thickness, that a growing cavity leaves everywhere


def resize_cavity(label_map: ArrayLike, area_factor: float, spacing: Spacing | None = None) -> NDArray[np.uint8]:
    """The label map with a smaller or larger left-ventricular cavity; the wall's thickness takes up the change.

    The endocardium moves by one distance everywhere, as far as the area asks for; the outer wall and the mitral plane
    stay in place, and at least a fifth of the wall's thickness stays, too.

    Args:
        label_map: (H, W) in CAMUS codes with a cavity and a myocardium.
        area_factor: new area of the cavity over the old, 0.2 to 2.
        spacing: (row, column) pixel size, where pixels are not square.

    Returns:
        (H, W) uint8; its cavity has the asked-for area to within a pixel, less the crumbs that a narrow waist cuts off.

    Raises:
        InputError: see `check_label_map`; also no cavity or wall, a factor out of range, or a wall too thin for it.
    """
    labels = _check_ventricle(label_map)
    _check_factor("area factor", area_factor, AREA_FACTORS)
    cavity, wall = labels == CamusCode.LV_CAVITY, labels == CamusCode.MYOCARDIUM
    to_cavity = _distance(cavity, spacing)
    to_outside = _distance(~(cavity | wall), spacing)
    above_mitral_plane = _apical_side(labels, spacing)
    free = wall & above_mitral_plane & (to_outside >= _THINNEST_WALL * (to_cavity + to_outside))
    candidates = cavity | free
    wanted = round(area_factor * int(cavity.sum()))
    if wanted > candidates.sum():
        largest = candidates.sum() / cavity.sum()
        raise InputError(
            f"The wall is too thin for a cavity of {area_factor:g} times its area; "
            f"at most {largest:.2f} times fits into it."
        )
    level = np.where(cavity, _distance(wall, spacing), -to_cavity) + _tie_breaker(cavity)
    chosen = np.argsort(-level[candidates], kind="stable")[:wanted]
    result = np.where(cavity, np.uint8(CamusCode.MYOCARDIUM), labels)
    rows, columns = np.nonzero(candidates)
    result[rows[chosen], columns[chosen]] = CamusCode.LV_CAVITY
    result[(result == CamusCode.LV_CAVITY) & ~largest_part(result == CamusCode.LV_CAVITY)] = CamusCode.MYOCARDIUM
    return result


def change_wall_thickness(
    label_map: ArrayLike,
    factor: float,
    spacing: Spacing | None = None,
    sector_mask: ArrayLike | None = None,
) -> NDArray[np.uint8]:
    """The label map with a thinner or thicker myocardium; the cavity stays, the outer wall moves.

    Args:
        label_map: (H, W) in CAMUS codes with a cavity and a myocardium.
        factor: new thickness over the old, 0.3 to 2, everywhere alike.
        spacing: (row, column) pixel size, where pixels are not square.
        sector_mask: (H, W); where given, the wall does not grow out of it.

    Returns:
        (H, W) uint8; cavity and left atrium are those of the given map.

    Raises:
        InputError: see `check_label_map`; also no cavity or wall, or a factor out of range.
    """
    labels = _check_ventricle(label_map)
    _check_factor("wall thickness factor", factor, THICKNESS_FACTORS)
    wall = labels == CamusCode.MYOCARDIUM
    thick = _thinned(labels, factor, spacing) if factor < 1 else wall | _grown(labels, factor, spacing)
    if sector_mask is not None:
        thick &= wall | check_sector_mask(sector_mask, labels.shape)
    return np.where(
        wall | thick, np.where(thick, np.uint8(CamusCode.MYOCARDIUM), np.uint8(CamusCode.BACKGROUND)), labels
    )


def _thinned(labels: NDArray[np.uint8], factor: float, spacing: Spacing | None) -> NDArray[np.bool_]:
    """The wall's inner part. Tissue beyond the mitral plane is no outside here: the wall keeps its length."""
    outside = (labels == CamusCode.BACKGROUND) & _apical_side(labels, spacing)
    if not outside.any():
        outside = labels == CamusCode.BACKGROUND
    to_cavity, to_outside = _distance(labels == CamusCode.LV_CAVITY, spacing), _distance(outside, spacing)
    return (labels == CamusCode.MYOCARDIUM) & (to_cavity <= factor * (to_cavity + to_outside))


def _grown(labels: NDArray[np.uint8], factor: float, spacing: Spacing | None) -> NDArray[np.bool_]:
    """Unlabeled pixels nearer to the wall than it gains; the wall's local thickness is that at its nearest pixel."""
    from scipy import ndimage

    wall = labels == CamusCode.MYOCARDIUM
    to_wall, nearest = ndimage.distance_transform_edt(~wall, sampling=spacing, return_indices=True)
    thickness = _distance(labels == CamusCode.LV_CAVITY, spacing)[tuple(nearest)]
    lowest = _height(labels, spacing)[wall].min()
    return (
        (labels == CamusCode.BACKGROUND) & (to_wall <= (factor - 1) * thickness) & (_height(labels, spacing) >= lowest)
    )


def _distance(to: NDArray[np.bool_], spacing: Spacing | None) -> NDArray[np.float64]:
    """Distance (H, W) of each pixel to the marked ones; infinite where none is marked."""
    from scipy import ndimage

    if not to.any():
        return np.full(to.shape, np.inf)
    return ndimage.distance_transform_edt(~to, sampling=spacing)


def _apical_side(labels: NDArray[np.uint8], spacing: Spacing | None) -> NDArray[np.bool_]:
    return _height(labels, spacing) >= -_largest_step(spacing)


def _height(labels: NDArray[np.uint8], spacing: Spacing | None) -> NDArray[np.float64]:
    """Signed distance (H, W) to the mitral plane, positive towards the apex.

    The plane is the line through the cavity's pixels that touch the atrium, or no wall where there is no atrium.
    """
    step = np.array(spacing or (1.0, 1.0))
    cavity = labels == CamusCode.LV_CAVITY
    base = _touching(cavity, labels == CamusCode.LEFT_ATRIUM)
    if base.sum() < 2:
        base = _touching(cavity, labels == CamusCode.BACKGROUND)
    if base.sum() < 2:
        return np.full(labels.shape, np.inf)
    points = np.argwhere(base) * step
    middle = points.mean(axis=0)
    towards_apex = np.argwhere(cavity).mean(axis=0) * step - middle
    normal = np.linalg.svd(points - middle, full_matrices=True)[2][1]
    normal = normal if normal @ towards_apex >= 0 else -normal
    grid = np.indices(labels.shape) * step[:, None, None]
    return np.tensordot(normal, grid - middle[:, None, None], axes=1)


def _touching(marked: NDArray[np.bool_], other: NDArray[np.bool_]) -> NDArray[np.bool_]:
    from scipy import ndimage

    return marked & ndimage.binary_dilation(other)


def _largest_step(spacing: Spacing | None) -> float:
    return max(spacing or (1.0, 1.0))


def _tie_breaker(cavity: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Orders pixels of equal distance so that the outline stays smooth."""
    from scipy import ndimage

    return 1e-3 * ndimage.gaussian_filter(cavity.astype(np.float64), 2.0)


def _check_ventricle(label_map: ArrayLike) -> NDArray[np.uint8]:
    labels = check_label_map(label_map)
    for code, name in ((CamusCode.LV_CAVITY, "left ventricle"), (CamusCode.MYOCARDIUM, "myocardium")):
        if not (labels == code).any():
            raise InputError(f"The label map has no {name} ({code}); the left ventricle and its wall are both needed.")
    return labels


def _check_factor(name: str, factor: float, allowed: tuple[float, float]) -> None:
    if not allowed[0] <= real_number(factor) <= allowed[1]:
        raise InputError(f"The {name} lies between {allowed[0]:g} and {allowed[1]:g}; given was {factor!r}.")
