"""Outlines of a beating parametric heart, in mm.

Points are (x, y): x to the right of the transducer, y below it. Within the ventricle, s runs along the long axis from
the middle of the mitral plane to the apex, and t across it to the right.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from EchoSynthLib.anatomy.heart2d.shape import HeartShape
from EchoSynthLib.errors import InputError

Points = NDArray[np.float64]

_WIDEST = 0.27  # fraction of the long axis, from the mitral plane, at which the cavity is widest
_BLUNTNESS = 2.5
_ED_SHARPNESS, _SHARPEST = 2.0, 1.15
_ANNULUS_SHORTENING = 0.55  # the ring narrows less than the cavity: its log shortening over the cavity's
_WIDEST_ANNULUS = 0.95
_BULGE_AT, _BULGE_REACH = 0.38, 0.2  # fractions of the long axis
_LEVEL = 1e-6  # smallest slope of a mitral plane that tilts: a ten thousandth of a pixel across the ring
_SAMPLES = 96
_DISCS = 512


@dataclass(frozen=True)
class Outlines:
    """Closed polygons (N, 2) in mm of one phase. The cavity and the atrium share the mitral plane."""

    cavity: Points
    myocardium: Points
    atrium: Points


@dataclass(frozen=True)
class _Cavity:
    """The cavity at one radial scale (1 at end-diastole); its profile follows CAMUS, more pointed in systole."""

    length: float
    diameter: float
    bow: float
    bulge: float
    annulus_ratio: float
    sharpness: float
    mitral_slope: float

    @classmethod
    def at_scale(cls, shape: HeartShape, scale: float) -> _Cavity:
        ring = shape.annulus_mm * scale**_ANNULUS_SHORTENING
        diameter = shape.diameter_mm * scale
        return cls(
            length=shape.length_mm * scale**shape.longitudinal_to_radial,
            diameter=diameter,
            bow=shape.bow_mm * scale,
            bulge=shape.left_bulge_mm * scale,
            annulus_ratio=min(ring / diameter, max(_WIDEST_ANNULUS, shape.annulus_mm / shape.diameter_mm)),
            sharpness=max(_ED_SHARPNESS * scale, _SHARPEST),
            mitral_slope=_slope(shape.mitral_tilt_deg),
        )

    def width(self, fraction: NDArray[np.float64]) -> NDArray[np.float64]:
        """Short axis at a fraction of the long axis: a super-ellipse towards the apex, a parabola towards the base."""
        up = np.clip((fraction - _WIDEST) / (1 - _WIDEST), 0, 1)
        down = np.clip((_WIDEST - fraction) / _WIDEST, 0, None)
        apical = (1 - up**self.sharpness) ** (1 / _BLUNTNESS)
        basal = 1 - (1 - self.annulus_ratio) * down**2
        return self.diameter * apical * basal

    def side(self, fraction: NDArray[np.float64], sign: int) -> NDArray[np.float64]:
        """Position t of the left (sign -1) or right (+1) endocardium at a fraction of the long axis."""
        middle = self.bow * np.sin(np.pi * np.clip(fraction, 0, 1))
        vanishing = 1 - np.clip(fraction, 0, 1) ** 4
        inwards = self.bulge * np.exp(-(((fraction - _BULGE_AT) / _BULGE_REACH) ** 2)) * vanishing
        return middle + sign * self.width(fraction) / 2 + (inwards if sign < 0 else 0.0)

    def hinge(self, sign: int) -> float:
        """Fraction of the long axis at which a side meets the mitral plane s = slope * t."""
        fraction = np.zeros(1)
        for _ in range(8):
            fraction = self.mitral_slope * self.side(fraction, sign) / self.length
        return float(fraction[0])

    def disc_volume(self) -> float:
        """Volume in mm^3 by the method of discs: circular discs square to the long axis."""
        lowest = min(self.hinge(-1), self.hinge(1), 0.0)
        edges = np.linspace(lowest, 1.0, _DISCS + 1)
        fraction = (edges[1:] + edges[:-1]) / 2
        left, right = self.side(fraction, -1), self.side(fraction, 1)
        if self.mitral_slope < 0:
            left = np.maximum(left, fraction * self.length / self.mitral_slope)
        elif self.mitral_slope > 0:
            right = np.minimum(right, fraction * self.length / self.mitral_slope)
        widths = np.clip(right - left, 0, None)
        return float(np.pi / 4 * (widths**2).sum() * self.length * (edges[1] - edges[0]))

    def outline(self) -> tuple[Points, NDArray[np.float64]]:
        """Points (N, 2) of (s, t) from the left hinge over the apex to the right hinge, and their fractions."""
        ramp = np.sin(np.linspace(0, np.pi / 2, _SAMPLES))
        left = 1 + (self.hinge(-1) - 1) * (1 - ramp)
        right = (1 + (self.hinge(1) - 1) * (1 - ramp))[-2::-1]
        fraction = np.concatenate([left, right])
        t = np.concatenate([self.side(left, -1), self.side(right, 1)])
        return np.stack([fraction * self.length, t], axis=1), fraction


def _slope(tilt_deg: float) -> float:
    """Slope of the mitral plane; of one that is level but for rounding, 0, for it is divided by."""
    slope = -math.tan(math.radians(tilt_deg))
    return slope if abs(slope) > _LEVEL else 0.0


def outlines(shape: HeartShape, emptied: float) -> Outlines:
    """The heart's outlines when a fraction of the end-diastolic volume has left the cavity.

    The epicardial apex and the atrium's roof stay in place while the mitral plane moves between them; the wall's area
    in the image stays that of end-diastole, so that the wall thickens as the cavity narrows.

    Args:
        shape: the heart at end-diastole.
        emptied: ejected volume over end-diastolic volume, 0 to below 1.
    """
    diastole, now = _Cavity.at_scale(shape, 1.0), _Cavity.at_scale(shape, _radial_scale(shape, emptied))
    thickening = _thickening(shape, now, area(_wall(shape, diastole, 1.0)))
    apex_moves = shape.wall_apex_mm * (thickening - 1)
    endocardium = _place(shape, now, now.outline()[0], apex_moves)
    return Outlines(
        cavity=endocardium,
        myocardium=_place(shape, now, _wall(shape, now, thickening), apex_moves),
        atrium=_atrium(shape, diastole, now, endocardium, apex_moves),
    )


def area(polygon: Points) -> float:
    """Area of a closed polygon (N, 2), by the shoelace formula."""
    x, y = polygon[:, 0], polygon[:, 1]
    return abs(float(np.dot(x, np.roll(y, -1)) - np.dot(y, np.roll(x, -1)))) / 2


def _radial_scale(shape: HeartShape, emptied: float) -> float:
    """The radial scale at which the cavity has lost this fraction of its volume."""
    wanted = (1 - emptied) * _Cavity.at_scale(shape, 1.0).disc_volume()
    if emptied == 0:
        return 1.0
    return _root(lambda scale: _Cavity.at_scale(shape, scale).disc_volume() / wanted - 1, 0.2, 1.0)


def _thickening(shape: HeartShape, cavity: _Cavity, wanted_area: float) -> float:
    """The factor on the wall's thickness that gives it this area."""
    return _root(lambda factor: area(_wall(shape, cavity, factor)) / wanted_area - 1, 0.2, 4.0)


def _root(rising: Callable[[float], float], low: float, high: float) -> float:
    from scipy.optimize import brentq

    try:
        return float(brentq(rising, low, high))
    except ValueError as error:
        raise InputError(
            "No heart of these sizes contracts so far with as much wall as it has at end-diastole. Give a smaller "
            "ejection fraction, a thinner wall, or a longitudinal_to_radial nearer to 0.5."
        ) from error


def _wall(shape: HeartShape, cavity: _Cavity, thickening: float) -> Points:
    """Polygon of (s, t): the endocardium, and back along it at the wall's thickness."""
    inner, fraction = cavity.outline()
    ahead = np.gradient(inner, axis=0)
    ahead /= np.linalg.norm(ahead, axis=1, keepdims=True)
    outward = np.stack([ahead[:, 1], -ahead[:, 0]], axis=1)
    is_left = np.arange(len(inner)) < _SAMPLES
    side = np.where(is_left, shape.wall_left_mm, shape.wall_right_mm)
    apical = np.clip((fraction - 0.5) / 0.5, 0, 1)
    apical = apical**2 * (3 - 2 * apical)
    thickness = thickening * (side + (shape.wall_apex_mm - side) * apical)
    return np.concatenate([inner, (inner + thickness[:, None] * outward)[::-1]])


def _place(shape: HeartShape, cavity: _Cavity, points: Points, apex_moves: float) -> Points:
    """Points (s, t) of the ventricle to (x, y) in the image."""
    tilt = math.radians(shape.tilt_deg)
    down, across = np.array([math.sin(tilt), math.cos(tilt)]), np.array([math.cos(tilt), -math.sin(tilt)])
    apex = np.array([shape.apex_offset_mm, shape.apex_depth_mm]) + apex_moves * down
    return apex + (cavity.length - points[:, :1]) * down + points[:, 1:] * across


def _atrium(shape: HeartShape, diastole: _Cavity, now: _Cavity, endocardium: Points, apex_moves: float) -> Points:
    """The atrium hangs on the mitral plane; it widens with the root of its lengthening, as in CAMUS."""
    lean = math.radians(shape.atrium_tilt_deg)
    rest = _place(shape, diastole, np.zeros((1, 2)), 0.0)[0]
    roof = rest + shape.atrium_length_mm * np.array([math.sin(lean), math.cos(lean)])
    left, right = endocardium[0], endocardium[-1]
    axis = roof - (left + right) / 2
    length = float(np.linalg.norm(axis))
    square = np.array([axis[1], -axis[0]]) / length
    ring = float(np.linalg.norm(right - left))
    width = max(shape.atrium_width_mm * math.sqrt(length / shape.atrium_length_mm), 1.02 * ring)

    fraction = np.sin(np.linspace(0, np.pi / 2, _SAMPLES))[:, None]
    widest = 0.5
    up = np.clip((widest - fraction) / widest, 0, 1)
    far = np.clip((fraction - widest) / (1 - widest), 0, 1)
    half = (width - (width - ring) * up**2) / 2 * (1 - far**2.2) ** (1 / 2.1)
    towards_square = np.clip(2 * fraction, 0, 1)
    direction = (1 - towards_square) * (right - left) / ring + towards_square * square
    direction /= np.linalg.norm(direction, axis=1, keepdims=True)
    center = (left + right) / 2 + fraction * axis
    return np.concatenate([center - half * direction, (center + half * direction)[::-1]])
