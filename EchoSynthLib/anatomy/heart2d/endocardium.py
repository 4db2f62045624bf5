"""The endocardium as an open curve with seven points, from basal point over the apex to basal point.

P1 and P7 are where the wall of the left ventricle meets the atrium, P4 is the apex; P2, P3 and P5, P6 divide the arc
between base and apex into thirds. P1 is the basal point on the left of the image. (Gomez et al., ASMUS 2022,
arXiv 2207.06330, draw an open contour with seven points; the rules by which a label map gives them are ours.)
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from EchoSynthLib.anatomy.labels import check_label_map
from EchoSynthLib.anatomy.masks import border, cropped, places_of, solid
from EchoSynthLib.anatomy.structures import CamusCode
from EchoSynthLib.errors import InputError
from EchoSynthLib.types import Spacing

Points = NDArray[np.float64]

LANDMARKS = ("basal left", "mid left", "apical left", "apex", "apical right", "mid right", "basal right")
"""P1 to P7; left and right are the image's."""
BASAL_LEFT, APEX, BASAL_RIGHT = 0, 3, 6
SAMPLES = 100
"""Points of a curve."""

_REACH = 0.1  # of the square root of the cavity's area: how far a neighbor may lie, across a gap in the labels
_SMOOTHING = 0.006  # of the perimeter: pixel stairs go, the shape stays
_SMALLEST_AREA = 12  # pixels
# What lies beyond each side of a pixel, and the side's corners from the pixel's own, clockwise.
_SIDES = (
    ((-1, 0), (0, 0), (0, 1)),
    ((0, 1), (0, 1), (1, 1)),
    ((1, 0), (1, 1), (1, 0)),
    ((0, -1), (1, 0), (0, 0)),
)


@dataclass(frozen=True, eq=False)
class Endocardium:
    """The border between cavity and wall in one apical image; pixel centers lie at whole numbers.

    Attributes:
        points: (7, 2) float64 (row, column), P1 to P7 as in `LANDMARKS`.
        curve: (n, 2) float64 (row, column), open, from P1 over the apex P4 to P7.
    """

    points: Points
    curve: Points


def endocardium_of_mask(label_map: ArrayLike, spacing: Spacing | None = None) -> Endocardium:
    """The open endocardial curve of a label map and its seven points.

    The base is the part of the cavity's outline that faces the atrium; where there is no atrium nearby, the part that
    faces no wall. Its ends are P1 and P7. The apex is the point q of the remaining outline with the largest
    min(|q - P1|, |q - P7|), which is (d_left + d_right) - |d_left - d_right| up to a factor of two.

    Args:
        label_map: (H, W) in CAMUS codes with a cavity and a wall; row 0 at the transducer.
        spacing: (row, column) pixel size, where pixels are not square.

    Raises:
        InputError: see `check_label_map`; also no cavity, or one whose outline has no base or no wall.
    """
    labels = check_label_map(label_map)
    step = np.array(spacing or (1.0, 1.0), dtype=np.float64)
    corner, around = _around_cavity(labels)
    cavity = solid(around == CamusCode.LV_CAVITY)
    # The curve is as smooth as the outline is long, whatever the pixels.
    outline = _crack_outline(cavity)
    wall_side = _without_base(outline, _is_base(around, cavity, outline, step))
    curve = resample(_smooth_open(wall_side, _SMOOTHING * len(outline)), SAMPLES, spacing) + corner
    if curve[0, 1] > curve[-1, 1]:
        curve = curve[::-1].copy()
    return Endocardium(landmarks_of_curve(curve, spacing), curve)


def landmarks_of_curve(curve: Points, spacing: Spacing | None = None, apex: Points | None = None) -> Points:
    """The seven points (7, 2) of an open curve (n, 2) from P1 to P7; see `endocardium_of_mask`.

    Args:
        spacing: (row, column) pixel size, where pixels are not square.
        apex: (row, column) where it is known; P4 is then the curve's nearest point to it.
    """
    step = np.array(spacing or (1.0, 1.0))
    fine = resample(curve, 4 * SAMPLES, spacing)
    if apex is None:
        to_base = np.linalg.norm((fine[:, None] - fine[[0, -1]]) * step, axis=2)
        at = int(to_base.min(axis=1).argmax())
    else:
        at = int(np.linalg.norm((fine - apex) * step, axis=1).argmin())
    # An apex at an end of the curve would leave no wall on one side.
    at = min(max(at, 1), len(fine) - 2)
    left, right = resample(fine[: at + 1], 4, spacing), resample(fine[at:], 4, spacing)
    return np.concatenate([left, right[1:]])


def resample(curve: Points, samples: int, spacing: Spacing | None = None) -> Points:
    """The open polyline (n, 2) as (samples, 2) points at equal distances along it, ends kept."""
    step = np.array(spacing or (1.0, 1.0))
    lengths = np.linalg.norm(np.diff(curve, axis=0) * step, axis=1)
    along = np.concatenate([[0.0], np.cumsum(lengths)])
    wanted = np.linspace(0.0, along[-1], samples)
    return np.stack([np.interp(wanted, along, curve[:, axis]) for axis in (0, 1)], axis=1)


def _around_cavity(labels: NDArray[np.uint8]) -> tuple[Points, NDArray[np.uint8]]:
    """Where the part of the map around the cavity begins (row, column), and that part; other pixels take no share."""
    cavity = labels == CamusCode.LV_CAVITY
    area = int(np.count_nonzero(cavity))
    if area < _SMALLEST_AREA:
        raise InputError(
            f"The label map has {area} pixels of left ventricle ({CamusCode.LV_CAVITY}); its endocardium needs at "
            f"least {_SMALLEST_AREA}."
        )
    part, corner = cropped(cavity)
    margin = int(np.ceil(_REACH * np.sqrt(area))) + 2
    low, high = np.maximum(corner - margin, 0), corner + part.shape + margin
    return low.astype(np.float64), labels[low[0] : high[0], low[1] : high[1]]


def _crack_outline(mask: NDArray[np.bool_]) -> Points:
    """Midpoints (n, 2) of the pixel sides around a component without holes, clockwise from its topmost pixel on."""
    padded = np.pad(mask, 1)
    columns, width = padded.shape[1], padded.shape[1] + 1
    rim, inside = np.flatnonzero(border(padded)), padded.ravel()
    corner = rim + rim // columns  # the upper left one of each pixel, numbered row by row
    sides = []
    for (down, right), start, end in _SIDES:
        outermost = corner[~inside[rim + down * columns + right]]
        sides.append([outermost + at[0] * width + at[1] for at in (start, end)])
    starts, ends = np.hstack(sides)
    following = dict(zip(starts.tolist(), ends.tolist(), strict=True))
    # Where two pixels touch by a corner only, the outline turns right and stays with its pixel.
    numbers, counts = np.unique(starts, return_counts=True)
    crossings = set(numbers[counts > 1].tolist())
    first = min(following)
    corners = [first, following[first]]
    while (here := corners[-1]) != first:
        corners.append(_turned_right(corners[-2], here, width) if here in crossings else following[here])
    path = np.stack(np.divmod(corners, width), axis=1) - 1.5
    return (path[:-1] + path[1:]) / 2


def _turned_right(before: int, here: int, width: int) -> int:
    """The corner that follows on a turn to the right; corners are numbered row by row."""
    (r0, c0), (r1, c1) = divmod(before, width), divmod(here, width)
    return (r1 + c1 - c0) * width + c1 - (r1 - r0)


def _is_base(labels: NDArray[np.uint8], cavity: NDArray[np.bool_], outline: Points, step: Points) -> NDArray[np.bool_]:
    """Which points (n,) of the outline face the atrium rather than the wall; without an atrium near, no wall."""
    to_wall, to_atrium = (
        _distance((labels == code) & ~cavity, outline, step) for code in (CamusCode.MYOCARDIUM, CamusCode.LEFT_ATRIUM)
    )
    # Labels may leave a gap around the cavity: what counts is how far beyond the narrowest place of it a point lies.
    beyond_wall = to_wall - to_wall.min() if np.isfinite(to_wall).all() else to_wall
    if to_atrium.min() > _REACH * np.sqrt(cavity.sum() * step.prod()):
        return beyond_wall > step.max()
    return to_atrium - to_atrium.min() < beyond_wall


def _distance(structure: NDArray[np.bool_], outline: Points, step: Points) -> NDArray[np.float64]:
    """How far (n,) the outline's points are from the pixels of a structure; infinite where it has none."""
    from scipy.spatial import KDTree

    # The nearest pixel of a structure lies on its border.
    places = places_of(border(structure))
    if not len(places):
        return np.full(len(outline), np.inf)
    # It is asked once, and is not worth balancing.
    return KDTree(places * step, compact_nodes=False, balanced_tree=False).query(outline * step)[0]


def _without_base(outline: Points, base: NDArray[np.bool_]) -> Points:
    """The open rest (m, 2) of a closed outline once its base is taken out; its ends are P1 and P7 or P7 and P1.

    The base is the arc that holds the most points of the base over points of the wall, so that crumbs of either on the
    wrong side do not count.
    """
    if not base.any() or base.all():
        what, cure = ("base", "opens to the atrium") if not base.any() else ("wall", "has a wall (2) around it")
        raise InputError(f"The left ventricle of the label map has no {what}; label it so that it {cure}.")
    gain = np.where(base, 1, -1)
    (first, last, most), (wall_first, wall_last, least) = _best_arc(gain), _best_arc(-gain)
    if most >= gain.sum() + least:
        return np.concatenate([outline[last:], outline[:first]])
    return outline[wall_first:wall_last]


def _best_arc(gain: NDArray[np.int64]) -> tuple[int, int, int]:
    """First, last (exclusive) and sum of the stretch with the largest sum (Kadane's algorithm)."""
    reached = np.concatenate([[0], np.cumsum(gain)])
    over_lowest = reached - np.minimum.accumulate(reached)
    last = int(over_lowest.argmax())
    first = int(np.flatnonzero(over_lowest[:last] == 0)[-1])
    return first, last, int(over_lowest[last])


def _smooth_open(curve: Points, sigma: float) -> Points:
    """A Gaussian of `sigma` points along an open curve; mirrored at the ends, which therefore stay."""
    from scipy.ndimage import gaussian_filter1d

    reach = min(int(np.ceil(4 * sigma)), len(curve) - 1)
    before, after = 2 * curve[0] - curve[reach:0:-1], 2 * curve[-1] - curve[-2 : -reach - 2 : -1]
    smooth = gaussian_filter1d(np.concatenate([before, curve, after]), sigma, axis=0)
    return smooth[reach : len(smooth) - reach]
