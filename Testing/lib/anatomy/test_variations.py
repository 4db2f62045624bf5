from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage

from EchoSynthLib.anatomy.deformation import folding_share, jacobian_determinant
from EchoSynthLib.anatomy.heart2d.parametric import parametric_heart
from EchoSynthLib.anatomy.variations import affine_field, elastic_field, variations, vary, without_crumbs
from EchoSynthLib.errors import InputError

HEART = parametric_heart("4CH", shape=(112, 112))
quickly = settings(max_examples=12, deadline=None)
seeds = st.integers(0, 2**32)


def parts(label_map: np.ndarray) -> list[int]:
    return [ndimage.label(label_map == code)[1] for code in (1, 2, 3)]


@quickly
@given(seeds, st.integers(0, 50))
def test_a_varied_heart_is_still_one_heart(seed, index) -> None:
    varied = vary(HEART.label_map, seed, index)
    assert varied.shape == HEART.label_map.shape
    assert varied.dtype == np.uint8
    assert parts(varied) == [1, 1, 1]


@quickly
@given(seeds)
def test_the_elastic_map_never_folds(seed) -> None:
    field = elastic_field((96, 128), np.random.default_rng(seed))
    assert jacobian_determinant(field).min() >= 0.5
    assert folding_share(field) == 0
    assert np.abs(field).max() > 1


@quickly
@given(seeds)
def test_the_elastic_map_leaves_the_border_in_place(seed) -> None:
    field = elastic_field((96, 128), np.random.default_rng(seed))
    across_top, across_side = field[0][[0, -1], :], field[1][:, [0, -1]]
    assert np.abs(across_top).max() < 1e-9
    assert np.abs(across_side).max() < 1e-9


@quickly
@given(seeds)
@pytest.mark.slow
def test_displacements_stay_below_the_papers_thirty_of_256_pixels(seed) -> None:
    assert np.abs(elastic_field((256, 256), np.random.default_rng(seed))).max() <= 30


def test_the_field_scales_with_the_image() -> None:
    small, large = (elastic_field((n, n), np.random.default_rng(3)) for n in (65, 129))
    np.testing.assert_allclose(large[:, ::2, ::2], 2 * small, atol=0.5)


@quickly
@given(seeds)
def test_the_affine_map_keeps_to_its_ranges(seed) -> None:
    source = np.indices((101, 101)) + affine_field((101, 101), np.random.default_rng(seed))
    backward = np.stack([source[:, 1, 0] - source[:, 0, 0], source[:, 0, 1] - source[:, 0, 0]], axis=1)
    forward = np.linalg.inv(backward)
    assert 0.8**2 <= np.linalg.det(forward) <= 1.05**2
    turned = np.degrees(np.arctan2(-forward[0, 1], forward[1, 1]))
    assert abs(turned) <= 5.0001
    shift = np.linalg.solve(backward, 50.0 - source[:, 50, 50])
    assert abs(shift[0]) <= 0.05 * 101
    assert abs(shift[1]) < 1e-6


def test_no_strength_is_the_map_itself() -> None:
    np.testing.assert_array_equal(vary(HEART.label_map, 1, strength=0.0), HEART.label_map)
    for field in (affine_field, elastic_field):
        np.testing.assert_allclose(field((112, 112), np.random.default_rng(0), 0.0), 0, atol=1e-9)


def test_a_variation_depends_on_seed_and_index_alone() -> None:
    batch = variations(HEART.label_map, 4, seed=9)
    assert batch.shape == (4, 112, 112)
    for index in (3, 0):
        np.testing.assert_array_equal(batch[index], vary(HEART.label_map, 9, index))
    np.testing.assert_array_equal(batch[:2], variations(HEART.label_map, 2, seed=9))
    assert len({m.tobytes() for m in batch} | {vary(HEART.label_map, 10).tobytes()}) == 5


def test_the_given_map_is_left_alone() -> None:
    before = HEART.label_map.copy()
    variations(HEART.label_map, 2)
    np.testing.assert_array_equal(HEART.label_map, before)


@quickly
@given(seeds)
def test_nothing_is_labeled_outside_the_sector(seed) -> None:
    sector = HEART.sector.mask(HEART.label_map.shape)
    assert not vary(HEART.label_map, seed, sector_mask=sector, strength=1.5)[~sector].any()


def test_crumbs_take_the_label_around_them() -> None:
    labels = HEART.label_map.copy()
    wall = np.argwhere(labels == 2)
    row, column = wall[np.argmax(ndimage.distance_transform_edt(labels == 2)[tuple(wall.T)])]
    labels[row, column] = 1
    labels[-4, -4] = 3
    np.testing.assert_array_equal(without_crumbs(labels, HEART.label_map), HEART.label_map)


def test_parts_that_were_there_before_are_kept() -> None:
    labels = HEART.label_map.copy()
    labels[-4:-2, -4:-2] = 3
    np.testing.assert_array_equal(without_crumbs(labels, labels), labels)


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        ({"seed": -1}, "seed"),
        ({"seed": 1.5}, "seed"),
        ({"seed": 0, "index": -1}, "index"),
        ({"seed": 0, "strength": 3.0}, "strength.*3"),
        ({"seed": 0, "strength": float("nan")}, "strength"),
        ({"seed": 0, "sector_mask": np.ones((9, 9))}, "shape"),
    ],
)
def test_what_cannot_be_varied_so_is_refused(arguments, complaint) -> None:
    with pytest.raises(InputError, match=complaint):
        vary(HEART.label_map, **arguments)


def test_no_variations_and_empty_maps_are_refused() -> None:
    with pytest.raises(InputError, match="count of variations is a whole number from 1"):
        variations(HEART.label_map, 0)
    with pytest.raises(InputError, match="empty"):
        vary(np.zeros((32, 32)), 0)


def test_a_variation_that_leaves_the_sector_is_refused() -> None:
    corner = np.zeros((112, 112), bool)
    corner[0, 0] = True
    with pytest.raises(InputError, match="smaller strength"):
        vary(HEART.label_map, 0, sector_mask=corner)
