from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from EchoSynthLib.anatomy.labels import (
    CAMUS,
    CONDITIONING,
    camus_map,
    check_label_map,
    conditioning_map,
)
from EchoSynthLib.errors import InputError

GRID = (11, 9)
label_maps = arrays(np.uint8, GRID, elements=st.integers(0, 3)).filter(np.any)
sector_masks = arrays(np.bool_, GRID).filter(np.any)
quickly = settings(max_examples=30, deadline=None)


def a_label_map() -> np.ndarray:
    labels = np.zeros(GRID, np.uint8)
    labels[2:5, 3:6], labels[5:7, 3:6], labels[7:9, 3:6] = 1, 2, 3
    return labels


def test_the_codes_are_those_of_the_papers() -> None:
    assert CAMUS == {"other": 0, "left ventricle": 1, "myocardium": 2, "left atrium": 3}
    assert CONDITIONING == {
        "outside sector": 0,
        "left ventricle": 1,
        "unlabeled tissue": 2,
        "myocardium": 3,
        "left atrium": 4,
    }


@quickly
@given(label_maps, sector_masks, st.sampled_from([None, "2CH", "4CH"]))
def test_a_label_outside_the_sector_is_never_drawn(labels, sector, view) -> None:
    classes = conditioning_map(labels, sector, view) % len(CONDITIONING)
    assert (classes[~sector] == CONDITIONING["outside sector"]).all()
    assert (classes[sector] != CONDITIONING["outside sector"]).all()


@quickly
@given(label_maps, sector_masks, st.sampled_from([None, "2CH", "4CH"]))
def test_a_conditioning_map_gives_back_label_map_and_sector(labels, sector, view) -> None:
    found_labels, found_sector = camus_map(conditioning_map(labels, sector, view))
    np.testing.assert_array_equal(found_sector, sector)
    np.testing.assert_array_equal(found_labels, np.where(sector, labels, 0))
    assert found_labels.dtype == np.uint8


@quickly
@given(label_maps, sector_masks)
def test_the_ten_classes_tell_the_view(labels, sector) -> None:
    four, two = conditioning_map(labels, sector, "4CH"), conditioning_map(labels, sector, "2CH")
    assert four.max() < 5 <= two.min()
    np.testing.assert_array_equal(two, four + 5)


@pytest.mark.parametrize("dtype", [bool, np.int8, np.uint16, np.int64, np.float16, np.float64])
def test_whole_numbers_of_any_type_are_a_label_map(dtype) -> None:
    labels = np.minimum(a_label_map(), 1) if dtype is bool else a_label_map()
    checked = check_label_map(labels.astype(dtype))
    assert checked.dtype == np.uint8
    np.testing.assert_array_equal(checked, labels)


@pytest.mark.parametrize(
    ("broken", "complaint"),
    [
        (np.ones((2, 16, 16)), r"two dimensions.*\(2, 16, 16\)"),
        (np.ones(64), "two dimensions"),
        (np.ones((1, 1)), "8 x 8.*1 x 1"),
        (np.ones((7, 30)), "8 x 8.*7 x 30"),
        (np.zeros((16, 16)), "empty"),
        (np.full((16, 16), np.nan), "NaN"),
        (np.full((16, 16), np.inf), "infinite"),
        (np.full((16, 16), 0.5), "fractions such as 0.5"),
        (np.full((16, 16), 7), "Unknown values.*7.*1 left ventricle"),
        (np.full((16, 16), -1), "Unknown values.*-1"),
        (np.arange(256).reshape(16, 16), r"4, 5, 6.*\.\.\."),
        (np.full((16, 16), "LV"), "whole numbers"),
        (np.full((16, 16), 1j), "whole numbers"),
    ],
)
def test_what_is_no_label_map_is_refused_with_the_reason(broken, complaint) -> None:
    with pytest.raises(InputError, match=complaint):
        check_label_map(broken)


def test_a_sector_of_another_shape_or_without_pixels_is_refused() -> None:
    with pytest.raises(InputError, match=r"\(11, 9\).*\(9, 11\)"):
        conditioning_map(a_label_map(), np.ones((9, 11)))
    with pytest.raises(InputError, match="empty"):
        conditioning_map(a_label_map(), np.zeros(GRID))


def test_a_conditioning_map_of_unknown_classes_is_refused() -> None:
    with pytest.raises(InputError, match="10"):
        camus_map(np.full(GRID, 10))


def test_a_view_that_no_class_tells_is_refused() -> None:
    with pytest.raises(InputError, match=r"PLAX.*Taken for synthesis are: 2CH.*4CH"):
        conditioning_map(a_label_map(), np.ones(GRID), "PLAX")
