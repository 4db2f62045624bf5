"""Overlap of hearts in three dimensions, in the paper's protocol and in millimeters."""

from __future__ import annotations

import numpy as np
import pytest

from EchoSynthLib.errors import InputError
from EchoSynthLib.evaluation.voxel_metrics import (
    MeanShape,
    box_normalized,
    intersection_over_union,
    mean_peak_iou,
    peak_iou,
    structure_iou,
    volume_ml,
)


def ball(radius: float, middle: tuple[float, float, float] = (16, 16, 16), side: int = 32) -> np.ndarray:
    """Distance to a sphere's surface, in voxels; below 0 inside."""
    places = np.indices((side, side, side)) + 0.5 - np.reshape(middle, (3, 1, 1, 1))
    return np.sqrt((places**2).sum(axis=0)) - radius


def test_two_cubes_that_share_half_overlap_by_a_third() -> None:
    a, b = np.zeros((2, 8, 8, 8), bool)
    a[0:4], b[2:6] = True, True
    assert intersection_over_union(a, b) == pytest.approx(1 / 3)
    assert intersection_over_union(a & ~a, b & ~b) == 1


def test_the_peak_is_found_whatever_a_probability_is_called() -> None:
    reference = ball(9) < 0
    assert peak_iou(np.clip(0.62 - ball(9) / 20, 0, 1), reference) > 0.9
    assert peak_iou(np.where(reference, 0.25, 0.1), reference) == 1
    assert peak_iou(np.where(reference, 0.15, 0.1), reference) == 0


def test_one_threshold_for_all_hearts_is_never_better_than_one_for_each() -> None:
    radii = (7, 9, 11)
    references = [ball(radius) < 0 for radius in radii]
    probabilities = [np.clip(0.5 + shift - ball(r) / 8, 0, 1) for r, shift in zip(radii, (-0.2, 0.0, 0.2), strict=True)]
    each = np.mean([peak_iou(p, r) for p, r in zip(probabilities, references, strict=True)])
    together, threshold = mean_peak_iou(probabilities, references)
    assert together < each
    assert threshold == 0.5


def test_structures_are_compared_where_they_lie() -> None:
    reference = (ball(8) < 0).astype(np.uint8) + (ball(11) < 0)
    moved = np.roll(reference, 3, axis=0)
    found = structure_iou(moved, reference, {"cavity": (2,), "whole": (1, 2), "aorta": (6,)})
    assert found["cavity"] < found["whole"] < 0.8
    assert found["aorta"] == 1  # neither has one
    assert structure_iou(reference, reference, {"cavity": (2,)}) == {"cavity": 1}


def test_a_ball_of_ten_voxels_has_its_volume_in_milliliters() -> None:
    labels = (ball(10) < 0).astype(np.uint8)
    assert volume_ml(labels, (1,), 2.0) == pytest.approx(4 / 3 * np.pi * 20**3 / 1000, rel=0.01)
    assert volume_ml(labels, (1,), (2.0, 1.0, 1.0)) == pytest.approx(volume_ml(labels, (1,), 1.0) * 2)


def test_a_heart_normalized_to_its_box_has_lost_size_and_place() -> None:
    small, large = ball(6, (10, 12, 14)) < 0, ball(12) < 0
    a, b = box_normalized(small, small, 24) > 0.5, box_normalized(large, large, 24) > 0.5
    assert intersection_over_union(a, b) > 0.88
    assert a.mean() == pytest.approx(np.pi / 6, abs=0.03)
    long = (np.abs(np.indices((32, 32, 32))[0] - 15.5) < 12) & (ball(40) < 0)
    long[:, :10] = long[:, 20:] = long[:, :, :10] = long[:, :, 20:] = False
    kept = np.argwhere(box_normalized(long, long, 24) > 0.5)
    assert (np.ptp(kept, axis=0) + 1).tolist() == [24, 10, 10]  # 24 x 10 x 10 keeps its proportions
    with pytest.raises(InputError, match="no bounding box"):
        box_normalized(small, small & False, 24)


def test_the_mean_shape_is_what_most_hearts_have_and_their_share() -> None:
    hearts = [(ball(radius) < 0).astype(np.uint8) for radius in (6, 8, 10)]
    mean = MeanShape(hearts, 2)
    np.testing.assert_array_equal(mean.labels, hearts[1])
    assert mean.tissue[16, 16, 16] == 1
    assert mean.tissue.sum() == pytest.approx(np.mean([heart.sum() for heart in hearts]), rel=1e-5)
    assert mean.shares.sum(axis=0) == pytest.approx(np.ones((32, 32, 32)))
    with pytest.raises(InputError, match="there was none"):
        MeanShape([], 2)
