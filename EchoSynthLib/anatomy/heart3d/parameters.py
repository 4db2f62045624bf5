"""The numbers that make a heart: volumes, lengths, places, and how it beats."""

from __future__ import annotations

from dataclasses import dataclass, fields

from EchoSynthLib.errors import InputError

FORM_MODES = 8
"""Of each surface: cos and sin of the angle and of twice the angle, each even and odd in height."""


@dataclass(frozen=True)
class HeartParameters:
    """A heart in the units of an echocardiography report; its shape is that at end-diastole unless said otherwise.

    Places are told from the middle of the mitral annulus, in the axes of `Heart`; the means of those that no guideline
    has (`*_x_mm` and the like, forms) are those of the real hearts that `Testing/benchmarks/heart3d_overlay.py` fits.

    Attributes:
        lv_edv_ml: end-diastolic volume of the left ventricle, papillary muscles included.
        ejection_fraction: of the left ventricle, 0 to 1.
        heart_rate: beats a minute.
        lv_length_mm: from the endocardium of the apex to the middle of the mitral plane.
        lv_widest: where along that length the cavity is widest, 0 at the apex.
        lv_base: radius at the mitral plane, over the largest.
        wall_mm: mean thickness of the left ventricle's wall.
        septum_ratio: thickness of the septum over the mean.
        apex_ratio: thickness of the wall at the apex over the mean.
        base_tilt_x, base_tilt_y: rise of the mitral plane to the lateral and the inferior wall.
        longitudinal_shortening: fraction of its length that the left ventricle loses to end-systole.
        twist_deg: rotation of the apex against the base at end-systole.
        scar: how much less a region contracts: 0 none, 1 not at all, more bulges out in systole.
        scar_deg, scar_width_deg: its middle in the short axis, 0 is lateral and 90 inferior, and half its width.
        scar_height, scar_extent: its middle and half its extent, over the length of the left ventricle.
        rv_edv_ml, rv_ejection_fraction, rv_wall_mm: of the right ventricle.
        rv_apex: height at which the right ventricle begins, over the length of the left.
        rv_angle_deg: middle of the sector of the short axis that it covers, 180 is septal and 270 anterior.
        rv_turn_deg: by how much that sector lies farther to the front at the base.
        rv_width_deg: half of that sector at the base; a fifth less at the apex.
        tricuspid_mm, tricuspid_deg: distance and angle in the short axis of the middle of the tricuspid valve.
        tricuspid_drop_mm, pulmonary_drop_mm: how much nearer the apex these valves lie than the mitral.
        tricuspid_tilt: by how much the tricuspid valve falls towards the free wall, per distance from the septum.
        la_max_ml, la_emptying: largest volume of the left atrium, and the fraction that leaves it until end-diastole.
        la_height: height over width.
        la_lean_x, la_lean_y: by how much the atrium's axis leans to the lateral and the inferior side, per height.
        ra_max_ml, ra_emptying: of the right atrium.
        ra_x, ra_y, ra_z: its middle, from that of the tricuspid valve, in half axes along z.
        ra_width, ra_depth: half axes across and along its longest side in the short axis, over the one along z.
        ra_turn_deg: angle of that side to the y axis, around the aorta.
        ra_lean_x, ra_lean_y: by how much it leans to the lateral and the inferior side, per height.
        atrial_wall_mm: thickness.
        aortic_annulus_mm, aortic_sinus_mm, ascending_aorta_mm: inner diameters.
        aortic_x_mm, aortic_y_mm: middle of the aortic valve.
        aortic_lean_x, aortic_lean_y: direction of the root to the lateral and the inferior side, per height.
        papillary_mm: radius of the papillary muscles.
        lv_form, wall_form, rv_form, la_form, ra_form: how surfaces deviate from the simple ones, as logarithms of
            distances (of thicknesses for `wall_form`).
    """

    lv_edv_ml: float = 106.0
    ejection_fraction: float = 0.62
    heart_rate: float = 68.0
    lv_length_mm: float = 86.0
    lv_widest: float = 0.64
    lv_base: float = 0.74
    wall_mm: float = 9.0
    septum_ratio: float = 1.0
    apex_ratio: float = 0.5
    base_tilt_x: float = -0.01
    base_tilt_y: float = -0.1
    longitudinal_shortening: float = 0.16
    twist_deg: float = 14.0
    scar: float = 0.0
    scar_deg: float = 235.0
    scar_width_deg: float = 60.0
    scar_height: float = 0.25
    scar_extent: float = 0.4
    rv_edv_ml: float = 110.0
    rv_ejection_fraction: float = 0.56
    rv_wall_mm: float = 3.5
    rv_apex: float = 0.08
    rv_angle_deg: float = 177.0
    rv_turn_deg: float = 13.0
    rv_width_deg: float = 72.0
    tricuspid_mm: float = 40.0
    tricuspid_deg: float = 157.0
    tricuspid_drop_mm: float = 15.5
    pulmonary_drop_mm: float = 12.5
    tricuspid_tilt: float = 0.32
    la_max_ml: float = 50.0
    la_emptying: float = 0.55
    la_height: float = 1.35
    la_lean_x: float = -0.44
    la_lean_y: float = 0.02
    ra_max_ml: float = 58.0
    ra_emptying: float = 0.44
    ra_x: float = -0.35
    ra_y: float = 0.05
    ra_z: float = 0.7
    ra_width: float = 0.66
    ra_depth: float = 1.05
    ra_turn_deg: float = -35.0
    ra_lean_x: float = -0.15
    ra_lean_y: float = -0.3
    atrial_wall_mm: float = 2.0
    aortic_annulus_mm: float = 23.0
    aortic_sinus_mm: float = 33.0
    ascending_aorta_mm: float = 30.0
    aortic_x_mm: float = -18.0
    aortic_y_mm: float = -11.0
    aortic_lean_x: float = -1.3
    aortic_lean_y: float = -0.4
    papillary_mm: float = 4.5
    lv_form: tuple[float, ...] = (0.2, 0.0, -0.17, -0.1, 0.0, 0.0, 0.0, 0.0)
    wall_form: tuple[float, ...] = (0.03, -0.08, -0.04, -0.05, 0.0, 0.08, 0.0, -0.05)
    rv_form: tuple[float, ...] = (0.0, 0.08, -0.05, 0.02, 0.04, 0.05, -0.1, -0.08)
    la_form: tuple[float, ...] = (0.0, 0.12, 0.04, -0.04, 0.0, 0.0, -0.05, 0.0)
    ra_form: tuple[float, ...] = (0.0,) * FORM_MODES

    def __post_init__(self) -> None:
        """Every number is looked at once.

        Raises:
            InputError: one is out of the range in which a heart can be made of it.
        """
        for name, (low, high) in RANGES.items():
            value = getattr(self, name)
            if not low <= value <= high:
                raise InputError(f"{name} of a heart lies between {low:g} and {high:g}; given was {value!r}.")
        for name in (field.name for field in fields(self) if field.name.endswith("_form")):
            form = getattr(self, name)
            if len(form) != FORM_MODES or not all(abs(value) <= LARGEST_FORM for value in form):
                raise InputError(f"{name} has {FORM_MODES} numbers of at most {LARGEST_FORM:g}; given was {form!r}.")


LARGEST_FORM = 0.6

RANGES: dict[str, tuple[float, float]] = {
    "lv_edv_ml": (20, 500),
    "ejection_fraction": (0.05, 0.85),
    "heart_rate": (35, 180),
    "lv_length_mm": (45, 140),
    "lv_widest": (0.4, 0.8),
    "lv_base": (0.4, 1.0),
    "wall_mm": (4, 25),
    "septum_ratio": (0.6, 2.5),
    "apex_ratio": (0.3, 1.8),
    "base_tilt_x": (-0.6, 0.6),
    "base_tilt_y": (-0.6, 0.6),
    "longitudinal_shortening": (0, 0.3),
    "twist_deg": (-10, 35),
    "scar": (0, 1.3),
    "scar_deg": (0, 360),
    "scar_width_deg": (10, 180),
    "scar_height": (0, 1),
    "scar_extent": (0.05, 1),
    "rv_edv_ml": (30, 500),
    "rv_ejection_fraction": (0.05, 0.8),
    "rv_wall_mm": (2, 12),
    "rv_apex": (-0.1, 0.4),
    "rv_angle_deg": (140, 230),
    "rv_turn_deg": (-30, 60),
    "rv_width_deg": (40, 110),
    "tricuspid_mm": (25, 70),
    "tricuspid_deg": (130, 185),
    "tricuspid_drop_mm": (2, 35),
    "pulmonary_drop_mm": (0, 35),
    "tricuspid_tilt": (0.1, 1.0),
    "la_max_ml": (15, 400),
    "la_emptying": (0.05, 0.75),
    "la_height": (0.6, 2.0),
    "la_lean_x": (-1.2, 0.6),
    "la_lean_y": (-0.8, 0.8),
    "ra_max_ml": (15, 400),
    "ra_emptying": (0.05, 0.75),
    "ra_x": (-1.2, 0.3),
    "ra_y": (-0.7, 0.9),
    "ra_z": (0.3, 0.95),
    "ra_width": (0.35, 1.6),
    "ra_depth": (0.35, 2.0),
    "ra_turn_deg": (-80, 30),
    "ra_lean_x": (-0.8, 0.8),
    "ra_lean_y": (-1.0, 0.8),
    "atrial_wall_mm": (1, 5),
    "aortic_annulus_mm": (12, 35),
    "aortic_sinus_mm": (15, 60),
    "ascending_aorta_mm": (14, 60),
    "aortic_x_mm": (-35, -10),
    "aortic_y_mm": (-30, 8),
    "aortic_lean_x": (-4.0, 0.0),
    "aortic_lean_y": (-2.5, 1.0),
    "papillary_mm": (0, 9),
}
"""Lowest and highest value of each."""
