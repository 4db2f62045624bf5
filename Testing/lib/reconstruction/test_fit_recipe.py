"""What the fit learns of its own errors: ranges that nine hearts of ten lie in, from hearts cut by hands."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pytest

from EchoSynthLib.anatomy.heart3d.cohort import Cohort
from EchoSynthLib.reconstruction.fit.pipeline import FitPipeline
from EchoSynthLib.reconstruction.fit.recipe import HELD_OUT, SKILLS, covered, intervals, ratios
from EchoSynthLib.zoo import shipped_models


def test_an_interval_leaves_as_many_hearts_below_as_above() -> None:
    rows = [{"left ventricle": value} for value in np.random.default_rng(0).normal(0.1, 0.2, 4000)]
    found = intervals(rows)
    low, high = found["left ventricle"]
    assert (low, high) == pytest.approx((0.1 - 1.645 * 0.2, 0.1 + 1.645 * 0.2), abs=0.02)
    assert covered(rows, "left ventricle", (low, high)) == pytest.approx(0.9, abs=0.005)
    assert math.isnan(covered([], "left ventricle", (low, high)))


def test_hearts_that_are_held_out_are_held_by_all_hands_too() -> None:
    held_out = range(HELD_OUT - 1, 9 * HELD_OUT, HELD_OUT)
    assert {SKILLS[index // HELD_OUT % len(SKILLS)] for index in held_out} == set(SKILLS)


def test_a_heart_to_the_book_is_fitted_nearly_as_large_as_it_is() -> None:
    both = list(ratios(Cohort(5, rows=120), 0, FitPipeline()))
    assert len(both) == 2  # end-diastole and end-systole
    assert all(abs(row["left ventricle"]) < 0.12 for row in both)


def test_the_shipped_fit_tells_the_interval_of_each_chamber() -> None:
    folder = shipped_models() / "heart3d"
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    pipeline = FitPipeline.from_folder(Path(folder), config)
    assert set(pipeline.errors) == {"left ventricle", "left atrium", "right ventricle", "right atrium"}
    for low, high in pipeline.errors.values():
        assert -1 < low < 0 < high < 1
