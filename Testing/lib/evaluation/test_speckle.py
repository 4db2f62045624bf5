from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import ndimage

from EchoSynthLib.evaluation.speckle import (
    SPECKLE_STATISTICS,
    lag_one_autocorrelation,
    mean_statistics,
    speckle_statistics,
)

SHAPE = (300, 260)
ALL = np.ones(SHAPE, bool)


def white(seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal(SHAPE)


def autoregressive(along_rows: float) -> np.ndarray:
    """x_i = a x_(i-1) + noise from row to row: lag-1 autocorrelation a down a column, 0 across."""
    field = white()
    for row in range(1, SHAPE[0]):
        field[row] = along_rows * field[row - 1] + math.sqrt(1 - along_rows**2) * field[row]
    return field


@pytest.mark.parametrize("axis", [0, 1])
def test_neighbors_in_white_noise_are_not_correlated(axis: int) -> None:
    assert lag_one_autocorrelation(white(), ALL, axis) == pytest.approx(0, abs=0.02)


@pytest.mark.parametrize("a", [0.3, 0.8])
def test_an_autoregressive_field_has_the_correlation_it_was_made_with(a: float) -> None:
    statistics = speckle_statistics(autoregressive(a), ALL)
    assert statistics["lag-1 along rows"] == pytest.approx(a, abs=0.03)
    assert statistics["lag-1 along columns"] == pytest.approx(0, abs=0.03)


@pytest.mark.parametrize("axis", [0, 1])
def test_noise_blurred_by_a_kernel_has_the_correlation_of_the_kernel(axis: int) -> None:
    kernel = np.array([1.0, 2.0, 1.0])
    blurred = ndimage.convolve1d(white(), kernel, axis=axis)
    expected = (kernel[:-1] * kernel[1:]).sum() / (kernel**2).sum()
    assert lag_one_autocorrelation(blurred, ALL, axis) == pytest.approx(expected, abs=0.02)


def test_fully_developed_speckle_has_the_ratio_of_the_rayleigh_distribution() -> None:
    amplitude = np.hypot(white(1), white(2))
    expected = math.sqrt(4 / math.pi - 1)  # 0.5227
    assert speckle_statistics(amplitude, ALL)["std/mean"] == pytest.approx(expected, rel=0.02)


def test_gain_changes_none_of_the_statistics() -> None:
    amplitude = np.hypot(white(1), white(2))
    one, other = speckle_statistics(amplitude, ALL), speckle_statistics(7 * amplitude, ALL)
    assert other == pytest.approx(one)


def test_only_pairs_inside_the_region_count() -> None:
    region = np.zeros(SHAPE, bool)
    region[50:250, 40:200] = True
    inside = autoregressive(0.8)
    spoiled = np.where(region, inside, 1e6)
    for axis in (0, 1):
        expected = lag_one_autocorrelation(inside, region, axis)
        assert lag_one_autocorrelation(spoiled, region, axis) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("image", "region"),
    [(white(), ~ALL), (np.zeros(SHAPE), ALL), (white(), np.indices(SHAPE).sum(axis=0) == 0)],
    ids=["an empty region", "a black image", "a single pixel"],
)
def test_what_has_no_correlation_is_not_a_number(image: np.ndarray, region: np.ndarray) -> None:
    assert math.isnan(lag_one_autocorrelation(image, region, 0))
    assert math.isnan(lag_one_autocorrelation(image, region, 1))


def test_an_empty_region_has_no_statistics() -> None:
    statistics = speckle_statistics(white(), ~ALL)
    assert set(statistics) == set(SPECKLE_STATISTICS)
    assert all(math.isnan(value) for value in statistics.values())


def test_images_where_a_region_is_empty_do_not_touch_its_mean() -> None:
    images, amplitude = [white(1), white(2)], np.hypot(white(1), white(2))
    regions = [{"cavity": ALL, "wall": ALL}, {"cavity": ~ALL, "wall": ALL}]
    found = mean_statistics([amplitude, images[1]], regions)
    assert set(found) == {"cavity", "wall"}
    assert found["cavity"] == pytest.approx(speckle_statistics(amplitude, ALL))


def test_gray_levels_of_eight_bits_do_not_wrap() -> None:
    levels = np.full(SHAPE, 250, np.uint8)
    levels[::2] = 5
    assert lag_one_autocorrelation(levels, ALL, 0) == pytest.approx(-1, abs=0.01)
    assert lag_one_autocorrelation(levels, ALL, 1) == pytest.approx(1, abs=0.01)
