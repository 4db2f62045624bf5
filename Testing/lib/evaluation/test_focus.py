from __future__ import annotations

import numpy as np
import pytest

from EchoSynthLib.evaluation.focus import pointing_game, region_focus

INSIDE = np.zeros((4, 4), bool)
INSIDE[1:3, 1:3] = True


def test_saliency_that_is_the_same_everywhere_is_focused_as_the_sector_is_large() -> None:
    assert region_focus(np.ones((2, 4, 4)), np.stack([INSIDE, ~INSIDE])) == pytest.approx([0.25, 0.75])


def test_saliency_inside_alone_is_focused_wholly_and_outside_alone_not_at_all() -> None:
    maps = np.stack([INSIDE, ~INSIDE]).astype(float)
    assert region_focus(maps, np.stack([INSIDE, INSIDE])).tolist() == [1, 0]
    assert pointing_game(maps, np.stack([INSIDE, INSIDE])).tolist() == [True, False]


def test_one_bright_pixel_outside_misses_however_much_lies_inside() -> None:
    saliency = np.where(INSIDE, 1.0, 0.0)[None]
    saliency[0, 0, 3] = 2.0
    assert region_focus(saliency, INSIDE[None]) == pytest.approx([4 / 6])
    assert not pointing_game(saliency, INSIDE[None])[0]


def test_where_nothing_is_salient_there_is_no_focus_and_no_hit() -> None:
    nothing = np.zeros((1, 4, 4))
    assert np.isnan(region_focus(nothing, INSIDE[None])).all()
    assert not pointing_game(nothing, np.ones((1, 4, 4), bool))[0]
