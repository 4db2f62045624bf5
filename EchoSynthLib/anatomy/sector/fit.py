"""Fit the ultrasound sector to an image, a mask or a label map."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from EchoSynthLib.anatomy.sector.edges import edge_contrast, is_sharp, snap_to_edges
from EchoSynthLib.anatomy.sector.geometry import Sector
from EchoSynthLib.anatomy.sector.outline import outlines
from EchoSynthLib.anatomy.sector.sides import sector_of_outline
from EchoSynthLib.errors import InputError
from EchoSynthLib.types import Mask, Spacing

TYPICAL_HALF_ANGLE = math.radians(37.5)
"""Half of the opening angle that most CAMUS sectors have."""

_SMALLEST_SIDE = 16
_SMALLEST_SHARE = 0.05  # of the image that a sector fills
_HELD = 0.9  # of the bright region that a sector must hold, whatever touches it
_BRIGHT = 0.55  # of the sector that must be bright, whatever shadows it
_ALIKE = 0.985  # intersection over union of sector and region from which no other outline is tried
_LEAST_CONTRAST = 0.45  # a disc or an ellipse reaches 0.4
_GAIN = 0.02  # of contrast for which a less faithful outline is taken
_STEEPEST = math.radians(85)
_ADVICE = "Give a sector mask or a reference image that shows one."


def fit_sector(image: NDArray[np.generic], spacing: Spacing | None = None) -> Sector:
    """The sector seen in an image (H, W).

    The outline, not each pixel, is fitted, so that shadows inside the sector, text and ECG traces beside it, noise
    outside it, a cropped side and a curved near field do little harm.

    Args:
        image: gray values of any range; the surroundings of the sector are darker than the sector.
        spacing: (row, column) pixel size; its ratio fixes the aspect, which is fitted to the arc where it is None.

    Raises:
        InputError: the image is too small, holds NaN, or shows no sector (nearly all dark, bright up to its borders,
            or bright in another shape).
    """
    gray = np.asarray(image, dtype=np.float32)
    _check_size(gray)
    if not np.isfinite(gray).all():
        raise InputError("A sector is fitted to finite gray values; the image holds NaN or infinity.")
    best: tuple[float, Sector] | None = None
    for region in outlines(gray):
        sector = sector_of_outline(region, spacing) if region.mean() >= _SMALLEST_SHARE else None
        if sector is None:
            continue
        inside = sector.mask(gray.shape)
        if not _fits(inside, region):
            continue
        sharp = is_sharp(gray, sector, inside)
        if not sharp:
            snapped = snap_to_edges(gray, sector, inside)
            inside = inside if snapped is sector else snapped.mask(gray.shape)
            sector = snapped
        contrast = edge_contrast(gray, sector, inside)
        if contrast >= _LEAST_CONTRAST and (best is None or contrast > best[0] + _GAIN):
            best = contrast, sector
        if best is not None and sharp and _overlap(inside, region) >= _ALIKE:
            break
    if best is None:
        raise InputError(f"No ultrasound sector was found in the image of shape {gray.shape}. {_ADVICE}")
    return best[1]


def fit_sector_mask(mask: NDArray[np.generic], spacing: Spacing | None = None) -> Sector:
    """The sector whose pixels a mask (H, W) marks; see `fit_sector` for `spacing` and errors."""
    inside = np.asarray(mask) > 0
    _check_size(inside)
    if inside.mean() < _SMALLEST_SHARE:
        raise InputError(f"The sector mask marks {inside.mean():.1%} of the image; a sector fills at least 5 %.")
    sector = sector_of_outline(inside, spacing)
    if sector is None:
        raise InputError(f"The two straight sides of a sector are not visible in the mask. {_ADVICE}")
    if not _fits(sector.mask(inside.shape), inside):
        raise InputError(f"The mask does not have the shape of an ultrasound sector. {_ADVICE}")
    return sector


def default_sector(
    shape: tuple[int, ...],
    label_map: NDArray[np.generic] | None = None,
    spacing: Spacing | None = None,
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
    row, column = np.nonzero(label_map)
    margin = math.radians(1.0)
    # A structure beside the apex lies beyond any beam: the apex rises until the beams reach it.
    across = np.abs(column - sector.apex_column) * sector.aspect
    highest = float((row - across / math.tan(_STEEPEST - margin)).min())
    lift = max(0.0, sector.apex_row - highest)
    sector = replace(sector, apex_row=sector.apex_row - lift, radius_far=sector.radius_far + lift)
    radius, angle = sector.polar(row, column)
    return replace(
        sector,
        angle_left=min(sector.angle_left, float(angle.min()) - margin),
        angle_right=max(sector.angle_right, float(angle.max()) + margin),
        radius_far=max(sector.radius_far, float(radius.max()) + 1.0),
    )


def _check_size(image: NDArray[np.generic]) -> None:
    if image.ndim != 2 or min(image.shape) < _SMALLEST_SIDE:
        raise InputError(
            f"A sector is fitted to one image of at least {_SMALLEST_SIDE} x {_SMALLEST_SIDE} pixels; "
            f"given was shape {image.shape}."
        )


def _fits(inside: Mask, region: Mask) -> bool:
    """Whether the inside of a sector holds a region, and is bright for the most part."""
    shared = np.count_nonzero(inside & region)
    return bool(shared >= _HELD * np.count_nonzero(region) and shared >= _BRIGHT * np.count_nonzero(inside))


def _overlap(inside: Mask, region: Mask) -> float:
    union = np.count_nonzero(inside | region)
    return np.count_nonzero(inside & region) / union if union else 0.0
