"""NPY files that are whole or not there, and a full disk that is told in words."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

from EchoSynthLib.errors import OutputError
from EchoSynthLib.images.writers.arrays import growing_array, write_array


@pytest.mark.parametrize(
    "array",
    [
        np.arange(24, dtype=np.uint8).reshape(2, 3, 4)[:, ::-1],
        np.array([[1.5, -np.inf]], np.float32),
        np.zeros((0, 3), np.int16),
        np.array(7),
        np.asfortranarray(np.arange(6.0).reshape(2, 3)),
    ],
)
def test_an_array_comes_back_as_it_was(tmp_path: Path, array: np.ndarray) -> None:
    back = np.load(write_array(tmp_path / "a.npy", array))
    assert back.dtype == array.dtype
    np.testing.assert_array_equal(back, array)


def test_pieces_make_one_array(tmp_path: Path) -> None:
    with growing_array(tmp_path / "a.npy", (5, 2), np.int16) as append:
        append(np.zeros((2, 2), np.int16))
        append(np.ones(2, np.int16))
        append(np.full((2, 2), 2, np.int16))
    assert np.load(tmp_path / "a.npy").tolist() == [[0, 0], [0, 0], [1, 1], [2, 2], [2, 2]]


def test_pieces_that_do_not_make_up_the_shape_leave_nothing(tmp_path: Path) -> None:
    def too_few() -> None:
        with growing_array(tmp_path / "a.npy", (5, 2), np.int16) as append:
            append(np.zeros((2, 2)))

    with pytest.raises(ValueError, match="do not make up"):
        too_few()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(sys.platform == "win32", reason="the size of a file can be limited on Unix alone")
def test_where_there_is_no_room_the_error_says_so_and_what_to_do(tmp_path: Path) -> None:
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, hard))
    try:
        with pytest.raises(OutputError, match=r"a\.npy cannot be written: .* choose another folder"):
            write_array(tmp_path / "a.npy", np.zeros(1_000_000))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert list(tmp_path.iterdir()) == []
