"""The numbers that make a heart: volumes, lengths, and how it beats."""

from __future__ import annotations

from dataclasses import dataclass

from EchoSynthLib.errors import InputError


@dataclass(frozen=True)
class HeartParameters:
    """A heart in the units of an echocardiography report; shapes at end-diastole unless said otherwise.

    Attributes:
        lv_edv_ml: end-diastolic volume of the left ventricle, papillary muscles included.
        ejection_fraction: of the left ventricle, 0 to 1.
        heart_rate: beats a minute.
        lv_length_mm: from the endocardium of the apex to the middle of the mitral plane.
        lv_widest: where along that length the cavity is widest, 0 at the apex.
        lv_base: radius at the mitral plane, over the largest.
        wall_mm: mean thickness of the left ventricle's wall.
        septum_ratio: thickness of the septum over that of the lateral wall.
        apex_ratio: thickness of the wall at the apex over the mean.
        longitudinal_shortening: fraction of its length that the left ventricle loses to end-systole.
        twist_deg: rotation of the apex against the base at end-systole.
        rv_edv_ml, rv_ejection_fraction, rv_wall_mm: of the right ventricle.
        la_max_ml, la_emptying: largest volume of the left atrium, and the fraction that leaves it until end-diastole.
        ra_max_ml, ra_emptying: the same of the right atrium.
        atrial_wall_mm: thickness.
        aortic_annulus_mm, aortic_sinus_mm, ascending_aorta_mm: inner diameters.
        papillary_mm: radius of the papillary muscles.
    """

    lv_edv_ml: float = 106.0
    ejection_fraction: float = 0.62
    heart_rate: float = 68.0
    lv_length_mm: float = 86.0
    lv_widest: float = 0.6
    lv_base: float = 0.76
    wall_mm: float = 9.0
    septum_ratio: float = 1.05
    apex_ratio: float = 0.7
    longitudinal_shortening: float = 0.16
    twist_deg: float = 14.0
    rv_edv_ml: float = 110.0
    rv_ejection_fraction: float = 0.56
    rv_wall_mm: float = 3.5
    la_max_ml: float = 50.0
    la_emptying: float = 0.55
    ra_max_ml: float = 48.0
    ra_emptying: float = 0.5
    atrial_wall_mm: float = 2.0
    aortic_annulus_mm: float = 23.0
    aortic_sinus_mm: float = 33.0
    ascending_aorta_mm: float = 30.0
    papillary_mm: float = 4.5

    def __post_init__(self) -> None:
        """Every number is looked at once.

        Raises:
            InputError: one is out of the range in which a heart can be made of it.
        """
        for name, (low, high) in RANGES.items():
            value = getattr(self, name)
            if not low <= value <= high:
                raise InputError(f"{name} of a heart lies between {low:g} and {high:g}; given was {value!r}.")


RANGES: dict[str, tuple[float, float]] = {
    "lv_edv_ml": (20, 500),
    "ejection_fraction": (0.05, 0.85),
    "heart_rate": (35, 180),
    "lv_length_mm": (45, 140),
    "lv_widest": (0.4, 0.8),
    "lv_base": (0.5, 1.0),
    "wall_mm": (4, 25),
    "septum_ratio": (0.6, 2.5),
    "apex_ratio": (0.4, 1.5),
    "longitudinal_shortening": (0, 0.3),
    "twist_deg": (-10, 35),
    "rv_edv_ml": (30, 500),
    "rv_ejection_fraction": (0.05, 0.8),
    "rv_wall_mm": (2, 12),
    "la_max_ml": (15, 400),
    "la_emptying": (0.05, 0.75),
    "ra_max_ml": (15, 400),
    "ra_emptying": (0.05, 0.75),
    "atrial_wall_mm": (1, 5),
    "aortic_annulus_mm": (15, 35),
    "aortic_sinus_mm": (20, 60),
    "ascending_aorta_mm": (18, 60),
    "papillary_mm": (0, 9),
}
"""Lowest and highest value of each."""
