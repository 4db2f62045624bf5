from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis.extra.numpy import arrays

from EchoSynthLib.evaluation.segmentation_metrics import STRUCTURE_CODES, dice, mean_structure_dice, structure_dice

maps = arrays(np.uint8, (6, 5), elements={"min_value": 0, "max_value": 3})
quickly = settings(max_examples=40, deadline=None)


@quickly
@given(maps)
def test_a_label_map_overlaps_itself_wholly(label_map: np.ndarray) -> None:
    assert set(structure_dice(label_map, label_map).values()) == {1.0}


@quickly
@given(maps, maps)
def test_it_is_symmetric_and_between_0_and_1(a: np.ndarray, b: np.ndarray) -> None:
    found = structure_dice(a, b)
    assert found == structure_dice(b, a)
    assert set(found) == set(STRUCTURE_CODES)
    assert all(0 <= value <= 1 for value in found.values())


def test_it_is_twice_the_common_area_over_both_areas() -> None:
    a, b = np.zeros((4, 4), bool), np.zeros((4, 4), bool)
    a[0, :3] = True
    b[0, 1:4] = b[1, 0] = True
    assert dice(a, b) == pytest.approx(2 * 2 / (3 + 4))


def test_two_empty_masks_agree_and_one_empty_mask_does_not() -> None:
    nothing, something = np.zeros((3, 3), bool), np.ones((3, 3), bool)
    assert dice(nothing, nothing) == 1
    assert dice(nothing, something) == 0


def test_the_ventricle_with_its_wall_is_their_union() -> None:
    reference = np.array([[1, 1, 2, 2], [0, 0, 3, 3]], np.uint8)
    predicted = np.array([[2, 2, 1, 1], [0, 0, 3, 0]], np.uint8)
    found = structure_dice(predicted, reference)
    assert found == {"LV cavity": 0.0, "LV cavity+myocardium": 1.0, "left atrium": pytest.approx(2 / 3)}


def test_the_mean_is_over_images_not_over_pixels() -> None:
    small, large = np.zeros((8, 8), np.uint8), np.ones((8, 8), np.uint8)
    small[0, 0] = 1
    found = mean_structure_dice([small, small * 0], [small, large])
    assert found["LV cavity"] == pytest.approx(0.5)


def test_as_many_predictions_as_references_are_needed() -> None:
    one = np.zeros((8, 8), np.uint8)
    with pytest.raises(ValueError, match="argument"):
        mean_structure_dice([one], [one, one])
