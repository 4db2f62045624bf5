from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from EchoSynthLib.images.grid import from_grid, reach, to_grid

quickly = settings(max_examples=20, deadline=None)
sides = st.integers(8, 120)


def smooth(shape: tuple[int, int]) -> np.ndarray:
    rows, columns = ((np.arange(side) + 0.5) / side for side in shape)
    return np.outer(np.sin(2 * rows), np.cos(3 * columns)).astype(np.float32)


def test_an_image_on_the_grid_is_left_as_it_is() -> None:
    image = np.random.default_rng(0).random((12, 20)).astype(np.float32)
    np.testing.assert_array_equal(to_grid(image, (12, 20)), image)


@quickly
@given(rows=sides, columns=sides)
def test_the_result_has_the_shape_that_was_asked_for(rows: int, columns: int) -> None:
    there = to_grid(smooth((rows, columns)), (40, 48))
    assert there.shape == (40, 48)
    assert there.dtype == np.float32
    assert from_grid(there[None], (rows, columns)).shape == (1, rows, columns)


@quickly
@given(rows=st.integers(60, 160), columns=st.integers(60, 160))
def test_a_smooth_image_comes_back(rows: int, columns: int) -> None:
    image = smooth((rows, columns))
    back = from_grid(to_grid(image, (80, 80))[None], image.shape)[0]
    assert np.abs(back - image).max() < 0.06
    assert np.abs(back - image)[5:-5, 5:-5].max() < 0.004


@pytest.mark.parametrize("grid", [(160, 160), (25, 30), (37, 41)])
def test_a_ramp_keeps_its_values_so_that_no_edge_is_moved(grid: tuple[int, int]) -> None:
    shape = (50, 60)
    rows, columns = np.indices(shape) + 0.5
    found_rows = to_grid((rows / shape[0]).astype(np.float32), grid)
    found_columns = to_grid((columns / shape[1]).astype(np.float32), grid)
    expected_rows, expected_columns = np.indices(grid) + 0.5
    inner = (slice(4, -4), slice(4, -4))
    np.testing.assert_allclose(found_rows[inner], (expected_rows / grid[0])[inner], atol=2e-3)
    np.testing.assert_allclose(found_columns[inner], (expected_columns / grid[1])[inner], atol=2e-3)


def test_shrinking_averages_speckle_rather_than_picking_from_it() -> None:
    speckle = np.random.default_rng(0).standard_normal((320, 320)).astype(np.float32)
    assert to_grid(speckle, (80, 80)).std() < 0.35


def test_each_plane_is_brought_back_by_itself() -> None:
    planes = np.stack([smooth((20, 24)), -smooth((20, 24)), np.ones((20, 24), np.float32)])
    back = from_grid(planes, (31, 17))
    assert back.shape == (3, 31, 17)
    np.testing.assert_allclose(back[1], -back[0], atol=1e-6)
    np.testing.assert_allclose(back[2], 1, atol=1e-6)


@quickly
@given(shape=st.tuples(st.integers(20, 90), st.integers(24, 90)))
def test_planes_become_larger_as_pillow_makes_them(shape: tuple[int, int]) -> None:
    plane = np.random.default_rng(0).normal(size=(20, 24)).astype(np.float32)
    resized = Image.fromarray(plane).resize(shape[::-1], Image.Resampling.BILINEAR)
    np.testing.assert_allclose(from_grid(plane[None], shape)[0], np.asarray(resized), atol=1e-5)


def test_an_image_of_another_layout_in_memory_is_the_same_image() -> None:
    image = smooth((30, 50))
    np.testing.assert_array_equal(to_grid(np.asfortranarray(image), (16, 16)), to_grid(image, (16, 16)))
    np.testing.assert_array_equal(to_grid(image[:, ::-1], (16, 16)), to_grid(image[:, ::-1].copy(), (16, 16)))


@quickly
@given(shape=st.tuples(sides, sides), data=st.data())
def test_a_box_of_an_image_is_what_the_whole_image_shows_there(shape: tuple[int, int], data: st.DataObject) -> None:
    ends = [sorted(data.draw(st.lists(st.integers(0, side), min_size=2, max_size=2, unique=True))) for side in shape]
    box = (slice(*ends[0]), slice(*ends[1]))
    planes = np.random.default_rng(0).normal(size=(2, 40, 48)).astype(np.float32)
    np.testing.assert_allclose(from_grid(planes, shape, box), from_grid(planes, shape)[:, *box], atol=1e-4)


@quickly
@given(shape=st.tuples(sides, sides), row=st.integers(0, 39), column=st.integers(0, 47))
def test_a_cell_reaches_no_pixel_outside_of_its_box(shape: tuple[int, int], row: int, column: int) -> None:
    cells = np.zeros((40, 48), bool)
    cells[row, column] = True
    reached = from_grid(cells[None].astype(np.float32), shape)[0] != 0
    box = reach(cells, shape)
    assert box is not None
    assert reached.sum() == reached[box].sum()
    assert box[0].stop - box[0].start <= 3 * max(1, shape[0] / 40) + 3


def test_no_cell_reaches_no_pixel() -> None:
    assert reach(np.zeros((40, 48), bool), (100, 100)) is None


def test_whole_pixels_and_floats_of_the_same_value_give_the_same_grid() -> None:
    image = np.random.default_rng(0).integers(0, 256, (90, 70), np.uint8)
    np.testing.assert_allclose(to_grid(image, (40, 48)), to_grid(image.astype(np.float32), (40, 48)), atol=1e-3)
