from __future__ import annotations

import numpy as np
import pytest

from EchoSynthLib.errors import InputError
from EchoSynthLib.evaluation.feature_distances import kernel_distance


def test_it_is_the_mean_of_all_pairs() -> None:
    a, b = np.array([[1.0, 0.0], [0.0, 1.0]]), np.array([[1.0, 1.0], [2.0, 0.0]])

    def k(x: np.ndarray, y: np.ndarray) -> float:
        return float((x @ y / 2 + 1) ** 3)

    crossed = np.mean([k(x, y) for x in a for y in b])
    assert kernel_distance(a, b) == pytest.approx(k(a[0], a[1]) + k(b[0], b[1]) - 2 * crossed)


def test_it_is_nothing_in_the_mean_between_sets_of_one_distribution() -> None:
    rng = np.random.default_rng(0)
    found = [kernel_distance(rng.standard_normal((30, 6)), rng.standard_normal((40, 6))) for _ in range(200)]
    assert abs(np.mean(found)) < 3 * np.std(found) / np.sqrt(len(found))
    assert min(found) < 0 < max(found)


def test_it_grows_as_a_distribution_moves_away() -> None:
    rng = np.random.default_rng(0)
    a, b = rng.standard_normal((200, 6)), rng.standard_normal((200, 6))
    near, far, farther = (kernel_distance(a, b + shift) for shift in (0.0, 0.5, 1.0))
    assert near < far < farther


def test_it_sees_spread_where_the_means_are_alike() -> None:
    rng = np.random.default_rng(0)
    a, b = rng.standard_normal((300, 4)), rng.standard_normal((300, 4))
    assert kernel_distance(a, 2 * b) > 10 * abs(kernel_distance(a, b))


@pytest.mark.slow
def test_the_number_of_images_does_not_bias_it() -> None:
    rng = np.random.default_rng(0)
    few = [kernel_distance(rng.standard_normal((10, 3)), 0.5 + rng.standard_normal((10, 3))) for _ in range(400)]
    many = kernel_distance(rng.standard_normal((3000, 3)), 0.5 + rng.standard_normal((3000, 3)))
    assert np.mean(few) == pytest.approx(many, abs=3 * np.std(few) / np.sqrt(len(few)) + 0.05)


@pytest.mark.parametrize("shapes", [((1, 3), (5, 3)), ((5, 3), (5, 4))])
def test_what_makes_no_pair_is_refused(shapes: tuple[tuple[int, int], tuple[int, int]]) -> None:
    with pytest.raises(InputError, match="two vectors or more"):
        kernel_distance(*(np.zeros(shape) for shape in shapes))
