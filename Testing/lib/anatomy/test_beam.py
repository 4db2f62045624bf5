"""Resampling between the image grid and beam space."""

from __future__ import annotations

import numpy as np
import pytest
from drawn_sectors import drawn_sector
from hypothesis import given, settings
from hypothesis import strategies as st

from EchoSynthLib.anatomy.beam import BEAM_SHAPE, ScanConversion, beam_coordinates, image_coordinates, to_beam_space
from EchoSynthLib.anatomy.heart2d.parametric import parametric_heart

SHAPE = (224, 224)
few = settings(max_examples=8, derandomize=True, deadline=None)


def dice(first, second):
    return 2 * (first & second).sum() / (first.sum() + second.sum())


@few
@given(st.floats(25, 45), st.floats(-6, 6), st.floats(0.8, 1.3))
@pytest.mark.slow
def test_a_smooth_image_comes_back_from_beam_space(half, tilt, aspect):
    sector = drawn_sector(SHAPE, half, tilt, aspect=aspect)
    row, column = np.indices(SHAPE)
    image = 0.5 + 0.25 * np.sin(row / 17) + 0.25 * np.cos(column / 23)
    back = ScanConversion(sector, SHAPE)(to_beam_space(image, sector, order=3), order=3)
    mask = sector.mask(SHAPE)
    assert np.abs(back - image)[mask].mean() < 0.003
    assert np.percentile(np.abs(back - image)[mask], 99) < 0.02


@pytest.mark.parametrize("view", ["2CH", "4CH"])
def test_structures_keep_their_shape_through_a_fine_beam_space(view):
    heart = parametric_heart(view, 0.5, shape=SHAPE)
    beams = to_beam_space(heart.label_map, heart.sector, (384, 256), order=0)
    back = ScanConversion(heart.sector, SHAPE, (384, 256))(beams, order=0)
    for code in (1, 2, 3):
        assert dice(back == code, heart.label_map == code) > 0.98


def test_a_label_outside_the_sector_is_cut():
    sector = drawn_sector(SHAPE, 30)
    labels = np.ones(SHAPE, np.uint8)
    back = ScanConversion(sector, SHAPE)(to_beam_space(labels, sector, order=0), order=0)
    assert np.array_equal(back == 1, sector.mask(SHAPE))


def test_beam_samples_and_image_pixels_name_the_same_places():
    sector = drawn_sector((90, 120), 35, 4, aspect=1.1)
    row, column = beam_coordinates(sector)
    radius, angle = sector.polar(row, column)
    sample = radius / sector.radius_far * BEAM_SHAPE[0] - 0.5
    beam = (angle - sector.angle_left) / sector.opening_angle * BEAM_SHAPE[1] - 0.5
    assert np.allclose(sample, np.arange(BEAM_SHAPE[0])[:, None])
    assert np.allclose(beam, np.arange(BEAM_SHAPE[1])[None, :])
    there = image_coordinates(sector, (90, 120))[:, 50, 70]
    expected = sector.polar(50, 70)[0] / sector.radius_far * BEAM_SHAPE[0] - 0.5
    assert there[0] == pytest.approx(expected)


def test_one_beam_space_serves_every_grid():
    sector = drawn_sector((112, 112), 34)
    ramp = np.tile(np.linspace(0, 1, BEAM_SHAPE[0])[:, None], (1, BEAM_SHAPE[1]))
    small = ScanConversion(sector, (112, 112))(ramp)
    large = ScanConversion(sector.scaled(3, 3), (336, 336))(ramp)
    inside = sector.mask((112, 112))
    assert np.allclose(large[1::3, 1::3][inside], small[inside], atol=1e-5)
