"""The sizes of a parametric heart: typical ones for each view, and plausible draws around them."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, fields, replace

import numpy as np

from EchoSynthLib.anatomy.views import FOUR_CHAMBER, TWO_CHAMBER, taken_view
from EchoSynthLib.errors import InputError

LARGEST_TILT = 45.0
"""Degrees; beyond it an apical view is not apical any more."""

FLATTEST_ATRIUM = 2.0
"""Width over length; a flatter atrium would reach up around the mitral ring."""


@dataclass(frozen=True)
class HeartShape:
    """An apical view of the left heart at end-diastole, and the sector it is seen in.

    Lengths are in mm, angles in degrees. Left and right are those of the image: in the four-chamber view the septum is
    left and the lateral wall right, in the two-chamber view the inferior wall is left and the anterior wall right.

    Attributes:
        length_mm: long axis of the cavity, from the middle of the mitral plane to the apex.
        diameter_mm: largest short axis of the cavity.
        annulus_mm: width of the mitral plane.
        bow_mm: how far the middle of the cavity bulges to the right, which leaves the left wall straighter.
        left_bulge_mm: how far the left wall, below its middle, bulges into the cavity, as the basal septum often does.
        tilt_deg: lean of the apex to the left of the image; the long axis then runs down to the right.
        mitral_tilt_deg: how much lower the right hinge of the mitral plane is than square to the long axis.
        apex_depth_mm: depth of the cavity's apex below the transducer.
        apex_offset_mm: apex to the right of the transducer; negative to the left.
        wall_left_mm, wall_right_mm, wall_apex_mm: thickness of the myocardium.
        atrium_length_mm: from the mitral plane to the roof of the left atrium.
        atrium_width_mm: largest width of the left atrium.
        atrium_tilt_deg: lean of the atrium; positive where its roof lies to the right of the mitral plane.
        depth_mm: depth of the image.
        opening_angle_deg: opening angle of the sector.
        longitudinal_to_radial: logarithm of longitudinal over logarithm of radial shortening. At an ejection fraction
            of 0.6 and the default of 0.5, the cavity shortens by about a sixth and narrows by about a third.
    """

    length_mm: float = 85.0
    diameter_mm: float = 48.5
    annulus_mm: float = 35.0
    bow_mm: float = 3.0
    left_bulge_mm: float = 0.8
    tilt_deg: float = 11.0
    mitral_tilt_deg: float = 8.0
    apex_depth_mm: float = 31.0
    apex_offset_mm: float = -3.0
    wall_left_mm: float = 10.5
    wall_right_mm: float = 10.5
    wall_apex_mm: float = 10.0
    atrium_length_mm: float = 37.0
    atrium_width_mm: float = 41.0
    atrium_tilt_deg: float = -4.0
    depth_mm: float = 158.0
    opening_angle_deg: float = 75.0
    longitudinal_to_radial: float = 0.5

    def __post_init__(self) -> None:
        for name, value in asdict(self).items():
            if not math.isfinite(value):
                raise InputError(f"A heart's {name} must be a finite number, not {value}.")
        for name in _POSITIVE:
            if getattr(self, name) <= 0:
                raise InputError(f"A heart's {name} must be above 0; given was {getattr(self, name):g}.")
        for name in ("tilt_deg", "mitral_tilt_deg", "atrium_tilt_deg"):
            tilt = getattr(self, name)
            if abs(tilt) > LARGEST_TILT:
                raise InputError(f"A heart's {name} lies within +-{LARGEST_TILT:g} degrees; given was {tilt:g}.")
        if not 10 <= self.opening_angle_deg <= 120:
            raise InputError(f"A sector opens by 10 to 120 degrees; given were {self.opening_angle_deg:g}.")
        if not 0.3 * self.diameter_mm <= self.annulus_mm <= self.diameter_mm:
            raise InputError(
                f"The mitral plane is 0.3 to 1 times as wide as the cavity's diameter ({self.diameter_mm:g} mm); "
                f"given were {self.annulus_mm:g} mm."
            )
        if not 1 <= self.length_mm / self.diameter_mm <= 4:
            raise InputError(
                f"The left ventricle is 1 to 4 times as long as wide; given were {self.length_mm:g} and "
                f"{self.diameter_mm:g} mm."
            )
        if self.atrium_width_mm > FLATTEST_ATRIUM * self.atrium_length_mm:
            raise InputError(
                f"The left atrium is at most {FLATTEST_ATRIUM:g} times as wide as long; given were "
                f"{self.atrium_width_mm:g} and {self.atrium_length_mm:g} mm."
            )
        for name in ("bow_mm", "left_bulge_mm"):
            if abs(getattr(self, name)) > 0.25 * self.diameter_mm:
                raise InputError(f"{name} is at most a quarter of the diameter; given was {getattr(self, name):g}.")

    def with_changes(self, **changes: float) -> HeartShape:
        """The same heart with some of its sizes changed.

        Raises:
            InputError: a size that a heart does not have, or an impossible one.
        """
        known = [field.name for field in fields(self)]
        unknown = sorted(set(changes) - set(known))
        if unknown:
            raise InputError(f"A heart has no {', '.join(unknown)}. Its sizes are: {', '.join(known)}.")
        return replace(self, **changes)


_POSITIVE = tuple(
    field.name
    for field in fields(HeartShape)
    if field.name not in ("bow_mm", "left_bulge_mm", "tilt_deg", "mitral_tilt_deg", "apex_offset_mm", "atrium_tilt_deg")
)

TYPICAL_HEARTS = {
    FOUR_CHAMBER.name: HeartShape(),
    TWO_CHAMBER.name: HeartShape(
        tilt_deg=13.5,
        mitral_tilt_deg=4.0,
        apex_depth_mm=33.0,
        apex_offset_mm=-4.5,
        bow_mm=3.5,
        wall_left_mm=11.0,
        wall_right_mm=11.0,
        wall_apex_mm=10.5,
        atrium_length_mm=36.0,
        atrium_width_mm=38.0,
        atrium_tilt_deg=13.0,
    ),
}
"""Position, tilts and proportions follow medians over the 400 training patients of CAMUS (Leclerc et al. 2019): against
the four-chamber view the two-chamber long axis leans 4 degrees more, the apex lies further left, the mitral plane is
squarer, the walls are thicker, and the atrium is narrower and continues the long axis. The ventricle is somewhat longer
(CAMUS: 76 mm) and the wall thinner (CAMUS: about 12 mm) than there, nearer to a normal adult's."""

_SPREAD = {
    "bow_mm": 1.5,
    "left_bulge_mm": 1.5,
    "tilt_deg": 5.0,
    "mitral_tilt_deg": 4.0,
    "apex_depth_mm": 4.0,
    "apex_offset_mm": 3.5,
    "atrium_tilt_deg": 7.0,
    "opening_angle_deg": 3.0,
}
_RELATIVE_SPREAD = {
    "length_mm": 0.06,
    "diameter_mm": 0.08,
    "wall_left_mm": 0.10,
    "wall_right_mm": 0.10,
    "wall_apex_mm": 0.10,
    "atrium_length_mm": 0.18,
    "atrium_width_mm": 0.12,
    "longitudinal_to_radial": 0.10,
}
_SIZE_SPREAD = 0.06


def typical_heart(view: str = FOUR_CHAMBER.name) -> HeartShape:
    """The default heart of a view; `InputError` where the view is not known, or has none."""
    return TYPICAL_HEARTS[taken_view(view, "parametric hearts").name]


def random_shape(generator: np.random.Generator, view: str = FOUR_CHAMBER.name, spread: float = 1.0) -> HeartShape:
    """A plausible heart around the view's typical one.

    Sizes vary together (large and small hearts) and each on its own, with the spread seen over CAMUS patients, cut at
    two standard deviations; the image's depth follows the heart's size, as a sonographer sets it.

    Args:
        generator: source of the draw.
        view: one that has a typical heart, by any of its names.
        spread: factor on all standard deviations; 0 gives the typical heart.
    """
    typical = typical_heart(view)

    def draw() -> float:
        return spread * float(np.clip(generator.standard_normal(), -2, 2))

    size = math.exp(_SIZE_SPREAD * draw())
    changes = {name: getattr(typical, name) + sigma * draw() for name, sigma in _SPREAD.items()}
    changes |= {
        name: getattr(typical, name) * size ** name.endswith("_mm") * math.exp(sigma * draw())
        for name, sigma in _RELATIVE_SPREAD.items()
    }
    changes["annulus_mm"] = changes["diameter_mm"] * typical.annulus_mm / typical.diameter_mm
    changes["atrium_width_mm"] = min(changes["atrium_width_mm"], FLATTEST_ATRIUM * changes["atrium_length_mm"])
    changes["depth_mm"] = typical.depth_mm * size
    changes["apex_depth_mm"] *= size
    return replace(typical, **changes)
