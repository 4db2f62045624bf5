"""A label map that is upside down or on its side is told, and an upright one is not."""

from __future__ import annotations

import re

import numpy as np
import pytest

from EchoSynthLib.anatomy.heart2d.parametric import parametric_heart
from EchoSynthLib.anatomy.heart2d.turned import atrium_side, warning_if_heart_turned
from EchoSynthLib.images import read_label_map


@pytest.fixture(params=["2CH", "4CH"])
def codes(request):
    return parametric_heart(request.param, shape=(112, 120)).label_map


@pytest.mark.parametrize(
    ("turn", "words"),
    [
        (lambda codes: codes, None),
        (np.fliplr, None),
        (lambda codes: np.stack([codes, codes]), None),
        (np.flipud, "above the left ventricle.*upside down"),
        (lambda codes: np.rot90(codes, 2), "upside down"),
        (np.rot90, "beside the left ventricle.*lies on its side"),
        (np.transpose, "lies on its side"),
        (lambda codes: np.where(codes == 3, 0, codes)[::-1], None),
        (np.zeros_like, None),
    ],
)
def test_a_turned_label_map_is_told_by_its_atrium(tmp_path, codes, turn, words):
    told = warning_if_heart_turned(turn(codes))
    assert (told is None) == (words is None)
    np.save(tmp_path / "a.npy", turn(codes))
    remarks = read_label_map(tmp_path / "a.npy")[1].remarks
    assert remarks == (() if told is None else (told,))
    assert words is None or re.search(words, told)


def test_structures_in_the_same_place_do_not_tell_which_way_up_they_are() -> None:
    rows, columns = np.indices((200, 120))
    board = (1 + (rows // 8 + columns // 8) % 3).astype(np.uint8)
    assert atrium_side(board) is None
    assert warning_if_heart_turned(board) is None
