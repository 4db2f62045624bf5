"""Hearts of adults: what is normal, and how diseased ones differ.

What the literature says, men and women where they differ, as mean and standard deviation:

- left ventricle by 2D: 106 +- 22 and 76 +- 15 ml, ejection fraction 62 +- 5 and 64 +- 5 %, walls up to 10 and 9 mm;
  right ventricle by 3D: 61 +- 13 and 53 +- 10.5 ml/m2, ejection fraction 58 +- 6.5 %; left atrium 16 to 34 ml/m2;
  right atrium by 2D 25 +- 7 and 21 +- 6 ml/m2; aortic annulus 26 +- 3 and 23 +- 2 mm, sinuses 34 +- 3 and 30 +- 3 mm,
  ascending aorta 30 +- 4 and 27 +- 4 mm (Lang et al., J Am Soc Echocardiogr 28:1-39, 2015);
- right atrium by 3D 52 +- 15 ml where 2D tells 41 +- 14 ml (Peluso et al., Eur Heart J Cardiovasc Imaging, 2013, doi
  10.1093/ehjci/jet024), so a quarter is added here to the volumes by 2D;
- the apex turns by some 10 degrees, the base by some 3 the other way (Young and Cowan, J Cardiovasc Magn Reson 14:49,
  2012).

Means are these, to a tenth. Spreads are smaller, for body size brings some of its own, and a heart is cut at two and a
half of them. No source is claimed for the rest, which was chosen: the emptying of the atria (by 3D, right atria empty
more, 63 +- 9 %, Peluso et al.), heart rates, sphericity, longitudinal shortening. Places and forms vary about as far
as those of the real hearts that were fitted here.

Disease begins where the guidelines draw the line, and how far it goes beyond was chosen: dilated ventricles lie beyond
the limits for volume and ejection fraction, ischemic ones for ejection fraction; hypertrophy is a wall of 15 mm or
more anywhere (13 mm in relatives of patients; Elliott et al., Eur Heart J 35:2733-2779, 2014); atria above 34 ml/m2
are enlarged, above 48 ml/m2 severely (Lang et al.); an overloaded right ventricle is large and flattens the septum,
mostly with a wall above 5 mm (Rudski et al., J Am Soc Echocardiogr 23:685-713, 2010). Scars lie in the territories of
the three coronary arteries (Cerqueira et al., Circulation 105:539-542, 2002), of which one is drawn as a patch.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np

from EchoSynthLib.anatomy.heart3d.parameters import FORM_MODES, RANGES, HeartParameters
from EchoSynthLib.errors import InputError

Values = dict[str, Any]

# Middle in the short axis, half width, middle and half extent in height: of the left anterior descending, the right and
# the left circumflex coronary artery.
_TERRITORIES = ((235.0, 70.0, 0.2, 0.4), (110.0, 45.0, 0.55, 0.35), (40.0, 45.0, 0.55, 0.35))
_FORM_SD = {"lv_form": 0.025, "wall_form": 0.06, "rv_form": 0.05, "la_form": 0.05, "ra_form": 0.05}
_SEPTUM_FLATTENED = (0.06, 0.0, 0.0, 0.0, -0.05, 0.0, 0.0, 0.0)


def draw(seed: int, condition: str = "normal") -> HeartParameters:
    """The numbers of one adult's heart, the same for the same seed and condition.

    Raises:
        InputError: no condition is called so.
    """
    if condition not in CONDITIONS:
        raise InputError(f"No condition of a heart is called {condition!r}. Known are: {', '.join(CONDITIONS)}.")
    rng = np.random.default_rng((seed, 3))
    values = _healthy(rng)
    CONDITIONS[condition](values, rng)
    ef = values["ejection_fraction"]
    values["lv_length_mm"] = _length(values["lv_edv_ml"], values.pop("sphericity"))
    values["tricuspid_mm"] *= (values["lv_edv_ml"] / 106) ** 0.17
    values["longitudinal_shortening"] = ef * rng.normal(0.26, 0.02)
    values["twist_deg"] = values.get("twist_deg", rng.normal(14, 3.5)) * min(1.0, ef / 0.6)
    mean = HeartParameters()
    for name, sd in _FORM_SD.items():
        shift = np.array(values.get(name, (0.0,) * FORM_MODES)) + rng.normal(0, sd, FORM_MODES)
        values[name] = tuple((np.array(getattr(mean, name)) + shift).tolist())
    for name, (low, high) in RANGES.items():
        if name in values:
            values[name] = float(np.clip(values[name], low, high))
    return replace(mean, **values)


def _healthy(rng: np.random.Generator) -> Values:
    man = rng.random() < 0.5
    surface = rng.normal(1.95, 0.16) if man else rng.normal(1.71, 0.15)  # body surface, m2
    size = surface / (1.95 if man else 1.71)

    def of(men: tuple[float, float], women: tuple[float, float], power: float = 0.0) -> float:
        mean, sd = men if man else women
        return float(mean + sd * np.clip(rng.normal(), -2.5, 2.5)) * size**power

    mean = HeartParameters()
    values: Values = {
        "lv_edv_ml": of((106, 18), (76, 12), 1.0),
        "ejection_fraction": of((0.62, 0.045), (0.64, 0.045)),
        "heart_rate": of((66, 9), (69, 9)),
        "sphericity": of((0.55, 0.04), (0.55, 0.04)),
        "wall_mm": of((8.8, 0.9), (7.8, 0.8), 0.5),
        "rv_edv_ml": of((61, 11), (53, 9)) * surface,
        "rv_ejection_fraction": of((0.57, 0.05), (0.59, 0.05)),
        "la_max_ml": of((26, 5), (25, 5)) * surface,
        "la_emptying": of((0.59, 0.06), (0.61, 0.06)),
        "ra_max_ml": of((31, 6), (27, 5)) * surface,
        "ra_emptying": of((0.44, 0.05), (0.46, 0.05)),
        "aortic_annulus_mm": of((25, 1.8), (22.5, 1.5), 0.5),
        "aortic_sinus_mm": of((33.5, 2.5), (30, 2.3), 0.5),
        "ascending_aorta_mm": of((30, 2.8), (27, 2.8), 0.5),
        "papillary_mm": of((4.6, 0.6), (4.2, 0.6)),
    }
    spread = {
        "lv_widest": 0.03, "lv_base": 0.05, "septum_ratio": 0.06, "apex_ratio": 0.08, "base_tilt_x": 0.04,
        "base_tilt_y": 0.05, "rv_apex": 0.03, "rv_angle_deg": 4, "rv_turn_deg": 5, "rv_width_deg": 3.5,
        "tricuspid_drop_mm": 2.5, "pulmonary_drop_mm": 2, "tricuspid_tilt": 0.05, "la_height": 0.1, "la_lean_x": 0.08,
        "la_lean_y": 0.08, "ra_x": 0.06, "ra_y": 0.07, "ra_z": 0.04, "ra_width": 0.06, "ra_depth": 0.08,
        "tricuspid_mm": 1.5, "tricuspid_deg": 2.5, "ra_turn_deg": 6, "ra_lean_x": 0.08, "ra_lean_y": 0.08,
        "aortic_x_mm": 1.5, "aortic_y_mm": 1.5, "aortic_lean_x": 0.2, "aortic_lean_y": 0.15,
    }  # fmt: skip
    for name, sd in spread.items():
        values[name] = getattr(mean, name) + sd * float(np.clip(rng.normal(), -2.5, 2.5))
    return values


def _length(edv_ml: float, sphericity: float) -> float:
    """mm of a cavity of this volume whose diameter is this part of it; 0.74 is the shape's share of a cylinder."""
    return float((1000 * edv_ml / (0.74 * math.pi / 4 * sphericity**2)) ** (1 / 3))


def _normal(values: Values, rng: np.random.Generator) -> None:
    """Nothing differs."""


def _dilated(values: Values, rng: np.random.Generator) -> None:
    values["lv_edv_ml"] = 195 * math.exp(0.24 * np.clip(rng.normal(), -2, 2))
    values["ejection_fraction"] = np.clip(rng.normal(0.29, 0.08), 0.1, 0.45)
    values["sphericity"] = rng.normal(0.66, 0.05)
    values["wall_mm"] = rng.normal(8.5, 0.9)
    values["heart_rate"] = rng.normal(77, 10)
    values["la_max_ml"] = np.clip(rng.normal(88, 22), 45, 170)
    values["la_emptying"] = np.clip(rng.normal(0.4, 0.08), 0.15, 0.6)
    values["rv_edv_ml"] *= rng.uniform(1.0, 1.4)
    values["rv_ejection_fraction"] = np.clip(rng.normal(0.43, 0.09), 0.2, 0.6)


def _hypertrophic(values: Values, rng: np.random.Generator) -> None:
    values["wall_mm"] = np.clip(rng.normal(14.5, 2.2), 12, 21)
    values["septum_ratio"] = rng.uniform(1.05, 1.5)
    values["lv_edv_ml"] *= rng.uniform(0.75, 1.0)
    values["ejection_fraction"] = np.clip(rng.normal(0.67, 0.05), 0.5, 0.76)
    values["la_max_ml"] = np.clip(rng.normal(72, 18), 40, 130)
    values["la_emptying"] = np.clip(rng.normal(0.48, 0.08), 0.2, 0.65)


def _ischemic(values: Values, rng: np.random.Generator) -> None:
    territory = _TERRITORIES[rng.choice(3, p=(0.5, 0.3, 0.2))]
    for name, value in zip(("scar_deg", "scar_width_deg", "scar_height", "scar_extent"), territory, strict=True):
        values[name] = value * rng.uniform(0.92, 1.08)
    values["scar"] = rng.uniform(0.6, 1.15)
    values["lv_edv_ml"] *= rng.uniform(1.05, 1.7)
    values["ejection_fraction"] = np.clip(rng.normal(0.42, 0.07), 0.25, 0.52)
    values["sphericity"] = rng.normal(0.59, 0.05)
    values["la_max_ml"] *= rng.uniform(1.0, 1.6)


def _large_atria(values: Values, rng: np.random.Generator) -> None:
    values["la_max_ml"] = np.clip(rng.normal(105, 28), 65, 220)
    values["la_emptying"] = np.clip(rng.normal(0.3, 0.09), 0.1, 0.5)
    values["ra_max_ml"] = np.clip(rng.normal(95, 25), 55, 200)
    values["ra_emptying"] = np.clip(rng.normal(0.3, 0.09), 0.1, 0.5)


def _rv_overload(values: Values, rng: np.random.Generator) -> None:
    values["rv_edv_ml"] *= rng.uniform(1.4, 2.1)
    values["rv_ejection_fraction"] = np.clip(rng.normal(0.41, 0.08), 0.2, 0.55)
    values["rv_wall_mm"] = rng.uniform(4.5, 8)
    values["ra_max_ml"] *= rng.uniform(1.4, 2.2)
    values["lv_edv_ml"] *= rng.uniform(0.75, 1.0)
    values["lv_form"] = _SEPTUM_FLATTENED


CONDITIONS = {
    "normal": _normal,
    "dilated": _dilated,
    "hypertrophic": _hypertrophic,
    "ischemic": _ischemic,
    "large atria": _large_atria,
    "rv overload": _rv_overload,
}
"""What a heart can be drawn with: each changes the values of a healthy one."""
