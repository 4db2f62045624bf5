"""A cohort: hearts drawn one by one, each looked at in several views on one day or more.

Heart i depends on the cohort's seed, its condition and i alone, and what a view shows of it on these, the view and the
number of the examination; neither on how many hearts there are, nor on who draws them.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from functools import lru_cache

import numpy as np

from EchoSynthLib.anatomy.heart3d.cut import Cut, cut
from EchoSynthLib.anatomy.heart3d.distributions import CONDITIONS
from EchoSynthLib.anatomy.heart3d.heart import Heart
from EchoSynthLib.anatomy.heart3d.parameters import FORM_MODES, LARGEST_FORM, RANGES, HeartParameters
from EchoSynthLib.anatomy.heart3d.probe import Examination
from EchoSynthLib.anatomy.heart3d.tracing import Tracing
from EchoSynthLib.anatomy.views import taken_view
from EchoSynthLib.errors import InputError

MIXED = "mixed"
"""Hearts of all conditions, in the shares of `SHARES`."""
SHARES: Mapping[str, float] = {
    "normal": 0.31,
    "ischemic": 0.34,
    "dilated": 0.11,
    "large atria": 0.12,
    "hypertrophic": 0.08,
    "rv overload": 0.04,
}
"""Of the conditions in a mixed cohort: chosen so that ejection fractions and sizes are those of a hospital's patients,
as in CAMUS."""


@dataclass(frozen=True)
class Cohort:
    """What a cohort's hearts and pictures depend on.

    Attributes:
        seed: of everything.
        condition: one of `CONDITIONS`, or 'mixed'.
        skill: spread of the hand's errors, 0 for views to the book; see `Examination`.
        rows: of a picture.
        frames: of a beat; 2 are end-diastole and end-systole.
    """

    seed: int
    condition: str = MIXED
    skill: float = 1.0
    rows: int = 256
    frames: int = 2

    def __post_init__(self) -> None:
        if self.condition not in (MIXED, *CONDITIONS):
            known = ", ".join((MIXED, *CONDITIONS))
            raise InputError(f"A cohort's condition is one of {known}; given was {self.condition!r}.")
        if self.frames < 2:
            raise InputError(f"A beat has two frames or more; asked for were {self.frames}.")

    def condition_of(self, index: int) -> str:
        """The condition of a heart."""
        if self.condition != MIXED:
            return self.condition
        names, shares = list(SHARES), np.array(list(SHARES.values()))
        return names[self._generator(index).choice(len(names), p=shares / shares.sum())]

    def heart(self, index: int) -> Heart:
        """Heart number `index`, from 0."""
        return _drawn(self.seed_of(index), self.condition_of(index))

    def seed_of(self, index: int) -> int:
        """What a heart is drawn from."""
        return int(np.random.SeedSequence((self.seed, index)).generate_state(1)[0])

    def phases(self, heart: Heart) -> list[float]:
        """Those of a beat's frames: end-diastole first, evenly spaced, the nearest one moved onto end-systole."""
        if self.frames == 2:
            return [0.0, heart.end_systole]
        even = np.arange(self.frames) / self.frames
        even[1 + np.abs(even[1:] - heart.end_systole).argmin()] = heart.end_systole
        return even.tolist()

    def cuts(self, index: int, view: str, examination: int = 0) -> list[Cut]:
        """The frames of a beat of a heart in a view."""
        heart = self.heart(index)
        framing = Examination(self.seed_of(index), examination, self.skill).frame(heart, view)
        first = cut(heart, framing, shape=None, spacing=(framing.depth_mm / (self.rows - 1),) * 2)
        return [first.at(phase) for phase in self.phases(heart)]

    def tracing(self, index: int, view: str, examination: int = 0) -> Tracing:
        """The habits of the observer who traces a view; see `Tracing`."""
        name = taken_view(view, "heart cuts").name
        return Tracing.drawn(
            np.random.default_rng((self.seed_of(index), examination, *b"tracing", *name.encode())), name
        )

    def numbers(self, index: int) -> dict[str, float | str]:
        """What is known of a heart: condition, volumes, ejection fraction and the parameters that it is made from."""
        heart = self.heart(index)
        volumes = {
            f"{chamber.replace(' ', '_')}_{ending}_ml": ml
            for ending, phase in (("ED", 0.0), ("ES", heart.end_systole))
            for chamber, ml in heart.volumes(phase).items()
        }
        emptied = 100 * (1 - volumes["LV_ES_ml"] / volumes["LV_ED_ml"])
        about = {"condition": self.condition_of(index), "seed": self.seed_of(index), "EF_percent": emptied}
        return {**about, "end_systole": heart.end_systole, **volumes, **asdict(heart.parameters)}

    def _generator(self, index: int) -> np.random.Generator:
        return np.random.default_rng((self.seed, index, *b"condition"))


@lru_cache(maxsize=4)
def _drawn(seed: int, condition: str) -> Heart:
    # The views of a heart follow one another, and its geometry is made once.
    return Heart(seen_by_echo(Heart.drawn(seed, condition).parameters, np.random.default_rng((seed, *b"echo"))))


def seen_by_echo(parameters: HeartParameters, generator: np.random.Generator) -> HeartParameters:
    """The parameters of a patient whose apical views look as those of CAMUS do.

    Means of shape are moved to where the medians of the 400 training patients lie, whose ventricles are shorter and
    wider at the base, and whose ventricles and atria empty less; and shapes differ more from patient to patient.
    """
    values = asdict(parameters)

    def chance() -> float:
        return float(np.clip(generator.standard_normal(), -2.5, 2.5))

    usual = asdict(HeartParameters())
    for name, (mean, spread) in _MEANS.items():
        values[name] += mean - usual[name] + spread * chance()
    for name, (factor, spread) in _FACTORS.items():
        values[name] *= factor * math.exp(spread * chance())
    for name, sizes in _FORM_SPREADS.items():
        values[name] = tuple(value + size * chance() for value, size in zip(values[name], sizes, strict=True))
    for name, means in _FORM_MEANS.items():
        values[name] = tuple(v + m - u for v, m, u in zip(values[name], means, usual[name], strict=True))
    for name, (low, high) in RANGES.items():
        if name in values:
            values[name] = float(np.clip(values[name], low, high))
    for name in _FORM_SPREADS:
        values[name] = tuple(np.clip(values[name], -LARGEST_FORM, LARGEST_FORM).tolist())
    return replace(parameters, **values)


_MEANS = {
    "lv_widest": (0.66, 0.02),
    "lv_base": (0.84, 0.02),
    "base_tilt_x": (-0.05, 0.03),
    "base_tilt_y": (-0.09, 0.03),
    "la_height": (1.23, 0.13),
    "la_lean_x": (-0.33, 0.1),
}
"""Mean, and standard deviation that comes to the drawn heart's own."""
_FACTORS = {
    "ejection_fraction": (0.91, 0.04),
    "longitudinal_shortening": (0.95, 0.04),
    "lv_length_mm": (0.965, 0.02),
    "la_emptying": (0.5, 0.15),
    "la_max_ml": (1.0, 0.1),
}
_FORM_SPREADS = {
    "lv_form": (0.07, 0.03, 0.09, 0.04, 0.02, 0.02, 0.02, 0.02),
    "la_form": (0.0,) * FORM_MODES,
}
_FORM_MEANS = {
    "lv_form": (0.15, 0.0, -0.15, -0.12, 0.0, 0.0, 0.0, 0.0),
    "la_form": (0.0, 0.12, 0.04, -0.04, 0.03, 0.0, -0.05, 0.0),
}
