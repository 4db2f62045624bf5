"""Between what a measurement truly lies: arithmetic of the bounds, and how many of CAMUS val lie within."""

from __future__ import annotations

import math

import numpy as np
import pytest

import EchoSynthLib as es
from EchoSynthLib.anatomy import parametric_heart
from EchoSynthLib.anatomy.heart2d.parametric import heart_cycle
from EchoSynthLib.api.measure import study_of
from EchoSynthLib.images.datasets.camus import find_camus, load_camus_npz
from EchoSynthLib.measurement import measure_frame, rows_of, study_of_frame, study_of_views, worded
from EchoSynthLib.measurement.reliability.intervals import (
    BOUNDS,
    FACTOR,
    FRACTIONS,
    USUAL_DOUBT,
    doubt_of,
    factor_of,
    interval,
    structure_of,
)

SEEN = {"expected Dice, LV cavity": 0.95, "expected Dice, left atrium": 0.9, "agreement": 0.98}


def test_what_is_missing_of_the_expected_dice_and_of_the_agreement_is_the_doubt() -> None:
    assert doubt_of(SEEN, "LV") == pytest.approx(0.05 + 0.02)
    assert doubt_of(SEEN, "LA") == pytest.approx(0.1 + 0.02)
    assert doubt_of({"LV length": 80.0}, "LV") is None


def test_bounds_grow_with_the_doubt_within_what_was_seen() -> None:
    usual = USUAL_DOUBT["LV"]
    assert factor_of([usual], "LV area") == pytest.approx(1)
    assert factor_of([None], "LV area") == factor_of([], "LV area") == 1
    assert factor_of([usual / 4 * 2], "LV area") == pytest.approx(math.sqrt(0.5))
    assert (factor_of([0.0], "LV area"), factor_of([1.0], "LV area")) == FACTOR
    assert factor_of([0.0], "EF, discs") == 1  # a fraction's never shrink
    assert factor_of([usual, 1.0], "LV area") == pytest.approx((1 + FACTOR[1]) / 2)


def test_a_size_lies_between_factors_of_itself() -> None:
    low, high = interval("LV volume, discs", 100.0, [{}]) or (0, 0)
    assert (low, high) == pytest.approx([100 * math.exp(end) for end in BOUNDS["LV volume, discs"]])
    assert interval("ED frame", 3.0, [{}]) is None
    assert interval("LV volume, discs", float("nan"), [{}]) is None


def test_a_fraction_lies_where_the_ratio_that_is_left_does() -> None:
    bounds = BOUNDS["EF, discs"]
    low, high = interval("EF, discs", 0.6, [{}, {}]) or (0, 0)
    assert low == pytest.approx(1 - 0.4 * math.exp(bounds.high))
    assert high == pytest.approx(1 - 0.4 * math.exp(bounds.low))


def test_beats_that_differ_widen_an_interval_by_their_standard_error() -> None:
    narrow, wide = (interval("EF, discs", 0.6, [{}, {}], repeated) or (0, 0) for repeated in (0.0, 0.2))
    half = [math.log((1 - low) / (1 - high)) / 2 for low, high in (narrow, wide)]
    assert half[1] == pytest.approx(math.hypot(half[0], 1.645 * 0.2))
    assert interval("EF, discs", 0.05, [{}], 2.0) == (0.0, pytest.approx(1, abs=0.1))  # none is below nothing


def test_every_size_and_fraction_of_a_frame_and_of_views_has_one() -> None:
    frames = {
        view: {
            name: measure_frame(heart.label_map, heart.spacing)
            for name, heart in (("ED", parametric_heart(view, 0.0)), ("ES", parametric_heart(view, 1.0)))
        }
        for view in ("2CH", "4CH")
    }
    table = study_of_views(frames).table
    bounded = {entry.name for entry in table if entry.low is not None}
    assert bounded >= {"LV length", "LV volume, discs", "LA area", "EF, discs", "EF, biplane discs", "FAC"}
    assert bounded >= {"LV volume, biplane discs", "LA volume, biplane discs", "wall thickness, mean"}
    for entry in table:
        if entry.low is not None and entry.high is not None:
            assert entry.low < entry.value < entry.high
            assert structure_of(entry.name) in USUAL_DOUBT
        else:
            assert entry.name not in (*FRACTIONS, "LV length")


def test_a_doubted_frame_has_wider_intervals_than_one_that_is_not() -> None:
    heart = parametric_heart("4CH")
    sure, unsure = (
        measure_frame(heart.label_map, heart.spacing, confidence=np.full(heart.label_map.shape, certain, np.float32))
        for certain in (0.99, 0.8)
    )
    widths = []
    for frame in (sure, unsure):
        entry = next(one for one in study_of_frame(frame).table if one.name == "LV volume, discs")
        assert entry.low is not None
        assert entry.high is not None
        widths.append(entry.high - entry.low)
    assert widths[1] > 1.3 * widths[0]


def test_a_cine_has_one_for_its_ejection_fraction_and_tells_it_where_the_number_stands() -> None:
    beat = heart_cycle(16, "4CH", 0.55, shape=(160, 196))
    study = study_of(np.stack([frame.label_map for frame in beat]), beat[0].spacing)
    entry = next(one for one in study.table if (one.name, one.where) == ("EF, discs", "cine"))
    assert entry.low is not None
    assert entry.high is not None
    assert entry.low < 55 < entry.high
    assert worded(entry, study).between == f"{entry.low:.0f} to {entry.high:.0f}"
    row = next(one for one in rows_of("case", study) if (one["name"], one["where"]) == ("EF, discs", "cine"))
    assert (row["low"], row["high"], row["between"]) == (entry.low, entry.high, worded(entry, study).between)


@pytest.mark.slow
@pytest.mark.skipif(find_camus() is None, reason="CAMUS was not found (ECHOSYNTH_DATA)")
def test_nine_of_ten_volumes_and_lengths_of_val_lie_within() -> None:
    folder = find_camus()
    assert folder is not None
    frames = load_camus_npz(folder / "camus_224.npz")
    val = frames.select(frames.split == "val")
    inside: dict[str, list[bool]] = {"LV length": [], "LV area": [], "LV volume, discs": []}
    for image, label, step in zip(val.image, val.label, val.spacing, strict=True):
        spacing = (float(step[0]), float(step[1]))
        seen = es.segment_detailed(image)
        found = measure_frame(seen.label_map, spacing, confidence=seen.confidence).values
        truth = measure_frame(label, spacing).values
        for name, told in inside.items():
            low, high = interval(name, found[name], [found]) or (0, 0)
            told.append(low <= truth[name] <= high)
    for name, told in inside.items():
        assert 0.85 <= np.mean(told) <= 0.95, name
