"""The fit of the traffic light's constants, and the frames made worse that it looks at."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest
from scipy import ndimage

from EchoSynthLib.anatomy import parametric_heart
from EchoSynthLib.measurement import expected_dice
from EchoSynthLib.measurement.reliability import thresholds
from EchoSynthLib.measurement.reliability.agreement import confident_overlap

sys.path.insert(0, str(Path(__file__).parents[2] / "calibration"))
import traffic_light
from degraded import CHANGES, degraded

LABELS = parametric_heart("4CH").label_map
IMAGE = ndimage.gaussian_filter(70.0 * LABELS, 2).astype(np.uint8)


def test_the_fit_finds_the_curve_that_made_the_dice() -> None:
    overlap = np.linspace(0.5, 0.99, 50)
    found = traffic_light.fit(overlap, 1.01 - np.exp(2.0) * (1.001 - overlap) ** 1.5)
    assert (found.offset, found.exponent) == pytest.approx((2.0, 1.5))


def test_the_fit_and_the_light_mean_the_same_expected_dice() -> None:
    confidence = np.full(LABELS.shape, 0.97)
    overlap = np.array([list(confident_overlap(LABELS, confidence).values())])
    (mean,) = traffic_light.expected(thresholds.BY_CONFIDENCE, overlap)
    assert mean == pytest.approx(np.mean(list(expected_dice(LABELS, confidence).values())))


def test_red_begins_where_half_of_the_frames_are_no_use() -> None:
    promised = np.linspace(0.505, 0.995, 50)
    assert traffic_light.highest_red(promised, dice=promised) == pytest.approx(0.99)
    assert traffic_light.highest_red(promised, dice=promised + 0.1) == pytest.approx(0.89, abs=0.011)


def test_a_degraded_frame_depends_on_its_seed_alone() -> None:
    one, again, other = (degraded(IMAGE, np.random.default_rng(seed)) for seed in (1, 1, 2))
    assert np.array_equal(one, again)
    assert not np.array_equal(one, other)
    assert one.shape == IMAGE.shape
    assert one.dtype == np.uint8


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.__name__)
def test_each_change_changes_the_frame(change) -> None:
    gray = IMAGE / 255
    changed = change(gray, np.ones(gray.shape, bool), np.random.default_rng(0))
    assert changed.shape == gray.shape
    assert np.isfinite(changed).all()
    assert np.abs(changed - gray).max() > 0.02
