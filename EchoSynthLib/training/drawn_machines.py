"""Drawn hearts as other makers' machines would show them: pictures with labels that no data set holds.

Hearts of the cohort in apical four- and two-chamber views, of every condition as often, held by an unsteadier hand than
routine's, at any phase; small and large in the picture, beside right hearts that CAMUS' sectors mostly leave out. Each
machine has its own sector, sound, gray map, resolution and smoothing, so that one can be left out of a training and
asked afterwards.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy.ndimage import gaussian_filter

from EchoSynthLib.acoustics import Look, draw
from EchoSynthLib.anatomy.heart3d.cohort import Cohort
from EchoSynthLib.anatomy.heart3d.cut import Cut, cut
from EchoSynthLib.anatomy.heart3d.distributions import CONDITIONS
from EchoSynthLib.anatomy.heart3d.heart import Heart
from EchoSynthLib.anatomy.heart3d.probe import WINDOWS, Hand, Machine, frame_view
from EchoSynthLib.anatomy.heart3d.tracing import Tracing
from EchoSynthLib.anatomy.structures import CamusCode
from EchoSynthLib.anatomy.views import FOUR_CHAMBER, TWO_CHAMBER
from EchoSynthLib.training.derived import derived

Range = tuple[float, float]

REVISION = 1
"""Raised when the code draws something else."""
ROWS = 192
"""Of a picture before its machine makes it coarser."""
_BEAMS = (208, 120)
_UNSTEADY = 1.5
_LEAST_CAVITY = 0.2
"""Of the area of cavity and wall together."""
_THICK_MM = 11.0
"""Walls from here on are labeled as thick as they are: observers of CAMUS, who see few of them, draw them thinner."""


@dataclass(frozen=True)
class Maker:
    """What one maker's machines have in common; ranges are drawn from evenly, and are chosen.

    Attributes:
        opening_deg: of the sector.
        depth: of the picture, over the one that just holds the heart.
        look: ranges of fields of `Look` that differ from the usual ones.
        floor: share of the gray levels that is shown as black.
        contrast: from 0 (none) to 1, of an S-shaped gray map.
        rows: of the picture as stored.
        smoothing: standard deviation in stored pixels.
        sides: by which the frame is wider than the sector; below 0 it cuts the sector's sides off.
        square: whether frames are square, with what is missing in black, or show the sector stretched.
    """

    opening_deg: Range
    depth: Range = (1.0, 1.2)
    look: Mapping[str, Range] | None = None
    floor: Range = (0.0, 0.05)
    contrast: Range = (0.0, 0.3)
    rows: Range = (150, 190)
    smoothing: Range = (0.0, 0.5)
    sides: Range = (0.0, 0.1)
    square: bool = False


MAKERS: Mapping[str, Maker] = {
    "wide and coarse": Maker(
        (82, 100), (0.95, 1.3), {"gamma": (1.2, 1.9)}, floor=(0.1, 0.3), contrast=(0.2, 0.9), rows=(96, 125),
        sides=(-0.25, 0.1), square=True,
    ),
    "narrow and deep": Maker((55, 70), (1.15, 1.6), {"loss_db": (4, 14), "sides_db": (3, 12)}, floor=(0.0, 0.15)),
    "smooth": Maker(
        (72, 90), look={"compounding": (0.65, 0.95), "frequency_mhz": (1.5, 2.3)}, contrast=(0.2, 0.8),
        smoothing=(0.6, 1.6), sides=(0.0, 0.35),
    ),
    "hard": Maker(
        (68, 85), (0.95, 1.35), {"dynamic_range_db": (38, 50), "valve_db": (5, 14), "pericardium_db": (9, 18)},
        floor=(0.0, 0.15), contrast=(0.3, 0.9), sides=(-0.1, 0.2), square=True,
    ),
    "hand-held": Maker(
        (70, 92), (1.0, 1.4),
        {"haze_db": (-18, -9), "noise_db": (-34, -22), "clutter_db": (-8, 6), "frequency_mhz": (1.5, 2.4)},
        rows=(96, 140), smoothing=(0.2, 0.9), sides=(0.0, 0.3),
    ),
}  # fmt: skip
"""The machines, none of them a particular product's."""


@dataclass(frozen=True)
class DrawnFrames:
    """N pictures on one grid.

    Attributes:
        image, label: (N, H, W) uint8, labels in CAMUS codes.
        view: (N,) int64, as in `BeamData`.
        maker: (N,) int64, the number of the machine in `MAKERS`.
        heart: (N,) int64, the number of the heart.
    """

    image: NDArray[np.uint8]
    label: NDArray[np.uint8]
    view: NDArray[np.int64]
    maker: NDArray[np.int64]
    heart: NDArray[np.int64]

    def select(self, chosen: NDArray[np.bool_]) -> DrawnFrames:
        """Some of them."""
        return DrawnFrames(*(getattr(self, one.name)[chosen] for one in fields(self)))


def load_drawn_frames(hearts: int, size: tuple[int, int], seed: int, cache: Path) -> DrawnFrames:
    """Four pictures of each heart, 4CH and 2CH on two machines, made once and kept in `cache`."""
    origin = f"{hearts} hearts, {size}, seed {seed}, revision {REVISION}"

    def make() -> Mapping[str, NDArray]:
        cohort = Cohort(seed)
        drawn = [one for heart in range(hearts) for one in _pictures(cohort, heart, size)]
        image, label, view, maker, heart = (np.stack(column) for column in zip(*drawn, strict=True))
        return {"image": image, "label": label, "view": view, "maker": maker, "heart": heart}

    return DrawnFrames(**derived(cache, origin, make))


def _pictures(cohort: Cohort, index: int, size: tuple[int, int]) -> list[tuple]:
    names = tuple(CONDITIONS)
    heart = _heart(cohort.seed, index, names[index % len(names)])
    found = []
    for number in range(4):
        generator = np.random.default_rng((cohort.seed, index, number))
        view = (FOUR_CHAMBER, TWO_CHAMBER)[number % 2]
        maker = (2 * index + number // 2) % len(MAKERS)
        image, label = picture(heart, view.name, tuple(MAKERS.values())[maker], generator, size)
        found.append((image, label, np.int64(number % 2 == 0), np.int64(maker), np.int64(index)))
    return found


@lru_cache(maxsize=2)
def _heart(seed: int, index: int, condition: str) -> Heart:
    # Each cohort moves hearts to where patients' are; those of one condition are all of it.
    return Cohort(seed, condition).heart(index)


def picture(
    heart: Heart, view: str, maker: Maker, generator: np.random.Generator, size: tuple[int, int]
) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """A picture and its labels (H, W) of a view of a heart at some phase, on a maker's machine, stretched to `size`."""
    own = _Drawing(generator)
    machine = Machine(own(maker.opening_deg), own(maker.depth), own((-6, 6)), own((1.7, 3.5)))
    window = WINDOWS[view].drawn(generator, _UNSTEADY)
    phase = (0.0, heart.end_systole, float(generator.random()))[int(generator.integers(3))]
    # Of planes that hardly meet the cavity, which no one keeps as an apical view, the next one is steadier.
    for spread in np.linspace(_UNSTEADY, 0, 4):
        framing = frame_view(heart, view, Hand.drawn(generator, float(spread)), machine, window)
        one = cut(heart, framing, phase, spacing=(framing.depth_mm / (ROWS - 1),) * 2)
        if _shows_a_ventricle(one.label_map):
            break
    look = replace(Look.drawn(generator, machine), **{name: own(limits) for name, limits in (maker.look or {}).items()})
    image, _ = draw(one, seed=int(generator.integers(2**31)), look=look, shape=_BEAMS)
    label = labels_of(one, heart, view, generator)
    return _as_stored(image, label, maker, own, size)


def _shows_a_ventricle(label_map: NDArray[np.uint8]) -> bool:
    cavity, wall = ((label_map == code).sum() for code in (CamusCode.LV_CAVITY, CamusCode.MYOCARDIUM))
    return bool(cavity > _LEAST_CAVITY * (cavity + wall))


def labels_of(one: Cut, heart: Heart, view: str, generator: np.random.Generator) -> NDArray[np.uint8]:
    """(H, W) in CAMUS codes: as an observer traces a cut, and thick walls as thick as they are."""
    traced = one.traced(Tracing.drawn(generator, view))
    if heart.parameters.wall_mm < _THICK_MM:
        return traced
    wall = (one.label_map == CamusCode.MYOCARDIUM) & (traced == CamusCode.BACKGROUND)
    return np.where(wall, np.uint8(CamusCode.MYOCARDIUM), traced)


def _as_stored(
    image: NDArray[np.uint8], label: NDArray[np.uint8], maker: Maker, own: _Drawing, size: tuple[int, int]
) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    height, width = image.shape
    wide = width * (1 + own(maker.sides))
    tall = max(height, wide) if maker.square else height * (1 + max(0.0, own((-0.1, 0.15))))
    wide = max(wide, tall) if maker.square and own((0, 1)) < 0.5 else wide
    left = (width - wide) / 2 + own((-0.05, 0.05)) * width
    top = -own((0, 1)) * (tall - height)
    box = (left, top, left + wide, top + tall)
    rows = round(own(maker.rows))
    stored = max(8, round(rows * wide / tall)), rows
    shown = Image.fromarray(image).transform((ROWS, ROWS), Image.Transform.EXTENT, box, Image.Resampling.BILINEAR)
    gray = np.asarray(shown.resize(stored, Image.Resampling.BOX), np.float32) / 255
    gray = gaussian_filter(gray, own(maker.smoothing))
    floor, curve = own(maker.floor), own(maker.contrast)
    gray = np.clip((gray - floor) / (1 - floor), 0, 1)
    gray = (1 - curve) * gray + curve * gray * gray * (3 - 2 * gray)
    seen = Image.fromarray(np.rint(255 * gray).astype(np.uint8)).resize(size[::-1], Image.Resampling.BILINEAR)
    truth = Image.fromarray(label).transform(size[::-1], Image.Transform.EXTENT, box, Image.Resampling.NEAREST)
    return np.asarray(seen), np.asarray(truth)


class _Drawing:
    """Numbers from ranges."""

    def __init__(self, generator: np.random.Generator) -> None:
        self.generator = generator

    def __call__(self, limits: Range) -> float:
        return float(self.generator.uniform(*limits))
