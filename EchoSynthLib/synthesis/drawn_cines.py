"""Cines of gray levels that a network has drawn: their times, their place in an image, what is seen to beat in them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from EchoSynthLib.anatomy.sector.fit import fit_sector
from EchoSynthLib.anatomy.structures import CamusCode
from EchoSynthLib.errors import InputError
from EchoSynthLib.images.between_frames import at_times
from EchoSynthLib.images.grid import from_grid
from EchoSynthLib.measurement.chambers import Chamber, area_length_volume, ejected, long_axis_of_ventricle
from EchoSynthLib.synthesis.animation import Animation
from EchoSynthLib.types import Spacing

Segment = Callable[[NDArray[np.uint8]], NDArray[np.uint8]]
"""A gray image (H, W) to its label map."""


def best_beat(
    drawn: NDArray[np.float32],
    image: NDArray[np.uint8],
    segment: Segment,
    *,
    times: NDArray[np.float64],
    rate: float,
    endless: bool,
    ejection_fraction: float | None,
    heart_rate: float,
    spacing: Spacing | None,
    made: dict[str, Any],
) -> Animation:
    """The drawn cine whose ejection fraction is nearest to what was asked for, at the times asked for, with label maps.

    Args:
        drawn: cines (count, T, side, side), 0 to 255.
        image: (H, W), of the given frame, on whose grid and in whose sector the result lies.
        segment: sees labels in a frame.
        times: of the frames that are wanted, in seconds.
        rate: frames that are drawn of a second.
        endless: whether after the last drawn frame comes the first.
        ejection_fraction: percent; None takes the first cine.
        heart_rate: per minute, of the first beat, in which end-diastole and end-systole are looked for.
        spacing: (row, column) mm, where known.
        made: what the record says of how they were drawn.
    """
    inside = sector_mask(image, spacing)
    cines = [on_grid(cine, image.shape, inside) for cine in drawn]
    seen = [ejection_of(np.array([seen_volume(segment(frame), spacing) for frame in cine])) for cine in cines]
    chosen = cines[nearest(seen, ejection_fraction)]
    cine = np.rint(at_times(chosen, times * rate, endless)).clip(0, 255).astype(np.uint8)
    label_maps = np.stack([segment(frame) for frame in cine])
    ed, es = ends_of_beat(np.array([seen_volume(labels, spacing) for labels in label_maps]), times, heart_rate)
    told = {
        "best_of": len(cines),
        "ejection_fraction_of_each_drawn": [None if np.isnan(one) else round(100 * one, 2) for one in seen],
    }
    return Animation(cine, label_maps, None, 1000 * times, ed, es, made | told)


def on_grid(cine: NDArray[np.float32], shape: tuple[int, ...], inside: NDArray[np.bool_] | None) -> NDArray[np.uint8]:
    """Drawn frames (T, side, side) on an image's grid, black outside of its sector."""
    whole = np.rint(from_grid(cine, (shape[0], shape[1]))).clip(0, 255).astype(np.uint8)
    return whole if inside is None else whole * inside


def ejection_of(volumes: NDArray[np.float64]) -> float:
    """Ejection fraction, 0 to 1, of a ventricle's volumes in the frames of a cine; NaN where no frame shows one."""
    known = volumes[volumes > 0]
    return float(ejected(known.max(), known.min())) if known.size else float("nan")


def nearest(seen: Sequence[float], asked: float | None) -> int:
    """Number of the cine whose ejection fraction (0 to 1) is nearest to what was asked for, in percent."""
    if asked is None:
        return 0
    away = np.abs(100 * np.asarray(seen, dtype=float) - asked)
    return int(np.argmin(np.where(np.isnan(away), np.inf, away)))


def seen_volume(labels: NDArray[np.uint8], spacing: Spacing | None) -> float:
    """8 A^2 / (3 pi L) of the left ventricle; 0 where there is none."""
    axis = long_axis_of_ventricle(labels, spacing)
    return 0.0 if axis is None else area_length_volume(Chamber.of(labels == CamusCode.LV_CAVITY, axis))


def ends_of_beat(volumes: NDArray[np.float64], times: NDArray[np.float64], heart_rate: float) -> tuple[int, int]:
    """The frames of the largest and of the smallest ventricle in the first beat."""
    first = np.where((times < 60 / heart_rate) & (volumes > 0), volumes, np.nan)
    if np.isnan(first).all():
        return 0, 0
    return int(np.nanargmax(first)), int(np.nanargmin(first))


def sector_mask(image: NDArray[np.uint8], spacing: Spacing | None) -> NDArray[np.bool_] | None:
    """Of the image's sector; None where none is seen, as in a frame that is cut to its inside."""
    try:
        return fit_sector(image, spacing).mask(image.shape)
    except InputError:
        return None
