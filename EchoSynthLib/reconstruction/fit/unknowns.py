"""What is fitted: numbers of the heart and of each picture's plane, each with what is known of it beforehand."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from EchoSynthLib.anatomy.heart3d.parameters import FORM_MODES, LARGEST_FORM, RANGES, HeartParameters

Vector = NDArray[np.float64]

LA_EMPTYING = 0.5
"""A heart at one moment has one volume of each chamber; a `Heart` is asked for the largest, and starts with half."""

_SCALAR_SD = {
    "lv_edv_ml": 0.35,
    "lv_length_mm": 0.12,
    "lv_widest": 0.045,
    "lv_base": 0.075,
    "base_tilt_x": 0.08,
    "base_tilt_y": 0.08,
    "wall_mm": 0.25,
    "septum_ratio": 0.15,
    "apex_ratio": 0.15,
    "la_max_ml": 0.40,
    "la_height": 0.18,
    "la_lean_x": 0.12,
    "la_lean_y": 0.12,
}
"""Spread, of sizes as a logarithm: sizes around what the pictures tell at first sight, the others around the mean of
drawn hearts, half as wide again as these differ."""
_SIZES = ("lv_edv_ml", "lv_length_mm", "wall_mm", "la_max_ml", "la_height")
_FORM_SD = {"lv_form": 0.06, "wall_form": 0.10, "la_form": 0.08}
_HIDDEN = 0.2
"""Of their spread: what waves in the angle do between two planes is not seen, and may not be made up."""
POSE = ("azimuth", "tilt", "behind", "roll", "right", "down")
POSE_SD = (math.radians(1.0), math.radians(0.5), 0.3, math.radians(4.0), 3.0, 3.0)
"""Radians and mm. Azimuth, tilt and the offset behind the plane hardly show in two pictures: they are held far tighter
than hands hold a probe, or they explain what the surfaces cannot follow, and real ventricles come out too large. The
last three tell how the heart lies in the picture's own axes."""
_TOLD_SD = (*POSE_SD[:3], math.radians(1.0), 0.7, 0.7)
"""Where somebody told the long axis of a picture."""

RIGHT_HEART = np.array([[2.381, 0.536, -0.208, 0.088], [0.421, -0.482, 0.478, 0.823]])
"""Logarithm of the volumes of right ventricle and right atrium, in ml, from 1 and the logarithms of the left
ventricle's volume, the left atrium's and the long axis: least squares over end-diastole and end-systole of 800 hearts
(`Cohort(700)`), which differ from it by 40 and 35 %. A full atrium beside a small ventricle is end-systole."""


@dataclass(frozen=True, eq=False)
class Unknowns:
    """All numbers to be fitted, in units of their spread around `center`.

    Attributes:
        start: the heart that pictures tell at first sight; what is not fitted stays as it is there.
        azimuth: of each view's right in the heart's axes, radians, in the order of the pictures.
        told: whether the long axis of each picture was told; () where none was.
    """

    start: HeartParameters
    azimuth: tuple[float, ...]
    told: tuple[bool, ...] = ()

    @property
    def size(self) -> int:
        """How many numbers."""
        return SHAPE_SIZE + len(POSE) * len(self.azimuth)

    def heart(self, q: Vector) -> HeartParameters:
        """The heart that the first numbers are; what leads out of the ranges of hearts is stopped there."""
        changes: dict[str, Any] = {}
        for value, (name, sd) in zip(q, _SCALAR_SD.items(), strict=False):
            before = getattr(self.start, name)
            moved = before * math.exp(sd * value) if name in _SIZES else before + sd * value
            changes[name] = float(np.clip(moved, *RANGES[name]))
        forms = q[len(_SCALAR_SD) : SHAPE_SIZE].reshape(len(_FORM_SD), FORM_MODES)
        for values, (name, sd) in zip(forms, _FORM_SD.items(), strict=True):
            moved_form = np.array(getattr(self.start, name)) + sd * _OF_WAVE * values
            changes[name] = tuple(float(value) for value in np.clip(moved_form, -LARGEST_FORM, LARGEST_FORM))
        return replace(self.start, **changes)

    def poses(self, q: Vector) -> NDArray[np.float64]:
        """(views, 6): azimuth, tilt, behind, roll, right and down of each picture, in radians and mm."""
        moved = q[SHAPE_SIZE:].reshape(len(self.azimuth), len(POSE)) * np.array(POSE_SD)
        for view in np.flatnonzero(self.told):
            moved[view] *= np.array(_TOLD_SD) / np.array(POSE_SD)
        moved[:, 0] += self.azimuth
        return moved


_OF_WAVE = np.array([1.0, 1.0, 1.0, 1.0, _HIDDEN, _HIDDEN, _HIDDEN, _HIDDEN])
SHAPE_SIZE = len(_SCALAR_SD) + FORM_MODES * len(_FORM_SD)
NAMES = (*_SCALAR_SD, *(name for name in _FORM_SD for _ in range(FORM_MODES)))
"""Field of `HeartParameters` that each of the first numbers belongs to."""
LV_VOLUME = list(_SCALAR_SD).index("lv_edv_ml")
LV_VOLUME_SD = _SCALAR_SD["lv_edv_ml"]


def places_of(picture: NDArray[np.float64], pose: Sequence[float] | NDArray[np.float64]) -> NDArray[np.float64]:
    """(..., 3) in the heart's axes of points (..., 2) of a picture in its own: mm to the right of the apex and down."""
    azimuth, tilt, behind, roll, right, down = pose
    cos, sin = math.cos(roll), math.sin(roll)
    across = picture[..., 0] * cos - picture[..., 1] * sin + right
    along = picture[..., 0] * sin + picture[..., 1] * cos + down
    away = behind + along * math.sin(tilt)
    cos, sin = math.cos(azimuth), math.sin(azimuth)
    # Behind the picture is right x down: (sin, -cos, 0).
    return np.stack([across * cos + away * sin, across * sin - away * cos, along * math.cos(tilt)], axis=-1)


def first_sight(lengths_mm: Mapping[str, float], sizes: Mapping[str, float], mean: HeartParameters) -> HeartParameters:
    """The heart that the pictures' lengths and areas tell before anything is fitted.

    Args:
        lengths_mm: of the ventricle's long axis, by view.
        sizes: "lv_ml", "la_ml" and "wall_mm", as they are measured in two planes.
        mean: the heart of which all else is taken.
    """
    length = max(lengths_mm.values())
    seen = np.array([1.0, *np.log([sizes["lv_ml"], sizes["la_ml"], length])])
    right_ventricle, right_atrium = np.exp(RIGHT_HEART @ seen)

    def within(name: str, value: float) -> float:
        return float(np.clip(value, *RANGES[name]))

    return replace(
        mean,
        lv_edv_ml=within("lv_edv_ml", sizes["lv_ml"]),
        lv_length_mm=within("lv_length_mm", length),
        wall_mm=within("wall_mm", sizes["wall_mm"]),
        la_max_ml=within("la_max_ml", sizes["la_ml"] / (1 - LA_EMPTYING)),
        la_emptying=LA_EMPTYING,
        rv_edv_ml=within("rv_edv_ml", right_ventricle),
        ra_max_ml=within("ra_max_ml", right_atrium / (1 - mean.ra_emptying)),
    )
