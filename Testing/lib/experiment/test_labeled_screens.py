"""What the experiments with classifiers begin with: a cohort's hearts on screens."""

from __future__ import annotations

from collections import Counter

import numpy as np

from EchoSynthLib.anatomy.heart3d.cohort import Cohort
from EchoSynthLib.anatomy.heart3d.cut import Cut
from EchoSynthLib.anatomy.views import FOUR_CHAMBER, SHORT_AXIS_PAPILLARY
from EchoSynthLib.experiment.backmix.frames import DRAWN_VIEWS, drawn_views
from EchoSynthLib.experiment.experts.frames import CONTRAST, SIDE, drawn_site
from EchoSynthLib.experiment.labeled_screens import cohort_views, seed_of
from EchoSynthLib.images.screens import Screen

CLASSES = {"A4C": FOUR_CHAMBER.name, "PSAX": SHORT_AXIS_PAPILLARY.name}


def nothing(*told: object) -> None:
    """Of progress."""


def test_each_heart_is_shown_at_both_ends_of_the_beat_in_each_view_and_is_in_one_split() -> None:
    told: list[tuple[int, int, int]] = []

    def shown(cut: Cut, numbers: tuple[int, int, int]) -> Screen:
        told.append(numbers)
        assert (cut.phase > 0) == (numbers[2] == 1)
        return Screen(np.full((4, 4), len(told), np.uint8), np.ones((4, 4), bool))

    found = cohort_views(Cohort(0, rows=48), {"train": 2, "val": 1}, CLASSES, shown, "here", nothing, "h")
    assert told == [(heart, view, phase) for heart in range(3) for view in range(2) for phase in range(2)]
    assert found.image[:, 0, 0].tolist() == list(range(1, 13))
    assert found.label.tolist() == [0, 0, 1, 1] * 3
    assert found.group.tolist() == [f"h{heart}" for heart in range(3) for _ in range(4)]
    assert Counter(found.split.tolist()) == {"train": 8, "val": 4}
    assert (found.classes, found.site) == (("A4C", "PSAX"), "here")
    assert found.is_masked.all()


def test_a_seed_is_drawn_from_all_its_numbers_in_their_order() -> None:
    assert len({seed_of(0, 1), seed_of(1, 0), seed_of(1, 1)}) == 3


def test_a_heart_is_drawn_alike_however_many_there_are_and_other_seeds_draw_others() -> None:
    one, two = (drawn_views({"train": count}, SIDE, 3, nothing) for count in (1, 2))
    assert np.array_equal(two.image[: len(one)], one.image)
    assert one.classes == tuple(DRAWN_VIEWS)
    assert (one.image[~one.mask] == 0).all()
    assert not np.array_equal(drawn_views({"train": 1}, SIDE, 4, nothing).image, one.image)


def test_a_site_writes_beside_its_sectors() -> None:
    found = drawn_site(CONTRAST, 0, (1, 1), nothing)
    assert found.classes == tuple(CONTRAST.views)
    assert (found.image[~found.mask] > 0).any()
    assert set(found.group.tolist()) == {"contrast0", "contrast1"}
