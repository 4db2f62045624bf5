"""When frames are: beats of slightly different length, end-systole among the frames, any number and rate of them."""

from __future__ import annotations

import numpy as np
import pytest

from EchoSynthLib.anatomy.heart3d.volume_curve import Beat
from EchoSynthLib.synthesis.beating.timing import Timing, beat_lengths


@pytest.mark.parametrize("frames", [2, 3, 5, 12, 32, 100])
@pytest.mark.parametrize("rate", [40.0, 70.0, 150.0])
def test_the_emptiest_moment_is_among_the_frames(frames: int, rate: float) -> None:
    timing = Timing.of(frames, 1, rate, None, 0.0, seed=0)
    assert timing.emptied[timing.es] == pytest.approx(1.0, abs=1e-9)
    assert timing.emptied[timing.ed] == pytest.approx(0.0, abs=1e-9)
    assert timing.ed == timing.given == 0


def test_one_beat_has_the_length_that_the_rate_says() -> None:
    timing = Timing.of(20, 1, 60.0, None, 0.0, seed=3)
    assert timing.times_ms == pytest.approx(np.arange(20) * 50.0)
    assert timing.phases[1] == pytest.approx(0.05, abs=0.026)


def test_frames_over_several_beats_come_back_to_the_first() -> None:
    timing = Timing.of(60, 3, 75.0, None, 0.0, seed=1)
    assert timing.times_ms[-1] + timing.times_ms[1] == pytest.approx(3 * 800.0)
    starts = np.flatnonzero(np.diff(timing.phases) < 0)
    assert len(starts) == 2
    assert (np.diff(starts) != 20).any() or starts[0] != 19 or timing.phases[starts[0] + 1] > 0


def test_lengths_of_beats_differ_slightly_by_the_seed() -> None:
    lengths = beat_lengths(200, 850.0, 0, whole=False)
    assert lengths.std() == pytest.approx(25, abs=6)
    assert np.abs(lengths - 850).max() < 90
    assert beat_lengths(5, 850.0, 0, whole=True).sum() == pytest.approx(5 * 850.0)
    assert not np.array_equal(beat_lengths(5, 850.0, 0, whole=True), beat_lengths(5, 850.0, 1, whole=True))


def test_a_frame_rate_decides_how_many_beats_there_are() -> None:
    timing = Timing.of(100, 1, 60.0, 50.0, 0.0, seed=0)
    assert timing.times_ms[1] == pytest.approx(20.0)
    assert (np.diff(timing.phases) < 0).sum() in (1, 2)
    short = Timing.of(5, 1, 60.0, 50.0, 0.0, seed=0)
    assert short.es == 4
    assert short.emptied.max() < 1


def test_the_phase_of_the_given_frame_is_met() -> None:
    timing = Timing.of(24, 1, 70.0, None, 0.21, seed=0)
    assert timing.phases[timing.given] == pytest.approx(0.21)
    assert Timing.of(3, 1, 70.0, 200.0, 0.5, seed=0).given == -1


def test_the_second_mode_has_no_part_in_either_end_of_the_stroke() -> None:
    timing = Timing.of(200, 1, 70.0, None, 0.0, seed=0)
    assert timing.loop[timing.ed] == pytest.approx(0.0, abs=1e-9)
    assert timing.loop[timing.es] == pytest.approx(0.0, abs=1e-9)
    assert np.abs(timing.loop).max() > 0.05
    assert np.abs(np.diff(timing.loop)).max() < 0.1


def test_the_mitral_valve_is_shut_in_systole() -> None:
    timing = Timing.of(50, 1, 70.0, None, 0.0, seed=0)
    assert timing.mitral_opening[timing.es] == 0
    assert timing.mitral_opening.max() > 0.9


@pytest.mark.parametrize("phase", [0.0, 0.2, Beat.at(70.0).aortic_closing, 0.7])
@pytest.mark.parametrize("beats", [1, 3])
def test_the_given_frame_is_among_those_of_the_first_beat_however_long_it_is(phase: float, beats: int) -> None:
    timing = Timing.of(30 * beats, beats, 70.0, None, phase, seed=2)
    assert 0 <= timing.given < 32
    assert timing.phases[timing.given] == pytest.approx(phase, abs=0.03)
    assert timing.given == timing.es or phase != Beat.at(70.0).aortic_closing
