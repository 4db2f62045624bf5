"""What views are learned from: each picture by its number, every class, and a crop that has an answer for all."""

from __future__ import annotations

import numpy as np
import pytest

from EchoSynthLib.anatomy.views import VIEWS
from EchoSynthLib.classification.views.classes import CLASSES, COARSE, NOT_2D, STANDARD, coarse_shares
from EchoSynthLib.classification.views.drawn.hearts import drawn_heart
from EchoSynthLib.classification.views.drawn.pictures import SCREENS, WEIGHTS, drawn_of, pictures
from EchoSynthLib.classification.views.drawn.screen import on_screen
from EchoSynthLib.images.picture_box import SIDE, picture_box, seen


def sector_on_a_screen(rows: int = 240, columns: int = 320) -> np.ndarray:
    """A gray sector with its apex at row 20, between text and a bar of gray levels."""
    down, across = np.indices((rows, columns))
    radius, angle = np.hypot(down - 20, across - 160), np.arctan2(across - 160, down - 20)
    screen = np.where((radius < 180) & (np.abs(angle) < 0.65), 120, 0).astype(np.uint8)
    screen[5:70:10, 5:40:2] = 220
    screen[30:120, 306:312] = 200
    return screen


def test_the_classes_are_the_views_of_the_table_each_in_one_coarse_group() -> None:
    assert {*CLASSES} == {view.name for view in VIEWS} == {*WEIGHTS}
    grouped = [name for group in COARSE.values() for name in group]
    assert sorted(grouped) == sorted(CLASSES)
    shares = {name: (index + 1) / 105 for index, name in enumerate(CLASSES)}
    assert sum(coarse_shares(shares).values()) == pytest.approx(sum(shares.values()))


def test_the_box_of_a_screen_is_that_of_its_sector_without_text_and_gray_bar() -> None:
    top, bottom, left, right = picture_box(sector_on_a_screen())
    assert abs(top - 20) < 12
    assert abs(bottom - 200) < 10
    assert abs(left - (160 - 180 * np.sin(0.65))) < 10
    assert abs(right - (160 + 180 * np.sin(0.65))) < 10


@pytest.mark.parametrize(
    "gray",
    [
        np.zeros((50, 60), np.uint8),
        np.full((8, 9), 255, np.uint8),
        np.eye(40, dtype=np.uint8) * 255,
        np.random.default_rng(0).integers(0, 256, (300, 20), dtype=np.uint8),
    ],
    ids=["black", "white", "a line", "narrow noise"],
)
def test_every_picture_has_a_box_within_it(gray: np.ndarray) -> None:
    top, bottom, left, right = picture_box(gray)
    assert 0 <= top < bottom <= gray.shape[0]
    assert 0 <= left < right <= gray.shape[1]
    assert seen(gray).shape == (SIDE, SIDE)


def test_a_drawn_picture_depends_on_seed_and_number_alone() -> None:
    again, place = pictures(3, 17)
    first, _ = pictures(3, 16)
    once, same = pictures(3, 17)
    assert place == same
    assert np.array_equal(again, once)
    assert not np.array_equal(again, first)
    assert once.shape == (SCREENS, SIDE, SIDE)
    assert once.dtype == np.uint8


@pytest.mark.parametrize("name", CLASSES)
def test_every_class_can_be_drawn_and_shows_something(name: str) -> None:
    rng = np.random.default_rng(5)
    drawn = drawn_of(name, drawn_heart(0, 1), rng)
    assert drawn.dtype == np.uint8
    assert np.ptp(drawn) > 20
    shown = on_screen(drawn, rng, name != NOT_2D)
    assert min(shown.shape) > 30


def test_a_standard_view_is_a_sector_with_its_apex_on_top() -> None:
    from EchoSynthLib.anatomy.sector.upright import apex_side

    sides = [apex_side(drawn_of(name, drawn_heart(0, 2), np.random.default_rng(7))) for name in STANDARD[:6]]
    assert sides.count("top") >= 5
