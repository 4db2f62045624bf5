"""What a recipe writes beside the motion: what a segmenter sees, and how gray levels change in systole."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from beating_hearts import heart

from EchoSynthLib.errors import InputError
from EchoSynthLib.synthesis.animation import Animation
from EchoSynthLib.synthesis.beating.adherence import area_squared_over_length, line_of, seen_in
from EchoSynthLib.synthesis.beating.look import Look
from EchoSynthLib.synthesis.beating.pairs import Pairs
from EchoSynthLib.synthesis.beating.seen import SeenLine
from EchoSynthLib.synthesis.beating.systole import look_of

SIDE = 120


def disc(radius: float) -> np.ndarray:
    rows, columns = np.indices((SIDE, SIDE)) - 60
    return (np.hypot(rows, columns) < radius).astype(np.uint8)


def pairs_of(count: int) -> Pairs:
    names = np.array(["4CH"] * count)
    maps = np.stack([disc(40)] * count)
    return Pairs(maps, maps, np.ones((count, 2)), names, names, np.ones(count, bool))


def test_the_line_is_that_from_what_the_label_maps_have_to_what_a_segmenter_sees_in_the_images() -> None:
    """Of a disc area^2 / length goes with the third power of its radius, as its volume by discs does."""

    def animator(image: Any, label_map: Any, *, ejection_fraction: float, **how: Any) -> Animation:
        def at(percent: float) -> np.ndarray:
            return disc(40 * (1 - percent / 100) ** (1 / 3))

        assert how["spacing"] == (1.0, 1.0)
        cine = np.stack([disc(40), at(0.8 * ejection_fraction + 5)])
        return Animation(cine, np.stack([disc(40), at(ejection_fraction)]), None, np.array([0.0, 40.0]), 0, 1)

    pairs = pairs_of(30)
    line = line_of(animator, lambda image: image, pairs, np.zeros((30, 2, SIDE, SIDE), np.uint8), seed=3)
    assert line is not None
    assert line.slope == pytest.approx(0.8, abs=0.05)
    assert line.constant == pytest.approx(5, abs=2)
    assert SeenLine.from_config({"seen": line.to_config()}) == SeenLine(round(line.slope, 4), round(line.constant, 2))


def test_without_cines_there_is_no_line() -> None:
    def animator(*_: Any, **__: Any) -> Animation:
        raise InputError("no sector")

    assert line_of(animator, lambda image: image, pairs_of(5), np.zeros((5, 2, SIDE, SIDE), np.uint8)) is None


def test_what_is_seen_rests_on_the_largest_and_the_smallest_ventricle_and_is_unknown_without_one() -> None:
    assert seen_in([disc(30), disc(40), disc(35)]) == pytest.approx(100 * (1 - (3 / 4) ** 3), abs=1.5)
    assert np.isnan(seen_in([np.zeros((SIDE, SIDE), np.uint8)]))
    assert area_squared_over_length(disc(30)) == pytest.approx((np.pi * 900) ** 2 / 60, rel=0.06)


def test_systole_is_told_by_gray_levels_of_the_pairs_whatever_their_ejection_fraction() -> None:
    labels, sector = heart()
    inside, half = sector.mask(labels.shape), labels.copy()
    cavity = np.argwhere(labels == 1)
    half[(labels == 1) & (np.indices(labels.shape)[0] > np.quantile(cavity[:, 0], 0.5))] = 2  # much of the blood is out
    diastole = np.where(inside, np.array([100, 40, 120, 80])[labels], 0).astype(np.uint8)
    systole = np.where(inside, np.array([90, 44, 120, 48])[half], 0).astype(np.uint8)
    count = 12
    names = np.array(["4CH"] * count)
    pairs = Pairs(
        np.stack([labels] * count), np.stack([half] * count), np.ones((count, 2)), names, names, np.ones(count, bool)
    )
    look = look_of(pairs, np.stack([np.stack([diastole, systole])] * count))
    background, blood, wall, atrium = look.systole
    assert background < -0.05
    assert blood == pytest.approx(-background, rel=0.2)  # both by a tenth
    assert wall == pytest.approx(0, abs=0.01)
    assert atrium == 0
    assert 0.5 < look.clearing <= 1
    assert Look.from_config({"look": look.to_config()}).systole == pytest.approx(look.systole, abs=1e-4)


def test_a_few_pairs_tell_nothing_of_systole() -> None:
    assert look_of(pairs_of(3), np.zeros((3, 2, SIDE, SIDE), np.uint8)) == Look()
