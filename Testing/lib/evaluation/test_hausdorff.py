from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import ndimage

from EchoSynthLib.evaluation.segmentation_metrics import hausdorff_distance

SHAPE = (48, 40)


def square(row: int, column: int, side: int = 10) -> np.ndarray:
    mask = np.zeros(SHAPE, bool)
    mask[row : row + side, column : column + side] = True
    return mask


@given(st.integers(0, 30), st.integers(0, 25))
def test_shifted_squares_are_as_far_apart_as_the_shift(down: int, right: int) -> None:
    # Beside each other the far corner moves along the diagonal; on top of each other, too.
    assert hausdorff_distance(square(2, 2), square(2 + down, 2 + right)) == pytest.approx(math.hypot(down, right))


def test_millimeters_follow_the_pixel_of_each_axis() -> None:
    assert hausdorff_distance(square(2, 2), square(7, 2), (0.5, 3.0)) == pytest.approx(2.5)
    assert hausdorff_distance(square(2, 2), square(2, 7), (0.5, 3.0)) == pytest.approx(15.0)


def test_a_single_stray_pixel_counts() -> None:
    stray = square(2, 2)
    stray[40, 5] = True
    assert hausdorff_distance(stray, square(2, 2)) == pytest.approx(40 - 11)


def test_of_a_few_stray_pixels_hd95_takes_no_notice() -> None:
    stray = square(2, 2, 20)
    stray[46, 5] = True
    assert hausdorff_distance(stray, square(2, 2, 20)) == pytest.approx(46 - 21)
    assert hausdorff_distance(stray, square(2, 2, 20), percentile=95) == 0


def test_hd95_is_the_larger_of_both_ways() -> None:
    # A tenth of the long outline lies beyond the short one; all of the short one lies on the long one.
    long, short = np.zeros(SHAPE, bool), np.zeros(SHAPE, bool)
    long[10, :40], short[10, :36] = True, True
    distances = [0] * 36 + [1, 2, 3, 4]
    assert hausdorff_distance(long, short, percentile=95) == pytest.approx(np.percentile(distances, 95))
    assert hausdorff_distance(short, long, percentile=95) == hausdorff_distance(long, short, percentile=95)


@pytest.mark.slow
def test_both_are_what_monai_computes() -> None:
    torch, metrics = pytest.importorskip("torch"), pytest.importorskip("monai.metrics")
    rng = np.random.default_rng(0)
    for percentile in (95.0, 100.0):
        for _ in range(5):
            a, b = (ndimage.gaussian_filter(rng.normal(size=SHAPE), 4) > 0 for _ in range(2))
            given = [torch.from_numpy(mask)[None, None].float() for mask in (a, b)]
            theirs = metrics.compute_hausdorff_distance(
                *given, include_background=True, percentile=percentile, spacing=(0.5, 0.8)
            )
            assert hausdorff_distance(a, b, (0.5, 0.8), percentile) == pytest.approx(float(theirs), abs=1e-5)


def test_a_hole_is_an_outline_too() -> None:
    holed = square(5, 5, 21)
    holed[15, 15] = False
    # Around the hole at the middle, 9 pixels lie between its neighbors and the square's own outline.
    assert hausdorff_distance(holed, square(5, 5, 21)) == pytest.approx(9)


@given(st.integers(0, 10**6))
def test_it_does_not_matter_which_comes_first(seed: int) -> None:
    rng = np.random.default_rng(seed)
    a, b = rng.random((2, 12, 12)) < 0.3
    assert hausdorff_distance(a, b) == hausdorff_distance(b, a)
    assert hausdorff_distance(a, a) == 0


def test_a_structure_that_was_not_found_is_infinitely_far_away() -> None:
    nothing = np.zeros(SHAPE, bool)
    assert hausdorff_distance(nothing, square(2, 2)) == math.inf
    assert hausdorff_distance(nothing, nothing) == 0
