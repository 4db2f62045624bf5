"""Hearts in every view, cut as hands of all skills do, and as machines of all kinds show them."""

from __future__ import annotations

import math
from dataclasses import replace
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from EchoSynthLib.acoustics import Look, draw
from EchoSynthLib.anatomy.heart3d.cohort import SHARES, seen_by_echo
from EchoSynthLib.anatomy.heart3d.cut import Cut, cut
from EchoSynthLib.anatomy.heart3d.free_plane import frame_plane
from EchoSynthLib.anatomy.heart3d.heart import Heart
from EchoSynthLib.anatomy.heart3d.nearest_view import nearest_view
from EchoSynthLib.anatomy.heart3d.pose import Pose, unit
from EchoSynthLib.anatomy.heart3d.probe import WINDOWS, Framing, Hand, Machine, frame_view
from EchoSynthLib.anatomy.views import APICAL
from EchoSynthLib.errors import InputError

ROWS = 150
BEAMS = (112, 64)
_FAR_OFF = 32.0
"""Degrees and millimeters, with a tenth of the beams' angle, that a plane lies off every standard view at least to be
another one."""
_APICAL = tuple(view.name for view in APICAL)
_FROM_APEX_DEG = 40.0
"""Between a beam and the long axis, so that what is seen is apical rather than another view."""


@lru_cache(maxsize=2)
def drawn_heart(seed: int, number: int) -> Heart:
    """A heart of any condition; half of them look as the patients of CAMUS do."""
    rng = np.random.default_rng((seed, number, *b"heart"))
    names, shares = list(SHARES), np.array(list(SHARES.values()))
    condition = names[rng.choice(len(names), p=shares / shares.sum())]
    heart = Heart.drawn(int(rng.integers(2**31)), condition)
    return Heart(seen_by_echo(heart.parameters, rng)) if rng.random() < 0.5 else heart


def standard_cut(heart: Heart, view: str, rng: np.random.Generator) -> Cut:
    """A heart in a standard view at a random phase."""
    hand = Hand.drawn(rng, rng.uniform(0.3, 1.5))
    usual = WINDOWS[view]
    # How a heart leans in the sector was learned from one laboratory; elsewhere it may not lean.
    leaning = rng.uniform(-0.1, 1.2)
    window = replace(usual, lean_deg=usual.lean_deg * leaning, right_mm=usual.right_mm * leaning)
    window = window.drawn(rng, rng.uniform(0.6, 1.7))
    window = replace(window, beyond_mm=window.beyond_mm + rng.uniform(-12, 25))
    return _framed(heart, frame_view(heart, view, hand, machine(rng), window), rng)


def other_cut(heart: Heart, rng: np.random.Generator) -> Cut:
    """A heart in a plane that is none of the standard ones."""
    landmarks = heart.landmarks(0.0)
    axis = unit(landmarks.mitral - landmarks.apex)
    while True:
        down, right = rng.standard_normal((2, 3))
        origin = landmarks.apex + rng.uniform(0.1, 1.3) * (landmarks.mitral - landmarks.apex) + rng.normal(0, 14, 3)
        pose = Pose.facing(origin, down, right)
        near = nearest_view(heart, pose)
        if near.off + 0.1 * near.beam_degrees < _FAR_OFF or math.degrees(math.acos(unit(down) @ axis)) < _FROM_APEX_DEG:
            continue
        try:
            return _framed(heart, frame_plane(heart, pose, machine(rng)), rng)
        except InputError:  # the plane misses the heart
            continue


def machine(rng: np.random.Generator) -> Machine:
    """One of any maker and age."""
    opening = rng.uniform(62, 98) if rng.random() < 0.8 else rng.uniform(38, 62)
    return Machine(
        opening_angle_deg=float(opening),
        depth_factor=math.exp(0.13 * float(np.clip(rng.standard_normal(), -2, 2))),
        gain_db=float(np.clip(rng.normal(0, 5), -12, 12)),
        frequency_mhz=float(rng.uniform(1.5, 4.0)),
    )


def heart_picture(heart: Heart, view: str | None, rng: np.random.Generator) -> NDArray[np.uint8]:
    """(H, W): a sector that fills its picture, with a heart in a view; None for one that is none of them."""
    one = other_cut(heart, rng) if view is None else standard_cut(heart, view, rng)
    look = Look.drawn(rng, machine(rng), spread=rng.uniform(0.8, 2.2))
    image, _ = draw(one, seed=int(rng.integers(2**31)), look=look, shape=BEAMS)
    return image


def _framed(heart: Heart, framing: Framing, rng: np.random.Generator) -> Cut:
    phase = 0.0 if rng.random() < 0.4 else float(rng.uniform(0, 1))
    return cut(heart, framing, phase, spacing=(framing.depth_mm / (ROWS - 1),) * 2)
