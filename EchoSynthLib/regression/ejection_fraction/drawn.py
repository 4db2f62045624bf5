"""Beats of hearts in 3D, drawn as echo by tissue: right hearts, valves and motion through the plane come with them.

The generator's cines look like the one data set that it learned from; these look like the machines of `drawn_machines`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from EchoSynthLib.acoustics import Look, draw
from EchoSynthLib.anatomy.heart3d.cohort import Cohort
from EchoSynthLib.anatomy.heart3d.cut import Cut, cut
from EchoSynthLib.anatomy.heart3d.heart import Heart
from EchoSynthLib.anatomy.heart3d.probe import WINDOWS, Hand, Machine, frame_view
from EchoSynthLib.anatomy.structures import CamusCode
from EchoSynthLib.anatomy.views import FOUR_CHAMBER, TWO_CHAMBER
from EchoSynthLib.errors import InputError
from EchoSynthLib.measurement.chambers import Chamber, disc_volume, ejected, long_axis_of_ventricle
from EchoSynthLib.progress import silent
from EchoSynthLib.regression.ejection_fraction.clips import Beats, beat_rows
from EchoSynthLib.training.drawn_machines import MAKERS, Maker
from EchoSynthLib.types import Progress

PHASES = 14
"""Of a beat."""
_ROWS = 96
_BEAMS = (120, 76)
_UNSTEADY = 1.3
_FRACTIONS = (0.4, 0.8)
"""Of the hearts; played with less of their ejection, they have all that are smaller, too."""
_OFF = 0.12  # that the plane's ejection fraction may be from the heart's; beyond, the plane is no view of it
_HELD_OUT = 8  # one of so many is not learned from


def drawn_beats(count: int, side: int, seed: int, progress: Progress | None = None) -> Beats:
    """One beat of each of `count` hearts, in two- and four-chamber views, on machines of all makers.

    Beat i depends on the seed and i alone; one of eight is of the split 'test'.
    """
    cohort = Cohort(seed, frames=PHASES)
    tell, rows = progress or silent, []
    for index in range(count):
        tell(index, count, "drawing hearts")
        found = None
        attempt = 0
        while found is None:  # a hand may miss the ventricle
            found = _beat(cohort, index, attempt, side)
            attempt += 1
        rows.append(found)
    return Beats(*(np.stack(column) for column in zip(*rows, strict=True)))


def _beat(cohort: Cohort, index: int, attempt: int, side: int) -> tuple | None:
    rng = np.random.default_rng((cohort.seed, index, attempt, *b"drawn beat"))
    view = (FOUR_CHAMBER, TWO_CHAMBER)[index % 2].name
    maker = tuple(MAKERS.values())[index // 2 % len(MAKERS)]
    own = cohort.heart(index).parameters
    try:
        heart = Heart(replace(own, ejection_fraction=float(rng.uniform(*_FRACTIONS))))
        cuts = _cuts(heart, cohort.phases(heart), view, maker, rng)
        labels = np.stack([one.label_map for one in cuts])
    except InputError:  # this heart cannot beat so strongly
        return None
    fraction = _fraction(labels)
    if abs(fraction - heart.parameters.ejection_fraction) > _OFF:
        return None
    look = replace(
        Look.drawn(rng), **{name: float(rng.uniform(*limits)) for name, limits in (maker.look or {}).items()}
    )
    pixels, _ = draw(cuts, seed=int(rng.integers(2**31)), look=look, shape=_BEAMS)
    split = "test" if index % _HELD_OUT == _HELD_OUT - 1 else "train"
    phase = np.array([one.phase for one in cuts])
    return beat_rows(pixels, (labels == CamusCode.LV_CAVITY).astype(np.uint8), phase, fraction, split, side)


def _cuts(heart: Heart, phases: Sequence[float], view: str, maker: Maker, rng: np.random.Generator) -> list[Cut]:
    opening, depth = float(rng.uniform(*maker.opening_deg)), float(rng.uniform(*maker.depth))
    machine = Machine(opening, depth, float(rng.uniform(-6, 6)), float(rng.uniform(1.7, 3.5)))
    window = WINDOWS[view].drawn(rng, _UNSTEADY)
    framing = frame_view(heart, view, Hand.drawn(rng, _UNSTEADY), machine, window)
    first = cut(heart, framing, spacing=(framing.depth_mm / (_ROWS - 1),) * 2)
    return [first.at(phase) for phase in phases]


def _fraction(labels: np.ndarray) -> float:
    """Ejected in the plane, by discs; 0 where no ventricle is seen in it."""
    volumes = []
    for one in labels:
        axis = long_axis_of_ventricle(one)
        if axis is None:
            return 0.0
        volumes.append(disc_volume(Chamber.of(one == CamusCode.LV_CAVITY, axis)))
    return float(ejected(volumes[0], min(volumes)))
