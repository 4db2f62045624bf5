"""Neighbors, parts, holes and polygons of masks, against scipy's general morphology."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from scipy import ndimage

from EchoSynthLib.anatomy.masks import (
    border,
    fill_polygon,
    grown,
    grown_by_disc,
    holes,
    largest_part,
    shrunken_by_disc,
    solid,
)

masks = arrays(bool, array_shapes(min_dims=2, max_dims=2, min_side=1, max_side=12), elements=st.booleans())


@given(masks)
def test_growing_and_bordering_are_the_general_ones_with_a_cross(mask) -> None:
    np.testing.assert_array_equal(grown(mask), ndimage.binary_dilation(mask))
    np.testing.assert_array_equal(border(mask), mask & ~ndimage.binary_erosion(mask))


@given(masks)
def test_holes_are_what_filling_adds(mask) -> None:
    assert holes(mask) == ndimage.binary_fill_holes(mask).sum() - mask.sum()


@given(masks)
def test_the_largest_part_is_one_and_no_other_is_larger(mask) -> None:
    part = largest_part(mask)
    assert not (part & ~mask).any()
    assert ndimage.label(part)[1] == min(1, mask.sum())
    assert part.sum() == np.bincount(ndimage.label(mask)[0].ravel(), minlength=2)[1:].max()


def test_a_filled_polygon_holds_the_pixels_whose_centers_lie_in_it() -> None:
    triangle = np.array([[0.5, 0.5], [0.5, 6.5], [6.5, 0.5]])
    rows, columns = np.indices((8, 9))
    np.testing.assert_array_equal(fill_polygon(triangle, (8, 9)), (rows >= 1) & (columns >= 1) & (rows + columns < 7))


def test_a_curve_beyond_the_image_fills_what_of_it_is_in_the_image() -> None:
    square = np.array([[-5.0, -5], [-5, 3.5], [3.5, 3.5], [3.5, -5]])
    expected = np.zeros((6, 7), bool)
    expected[:4, :4] = True
    np.testing.assert_array_equal(fill_polygon(square, (6, 7)), expected)


@given(masks, st.integers(1, 5))
def test_growing_and_shrinking_by_a_disc_are_the_general_ones_with_that_disc(mask, radius) -> None:
    disc = np.hypot(*np.mgrid[-radius : radius + 1, -radius : radius + 1]) <= radius
    np.testing.assert_array_equal(grown_by_disc(mask, radius), ndimage.binary_dilation(mask, disc))
    eroded = ndimage.binary_erosion(mask, disc, border_value=1)
    np.testing.assert_array_equal(shrunken_by_disc(mask, radius), eroded)


@given(masks)
def test_a_solid_mask_is_the_largest_part_filled(mask) -> None:
    np.testing.assert_array_equal(solid(mask), ndimage.binary_fill_holes(largest_part(mask)))
