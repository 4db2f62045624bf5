"""Fit the ultrasound sector to an image, a mask or a label map."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from EchoSynthLib.anatomy.sector import Sector
from EchoSynthLib.errors import InputError

TYPICAL_HALF_ANGLE = math.radians(37.5)
"""Half of the opening angle that most CAMUS sectors have."""

_SMALLEST_SIDE = 16
_DARK = 4  # grey levels of 255 that compression and scanners leave outside the sector


def fit_sector(image: NDArray[np.generic], spacing: tuple[float, float] | None = None) -> Sector:
    """The sector seen in an image (H, W).

    The outline, not each pixel, is fitted, so that shadows inside the sector, text and ECG traces beside it, and a
    curved near field do no harm.

    Args:
        image: grey values; dark (below 4 of 255) outside the sector.
        spacing: (row, column) pixel size; its ratio fixes the aspect, which is fitted to the arc where it is None.

    Raises:
        InputError: the image is too small or shows no sector (nearly all dark, or bright up to its corners).
    """
    grey = np.asarray(image, dtype=np.float32)
    if grey.ndim != 2 or min(grey.shape) < _SMALLEST_SIDE:
        raise InputError(
            f"A sector is fitted to one image of at least {_SMALLEST_SIDE} x {_SMALLEST_SIDE} pixels; given was shape {grey.shape}."
        )
    top = float(grey.max())
    return fit_sector_mask(_foreground(grey > top * _DARK / 255), spacing)


def fit_sector_mask(mask: NDArray[np.generic], spacing: tuple[float, float] | None = None) -> Sector:
    """The sector whose pixels a mask (H, W) marks; see `fit_sector` for `spacing` and errors."""
    inside = np.asarray(mask) > 0
    if inside.ndim != 2 or min(inside.shape) < _SMALLEST_SIDE or inside.mean() < 0.05:
        raise InputError(
            "No ultrasound sector was found: less than a twentieth of the image is bright. Give a sector mask."
        )
    left, right = _side_line(inside, first=True), _side_line(inside, first=False)
    if left is None or right is None or right[0] - left[0] < 0.1:
        raise InputError(
            "No ultrasound sector was found: its two straight sides are not visible. Give a sector mask or a reference image."
        )
    apex_row = (left[1] - right[1]) / (right[0] - left[0])
    apex_column = left[0] * apex_row + left[1]
    first = _start(inside, apex_row, apex_column, left[0], right[0], spacing)
    return _refine(first, inside, fit_aspect=spacing is None)


def default_sector(
    shape: tuple[int, ...],
    label_map: NDArray[np.generic] | None = None,
    spacing: tuple[float, float] | None = None,
) -> Sector:
    """A typical sector that fills an image (H, W), widened until it holds the label map's structures.

    Echocardiograms are mostly cropped to their sector: it touches all four sides of the frame. `spacing` (row, column)
    fixes the aspect of the pixels; without it the aspect is the one that makes the sector fill the frame's width.
    """
    rows, columns = shape
    half = TYPICAL_HALF_ANGLE
    sector = Sector(
        apex_row=-0.5,
        apex_column=(columns - 1) / 2,
        angle_left=-half,
        angle_right=half,
        radius_near=0.0,
        radius_far=float(rows),
        aspect=rows * math.sin(half) / (columns / 2) if spacing is None else spacing[1] / spacing[0],
    )
    if label_map is None or not np.any(label_map):
        return sector
    return _holding(sector, label_map)


def _holding(sector: Sector, label_map: NDArray[np.generic]) -> Sector:
    radius, angle = sector.polar(*np.nonzero(label_map))
    margin = math.radians(1.0)
    return replace(
        sector,
        angle_left=max(min(sector.angle_left, float(angle.min()) - margin), -math.radians(85)),
        angle_right=min(max(sector.angle_right, float(angle.max()) + margin), math.radians(85)),
        radius_far=max(sector.radius_far, float(radius.max()) + 1.0),
    )


def _foreground(bright: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """The largest bright region without the thin things (text, traces, rulers) that touch it, its holes filled."""
    from scipy import ndimage

    size = max(2, min(bright.shape) // 60)
    disc = np.hypot(*np.mgrid[-size : size + 1, -size : size + 1]) <= size
    padded = np.pad(bright, 4 * size)
    closed = ndimage.binary_closing(padded, disc, iterations=2)
    filled = ndimage.binary_fill_holes(closed)
    opened = ndimage.binary_opening(filled, disc)
    labels, count = ndimage.label(opened)
    if count == 0:
        return bright & False
    largest = labels == 1 + int(np.argmax(ndimage.sum_labels(opened, labels, range(1, count + 1))))
    # Opening rounds the sharp corners away: grow back within what was bright.
    grown = ndimage.binary_dilation(largest, disc) & filled
    return grown[4 * size : -4 * size, 4 * size : -4 * size]


def _side_line(inside: NDArray[np.bool_], *, first: bool) -> tuple[float, float] | None:
    """Slope and offset of column = slope * row + offset along one side; None where the side is not visible."""
    rows = np.flatnonzero(inside.any(axis=1))
    edge = np.array([np.flatnonzero(inside[r])[0 if first else -1] for r in rows], dtype=np.float64)
    edge += -0.5 if first else 0.5
    outward = -edge if first else edge
    widest = int(np.argmax(outward))
    near = rows[0] + 0.12 * (rows[-1] - rows[0])
    on_border = edge <= 0 if first else edge >= inside.shape[1] - 1
    use = (rows >= near) & (rows <= rows[widest]) & ~on_border
    if use.sum() < 6:
        return None
    return _consensus_line(rows[use].astype(np.float64), edge[use])


def _consensus_line(x: NDArray[np.float64], y: NDArray[np.float64]) -> tuple[float, float]:
    """Line that most points agree with (every pair of a sparse subset is tried), then least squares on these."""
    pick = np.linspace(0, len(x) - 1, min(len(x), 40)).astype(int)
    i, j = np.triu_indices(len(pick), k=max(1, len(pick) // 4))
    a, b = pick[i], pick[j]
    slopes = (y[b] - y[a]) / (x[b] - x[a])
    offsets = y[a] - slopes * x[a]
    tolerance = max(1.0, 0.006 * float(np.ptp(x)))
    agree = (np.abs(slopes[:, None] * x + offsets[:, None] - y) <= tolerance).sum(axis=1)
    best = int(np.argmax(agree))
    inliers = np.abs(slopes[best] * x + offsets[best] - y) <= tolerance
    slope, offset = np.polyfit(x[inliers], y[inliers], 1) if inliers.sum() >= 2 else (slopes[best], offsets[best])
    return float(slope), float(offset)


def _start(
    inside: NDArray[np.bool_],
    apex_row: float,
    apex_column: float,
    slope_left: float,
    slope_right: float,
    spacing: tuple[float, float] | None,
) -> Sector:
    rows = np.flatnonzero(inside.any(axis=1))
    depth = rows[-1] + 0.5 - apex_row
    if spacing is not None:
        aspect = spacing[1] / spacing[0]
    else:
        columns = np.flatnonzero(inside.any(axis=0))
        corners = [np.flatnonzero(inside[:, c])[-1] for c in (columns[1], columns[-2])]
        cosine = np.clip((np.mean(corners) - apex_row) / depth, 0.2, 0.98)
        half_slope = (slope_right - slope_left) / 2
        aspect = math.tan(math.acos(float(cosine))) / half_slope
    aspect = float(np.clip(aspect, 0.3, 3.0))
    return Sector(
        apex_row=apex_row,
        apex_column=apex_column,
        angle_left=math.atan(slope_left * aspect),
        angle_right=math.atan(slope_right * aspect),
        radius_near=max(0.0, rows[0] - 0.5 - apex_row),
        radius_far=depth,
        aspect=aspect,
    )


def _refine(sector: Sector, inside: NDArray[np.bool_], *, fit_aspect: bool) -> Sector:
    """Adjust the radii (and the aspect) so that the two arcs follow the mask's upper and lower outline."""
    from scipy.optimize import least_squares

    columns = np.flatnonzero(inside.any(axis=0))
    low = np.array([np.flatnonzero(inside[:, c])[-1] for c in columns]) + 0.5
    slopes = (math.tan(sector.angle_left) / sector.aspect, math.tan(sector.angle_right) / sector.aspect)
    across = columns - sector.apex_column
    down = low - sector.apex_row
    on_arc = (across > slopes[0] * down) & (across < slopes[1] * down) & (low < inside.shape[0] - 0.5)
    # The deepest point often lies on the border itself: keep those that are deepest.
    on_arc |= (low >= inside.shape[0] - 0.5) & (down >= sector.radius_far - 1)
    if on_arc.sum() < 8:
        return sector

    def error(parameters: NDArray[np.float64]) -> NDArray[np.float64]:
        aspect = parameters[1] if fit_aspect else sector.aspect
        return np.hypot(down[on_arc], across[on_arc] * aspect) - parameters[0]

    start = [sector.radius_far, sector.aspect] if fit_aspect else [sector.radius_far]
    found = least_squares(error, start, loss="cauchy", f_scale=1.0).x
    far = float(found[0])
    aspect = float(np.clip(found[1], 0.3, 3.0)) if fit_aspect else sector.aspect
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


def _near_radius(sector: Sector, inside: NDArray[np.bool_]) -> float:
    """Radius where the beams begin: of the outline's upper end along the middle beams."""
    columns = np.arange(inside.shape[1])
    angle = np.arctan2((columns - sector.apex_column) * sector.aspect, 0.5 * sector.radius_far)
    middle = columns[(np.abs(angle - (sector.angle_left + sector.angle_right) / 2) < 0.3 * sector.opening_angle)]
    tops = [(np.flatnonzero(inside[:, c])[0], c) for c in middle if inside[:, c].any()]
    if not tops:
        return 0.0
    row, column = np.array(tops, dtype=np.float64).T
    radius, beam = sector.polar(row - 0.5, column)
    on_beam = (beam > sector.angle_left * 0.9) & (beam < sector.angle_right * 0.9)
    near = float(np.median(radius[on_beam])) if on_beam.any() else 0.0
    return near if near > 2.0 and near < 0.5 * sector.radius_far else 0.0
