"""Speckle ages by the clock, and a cine comes back to where it began."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from EchoSynthLib.synthesis.beating.aging import Aging, aged

SIZE = 40_000


def frames_of(aging: Aging, times: NDArray[np.float64], start: int = 0, seed: int = 0) -> dict[int, NDArray]:
    own = np.random.default_rng(99).standard_normal(SIZE).astype(np.float32)
    return dict(aged(own, aging, times, start, np.random.default_rng(seed)))


def alike(a: NDArray, b: NDArray) -> float:
    return float(np.corrcoef(a, b)[0, 1])


def test_the_given_frame_has_its_own_noise_and_all_have_variance_one() -> None:
    own = np.random.default_rng(99).standard_normal(SIZE).astype(np.float32)
    frames = frames_of(Aging(50, 0.4), 30.0 * np.arange(12), start=5)
    assert sorted(frames) == list(range(12))
    np.testing.assert_allclose(frames[5], own, atol=1e-5)
    for noise in frames.values():
        assert noise.std() == pytest.approx(1, abs=0.02)


@pytest.mark.parametrize("step_ms", [10.0, 20.0, 40.0])
def test_noise_is_as_alike_as_the_milliseconds_between_say_whatever_the_frame_rate(step_ms: float) -> None:
    aging = Aging(60, 0.3)
    frames = frames_of(aging, step_ms * np.arange(round(1600 / step_ms)), start=0)
    for lag_ms in (40, 120):
        assert alike(frames[3], frames[3 + round(lag_ms / step_ms)]) == pytest.approx(aging.alike(lag_ms), abs=0.03)


def test_the_last_frame_is_as_alike_to_the_first_as_to_the_one_before_it() -> None:
    frames = frames_of(Aging(40, 0.0), 30.0 * np.arange(16))
    assert alike(frames[15], frames[0]) == pytest.approx(alike(frames[15], frames[14]), abs=0.03)


def test_what_lasts_is_told_by_the_seed_alone() -> None:
    times = 25.0 * np.arange(6)
    one, same, other = (frames_of(Aging(40, 0.2), times, 2, seed) for seed in (1, 1, 2))
    assert all(np.array_equal(one[t], same[t]) for t in one)
    assert not np.allclose(one[4], other[4])


def test_a_single_frame_is_the_given_one() -> None:
    frames = frames_of(Aging(40, 0.2), np.zeros(1))
    assert list(frames) == [0]
