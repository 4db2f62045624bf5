from __future__ import annotations

import math

import numpy as np
import pytest

from EchoSynthLib.errors import InputError
from EchoSynthLib.evaluation.registration import end_point_error, forward_backward_error, overlap

SHAPE = (48, 40)
STILL = np.zeros((2, *SHAPE))


def heart(row: int, column: int, side: int = 20) -> np.ndarray:
    """A square wall of 4 pixels around a square cavity."""
    label_map = np.zeros(SHAPE, np.uint8)
    label_map[row : row + side, column : column + side] = 2
    label_map[row + 4 : row + side - 4, column + 4 : column + side - 4] = 1
    return label_map


def moved(rows: float, columns: float) -> np.ndarray:
    return np.broadcast_to(np.array([rows, columns]).reshape(2, 1, 1), (2, *SHAPE)).copy()


def test_the_true_displacement_brings_the_label_maps_together() -> None:
    # What lies at x in the fixed map lies 5 rows above and 3 columns to the right in the moving one.
    found = overlap(moved(-5, 3), heart(5, 13), heart(10, 10), (0.5, 0.25))
    assert found.dice == {"LV cavity": 1, "myocardium": 1, "left atrium": 1, "LV cavity+myocardium": 1}
    assert set(found.hausdorff95.values()) == {0}
    assert found.folded_share == 0


def test_the_opposite_displacement_is_worse_than_none() -> None:
    none = overlap(STILL, heart(5, 13), heart(10, 10)).dice
    wrong = overlap(moved(5, -3), heart(5, 13), heart(10, 10)).dice
    assert all(wrong[name] < none[name] for name in ("LV cavity", "myocardium"))


def test_without_motion_the_overlap_is_that_of_the_maps() -> None:
    found = overlap(STILL, heart(10, 13), heart(10, 10), (0.5, 2.0))
    # Squares of 12 and of 20 pixels, 3 apart.
    assert found.dice["LV cavity"] == pytest.approx(9 / 12)
    assert found.dice["LV cavity+myocardium"] == pytest.approx(17 / 20)
    assert found.hausdorff95["LV cavity"] == pytest.approx(6.0)


def test_a_structure_that_one_map_lacks_is_infinitely_far() -> None:
    atrium = heart(10, 10)
    atrium[35:40, 15:25] = 3
    found = overlap(STILL, heart(10, 10), atrium)
    assert found.dice["left atrium"] == 0
    assert found.hausdorff95["left atrium"] == math.inf


def test_folds_are_counted() -> None:
    folding = STILL.copy()
    folding[1] = -2 * np.arange(SHAPE[1])  # mirrored
    assert overlap(folding, heart(10, 10), heart(10, 10)).folded_share == 1


def test_the_error_in_millimeters_follows_the_pixel_of_each_axis() -> None:
    error = end_point_error(moved(3, 4), STILL, (1.0, 0.5))
    assert error.shape == SHAPE
    assert error == pytest.approx(np.full(SHAPE, math.hypot(3, 2)))
    whole = end_point_error(np.stack([STILL, moved(3, 4)]), np.stack([STILL, STILL]))
    assert [frame.max() for frame in whole] == pytest.approx([0, 5])


def test_there_and_back_along_opposite_translations_ends_where_it_began() -> None:
    assert forward_backward_error(moved(2, -1), moved(-2, 1)).max() == pytest.approx(0)
    assert forward_backward_error(moved(2, -1), moved(-1, 1), (0.5, 1.0)) == pytest.approx(np.full(SHAPE, 0.5))


def test_there_and_back_reads_the_way_back_where_the_way_there_ends() -> None:
    stretch = 0.1 * np.stack(np.indices(SHAPE)).astype(float)  # x -> 1.1 x, and back y -> y / 1.1
    back = -(0.1 / 1.1) * np.stack(np.indices(SHAPE)).astype(float)
    inside = (slice(0, 40), slice(0, 34))
    assert forward_backward_error(stretch, back)[inside].max() == pytest.approx(0, abs=1e-9)
    assert forward_backward_error(stretch, -stretch)[inside].max() > 0.3


def test_grids_that_differ_are_refused() -> None:
    with pytest.raises(InputError, match="one grid"):
        overlap(np.zeros((2, 8, 8)), heart(10, 10), heart(10, 10))
    with pytest.raises(InputError, match=r"given were \(2, 8, 8\) and \(2, 48, 40\)"):
        end_point_error(np.zeros((2, 8, 8)), STILL)
