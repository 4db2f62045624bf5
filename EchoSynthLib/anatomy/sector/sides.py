"""A sector from the outline of a bright region: its two straight sides, its arcs, its aspect."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from EchoSynthLib.anatomy.sector.geometry import Sector
from EchoSynthLib.types import Mask, Spacing

_SMALLEST_SLOPES = 0.1  # columns a row between the two sides
_ASPECTS = (0.3, 3.0)
_ARC_POINTS = 8
_CROPPED = 0.8  # of the upper outline that lies on the border where the image cuts the near field off
_NEAR_FIELD = (0.06, 0.2)  # of the depth: where a shadow has not begun yet
_SHADOWED = math.radians(4.0)  # beams beyond a side that make it the edge of a shadow


def sector_of_outline(inside: Mask, spacing: Spacing | None) -> Sector | None:
    """The sector whose sides and arcs follow the outline of a region (H, W); None where two sides are not visible."""
    left, right = _side_line(inside, first=True), _side_line(inside, first=False)
    if left is None or right is None or right[0] - left[0] < _SMALLEST_SLOPES:
        return None
    apex_row = (left[1] - right[1]) / (right[0] - left[0])
    apex_column = left[0] * apex_row + left[1]
    rows = np.flatnonzero(inside.any(axis=1))
    if apex_row > rows[0] + 0.25 * len(rows):
        return None
    first = _start(inside, apex_row, apex_column, left[0], right[0], spacing)
    fitted = _refine(first, inside, fit_aspect=spacing is None)
    if spacing is None and not _ASPECTS[0] < fitted.aspect < _ASPECTS[1]:
        return None
    return _beyond_shadows(fitted, inside)


def _beyond_shadows(sector: Sector, inside: Mask) -> Sector:
    """Move a side that is the edge of a shadow to the beams that the near field shows.

    A shadow runs along the beams, so that its edge passes through the apex like the side itself, but it begins at
    some depth. The near field is short: a side that it shows is taken as the mirror image of the other one where
    the two are alike, for a probe sweeps symmetrically.
    """
    depth = sector.radius_far - sector.radius_near
    radius = sector.radius_near + np.linspace(*_NEAR_FIELD, 12) * depth
    angle = np.radians(np.arange(-80.0, 80.25, 0.5))
    seen = _along_beams(sector, inside, radius, angle)
    beams = angle[seen.mean(axis=0) > 0.5]
    if not beams.size:
        return sector
    left, right = sector.angle_left, sector.angle_right
    if beams[0] < left - _SHADOWED:
        left = -right if abs(beams[0] + right) < _SHADOWED else float(beams[0])
    if beams[-1] > right + _SHADOWED:
        right = -left if abs(beams[-1] + left) < _SHADOWED else float(beams[-1])
    return replace(sector, angle_left=left, angle_right=right)


def _side_line(inside: Mask, *, first: bool) -> tuple[float, float] | None:
    """Slope and offset of column = slope * row + offset along one side; None where the side is not visible."""
    rows = np.flatnonzero(inside.any(axis=1))
    edge = _first(inside[rows], axis=1) - 0.5 if first else _last(inside[rows], axis=1) + 0.5
    outward = -edge if first else edge
    widest = int(np.argmax(outward))
    near = rows[0] + 0.12 * (rows[-1] - rows[0])
    on_border = edge <= 0 if first else edge >= inside.shape[1] - 1
    use = (rows >= near) & (rows <= rows[widest]) & ~on_border
    if use.sum() < 6:
        return None
    slope, offset = _supporting_line(rows[use].astype(np.float64), outward[use])
    return (-slope, -offset) if first else (slope, offset)


def _supporting_line(x: NDArray[np.float64], y: NDArray[np.float64]) -> tuple[float, float]:
    """Line that most points lie on and few lie above, then least squares on these.

    Every pair of a sparse subset is tried. A point above costs three times what a point on the line gains: a shadow
    along the side makes a line of its own, but what is seen of the sector beyond it speaks against that line.
    """
    pick = np.linspace(0, len(x) - 1, min(len(x), 40)).astype(int)
    i, j = np.triu_indices(len(pick), k=max(1, len(pick) // 12))
    a, b = pick[i], pick[j]
    slopes = (y[b] - y[a]) / (x[b] - x[a])
    offsets = y[a] - slopes * x[a]
    tolerance = max(1.0, 0.006 * float(np.ptp(x)))
    above = y - (slopes[:, None] * x + offsets[:, None])
    gain = (np.abs(above) <= tolerance).sum(axis=1) - 3 * (above > tolerance).sum(axis=1)
    best = int(np.argmax(gain))
    slope, offset = float(slopes[best]), float(offsets[best])
    for _ in range(2):
        on_line = np.abs(slope * x + offset - y) <= tolerance
        if on_line.sum() >= 2:
            slope, offset = (float(v) for v in np.polyfit(x[on_line], y[on_line], 1))
    return slope, offset


def _start(
    inside: Mask,
    apex_row: float,
    apex_column: float,
    slope_left: float,
    slope_right: float,
    spacing: Spacing | None,
) -> Sector:
    rows = np.flatnonzero(inside.any(axis=1))
    depth = rows[-1] + 0.5 - apex_row
    if spacing is not None:
        aspect = spacing[1] / spacing[0]
    else:
        columns = np.flatnonzero(inside.any(axis=0))
        corners = _last(inside[:, columns[[1, -2]]], axis=0)
        cosine = np.clip((np.mean(corners) - apex_row) / depth, 0.2, 0.98)
        half_slope = (slope_right - slope_left) / 2
        aspect = math.tan(math.acos(float(cosine))) / half_slope
    aspect = float(np.clip(aspect, *_ASPECTS))
    return Sector(
        apex_row=apex_row,
        apex_column=apex_column,
        angle_left=math.atan(slope_left * aspect),
        angle_right=math.atan(slope_right * aspect),
        radius_near=max(0.0, rows[0] - 0.5 - apex_row),
        radius_far=depth,
        aspect=aspect,
    )


def _refine(sector: Sector, inside: Mask, *, fit_aspect: bool) -> Sector:
    """Adjust the radii (and the aspect) so that the two arcs follow the mask's upper and lower outline."""
    slopes = (math.tan(sector.angle_left) / sector.aspect, math.tan(sector.angle_right) / sector.aspect)
    across, down = _far_arc(sector, inside, slopes)
    if len(down) < _ARC_POINTS:
        return _cropped_below(sector, inside, slopes, fit_aspect=fit_aspect)
    far, aspect = _fit_arc(across, down, sector, fit_aspect=fit_aspect)
    if not 0.7 * sector.radius_far < far < 1.5 * sector.radius_far:
        return sector
    fitted = replace(
        sector,
        radius_far=far,
        aspect=aspect,
        angle_left=math.atan(slopes[0] * aspect),
        angle_right=math.atan(slopes[1] * aspect),
    )
    return replace(fitted, radius_near=_near_radius(fitted, inside))


def _far_arc(
    sector: Sector, inside: Mask, slopes: tuple[float, float]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Points (across, down) from the apex, in pixels, of the lower outline between the sides."""
    columns = np.flatnonzero(inside.any(axis=0))
    low = _last(inside[:, columns], axis=0) + 0.5
    across, down = columns - sector.apex_column, low - sector.apex_row
    on_border = low >= inside.shape[0] - 0.5
    on_arc = (across > slopes[0] * down) & (across < slopes[1] * down) & ~on_border
    # An arc that ends at the border touches it over a short run of columns, which are its deepest points; an arc cut
    # off by the border leaves a long straight run, which says nothing of the radius.
    touching = 2 * math.sqrt(4 * sector.radius_far) / sector.aspect
    if on_border.sum() <= touching:
        on_arc |= on_border & (down >= sector.radius_far - 1)
    elif min((on_arc & (across < 0)).sum(), (on_arc & (across > 0)).sum()) < _ARC_POINTS:
        on_arc &= False  # one end alone does not tell radius from aspect
    return across[on_arc], down[on_arc]


def _fit_arc(
    across: NDArray[np.float64], down: NDArray[np.float64], sector: Sector, *, fit_aspect: bool
) -> tuple[float, float]:
    """Far radius and aspect of the arc about the apex that most points lie on."""
    from scipy.optimize import least_squares

    def error(parameters: NDArray[np.float64]) -> NDArray[np.float64]:
        aspect = parameters[1] if fit_aspect else sector.aspect
        return np.hypot(down, across * aspect) - parameters[0]

    start = [sector.radius_far, sector.aspect] if fit_aspect else [sector.radius_far]
    found = least_squares(error, start, loss="cauchy", f_scale=1.0).x
    return float(found[0]), float(np.clip(found[1], *_ASPECTS)) if fit_aspect else sector.aspect


def _cropped_below(sector: Sector, inside: Mask, slopes: tuple[float, float], *, fit_aspect: bool) -> Sector:
    """The sector where the border hides the whole far arc: square pixels, far enough to hold what is seen."""
    aspect = 1.0 if fit_aspect else sector.aspect
    angles = (math.atan(slopes[0] * aspect), math.atan(slopes[1] * aspect))
    open_ended = replace(sector, aspect=aspect, angle_left=angles[0], angle_right=angles[1])
    radius, angle = open_ended.polar(*np.nonzero(inside))
    within = radius[(angle >= angles[0]) & (angle <= angles[1])]
    open_ended = replace(open_ended, radius_far=max(sector.radius_far, float(within.max(initial=0.0)) + 0.5))
    return replace(open_ended, radius_near=_near_radius(open_ended, inside))


def _near_radius(sector: Sector, inside: Mask) -> float:
    """Radius where the beams begin: of the outline's upper end along the middle beams."""
    columns = np.arange(inside.shape[1])
    angle = np.arctan2((columns - sector.apex_column) * sector.aspect, 0.5 * sector.radius_far)
    middle = columns[(np.abs(angle - (sector.angle_left + sector.angle_right) / 2) < 0.3 * sector.opening_angle)]
    column = middle[inside[:, middle].any(axis=0)]
    if not column.size:
        return 0.0
    row = _first(inside[:, column], axis=0)
    radius, beam = sector.polar(row - 0.5, column)
    on_beam = (beam > sector.angle_left * 0.9) & (beam < sector.angle_right * 0.9)
    if not on_beam.any() or (row[on_beam] == 0).mean() > _CROPPED:
        return 0.0
    near = float(np.median(radius[on_beam]))
    near = min(near, _first_seen(sector, inside))
    return near if near > 2.0 and near < 0.5 * sector.radius_far else 0.0


def _first_seen(sector: Sector, inside: Mask) -> float:
    """Median over the middle beams of the radius where the region begins; ragged sides do not disturb it."""
    radius = np.arange(0.0, 0.5 * sector.radius_far, 0.5)
    angle = sector.angle_left + np.linspace(0.2, 0.8, 25) * sector.opening_angle
    seen = _along_beams(sector, inside, radius, angle)
    return float(np.median(radius[np.argmax(seen, axis=0)]))


def _first(inside: Mask, axis: int) -> NDArray[np.intp]:
    """Index along an axis of the first pixel inside; each line has one."""
    return inside.argmax(axis=axis)


def _last(inside: Mask, axis: int) -> NDArray[np.intp]:
    """Index along an axis of the last pixel inside; each line has one."""
    return inside.shape[axis] - 1 - np.flip(inside, axis).argmax(axis=axis)


def _along_beams(sector: Sector, inside: Mask, radius: NDArray[np.float64], angle: NDArray[np.float64]) -> Mask:
    """The region (H, W) at radii and angles, shape (radii, angles); False beyond the image."""
    row, column = (np.rint(v).astype(int) for v in sector.cartesian(radius[:, None], angle[None, :]))
    in_image = (row >= 0) & (row < inside.shape[0]) & (column >= 0) & (column < inside.shape[1])
    seen = np.zeros(row.shape, dtype=bool)
    seen[in_image] = inside[row[in_image], column[in_image]]
    return seen
