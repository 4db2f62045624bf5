"""Progress of parts as progress of the whole."""

from __future__ import annotations

import pytest

from EchoSynthLib.progress import part, silent


def told_by(steps: list[tuple[int, int]], index: int, count: int, label: str = "", width: int = 1) -> list[float]:
    seen: list[float] = []
    progress = part(lambda done, total, _: seen.append(done / total), index, count, label, width)
    for done, total in steps:
        progress(done, total, "")
    return seen


def test_equal_parts_fill_the_whole_one_after_another() -> None:
    steps = [(0, 2), (1, 2), (2, 2)]
    assert told_by(steps, 0, 2) + told_by(steps, 1, 2) == [0, 0.25, 0.5, 0.5, 0.75, 1]


def test_a_part_may_be_as_wide_as_several() -> None:
    assert told_by([(0, 4), (4, 4)], 7, 10, width=3) == pytest.approx([0.7, 1])


def test_a_part_whose_number_of_steps_is_not_known_stays_at_its_beginning() -> None:
    assert told_by([(0, 0)], 1, 4) == [0.25]


def test_parts_of_parts_nest_with_their_labels() -> None:
    seen: list[tuple[float, str]] = []
    whole = part(lambda done, total, text: seen.append((done / total, text)), 1, 2, "second file")
    part(whole, 1, 2, "frame 2")(1, 2, "segmenting")
    assert seen == [(0.875, "second file: frame 2: segmenting")]


def test_silence_takes_any_step() -> None:
    part(silent, 0, 1)(1, 2, "unheard")
