"""Four sites: real frames, and drawn hearts on three machines that look, are labeled and write otherwise."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from EchoSynthLib.acoustics import Look, draw
from EchoSynthLib.anatomy import views
from EchoSynthLib.anatomy.heart3d.cohort import Cohort
from EchoSynthLib.anatomy.heart3d.cut import Cut
from EchoSynthLib.experiment.labeled_screens import BEAMS, cohort_views, real_views, screen_generator, seed_of
from EchoSynthLib.images.datasets.labeled_frames import LabeledFrames
from EchoSynthLib.images.screens import Screen, layout, on_screen
from EchoSynthLib.types import Progress

SIDE = 64
REAL = "real"
REAL_NAMES = {views.TWO_CHAMBER.name: "A2C", views.FOUR_CHAMBER.name: "A4C"}


@dataclass(frozen=True)
class DrawnSite:
    """A laboratory that nobody has.

    Attributes:
        name: of the site.
        views: its classes, and the cut of the cohort's hearts that shows each.
        look: what its machine does to every patient's look, see `acoustics.Look`.
        kind: of what its screens show beside the sector.
        hearts: (train, val).
    """

    name: str
    views: Mapping[str, str]
    look: Mapping[str, float]
    kind: str
    hearts: tuple[int, int]


BASE = DrawnSite(
    "base",
    {
        "A2C": views.TWO_CHAMBER.name,
        "A4C": views.FOUR_CHAMBER.name,
        views.PARASTERNAL_LONG_AXIS.name: views.PARASTERNAL_LONG_AXIS.name,
        "PSAX": views.SHORT_AXIS_PAPILLARY.name,
    },
    {"compounding": 0.5, "dynamic_range_db": 62.0, "frequency_mhz": 3.2},
    "settings at the left",
    (80, 25),
)
OTHER = DrawnSite(
    "other",
    {**BASE.views, "SC": views.SUBCOSTAL.name, "RVI": views.RIGHT_INFLOW.name},
    {"compounding": 0.1, "dynamic_range_db": 48.0, "frequency_mhz": 1.7, "gamma": 1.5, "noise_db": -26.0},
    "headline and ruler",
    (60, 20),
)
CONTRAST = DrawnSite(
    "contrast",
    {
        "contrast A2C": views.TWO_CHAMBER.name,
        "contrast A4C": views.FOUR_CHAMBER.name,
        "contrast PLAX": views.PARASTERNAL_LONG_AXIS.name,
    },
    {"blood_db": 6.0, "soft_db": -14.0, "fat_db": -14.0, "dynamic_range_db": 50.0, "compounding": 0.4},
    "settings at the right",
    (80, 25),
)
"""An agent in the blood makes cavities brighter than the walls: its views have classes of their own."""
DRAWN = (BASE, OTHER, CONTRAST)
ORDER = (BASE.name, REAL, OTHER.name, CONTRAST.name)
"""In which sites join."""


def drawn_site(site: DrawnSite, seed: int, hearts: tuple[int, int], progress: Progress) -> LabeledFrames:
    """The frames of a drawn site, train and val, at both ends of the beat."""
    number = DRAWN.index(site)

    def shown(cut: Cut, numbers: tuple[int, int, int]) -> Screen:
        own = seed_of(seed, number, *numbers)
        generator = screen_generator(own)
        look = replace(Look.drawn(generator), **site.look)
        picture, _ = draw(cut, seed=own, look=look, shape=BEAMS)
        screen = on_screen(picture, cut.sector.mask(picture.shape), SIDE, generator)
        return screen.under(layout(site.kind, SIDE, generator))

    cohort = Cohort(seed_of(seed, number), rows=round(1.5 * SIDE))
    train, val = hearts
    return cohort_views(cohort, {"train": train, "val": val}, site.views, shown, site.name, progress, site.name)


def real_site(data: Path, seed: int, progress: Progress) -> LabeledFrames:
    """CAMUS, two and four chambers, of its own splits; black beside the sector."""
    found = real_views(data, SIDE, seed, progress)
    return replace(found, classes=tuple(REAL_NAMES.get(name, name) for name in found.classes), site=REAL)
