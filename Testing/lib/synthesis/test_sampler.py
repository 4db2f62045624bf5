"""On Gaussian data x ~ N(m, s^2) the exact average velocity is known; see test_flow_map."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from EchoSynthLib.errors import Cancelled
from EchoSynthLib.synthesis.beam_flow.sampler import integrate

MEAN, SPREAD = 0.7, 0.4
quickly = settings(max_examples=25, deadline=None)


def deviation(t: float) -> float:
    return math.sqrt((1 - t) ** 2 * SPREAD**2 + t**2)


def average_velocity(z, t: float, r: float):
    quantile = (z - (1 - t) * MEAN) / deviation(t)
    return (z - (1 - r) * MEAN - deviation(r) * quantile) / (t - r)


@quickly
@given(steps=st.integers(1, 60))
def test_the_exact_average_velocity_is_exact_in_any_number_of_steps(steps: int) -> None:
    noise = np.random.default_rng(3).standard_normal((1, 1, 6, 4)).astype(np.float32)
    drawn = integrate(average_velocity, noise, steps)
    np.testing.assert_allclose(drawn, MEAN + SPREAD * noise, atol=2e-4)


def test_the_noise_is_left_as_it_was() -> None:
    noise = np.ones((1, 1, 2, 2), np.float32)
    integrate(average_velocity, noise, 3)
    assert np.all(noise == 1)


@pytest.mark.parametrize("steps", [1, 4, 50])
def test_a_step_is_one_evaluation_of_the_network_and_is_told(steps: int) -> None:
    seen: list[tuple[float, float]] = []
    told: list[int] = []

    def velocity(z, t: float, r: float):
        seen.append((t, r))
        return np.zeros_like(z)

    integrate(velocity, np.zeros((1, 1, 2, 2), np.float32), steps, after_step=lambda: told.append(len(seen)))
    assert told == list(range(1, steps + 1))
    np.testing.assert_allclose([t for t, _ in seen], np.linspace(1, 0, steps + 1)[:-1])
    assert [t for t, _ in seen[1:]] == [r for _, r in seen[:-1]]
    assert seen[-1][1] == 0


def test_it_can_be_cancelled_between_steps() -> None:
    calls: list[float] = []

    def velocity(z, t: float, r: float):
        calls.append(t)
        return z

    def stop() -> None:
        raise Cancelled

    with pytest.raises(Cancelled):
        integrate(velocity, np.zeros((1, 1, 2, 2), np.float32), 50, after_step=stop)
    assert len(calls) == 1
