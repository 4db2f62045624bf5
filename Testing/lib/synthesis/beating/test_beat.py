"""A motion is what was asked for, in ejection fraction, phase, beats and seed; it never folds, whatever the grid."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from EchoSynthLib import zoo
from EchoSynthLib.anatomy.deformation import compose, jacobian_determinant
from EchoSynthLib.anatomy.discs import disc_volume
from EchoSynthLib.anatomy.heart2d.parametric import parametric_heart
from EchoSynthLib.errors import InputError
from EchoSynthLib.synthesis.beating.beat import HeartBeat, make_beat
from EchoSynthLib.synthesis.beating.field import moved_labels
from EchoSynthLib.synthesis.beating.generator import MotionGenerator

SIDE = 224
USUAL: dict[str, Any] = {
    "ejection_fraction": 55.0,
    "frames": 16,
    "beats": 1,
    "heart_rate": 70.0,
    "frame_rate": None,
    "phase": "ED",
    "seed": 0,
}

pytestmark = pytest.mark.skipif(
    "beating" not in {model.name for model in zoo.list_models()}, reason="the model beating is not in Resources/Models"
)


@pytest.fixture(scope="module")
def model() -> MotionGenerator:
    folder = zoo.find("beating")
    return MotionGenerator.from_folder(folder.path, folder.config, 1)


@pytest.fixture(scope="module")
def heart() -> tuple[np.ndarray, tuple[float, float]]:
    drawn = parametric_heart("4CH", 0.0, shape=(SIDE, SIDE))
    return drawn.label_map, drawn.spacing


def beat_of(heart: tuple[np.ndarray, tuple[float, float]], model: MotionGenerator, **other: Any) -> HeartBeat:
    return make_beat(heart[0], "4CH", heart[1], model=model, **(USUAL | other))


def maps_of(heart: tuple[np.ndarray, tuple[float, float]], beat: HeartBeat) -> list[np.ndarray]:
    return [moved_labels(heart[0], beat.displacement(t)) for t in range(len(beat.phases))]


@pytest.mark.parametrize("wish", [5.0, 20.0, 35.0, 50.0, 65.0, 80.0])
def test_the_discs_of_the_moved_label_maps_show_the_ejection_fraction_asked_for(heart, model, wish: float) -> None:
    beat = beat_of(heart, model, ejection_fraction=wish)
    volumes = [disc_volume(labels, heart[1]) for labels in maps_of(heart, beat)]
    assert beat.reached
    assert 100 * (1 - volumes[beat.es] / volumes[beat.ed]) == pytest.approx(wish, abs=0.5)
    assert beat.ejection_fraction == pytest.approx(wish, abs=0.5)


def test_volumes_follow_the_curve_from_frame_to_frame(heart, model) -> None:
    beat = beat_of(heart, model)
    volumes = np.array([disc_volume(labels, heart[1]) for labels in maps_of(heart, beat)])
    assert volumes / volumes[0] == pytest.approx(beat.volume, abs=0.04)
    assert beat.volume.argmax() == beat.ed == 0
    assert beat.volume.argmin() == beat.es


def test_what_no_motion_reaches_is_said_and_the_nearest_is_given(heart, model) -> None:
    small = heart[0].copy()
    rows, columns = np.indices(small.shape)
    middle = np.argwhere(small == 1).mean(axis=0).round()
    small[small == 1] = 2
    small[(np.abs(rows - middle[0]) < 4) & (np.abs(columns - middle[1]) < 4)] = 1
    beat = beat_of((small, heart[1]), model, ejection_fraction=90.0)
    assert not beat.reached
    assert beat.asked == 90.0
    assert 0 < beat.ejection_fraction < 100


def test_the_given_frame_stays_as_it_is(heart, model) -> None:
    beat = beat_of(heart, model)
    assert beat.given == beat.ed == 0
    assert np.abs(beat.displacement(0)).max() == 0


@pytest.mark.parametrize("phase", ["ED", "ES", 0.2, 0.6, 0.9])
def test_a_frame_that_is_given_at_any_phase_stays_as_it_is(heart, model, phase: str | float) -> None:
    beat = beat_of(heart, model, phase=phase, frames=48, beats=2)
    assert np.abs(beat.displacement(beat.given)).max() == 0


@pytest.mark.parametrize("phase", ["ED", 0.2, 0.7])
def test_inverse_undoes_displacement(heart, model, phase: str | float) -> None:
    beat = beat_of(heart, model, phase=phase)
    there, back = beat.displacement(beat.es), beat.inverse(beat.es)
    assert np.abs(there).max() > 5
    assert np.abs(compose(there, back)).max() < 0.8
    assert np.abs(compose(back, there)).max() < 0.8


@pytest.mark.parametrize("wish", [20.0, 60.0, 80.0])
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_nothing_folds(heart, model, wish: float, seed: int) -> None:
    beat = beat_of(heart, model, ejection_fraction=wish, seed=seed, temperature=1.0)
    for t in range(0, 16, 3):
        assert jacobian_determinant(beat.displacement(t)).min() > 0
        assert jacobian_determinant(beat.inverse(t)).min() > 0


def test_a_beat_ends_where_it_began(heart, model) -> None:
    one, two = beat_of(heart, model), beat_of(heart, model, frames=64)
    step = np.abs(np.diff(np.append(two.volume, two.volume[0])))
    assert step[-1] <= step.max()
    assert two.phases[-1] < 1
    assert one.times_ms[1] * 16 == pytest.approx(60_000 / 70)


def test_seeds_move_hearts_differently_and_alike_again(heart, model) -> None:
    first, again, other = (beat_of(heart, model, seed=seed) for seed in (0, 0, 1))
    assert np.array_equal(first.displacement(5), again.displacement(5))
    moved = np.abs(first.displacement(first.es) - other.displacement(other.es))
    assert moved.max() > 0.5


def test_the_first_seed_is_the_typical_heart(heart, model) -> None:
    usual, mean, drawn = (
        beat_of(heart, model, ejection_fraction=None, seed=seed, temperature=temperature)
        for seed, temperature in ((0, 0.5), (7, 0.0), (7, 0.5))
    )
    assert np.array_equal(usual.velocity, mean.velocity)
    assert usual.ejection_fraction == mean.ejection_fraction
    assert not np.array_equal(usual.velocity, drawn.velocity)


def test_without_chance_the_seed_moves_no_heart_otherwise(heart, model) -> None:
    one, other = (beat_of(heart, model, seed=seed, temperature=0.0) for seed in (2, 1))
    assert np.array_equal(one.displacement(5), other.displacement(5))


def test_without_a_wish_the_heart_has_an_ejection_fraction_of_its_own(heart, model) -> None:
    found = [beat_of(heart, model, ejection_fraction=None, seed=seed) for seed in range(4)]
    assert all(beat.asked is None and beat.reached for beat in found)
    percents = {round(beat.ejection_fraction) for beat in found}
    assert len(percents) > 1
    assert all(15 <= percent <= 80 for percent in percents)


def test_from_end_systole_the_heart_fills(heart, model) -> None:
    systole = parametric_heart("4CH", 1.0, shape=(SIDE, SIDE))
    given = (systole.label_map, systole.spacing)
    beat = beat_of(given, model, phase="ES", ejection_fraction=50.0)
    maps = maps_of(given, beat)
    assert beat.given == beat.es
    assert np.array_equal(maps[beat.es], systole.label_map)
    volumes = [disc_volume(labels, systole.spacing) for labels in maps]
    assert 100 * (1 - volumes[beat.es] / volumes[beat.ed]) == pytest.approx(50, abs=0.5)
    assert volumes[beat.ed] > volumes[beat.es]


def test_from_between_it_both_fills_and_empties(heart, model) -> None:
    beat = beat_of(heart, model, phase=0.2, ejection_fraction=50.0)
    volumes = [disc_volume(labels, heart[1]) for labels in maps_of(heart, beat)]
    given = disc_volume(heart[0], heart[1])
    assert 0 < beat.given < beat.es
    assert volumes[beat.es] < given < volumes[beat.ed]
    assert 100 * (1 - volumes[beat.es] / volumes[beat.ed]) == pytest.approx(50, abs=0.5)


def test_the_shape_tells_which_end_of_the_beat_a_frame_is(heart, model) -> None:
    full, empty = (parametric_heart("4CH", phase, ejection_fraction=0.65, shape=(SIDE, SIDE)) for phase in (0.0, 1.0))
    beats = [beat_of((one.label_map, one.spacing), model, phase="auto") for one in (full, empty)]
    assert beats[0].emptied < 0.5 < beats[1].emptied


@pytest.mark.parametrize("factor", [2, 3])
def test_a_finer_grid_shows_the_same_motion(heart, model, factor: int) -> None:
    labels, (row_mm, column_mm) = heart
    fine = np.repeat(np.repeat(labels, factor, axis=0), 2, axis=1)
    coarse = beat_of(heart, model, temperature=0.0)
    other = beat_of((fine, (row_mm / factor, column_mm / 2)), model, temperature=0.0)
    one = coarse.displacement(coarse.es) * np.array([row_mm, column_mm]).reshape(2, 1, 1)
    two = other.displacement(other.es) * np.array([row_mm / factor, column_mm / 2]).reshape(2, 1, 1)
    assert np.abs(one - two[:, factor // 2 :: factor, ::2]).max() < 1.0  # mm


def test_who_moves_label_maps_otherwise_gets_the_wish_as_well(heart, model) -> None:
    def narrower(displacement: np.ndarray) -> np.ndarray:
        moved = moved_labels(heart[0], displacement)
        return np.where((np.indices(moved.shape)[1] < 100) & (moved == 1), np.uint8(2), moved)

    beat = beat_of(heart, model, move=narrower)
    volumes = [disc_volume(narrower(beat.displacement(t)), heart[1]) for t in (beat.ed, beat.es)]
    assert 100 * (1 - volumes[1] / volumes[0]) == pytest.approx(55, abs=0.5)


def test_pixels_of_unknown_size_are_squares(heart, model) -> None:
    labels = heart[0]
    one = make_beat(labels, "2CH", None, model=model, **USUAL)
    two = make_beat(labels, "2CH", (0.7, 0.7), model=model, **USUAL)
    assert one.displacement(one.es) == pytest.approx(two.displacement(two.es), abs=1e-3)


@pytest.mark.parametrize(
    "wrong",
    [
        {"ejection_fraction": 0.0},
        {"ejection_fraction": 0.6},
        {"ejection_fraction": 95.0},
        {"ejection_fraction": "60"},
        {"frames": 0},
        {"beats": 0},
        {"heart_rate": 0.0},
        {"heart_rate": float("nan")},
        {"frame_rate": -1.0},
        {"phase": "diastole"},
        {"phase": -0.1},
        {"phase": None},
        {"temperature": 2.0},
    ],
)
def test_what_cannot_be_is_refused_in_words(heart, model, wrong: dict[str, Any]) -> None:
    with pytest.raises(InputError, match="given was"):
        beat_of(heart, model, **wrong)


def test_a_label_map_without_ventricle_is_refused(heart, model) -> None:
    labels = np.where(heart[0] == 1, 2, heart[0])
    with pytest.raises(InputError, match="left ventricle"):
        beat_of((labels, heart[1]), model)


def test_the_given_frame_has_a_volume_and_a_valve_also_where_no_frame_is_at_its_phase(heart, model) -> None:
    beat = beat_of(heart, model, frames=3, frame_rate=200.0, phase=0.2)
    assert beat.given == -1
    whole = beat_of(heart, model, frames=32, phase=0.2)
    assert beat.given_volume == pytest.approx(whole.volume[whole.given], abs=0.01)
    assert beat.given_opening == whole.mitral_opening[whole.given] == 0
    assert beat_of(heart, model, phase=0.6).given_opening > 0.1
    assert beat_of(heart, model, phase="ED").given_volume == pytest.approx(1.0)
