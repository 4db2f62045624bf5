"""A heart with another left ventricle: what is asked for, and what goes along with it."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache
from typing import Any

import numpy as np

from EchoSynthLib.anatomy.heart3d.distributions import draw
from EchoSynthLib.anatomy.heart3d.heart import Heart
from EchoSynthLib.anatomy.heart3d.parameters import RANGES, HeartParameters

_FULL_TWIST = 0.6
"""Ejection fraction from which a ventricle twists as far as it can; below it twists in proportion."""
_TRICUSPID_POWER = 0.17
"""Of the volume, with which the tricuspid valve moves away, as in `distributions.draw`."""


def adjusted(
    p: HeartParameters,
    ejection_fraction: float | None = None,
    lv_edv_ml: float | None = None,
    wall_mm: float | None = None,
) -> HeartParameters:
    """The same heart with another ejection fraction, end-diastolic volume or wall of the left ventricle; None keeps it.

    A ventricle that holds more is longer and wider in proportion; one that ejects more shortens and twists more. The
    right heart and the atria stay.

    Raises:
        InputError: one is out of its range (`parameters.RANGES`).
    """
    ef = p.ejection_fraction if ejection_fraction is None else ejection_fraction
    volume = p.lv_edv_ml if lv_edv_ml is None else lv_edv_ml
    # Refused here, before anything is derived from it.
    asked = replace(p, ejection_fraction=ef, lv_edv_ml=volume, wall_mm=p.wall_mm if wall_mm is None else wall_mm)
    larger, stronger = volume / p.lv_edv_ml, ef / p.ejection_fraction
    twist = min(1.0, ef / _FULL_TWIST) / min(1.0, p.ejection_fraction / _FULL_TWIST)
    along = {
        "lv_length_mm": p.lv_length_mm * larger ** (1 / 3),
        "tricuspid_mm": p.tricuspid_mm * larger**_TRICUSPID_POWER,
        "longitudinal_shortening": p.longitudinal_shortening * stronger,
        "twist_deg": p.twist_deg * twist,
    }
    held: dict[str, Any] = {name: float(np.clip(value, *RANGES[name])) for name, value in along.items()}
    return replace(asked, **held)


@lru_cache(maxsize=8)
def adjusted_heart(
    seed: int,
    condition: str = "normal",
    ejection_fraction: float | None = None,
    lv_edv_ml: float | None = None,
    wall_mm: float | None = None,
) -> Heart:
    """The heart that is drawn for a seed and a condition, `adjusted`; the last ones are remembered, geometry and all.

    Raises:
        InputError: no condition is called so, or a number is out of its range.
    """
    return Heart(adjusted(draw(seed, condition), ejection_fraction, lv_edv_ml, wall_mm))
