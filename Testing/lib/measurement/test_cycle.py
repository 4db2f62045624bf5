"""End-diastole and end-systole from the area of the left ventricle over time."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from EchoSynthLib.anatomy.heart2d.parametric import heart_cycle
from EchoSynthLib.errors import InputError
from EchoSynthLib.measurement import find_cycle, measure_frame, study_of_cine

FRAMES = np.arange(40)
BEAT = 100 - 30 * np.sin(np.pi * FRAMES / 40) ** 2  # fullest at 0 and 40, emptiest at 20


def test_the_largest_cavity_is_diastole_and_the_smallest_systole() -> None:
    cycle = find_cycle(BEAT)
    assert (cycle.diastole.frame, cycle.systole.frame) == (0, 20)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 1000))
def test_noise_moves_the_end_points_little_and_is_told(seed) -> None:
    cycle = find_cycle(BEAT + np.random.default_rng(seed).normal(0, 0.7, len(BEAT)))
    assert abs(cycle.systole.frame - 20) <= 4
    assert min(cycle.diastole.frame, 40 - cycle.diastole.frame) <= 5
    assert cycle.systole.first <= cycle.systole.frame <= cycle.systole.last
    assert cycle.noise > 0


def test_a_flat_end_leaves_more_frames_to_choose_from_than_a_sharp_one() -> None:
    sharp = find_cycle(100 - 30 * (1 - np.abs(FRAMES - 20) / 20) + 0.2 * (-1.0) ** FRAMES).systole
    flat = find_cycle(100 - 30 * np.clip(2 * (1 - np.abs(FRAMES - 20) / 20), 0, 1) + 0.2 * (-1.0) ** FRAMES).systole
    assert flat.last - flat.first > sharp.last - sharp.first


@pytest.mark.parametrize("wrong", [0.0, np.nan, 10.0, 300.0])
def test_one_failed_frame_is_no_end_point(wrong) -> None:
    areas = BEAT.copy()
    areas[10] = wrong
    cycle = find_cycle(areas)
    assert (cycle.diastole.frame, cycle.systole.frame) == (0, 20)


def test_two_frames_are_taken_as_they_are() -> None:
    cycle = find_cycle([50.0, 80.0])
    assert (cycle.diastole.frame, cycle.systole.frame) == (1, 0)


def test_a_cine_without_ventricles_is_refused() -> None:
    with pytest.raises(InputError, match="1 of 3 have one"):
        find_cycle([0.0, 40.0, 0.0])


def test_a_cine_of_a_heart_gives_its_ejection_fraction_and_curves() -> None:
    beat = heart_cycle(16, "4CH", 0.55, shape=(160, 196))
    study = study_of_cine([measure_frame(frame.label_map, frame.spacing) for frame in beat])
    assert study.value("ED frame", "cine") == 0
    assert study.value("ES frame", "cine") == 6  # systole takes 38 % of the cycle
    assert study.value("EF, discs", "cine") == pytest.approx(55, abs=2)
    assert study.curves["LV volume, discs"][6] == study.value("LV volume, discs", "frame 6")
    assert len(study.curves["LV area"]) == 16


def test_a_beat_that_ends_where_it_began_is_one() -> None:
    cycle = find_cycle(np.append(BEAT, 100.0))
    assert [(ed.frame, es.frame) for ed, es in cycle.beats] == [(0, 20)]


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 1000), st.integers(2, 5), st.integers(0, 39))
def test_each_whole_beat_is_found_wherever_the_cine_begins(seed, beats, start) -> None:
    areas = np.tile(BEAT, beats + 1)[start : start + 40 * beats + 1]
    cycle = find_cycle(areas + np.random.default_rng(seed).normal(0, 0.3, len(areas)))
    found = [((ed.frame + start) % 40, (es.frame + start) % 40) for ed, es in cycle.beats]
    assert beats - 1 <= len(found) <= beats
    assert all(min(ed, 40 - ed) <= 5 and abs(es - 20) <= 5 for ed, es in found)
    assert all(ed.frame < es.frame for ed, es in cycle.beats)


def test_a_wave_within_a_beat_is_no_beat() -> None:
    with_wave = BEAT + 8 * np.exp(-(((FRAMES - 29) / 2) ** 2))
    assert len(find_cycle(np.append(with_wave, 100.0)).beats) == 1


def test_a_cine_that_only_fills_still_has_its_two_ends() -> None:
    cycle = find_cycle(np.linspace(60, 100, 12))
    assert [(ed.frame, es.frame) for ed, es in cycle.beats] == [(11, 0)]


def test_of_several_beats_the_ratios_are_means_and_each_is_told() -> None:
    beats = [heart_cycle(16, "4CH", fraction, shape=(160, 196)) for fraction in (0.5, 0.6)]
    study = study_of_cine([measure_frame(frame.label_map, frame.spacing) for beat in beats for frame in beat])
    assert study.value("beats", "cine") == 2
    each = [study.value("EF, discs", f"beat {number}") for number in (1, 2)]
    assert each == pytest.approx([50, 60], abs=2.5)
    assert study.value("EF, discs", "cine") == pytest.approx(np.mean(each))
    volumes = [study.value("LV volume, discs", f"frame {end.frame}") for _, end in study.cycle.beats]
    assert study.value("LV volume, discs", "cine ES") == pytest.approx(np.mean(volumes))
    assert study.value("ED frame", "beat 2") > study.value("ES frame", "beat 1")


@pytest.mark.parametrize("frames", [5, 6, 7, 8, 10, 12, 16, 20])
def test_a_short_beat_keeps_its_sharp_ends(frames) -> None:
    phases = np.abs((np.arange(frames) / frames - 0.5) * 2)  # emptiest in the middle
    areas = 65 + 35 * phases
    cycle = find_cycle(areas)
    assert areas[cycle.diastole.frame] >= 0.93 * areas.max()
    assert areas[cycle.systole.frame] <= 1.1 * areas.min()


def test_a_ventricle_that_never_changes_has_no_ends_of_a_beat():
    for areas in ([500.0] * 2, [500.0] * 12, [500.0, 0.0, 500.0]):
        with pytest.raises(InputError, match=r"as large in each of the \d+ frames"):
            find_cycle(areas)
