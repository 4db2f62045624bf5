"""The line between the ejection fraction asked for and the one that a segmenter sees."""

from __future__ import annotations

import pytest

from EchoSynthLib.errors import InputError, ModelError
from EchoSynthLib.synthesis.animation import EJECTION_FRACTIONS
from EchoSynthLib.synthesis.beating.seen import SeenLine


def test_a_line_leads_back_to_what_was_asked_for() -> None:
    line = SeenLine.fitted([20, 40, 60, 70], [0.9 * ef + 2 for ef in (20, 40, 60, 70)])
    assert (line.slope, line.constant) == pytest.approx((0.9, 2))
    assert line.asked_for(0.9 * 55 + 2) == pytest.approx(55)
    assert line.asked_for(99) == EJECTION_FRACTIONS[1]


def test_a_cine_whose_ventricle_was_lost_does_not_bend_the_line() -> None:
    asked = [15.0, 25, 35, 45, 55, 65, 75]
    seen = [0.9 * ef + 1 for ef in asked]
    seen[5] = 20
    line = SeenLine.fitted(asked, seen)
    assert line.slope == pytest.approx(0.9, abs=0.02)


def test_a_line_needs_ejection_fractions_that_differ() -> None:
    with pytest.raises(InputError, match="that differ"):
        SeenLine.fitted([50, 50, 50], [40, 41, 42])


def test_a_model_may_have_a_line() -> None:
    assert SeenLine.from_config({}) is None
    assert SeenLine.from_config({"seen": [0.93, 0.5]}) == SeenLine(0.93, 0.5)
    for bad in ([1], ["x", 2], [0, 1], 3):
        with pytest.raises(ModelError, match="seen"):
            SeenLine.from_config({"seen": bad})
