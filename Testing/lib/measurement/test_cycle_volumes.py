"""Ejection fractions of cines whose frames were each reconstructed alone."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from EchoSynthLib.anatomy.heart3d.volume_curve import Beat
from EchoSynthLib.measurement.cycle_volumes import cycle_volumes


def curve(frames: int, ejection_fraction: float) -> NDArray[np.float64]:
    beat = Beat.at(70)
    return np.array([100 * (1 - ejection_fraction * float(beat.emptied(t / frames))) for t in range(frames)])


def test_errors_of_single_frames_hardly_raise_the_ejection_fraction() -> None:
    generator = np.random.default_rng(0)
    ours, extremes = [], []
    for _ in range(40):
        values = curve(24, 0.5)
        true = 100 * (1 - values.min() / values.max())
        values = values * np.exp(0.04 * generator.standard_normal(24))
        ours.append(cycle_volumes(values).ejection_fraction - true)
        extremes.append(100 * (1 - values.min() / values.max()) - true)
    assert abs(np.mean(ours)) < 1
    assert np.mean(extremes) > 2


def test_few_moments_are_taken_as_they_are() -> None:
    found = cycle_volumes([60.0, 120.0])
    assert (found.diastole, found.systole) == (1, 0)
    assert found.ejection_fraction == pytest.approx(50)


def test_a_heart_that_stands_still_ejects_nothing() -> None:
    assert cycle_volumes([80.0, 80.0, 80.0]).ejection_fraction == 0
