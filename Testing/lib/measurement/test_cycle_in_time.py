"""One heart at any frame rate has one ejection fraction: what is smoothed is a time, and beats confirm each other."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import ndimage

import EchoSynthLib as es
from EchoSynthLib.anatomy import parametric_heart
from EchoSynthLib.anatomy.heart3d.volume_curve import Beat
from EchoSynthLib.api.measure import study_of
from EchoSynthLib.errors import InputError
from EchoSynthLib.measurement import find_cycle
from EchoSynthLib.measurement.beats import regular
from EchoSynthLib.measurement.cavity import Cavity, implausible

RATES = (8, 15, 30, 60)
SHAPE = (112, 112)


def volumes(rate, seconds, fraction, heart_rate=68.0, begin=0.3, noise=0.0, seed=0):
    """Of a beating ventricle, as sampled at a frame rate, with errors of single frames."""
    turns = np.arange(round(rate * seconds)) / rate * heart_rate / 60 + begin
    clean = 100 * (1 - fraction * Beat.at(heart_rate).emptied(turns))
    return clean * np.exp(np.random.default_rng(seed).normal(0, noise, len(clean)))


def fraction_of(sizes, frame_time):
    beats = find_cycle(sizes, frame_time).beats
    return float(np.mean([1 - sizes[empty.frame] / sizes[full.frame] for full, empty in beats]))


@pytest.mark.parametrize("fraction", [0.25, 0.45, 0.65])
@pytest.mark.parametrize("heart_rate", [55, 70, 90])
def test_the_frame_rate_changes_no_ejection_fraction(fraction, heart_rate):
    found = [fraction_of(volumes(rate, 2, fraction, heart_rate), 1000 / rate) for rate in RATES]
    assert found == pytest.approx([fraction] * len(RATES), abs=0.02)


@pytest.mark.parametrize("rate", RATES)
def test_errors_of_single_frames_lean_neither_way(rate):
    found = [
        fraction_of(volumes(rate, 2, 0.55, noise=0.05, begin=seed / 24, seed=seed), 1000 / rate) for seed in range(24)
    ]
    assert np.mean(found) == pytest.approx(0.55, abs=0.02)
    assert np.std(found) < 0.04


@pytest.mark.parametrize("wrong", [0.4, 1.6])
def test_beats_of_few_frames_tell_a_wrong_one(wrong):
    sizes = volumes(8, 2, 0.55)
    sizes[7] *= wrong
    cycle = find_cycle(sizes, 125)
    assert cycle.left_out == (7,)
    assert fraction_of(sizes, 125) == pytest.approx(0.55, abs=0.03)
    assert cycle.period * 125 == pytest.approx(60_000 / 68, rel=0.05)


def test_a_systole_of_two_frames_is_kept_where_there_is_one_beat():
    sizes = [100.0, 98.0, 62.0, 45.0, 70.0, 84.0, 87.0]
    ((full, empty),) = find_cycle(sizes, 130).beats
    assert (full.frame, empty.frame) == (0, 3)


def test_without_a_frame_time_the_heart_beats_at_the_usual_rate():
    cycle = find_cycle(volumes(30, 2.2, 0.5, heart_rate=90))
    assert cycle.assumed
    assert cycle.frame_time * cycle.period == pytest.approx(857, rel=0.05)
    assert not find_cycle(volumes(30, 2.2, 0.5), 33.3).assumed
    with pytest.raises(InputError, match="milliseconds"):
        find_cycle(volumes(30, 2, 0.5), -1)


def test_a_beat_that_comes_early_is_kept_apart_and_told():
    beats = [volumes(30, seconds, fraction, 60 / seconds, 0.0) for seconds, fraction in
             ((0.9, 0.55), (0.9, 0.55), (0.55, 0.5), (0.9, 0.3), (0.9, 0.55), (0.9, 0.55))]  # fmt: skip
    cycle = find_cycle(np.concatenate(beats), 1000 / 30)
    assert len(cycle.beats) == 6
    assert 3 not in regular(cycle)
    assert {0, 1, 5} <= set(regular(cycle))


@pytest.fixture(scope="module")
def clip():
    """Label maps of 16 frames in two seconds, 112 x 112, whose borders tremble as a segmenter's do."""
    generator = np.random.default_rng(3)
    phases = Beat.at(68).emptied(np.arange(16) / 8 * 68 / 60 + 0.3)
    maps = []
    for phase in phases:
        labels = parametric_heart("4CH", float(phase), shape=SHAPE).label_map
        step = ndimage.gaussian_filter(generator.normal(0, 1, (2, *SHAPE)), (0, 8, 8)) * 14
        maps.append(ndimage.map_coordinates(labels, np.indices(SHAPE) + step, order=0, mode="nearest"))
    ends = [parametric_heart("4CH", phase, shape=SHAPE).label_map for phase in (0.0, 1.0)]
    return np.stack(maps).astype(np.uint8), es.measure(np.stack(ends))[0]


def told(table, name, where="cine"):
    return next(entry.value for entry in table if (entry.name, entry.where) == (name, where))


def test_a_small_clip_of_two_seconds_has_the_ejection_fraction_of_its_heart(clip):
    maps, truth = clip
    table, record = es.measure(maps, frame_time=125)
    assert told(table, "EF, discs") == pytest.approx(told(truth, "EF, discs"), abs=5)
    cycle = record["cycle"]
    assert (cycle["frame_time_ms"], cycle["frame_time_source"]) == (125, "given")
    assert cycle["heart_rate"] == pytest.approx(68, rel=0.06)
    assert cycle["spread"]["EF, discs"] < 10
    assert [beat["EF, discs"] for beat in cycle["beats"]] == [
        told(table, "EF, discs", f"beat {number + 1}") for number in range(len(cycle["beats"]))
    ]
    assert es.measure(maps)[1]["cycle"]["frame_time_source"] == "assumed"


def test_a_cavity_that_runs_into_its_neighbor_is_left_out_and_told(clip):
    maps, truth = clip
    broken = maps.copy()
    rows, columns = np.nonzero(broken[5] == 1)
    broken[5, rows.min() : rows.max(), : columns.min() + 20] = 1
    cavities = [Cavity.of_labels(labels) for labels in broken]
    assert list(implausible(cavities)) == [5]
    assert not implausible([Cavity.of_labels(labels) for labels in maps])
    table, record = es.measure(broken, frame_time=125)
    assert told(table, "EF, discs") == pytest.approx(told(truth, "EF, discs"), abs=5)
    assert record["cycle"]["left_out_frames"] == [5]
    assert "frame 5 (counted from 0) was left out" in record["warnings"][0]


def test_crumbs_beside_a_chamber_change_no_volume(clip):
    labels = clip[0][0]
    crumbs = labels.copy()
    crumbs[2:5, 100:104] = 1
    whole, with_crumbs = study_of(labels), study_of(crumbs)
    for name in ("LV area", "LV length"):
        assert whole.value(name) == with_crumbs.value(name)


def test_a_cavity_is_the_same_before_and_after_it_is_measured(clip):
    for labels in clip[0][:4]:
        alone = Cavity.of_labels(labels, (0.9, 0.8))
        measured = Cavity.of_frame(study_of(labels, (0.9, 0.8)).frames[""])
        assert (alone.area, alone.length, alone.ventricle) == pytest.approx(
            (measured.area, measured.length, measured.ventricle)
        )
        np.testing.assert_allclose((alone.base, alone.apex), (measured.base, measured.apex))
