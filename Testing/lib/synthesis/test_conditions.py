from __future__ import annotations

import numpy as np
import pytest

from EchoSynthLib.errors import InputError
from EchoSynthLib.synthesis.beam_flow import conditions
from EchoSynthLib.synthesis.beam_flow.conditions import DEPTH, LENGTH, OPENING, QUALITY, VIEW, encode


def test_what_is_not_known_is_zero() -> None:
    vector = encode()
    assert vector.shape == (LENGTH,)
    assert vector.dtype == np.float32
    assert not vector.any()


def test_the_parts_fill_the_vector_without_overlap() -> None:
    used = np.concatenate([np.arange(LENGTH)[part] for part in (VIEW, QUALITY, OPENING, DEPTH)])
    assert sorted(used) == list(range(LENGTH))


@pytest.mark.parametrize(("view", "expected"), [("2CH", [1, 0]), ("4CH", [0, 1])])
def test_the_view_is_one_of_two(view: str, expected: list[int]) -> None:
    vector = encode(view=view)
    assert vector[VIEW].tolist() == expected
    assert vector.sum() == 1


@pytest.mark.parametrize("quality", conditions.QUALITIES)
def test_the_quality_is_one_of_three(quality: str) -> None:
    vector = encode(quality=quality)
    assert vector[QUALITY].tolist() == [float(quality == q) for q in ("good", "medium", "poor")]
    assert vector.sum() == 1


def test_a_typical_angle_and_depth_are_still_told_from_unknown_ones() -> None:
    vector = encode(opening_angle=1.3, depth_mm=150.0)
    assert vector[OPENING].tolist() == [0, 1]
    assert vector[DEPTH].tolist() == [0, 1]


def test_angle_and_depth_are_of_size_one_over_the_range_that_probes_have() -> None:
    narrow, wide = encode(opening_angle=0.9, depth_mm=80.0), encode(opening_angle=1.7, depth_mm=240.0)
    assert -3.5 < narrow[OPENING][0] < 0 < wide[OPENING][0] < 3.5
    assert -3.5 < narrow[DEPTH][0] < 0 < wide[DEPTH][0] < 3.5


@pytest.mark.parametrize("depth", [None, float("nan"), float("inf")])
def test_a_depth_that_is_not_a_number_is_unknown(depth: float | None) -> None:
    assert not encode(depth_mm=depth).any()


@pytest.mark.parametrize("told", [{"view": "3CH"}, {"view": "M-mode"}, {"quality": "excellent"}, {"quality": ""}])
def test_an_unknown_view_or_quality_is_named_with_the_known_ones(told: dict[str, str]) -> None:
    (name, value), known = next(iter(told.items())), ("2CH", "4CH", *conditions.QUALITIES)
    with pytest.raises(InputError, match=name) as caught:
        encode(**told)
    assert value in str(caught.value)
    assert any(choice in str(caught.value) for choice in known)
