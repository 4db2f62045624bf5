"""Motion is learned as it is: from label maps that move, and from the exact motion of drawn hearts."""

from __future__ import annotations

import numpy as np
import pytest

from EchoSynthLib.anatomy.heart2d.parametric import parametric_heart
from EchoSynthLib.anatomy.heart3d.cohort import Cohort
from EchoSynthLib.evaluation.segmentation_metrics import structure_dice
from EchoSynthLib.synthesis.beating.distribution import folds, learned
from EchoSynthLib.synthesis.beating.field import GRID, HeartGrid, integrated, moved_labels, rest_at_rim
from EchoSynthLib.synthesis.beating.generator import MotionGenerator, Sight
from EchoSynthLib.synthesis.beating.loops import drawn_loops, velocity_of
from EchoSynthLib.synthesis.beating.pairs import MOMENTS, Lessons, Pairs, carried, lessons, registered
from EchoSynthLib.synthesis.beating.velocities import velocities_of
from EchoSynthLib.training.export import TorchNetwork

STRUCTURES = {"LV": (1,), "myocardium": (2,), "LA": (3,)}
SIDE = 224


@pytest.fixture(scope="module")
def pairs() -> Pairs:
    ends = [
        [parametric_heart(view, phase, 0.6, (SIDE, SIDE), length_mm=length) for phase in (0.0, 1.0)]
        for view, length in (("2CH", 78.0), ("4CH", 84.0), ("4CH", 88.0))
    ]
    return Pairs(
        np.stack([full.label_map for full, _ in ends]),
        np.stack([empty.label_map for _, empty in ends]),
        np.array([full.spacing for full, _ in ends]),
        np.array(["2CH", "4CH", "4CH"]),
        np.array(["a", "b", "c"]),
        np.array([True, True, False]),
    )


@pytest.fixture(scope="module")
def velocities(pairs: Pairs) -> np.ndarray:
    def nothing(moving: np.ndarray, fixed: np.ndarray) -> np.ndarray:
        return np.zeros((2, *moving.shape), np.float32)

    found = registered(pairs, np.zeros((3, 2, SIDE, SIDE), np.uint8), nothing)
    return velocities_of(**found, steps=60)


def test_velocities_carry_end_diastole_onto_end_systole(pairs: Pairs, velocities: np.ndarray) -> None:
    for index in range(len(pairs)):
        moved = moved_labels(pairs.diastole[index], pairs.grid(index).displacement(integrated(velocities[index])))
        before = structure_dice(pairs.diastole[index], pairs.systole[index], STRUCTURES)
        after = structure_dice(moved, pairs.systole[index], STRUCTURES)
        assert all(after[name] > max(before[name], 0.9) for name in STRUCTURES), (before, after)


def test_a_velocity_moves_tissue_alike_on_the_grid_of_either_end(pairs: Pairs, velocities: np.ndarray) -> None:
    own = pairs.grid(1)
    other = HeartGrid.of(pairs.systole[1], pairs.spacing_of(1))
    moved = carried(velocities[1], own, other)
    near = np.isin(pairs.systole[1], (1, 2))
    one = own.displacement(integrated(velocities[1]))[:, near]
    two = other.displacement(integrated(moved))[:, near]
    assert np.percentile(np.abs(one - two), 95) < 2
    assert np.abs(one - two).mean() < 0.7


def test_a_pair_is_seen_at_each_moment(pairs: Pairs, velocities: np.ndarray) -> None:
    seen = lessons(pairs, velocities)
    assert seen.members.shape == (3, len(MOMENTS), 3, *GRID)
    assert seen.view.tolist() == [0.5, -0.5, -0.5]
    assert 100 * (1 - np.exp(-seen.ratio)) == pytest.approx(60, abs=1.5)


def test_a_law_that_is_linear_is_found() -> None:
    rng = np.random.default_rng(0)
    shape, count = rng.random((2, 3, *GRID)), 60
    share = rng.random(count)
    members = (shape[0] + share.reshape(-1, 1, 1, 1) * (shape[1] - shape[0])).astype(np.float32)
    ratio = rng.uniform(0.3, 1.2, count)
    field = rng.standard_normal((2, *GRID)) * rest_at_rim()
    velocity = (ratio * (1 + share)).reshape(-1, 1, 1, 1) * field
    seen = Lessons(
        np.repeat(members[:, None], 3, axis=1),
        np.repeat(rng.standard_normal((count, 1, 3)), 3, axis=1).astype(np.float32),
        np.where(np.arange(count) % 2, 0.5, -0.5).astype(np.float32),
        np.repeat(velocity[:, None], 3, axis=1).astype(np.float32),
        ratio,
    )
    sights = [Sight(members[i], seen.pose[i, 0], float(seen.view[i])) for i in range(count)]
    network, spread = learned(seen, np.arange(count).astype(str), (sights, velocity.astype(np.float32)))
    model = MotionGenerator(TorchNetwork(network), {"modes": network.modes.shape[0], "ratio_spread": spread})
    sight = Sight(members[0], seen.pose[0, 0], float(seen.view[0]))
    found = model.velocity(sight, 100 * (1 - np.exp(-ratio[0])), 0.0)
    assert np.corrcoef(found.ravel(), velocity[0].ravel())[0, 1] > 0.99
    chance = np.random.default_rng(1).standard_normal(model.modes).astype(np.float32)
    assert not np.array_equal(model.velocity(sight, 50.0, 0.0, chance), model.velocity(sight, 50.0, 0.0))


def test_no_patient_is_in_two_folds() -> None:
    patient = np.repeat(np.arange(23).astype(str), 2)
    parts = np.stack(folds(patient, 0))
    assert (parts.sum(axis=0) == 1).all()
    assert (parts[:, ::2] == parts[:, 1::2]).all()


def test_the_velocity_of_a_motion_makes_that_motion() -> None:
    cohort = Cohort(5, rows=112)
    still, empty = cohort.cuts(0, "4CH")
    grid = HeartGrid.of(still.label_map, still.spacing)
    moved = empty.displacement()
    again = grid.displacement(integrated(-velocity_of(moved, grid)))
    wall = np.isin(still.label_map, (1, 2))
    assert np.abs(moved[:, wall]).max() > 2
    assert np.abs(again - moved)[:, wall].mean() < 0.2


def test_second_modes_of_drawn_hearts_move_the_atrium_more_than_the_ventricle() -> None:
    sights, loops = drawn_loops(hearts=2)
    assert loops.shape == (len(sights), 2, *GRID)
    assert np.isfinite(loops).all()
    speed = np.linalg.norm(loops, axis=1)
    cavity, atrium = (np.stack([sight.members[part] for sight in sights]) > 0.5 for part in (0, 2))
    assert speed[atrium].mean() > speed[cavity].mean() > 0
