"""A measurement, and the list of all there are: what each means, how it is computed, where that comes from."""

from __future__ import annotations

from dataclasses import dataclass

from EchoSynthLib.measurement.reliability.thresholds import BY_CONFIDENCE
from EchoSynthLib.types import Spacing

LANG = "Lang et al., J Am Soc Echocardiogr 28:1-39, 2015"
LANG_2005 = "Lang et al., J Am Soc Echocardiogr 18:1440-1463, 2005"
THICKNESS_SEGMENTS = ("basal left", "mid left", "apical left", "apical right", "mid right", "basal right")
"""Sixths of the wall between the points P1 to P7 of the endocardium; left and right are the image's."""


@dataclass(frozen=True)
class Measurement:
    """One number.

    Attributes:
        name: a key of `DEFINITIONS`.
        value: the number, in `unit`.
        unit: mm, mm2 or ml where the pixel size is known, else px (for lengths) and px2; % and 1 for ratios.
        where: what was measured: '4CH ED', 'frame 12', '2CH + 4CH ED', 'cine'; empty for a lone frame.
        formula, source: of the number, as in `DEFINITIONS`.
        low, high: between what it truly lies nine times of ten, in the same unit, see `reliability.intervals`; None
            where that is not known.
    """

    name: str
    value: float
    unit: str
    where: str
    formula: str
    source: str
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True)
class Definition:
    """What a measurement means: its quantity (length, area, volume, percent, ratio, number), formula and source."""

    quantity: str
    formula: str
    source: str


_UNITS = {"length": ("mm", "px"), "area": ("mm2", "px2"), "volume": ("ml", None)} | {
    quantity: (unit, unit) for quantity, unit in (("percent", "%"), ("ratio", "1"), ("number", "1"))
}
_DISCS = "pi / 4 * sum(d_i^2) * H / 20, H the chamber's extent along the long axis"
_BIPLANE = "pi / 4 * sum(a_i b_i) * H / 20, H the larger of both chambers' extents along their long axes"
_AREA_LENGTH = "8 A^2 / (3 pi L)"
_OURS = "EchoSynth"

DEFINITIONS: dict[str, Definition] = {
    "LV length": Definition("length", "middle of the mitral plane to the apex", LANG),
    "LV area": Definition("area", "pixels of the cavity x area of a pixel", LANG),
    "LV volume, discs": Definition("volume", _DISCS, LANG),
    "LV volume, area-length": Definition("volume", _AREA_LENGTH, LANG),
    "myocardium area": Definition("area", "pixels of the myocardium x area of a pixel", _OURS),
    "LA length": Definition("length", "middle of the mitral plane, square to it, to the roof of the atrium", LANG_2005),
    "LA area": Definition("area", "pixels of the atrium x area of a pixel", LANG),
    "LA volume, discs": Definition("volume", _DISCS, LANG),
    "LA volume, area-length": Definition("volume", _AREA_LENGTH, LANG),
    "wall thickness, mean": Definition("length", "mean along the endocardium, square to it", _OURS),
    "wall thickness, smallest": Definition("length", "5th percentile along the endocardium, square to it", _OURS),
    "wall thickness, largest": Definition("length", "95th percentile along the endocardium, square to it", _OURS),
    **{
        f"wall thickness, {name}": Definition("length", "mean over a sixth of the endocardium, square to it", _OURS)
        for name in THICKNESS_SEGMENTS
    },
    "LV volume, biplane discs": Definition("volume", _BIPLANE, LANG),
    "LA volume, biplane discs": Definition("volume", _BIPLANE, LANG),
    "LA volume, biplane area-length": Definition("volume", "8 A_2CH A_4CH / (3 pi L), L the shorter of both", LANG),
    "EF, discs": Definition("percent", "(V_ED - V_ES) / V_ED", LANG),
    "EF, area-length": Definition("percent", "(V_ED - V_ES) / V_ED", LANG),
    "EF, biplane discs": Definition("percent", "(V_ED - V_ES) / V_ED", LANG),
    "FAC": Definition("percent", "(A_ED - A_ES) / A_ED of the LV cavity", LANG),
    "LV shortening": Definition("percent", "(L_ED - L_ES) / L_ED of the long axis", _OURS),
    "LV length, 2CH over 4CH": Definition("ratio", "L_2CH / L_4CH", LANG),
    "ED frame": Definition("number", "largest A^2 / L of the LV over time; the first frame is 0", _OURS),
    "ES frame": Definition("number", "smallest A^2 / L of the LV over time; the first frame is 0", _OURS),
    "beats": Definition("number", "falls of A^2 / L of the LV by half of its range or more; ratios are means", _OURS),
    **{
        f"expected Dice, {name}": Definition(
            "ratio",
            f"1.01 - exp({fit.offset:g}) (1.001 - E)^{fit.exponent:g}, "
            "E = 2 sum_in p / (2 sum_in p + sum_in (1-p) + sum_near (1-p))",
            _OURS,
        )
        for name, fit in BY_CONFIDENCE.items()
    },
    "confidence, mitral plane": Definition("ratio", "mean confidence around the middle of the mitral plane", _OURS),
    "confidence, apex": Definition("ratio", "mean confidence around the apex", _OURS),
    "contour agreement": Definition("ratio", "Dice of the cavity with what the contour model's curve encloses", _OURS),
    "landmark spread": Definition("ratio", "mean spread of the contour model's landmarks / sqrt(LV area)", _OURS),
    "segmenter agreement": Definition("ratio", "mean Dice of the structures with those that the segmenter sees", _OURS),
    "agreement": Definition("ratio", "Dice with the segmentation of the picture moved, scaled and re-exposed", _OURS),
}
"""Every measurement by its name."""


def measurement(name: str, value: float, spacing: Spacing | None, where: str = "") -> Measurement | None:
    """The measurement of a value in mm, mm2 or mm3, or in pixels; None for a volume of unknown size."""
    defined = DEFINITIONS[name]
    unit = _UNITS[defined.quantity][0 if spacing is not None else 1]
    if unit is None:
        return None
    if defined.quantity == "volume":
        value = value / 1000
    if defined.quantity == "percent":
        value = 100 * value
    return Measurement(name, float(value), unit, where, defined.formula, defined.source)
