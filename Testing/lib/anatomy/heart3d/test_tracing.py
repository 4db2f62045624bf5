from __future__ import annotations

import numpy as np
import pytest
from scipy import ndimage

from EchoSynthLib.anatomy.heart3d.cut import cut
from EchoSynthLib.anatomy.heart3d.heart import Heart
from EchoSynthLib.anatomy.heart3d.probe import frame_view
from EchoSynthLib.anatomy.heart3d.tracing import TRACINGS, USUAL_WALL_MM, Tracing


@pytest.fixture(scope="module")
def four():
    heart = Heart.normal(wall_mm=USUAL_WALL_MM)
    return cut(heart, frame_view(heart, "A4C"))


def test_an_observer_draws_another_wall_and_leaves_cavity_and_atrium(four) -> None:
    traced = four.traced(TRACINGS["4CH"])
    assert set(np.unique(traced)) == {0, 1, 2, 3}
    np.testing.assert_array_equal(traced == 3, four.label_map == 3)
    assert (four.label_map == 1)[traced != 1].sum() == 0
    assert (traced == 2).sum() > 1.15 * (four.label_map == 2).sum()


def test_the_traced_wall_is_as_thick_as_the_habit_says_and_half_of_what_the_hearts_own_differs() -> None:
    thickness = []
    for own in (USUAL_WALL_MM, USUAL_WALL_MM + 4):
        heart = Heart.normal(wall_mm=own)
        one = cut(heart, frame_view(heart, "A4C"))
        labels = one.traced(Tracing(14.0, 14.0, 14.0, 0.0, 0.0))
        distance = ndimage.distance_transform_edt(labels != 1, sampling=one.spacing)
        thickness.append(float(np.percentile(distance[labels == 2], 99)))
    assert thickness[0] == pytest.approx(14, abs=1.5)
    assert 1 < thickness[1] - thickness[0] < 3.5


def test_without_all_three_structures_nothing_is_traced(four) -> None:
    labels = np.where(four.label_map == 3, 0, four.label_map)
    np.testing.assert_array_equal(TRACINGS["4CH"].trace(labels, four.spacing), labels)


def test_habits_differ_between_observers_and_are_the_seeds() -> None:
    first, again, other = (Tracing.drawn(np.random.default_rng(seed), "A2C") for seed in (1, 1, 2))
    assert first == again != other
