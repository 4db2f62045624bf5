"""What the fit learns of its own errors: ranges that nine hearts of ten lie in, from hearts cut by hands."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pytest

from EchoSynthLib.anatomy.heart3d.cohort import Cohort
from EchoSynthLib.reconstruction.fit.errors import CUES, VolumeErrors
from EchoSynthLib.reconstruction.fit.pipeline import FitPipeline
from EchoSynthLib.reconstruction.fit.recipe import HELD_OUT, SKILLS, Fitted, fitted, judged
from EchoSynthLib.zoo import shipped_models

LV = "left ventricle"


def hearts(count: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Cues, and errors whose middle follows the first cue and whose spread the second."""
    generator = np.random.default_rng(seed)
    seen = generator.standard_normal((count, len(CUES)))
    errors = 0.05 + 0.03 * seen[:, 0] + 0.04 * np.exp(0.4 * seen[:, 1]) * generator.standard_normal(count)
    return seen, errors


@pytest.fixture(scope="module")
def learned() -> VolumeErrors:
    seen, errors = hearts(1500, 0)
    return VolumeErrors.learn(seen, {LV: errors})


def test_intervals_hold_nine_hearts_of_ten_whatever_the_pictures_tell(learned: VolumeErrors) -> None:
    seen, errors = hearts(3000, 1)
    told = np.array([learned.at(row)[LV] for row in seen])
    inside = (told[:, 1] <= errors) & (errors <= told[:, 2])
    assert inside.mean() == pytest.approx(0.9, abs=0.03)
    for sure in (seen[:, 1] < -0.5, seen[:, 1] > 0.5):  # one width for all would hold far more of the ones
        assert inside[sure].mean() == pytest.approx(0.9, abs=0.08)
    width = told[:, 2] - told[:, 1]
    assert np.median(width[seen[:, 1] > 0.5]) > 1.3 * np.median(width[seen[:, 1] < -0.5])


def test_what_is_expected_lies_nearer_than_what_was_fitted(learned: VolumeErrors) -> None:
    seen, errors = hearts(500, 2)
    expected = np.array([learned.at(row)[LV][0] for row in seen])
    assert np.abs(expected - errors).mean() < 0.8 * np.abs(errors).mean()


def test_beyond_what_was_learned_from_errors_are_as_at_its_border(learned: VolumeErrors) -> None:
    far, farther = np.zeros(len(CUES)), np.zeros(len(CUES))
    far[0], farther[0] = 20.0, 2000.0
    assert learned.at(far) == learned.at(farther)


def test_errors_come_back_from_a_config(learned: VolumeErrors) -> None:
    back = VolumeErrors.from_dict(json.loads(json.dumps(learned.to_dict())))
    row = np.full(len(CUES), 0.3)
    assert back.at(row)[LV] == pytest.approx(learned.at(row)[LV], abs=1e-3)
    with pytest.raises(ValueError, match="told by"):
        VolumeErrors.from_dict(learned.to_dict() | {"cues": ["another"]})


def test_hearts_that_are_held_out_are_held_by_all_hands_too() -> None:
    held_out = range(HELD_OUT - 1, 9 * HELD_OUT, HELD_OUT)
    assert {SKILLS[index // HELD_OUT % len(SKILLS)] for index in held_out} == set(SKILLS)


def test_figures_tell_fitted_and_expected_apart_and_hands_of_routine(learned: VolumeErrors) -> None:
    zero = np.zeros(len(CUES))
    figures = judged(learned, [Fitted(skill, zero, {LV: 0.06}) for skill in SKILLS])
    assert figures[f"hearts within the interval, {LV}"] == 1
    assert figures[f"volume error, {LV}"] == pytest.approx(1 - math.exp(-0.06))
    assert figures[f"expected volume's error, {LV}, by hand"] < figures[f"volume error, {LV}, by hand"]
    assert all(math.isnan(value) for value in judged(learned, []).values())


def test_a_heart_to_the_book_is_fitted_nearly_as_large_as_it_is() -> None:
    both = list(fitted(Cohort(5, rows=120), 0, FitPipeline()))
    assert len(both) == 2  # end-diastole and end-systole
    assert all(abs(row.ratios[LV]) < 0.12 for row in both)
    assert all(np.isfinite(row.cues).all() and len(row.cues) == len(CUES) for row in both)


def test_the_shipped_fit_tells_the_interval_of_each_chamber() -> None:
    folder = shipped_models() / "heart3d"
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    errors = FitPipeline.from_folder(Path(folder), config).errors
    assert errors is not None
    told = errors.at(errors.center)
    assert set(told) == {LV, "left atrium", "right ventricle", "right atrium"}
    for middle, low, high in told.values():
        assert -1.2 < low < middle < high < 1.2
    unsure = errors.center.copy()
    unsure[:3] += 3 * errors.scale[:3]
    assert errors.at(unsure)[LV][2] - errors.at(unsure)[LV][1] > told[LV][2] - told[LV][1]
