from __future__ import annotations

import numpy as np
import pytest

from EchoSynthLib.evaluation.feature_distances import frechet_distance


def whitened(count: int, size: int, seed: int) -> np.ndarray:
    """Vectors (N, D) whose sample mean is 0 and whose sample covariance is 1, both exactly."""
    values = np.random.default_rng(seed).standard_normal((count, size))
    values -= values.mean(axis=0)
    return values @ np.linalg.inv(np.linalg.cholesky(np.cov(values, rowvar=False))).T


def test_it_is_the_closed_form_for_independent_features() -> None:
    mean_a, mean_b = np.array([0.0, 1.0, -2.0]), np.array([0.5, 1.0, 3.0])
    deviation_a, deviation_b = np.array([1.0, 2.0, 0.1]), np.array([3.0, 2.0, 0.4])
    a = mean_a + deviation_a * whitened(50, 3, 0)
    b = mean_b + deviation_b * whitened(80, 3, 1)
    expected = ((mean_a - mean_b) ** 2).sum() + ((deviation_a - deviation_b) ** 2).sum()
    assert frechet_distance(a, b) == pytest.approx(expected)


def test_a_set_has_no_distance_from_itself_in_any_order() -> None:
    a = np.random.default_rng(0).standard_normal((60, 12))
    assert frechet_distance(a, a[::-1]) == pytest.approx(0, abs=1e-9)


def test_it_is_symmetric() -> None:
    rng = np.random.default_rng(0)
    a = rng.standard_normal((60, 5)) @ rng.standard_normal((5, 5))
    b = rng.standard_normal((40, 5)) @ rng.standard_normal((5, 5)) + 1
    assert frechet_distance(a, b) == pytest.approx(frechet_distance(b, a))


def test_turning_both_sets_alike_changes_nothing() -> None:
    rng = np.random.default_rng(0)
    a, b = rng.standard_normal((60, 4)), 2 * rng.standard_normal((60, 4)) + 1
    turn, _ = np.linalg.qr(rng.standard_normal((4, 4)))
    assert frechet_distance(a @ turn, b @ turn) == pytest.approx(frechet_distance(a, b))


def test_fewer_images_than_features_still_give_a_finite_distance() -> None:
    rng = np.random.default_rng(0)
    a, b = rng.standard_normal((10, 40)), rng.standard_normal((12, 40))
    assert np.isfinite(frechet_distance(a, b))
    assert frechet_distance(a, a) == pytest.approx(0, abs=1e-4)


def test_features_in_single_precision_lose_nothing() -> None:
    rng = np.random.default_rng(0)
    a, b = rng.standard_normal((60, 8)).astype(np.float32), rng.standard_normal((60, 8)).astype(np.float32)
    assert frechet_distance(a, b) == frechet_distance(a.astype(np.float64), b.astype(np.float64))
