from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis.extra.numpy import arrays
from scipy import ndimage

from EchoSynthLib.anatomy.heart2d.parametric import parametric_heart
from EchoSynthLib.segmentation.postprocessing import clean

quickly = settings(max_examples=40, deadline=None)
maps = arrays(np.uint8, (12, 12), elements={"min_value": 0, "max_value": 3})


@pytest.fixture(params=["2CH", "4CH"])
def heart(request: pytest.FixtureRequest) -> np.ndarray:
    return parametric_heart(request.param, shape=(96, 112)).label_map


def middle(mask: np.ndarray) -> tuple[int, int]:
    """A pixel deep inside a mask."""
    depth = ndimage.distance_transform_edt(mask)
    row, column = np.unravel_index(int(depth.argmax()), mask.shape)
    return int(row), int(column)


def test_a_whole_heart_is_left_as_it_is(heart: np.ndarray) -> None:
    np.testing.assert_array_equal(clean(heart), heart)


def test_an_empty_map_stays_empty() -> None:
    assert not clean(np.zeros((20, 20), np.uint8)).any()


@pytest.mark.parametrize("code", [1, 2, 3])
def test_a_crumb_apart_from_the_heart_is_removed(heart: np.ndarray, code: int) -> None:
    crumbed = heart.copy()
    crumbed[-5:-2, 1:4] = code
    assert not heart[-6:-1, 0:5].any()
    np.testing.assert_array_equal(clean(crumbed), heart)


@pytest.mark.parametrize("code", [1, 3])
def test_a_hole_in_a_chamber_is_filled(heart: np.ndarray, code: int) -> None:
    row, column = middle(heart == code)
    holed = heart.copy()
    holed[row : row + 2, column : column + 2] = 0
    np.testing.assert_array_equal(clean(holed), heart)


def test_a_hole_in_the_wall_is_filled(heart: np.ndarray) -> None:
    row, column = middle(heart == 2)
    holed = heart.copy()
    holed[row, column] = 0
    np.testing.assert_array_equal(clean(holed), heart)


def test_a_crumb_of_cavity_within_the_wall_becomes_wall(heart: np.ndarray) -> None:
    row, column = middle(heart == 2)
    crumbed = heart.copy()
    crumbed[row, column] = 1
    np.testing.assert_array_equal(clean(crumbed), heart)


def test_an_atrium_that_the_wall_surrounds_is_not_swallowed() -> None:
    label_map = np.full((20, 20), 2, np.uint8)
    label_map[0] = label_map[-1] = label_map[:, 0] = label_map[:, -1] = 0
    label_map[3:8, 3:8] = 1
    label_map[10:16, 10:16] = 3
    np.testing.assert_array_equal(clean(label_map), label_map)


def test_a_ventricle_keeps_its_cavity_when_a_larger_one_lies_elsewhere() -> None:
    label_map = np.zeros((24, 24), np.uint8)
    label_map[2:12, 2:12] = 2
    label_map[5:9, 5:9] = 1
    expected = label_map.copy()
    label_map[16:22, 16:22] = 1
    np.testing.assert_array_equal(clean(label_map), expected)


@pytest.mark.parametrize("code", [1, 2, 3])
def test_a_single_structure_survives_alone(code: int) -> None:
    label_map = np.zeros((20, 20), np.uint8)
    label_map[5:12, 6:14] = code
    np.testing.assert_array_equal(clean(label_map), label_map)


@quickly
@given(maps)
def test_each_chamber_is_one_piece_and_the_input_is_left_alone(label_map: np.ndarray) -> None:
    before = label_map.copy()
    cleaned = clean(label_map)
    np.testing.assert_array_equal(label_map, before)
    assert cleaned.dtype == np.uint8
    assert set(np.unique(cleaned)) <= set(np.unique(label_map)) | {0}
    for code in (1, 3):
        assert ndimage.label(cleaned == code)[1] <= 1
