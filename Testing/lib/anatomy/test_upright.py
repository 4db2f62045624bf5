"""A turned picture is told by where its sector's apex lies; an upright one, or one without sector, is left alone."""

from __future__ import annotations

import numpy as np
import pytest
from drawn_sectors import (
    dimmed,
    drawn_sector,
    faint_far_field,
    jpeg,
    low_gain,
    overlays,
    rib_shadow,
    side_shadow,
    speckled,
    video_noise,
)

from EchoSynthLib.anatomy.sector.upright import apex_side, warning_if_turned
from EchoSynthLib.images import read_image

SHAPE = (240, 280)
# What stands at each side after numpy's turns of an upright picture.
TURNS = {"top": 0, "left": 1, "bottom": 2, "right": 3}
CHANGES = [dimmed, low_gain, side_shadow, rib_shadow, faint_far_field, video_noise, jpeg, overlays]


def picture(change=None, **options):
    sector = drawn_sector(SHAPE, **options)
    image = speckled(sector, SHAPE)
    return image if change is None else change(image, sector)


def turned(image, side):
    return np.ascontiguousarray(np.rot90(image, TURNS[side]))


@pytest.mark.parametrize("side", TURNS)
@pytest.mark.parametrize("half_degrees", [30.0, 37.5, 45.0])
@pytest.mark.parametrize("near", [0.0, 0.06])
def test_the_apex_is_found_at_each_side(side, half_degrees, near):
    assert apex_side(turned(picture(half_degrees=half_degrees, near=near), side)) == side


@pytest.mark.parametrize("side", TURNS)
@pytest.mark.parametrize("change", CHANGES)
def test_the_apex_is_found_on_a_screen_as_it_is(side, change):
    assert apex_side(turned(picture(change), side)) == side


@pytest.mark.parametrize("tilt", [-12.0, 12.0])
def test_a_tilted_sector_is_upright(tilt):
    assert warning_if_turned(picture(tilt=tilt)) is None


def test_reversed_rows_are_told_with_the_remedy():
    upside_down = picture()[::-1]
    assert "apex is at the bottom" in (warning_if_turned(upside_down) or "")
    assert "rows reversed" in (warning_if_turned(upside_down) or "")


@pytest.mark.parametrize("shape", [(8, 8), (9, 200), (200, 9)])
def test_small_and_narrow_images_tell_nothing(shape):
    assert apex_side(np.random.default_rng(0).integers(0, 255, shape).astype(np.uint8)) is None


@pytest.mark.parametrize("level", [0, 128])
def test_a_uniform_image_tells_nothing(level):
    assert warning_if_turned(np.full(SHAPE, level, np.uint8)) is None


def test_the_rectangle_of_a_linear_probe_tells_nothing():
    image = np.zeros(SHAPE, np.uint8)
    image[10:200, 40:240] = np.random.default_rng(0).integers(20, 200, (190, 200))
    assert apex_side(image) is None


def test_a_disc_tells_nothing():
    rows, columns = np.indices(SHAPE)
    disc = np.where(np.hypot(rows - 120, columns - 140) < 100, 120, 0).astype(np.uint8)
    assert apex_side(disc) is None


def test_a_turned_file_is_read_with_a_remark_and_an_upright_one_without(tmp_path):
    np.save(tmp_path / "up.npy", picture())
    np.save(tmp_path / "down.npy", np.stack([picture(), picture()])[:, ::-1])
    assert read_image(tmp_path / "up.npy").remarks == ()
    (remark,) = read_image(tmp_path / "down.npy").remarks
    assert "upside down" in remark
