"""Parametric apical hearts: label maps of any phase with a requested ejection fraction, made without any data."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from EchoSynthLib.anatomy.heart2d.outline import Outlines, Points, outlines
from EchoSynthLib.anatomy.heart2d.shape import TYPICAL_HEARTS, HeartShape, random_shape, typical_heart
from EchoSynthLib.anatomy.labels import CAMUS
from EchoSynthLib.anatomy.masks import fill_polygon
from EchoSynthLib.anatomy.sector.geometry import Sector
from EchoSynthLib.anatomy.structures import CamusCode
from EchoSynthLib.anatomy.views import FOUR_CHAMBER, taken_view
from EchoSynthLib.errors import InputError
from EchoSynthLib.types import Spacing

EJECTION_FRACTIONS = (0.05, 0.85)
"""Range of the ejection fractions that can be asked for."""

SYSTOLE = 0.38
"""Part of the heart cycle from end-diastole to end-systole, at a resting heart rate."""

_SMALLEST_SIDE = 32
_ATTEMPTS = 16
_WALL_CUT = 0.05  # of the wall's outline, that may leave the sector as it does in real scans


@dataclass(frozen=True)
class HeartMap:
    """A drawn heart.

    Attributes:
        label_map: (H, W) uint8 in CAMUS codes.
        sector: the ultrasound sector it lies in, on the same grid.
        view: "2CH" or "4CH".
        phase: 0 at end-diastole, 1 at end-systole.
        spacing: (row, column) pixel size in mm.
        ejection_fraction: of the whole heart beat.
    """

    label_map: NDArray[np.uint8]
    sector: Sector
    view: str
    phase: float
    spacing: Spacing
    ejection_fraction: float


def parametric_heart(
    view: str = FOUR_CHAMBER.name,
    phase: float = 0.0,
    ejection_fraction: float = 0.6,
    shape: tuple[int, int] = (224, 224),
    **shape_parameters: float,
) -> HeartMap:
    """The left heart in an apical view, at one phase of the beat.

    The cavity's volume by the method of discs falls from end-diastole to end-systole by the ejection fraction, with a
    cosine between: V(phase) = V_ED * (1 - EF * (1 - cos(pi * phase)) / 2), exact to rasterization.

    Args:
        view: "2CH" or "4CH".
        phase: 0 (end-diastole) to 1 (end-systole).
        ejection_fraction: 0.05 to 0.85.
        shape: rows and columns, at least 32 each. The image shows `depth_mm` over its rows, and the sector's chord over
            its columns, so that pixels are square at about 1.22 times as many columns as rows (75 degrees).
        shape_parameters: sizes of `HeartShape` that replace the view's typical ones, such as `length_mm=92`.

    Raises:
        InputError: a value out of range, an unknown size, or a heart that does not fit into the sector. The sector may
            cut, as in real scans, the left atrium and a twentieth of the wall's outline, but not the cavity.
    """
    heart = typical_heart(view).with_changes(**shape_parameters)
    return _draw(heart, taken_view(view, "parametric hearts").name, phase, ejection_fraction, shape)


def heart_cycle(
    frames: int,
    view: str = FOUR_CHAMBER.name,
    ejection_fraction: float = 0.6,
    shape: tuple[int, int] = (224, 224),
    **shape_parameters: float,
) -> tuple[HeartMap, ...]:
    """One heart cycle from end-diastole, in equal steps of time; the frame after the last is the first.

    Args and errors as in `parametric_heart`; frames is at least 1.
    """
    if isinstance(frames, bool) or not isinstance(frames, (int, np.integer)) or frames < 1:
        raise InputError(f"A heart cycle has a whole number of frames, at least 1; given was {frames!r}.")
    heart = typical_heart(view).with_changes(**shape_parameters)
    name = taken_view(view, "parametric hearts").name
    return tuple(_draw(heart, name, cycle_phase(i / frames), ejection_fraction, shape) for i in range(frames))


def cycle_phase(time: float) -> float:
    """Phase (0 end-diastole, 1 end-systole) at a time in heart cycles; systole takes 38 % of each."""
    within = time % 1.0
    return within / SYSTOLE if within <= SYSTOLE else (1 - within) / (1 - SYSTOLE)


def random_heart(
    seed: int,
    view: str = FOUR_CHAMBER.name,
    phase: float = 0.0,
    ejection_fraction: float | None = None,
    shape: tuple[int, int] = (224, 224),
) -> HeartMap:
    """A plausible heart, drawn from the seed and the view alone; other phases of the same seed show the same heart.

    The ejection fraction, where None, is drawn around 0.55 (standard deviation 0.1, 0.25 to 0.75). Errors as in
    `parametric_heart`; a negative seed is one, too.
    """
    if isinstance(seed, bool) or not isinstance(seed, (int, np.integer)) or seed < 0:
        raise InputError(f"A seed is a whole number, 0 or above; given was {seed!r}.")
    name = taken_view(view, "parametric hearts").name
    generator = np.random.default_rng([int(seed), list(TYPICAL_HEARTS).index(name)])
    drawn = float(np.clip(generator.normal(0.55, 0.1), 0.25, 0.75))
    heart = _fitting_shape(generator, name)
    return _draw(heart, name, phase, drawn if ejection_fraction is None else ejection_fraction, shape)


def _fitting_shape(generator: np.random.Generator, view: str) -> HeartShape:
    """The first draw that fits into its sector; draws come closer to the typical heart with each attempt."""
    for attempt in range(_ATTEMPTS):
        heart = random_shape(generator, view, spread=1 - attempt / _ATTEMPTS)
        drawn = outlines(heart, 0.0)
        if _outside(heart, drawn.myocardium) + _outside(heart, drawn.atrium) == 0:
            return heart
    return typical_heart(view)


def _draw(heart: HeartShape, view: str, phase: float, ejection_fraction: float, shape: tuple[int, int]) -> HeartMap:
    _check_range("phase", phase, (0.0, 1.0))
    _check_range("ejection fraction", ejection_fraction, EJECTION_FRACTIONS)
    _check_shape(shape)
    drawn = outlines(heart, ejection_fraction * (1 - math.cos(math.pi * phase)) / 2)
    _check_fit(heart, drawn)
    spacing = (heart.depth_mm / shape[0], _chord(heart) / shape[1])
    sector = _sector(heart, shape, spacing)
    label_map = np.zeros(shape, np.uint8)
    structures = (("left atrium", drawn.atrium), ("myocardium", drawn.myocardium), ("left ventricle", drawn.cavity))
    for name, polygon in structures:
        label_map[fill_polygon(_pixels(polygon, shape, spacing), shape)] = CAMUS[name]
    label_map[~sector.mask(shape)] = CamusCode.BACKGROUND
    return HeartMap(label_map, sector, view, float(phase), spacing, float(ejection_fraction))


def _chord(heart: HeartShape) -> float:
    """Largest width of the sector in mm."""
    return 2 * heart.depth_mm * math.sin(math.radians(heart.opening_angle_deg) / 2)


def _sector(heart: HeartShape, shape: tuple[int, int], spacing: Spacing) -> Sector:
    half = math.radians(heart.opening_angle_deg) / 2
    return Sector(
        apex_row=-0.5,
        apex_column=(shape[1] - 1) / 2,
        angle_left=-half,
        angle_right=half,
        radius_near=0.0,
        radius_far=float(shape[0]),
        aspect=spacing[1] / spacing[0],
    )


def _pixels(polygon: Points, shape: tuple[int, int], spacing: Spacing) -> Points:
    """Points (x, y) in mm as (row, column)."""
    return np.stack([polygon[:, 1] / spacing[0] - 0.5, polygon[:, 0] / spacing[1] + (shape[1] - 1) / 2], axis=1)


def _outside(heart: HeartShape, polygon: Points) -> int:
    """Number of the polygon's points that lie outside the sector."""
    radius, angle = np.hypot(polygon[:, 0], polygon[:, 1]), np.arctan2(polygon[:, 0], polygon[:, 1])
    half = math.radians(heart.opening_angle_deg) / 2
    return int(((radius > heart.depth_mm) | (np.abs(angle) > half)).sum())


def _check_fit(heart: HeartShape, drawn: Outlines) -> None:
    outside = _outside(heart, drawn.myocardium) / len(drawn.myocardium)
    if outside > _WALL_CUT or _outside(heart, drawn.cavity):
        raise InputError(
            f"The left ventricle does not fit into the sector: {100 * outside:.0f} % of its wall's outline lies "
            f"outside a depth of {heart.depth_mm:g} mm and an angle of {heart.opening_angle_deg:g} degrees. "
            "Make the heart smaller, place it deeper, or give more depth_mm or opening_angle_deg."
        )


def _check_range(name: str, value: float, allowed: tuple[float, float]) -> None:
    if not allowed[0] <= value <= allowed[1]:
        raise InputError(f"The {name} lies between {allowed[0]:g} and {allowed[1]:g}; given was {value!r}.")


def _check_shape(shape: tuple[int, int]) -> None:
    whole = len(shape) == 2 and all(isinstance(n, (int, np.integer)) for n in shape)
    if not whole or min(shape) < _SMALLEST_SIDE:
        raise InputError(
            f"A heart is drawn on at least {_SMALLEST_SIDE} x {_SMALLEST_SIDE} pixels (rows, columns); "
            f"given was {shape!r}."
        )
