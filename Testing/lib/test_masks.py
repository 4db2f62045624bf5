"""Neighbours and holes of masks, against scipy's general morphology."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from scipy import ndimage

from EchoSynthLib.anatomy.masks import border, grown, holes

masks = arrays(bool, array_shapes(min_dims=2, max_dims=2, min_side=1, max_side=12), elements=st.booleans())


@given(masks)
def test_growing_and_bordering_are_the_general_ones_with_a_cross(mask) -> None:
    np.testing.assert_array_equal(grown(mask), ndimage.binary_dilation(mask))
    np.testing.assert_array_equal(border(mask), mask & ~ndimage.binary_erosion(mask))


@given(masks)
def test_holes_are_what_filling_adds(mask) -> None:
    assert holes(mask) == ndimage.binary_fill_holes(mask).sum() - mask.sum()
