from __future__ import annotations

import numpy as np
import pytest

from EchoSynthLib.evaluation.bootstrap import accuracy_of_subsets, bootstrap_over_patients


def test_frames_that_are_all_alike_leave_no_doubt() -> None:
    found = bootstrap_over_patients(np.full(12, 0.9), np.repeat(["a", "b", "c"], 4))
    assert (found.mean, found.low, found.high) == pytest.approx((0.9, 0.9, 0.9))


def test_of_two_patients_either_may_be_drawn_twice() -> None:
    # Means 0, 1/2 and 1 with probabilities 1/4, 1/2 and 1/4: both ends lie within 95 %.
    found = bootstrap_over_patients([0.0, 1.0], ["a", "b"])
    assert (found.mean, found.low, found.high) == (0.5, 0.0, 1.0)


def test_one_patient_alone_leaves_nothing_to_draw() -> None:
    found = bootstrap_over_patients([0.5, 1.0], ["a", "a"])
    assert (found.mean, found.low, found.high) == (0.75, 0.75, 0.75)


def test_more_frames_of_the_same_patients_give_no_more_confidence() -> None:
    values = np.random.default_rng(0).normal(size=20)
    patients = np.arange(20)
    once = bootstrap_over_patients(values, patients)
    often = bootstrap_over_patients(np.repeat(values, 6), np.repeat(patients, 6))
    assert (often.low, often.high) == pytest.approx((once.low, once.high))


def test_it_is_as_wide_as_theory_says_for_many_patients() -> None:
    values = np.random.default_rng(1).normal(size=400)
    found = bootstrap_over_patients(values, np.arange(400))
    expected = 2 * 1.96 * values.std() / np.sqrt(400)
    assert found.high - found.low == pytest.approx(expected, rel=0.1)


def test_it_covers_the_true_mean_nineteen_times_in_twenty() -> None:
    rng = np.random.default_rng(2)
    patients = np.repeat(np.arange(40), 4)
    covered = []
    for _ in range(200):
        of_patient = np.repeat(rng.normal(size=40), 4)
        found = bootstrap_over_patients(of_patient + rng.normal(size=160), patients, bootstraps=300)
        covered.append(found.low <= 0 <= found.high)
    assert 0.9 <= np.mean(covered) <= 0.99


def test_patients_with_more_frames_weigh_more() -> None:
    assert bootstrap_over_patients([1, 1, 1, 0], ["a", "a", "a", "b"]).mean == 0.75


def test_the_accuracy_of_subsets_stays_around_that_of_all() -> None:
    right = np.arange(200) % 10 > 0
    found = accuracy_of_subsets(right)
    assert found["mean"] == pytest.approx(0.9, abs=0.002)
    # Without replacement: sqrt(p (1 - p) / n (1 - n / N) N / (N - 1)) for n of N frames.
    assert found["std"] == pytest.approx(np.sqrt(0.09 / 160 * 0.2 * 200 / 199), rel=0.1)
    assert accuracy_of_subsets(np.ones(7, bool)) == {"mean": 1.0, "median": 1.0, "std": 0.0}
