"""The open endocardial curve and its seven points, from label maps whose shape is known."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage
from scipy.spatial import KDTree

from EchoSynthLib.anatomy import parametric_heart, random_heart
from EchoSynthLib.anatomy.heart2d.endocardium import (
    APEX,
    BASAL_LEFT,
    BASAL_RIGHT,
    endocardium_of_mask,
    landmarks_of_curve,
    resample,
)
from EchoSynthLib.anatomy.masks import fill_polygon
from EchoSynthLib.errors import InputError

quickly = settings(max_examples=12, deadline=None)
HEART = parametric_heart("4CH")
BASE, TIP, MIDDLE, HALF_WIDTH = 150, 30, 80, 34


def half_ellipse(shape: tuple[int, int] = (210, 160)) -> np.ndarray:
    """A cavity that is the upper half of an ellipse on a straight base at row 150, walled above, an atrium below."""
    rows, columns = np.indices(shape)

    def within(length: float, half_width: float) -> np.ndarray:
        return (((rows - BASE) / length) ** 2 + ((columns - MIDDLE) / half_width) ** 2 <= 1) & (rows <= BASE)

    labels = np.where(within(BASE - TIP + 12, HALF_WIDTH + 12), 2, 0).astype(np.uint8)
    labels[within(BASE - TIP, HALF_WIDTH)] = 1
    labels[(rows > BASE) & (rows < BASE + 40) & (abs(columns - MIDDLE) <= HALF_WIDTH)] = 3
    return labels


def apart(curve: np.ndarray, other: np.ndarray, spacing: tuple[float, float] = (1.0, 1.0)) -> float:
    """Largest distance from the points of one curve to the other."""
    dense = resample(other, 2000) * spacing
    return float(KDTree(dense).query(curve * spacing)[0].max())


def overlap(one: np.ndarray, other: np.ndarray) -> float:
    return 2 * (one & other).sum() / (one.sum() + other.sum())


def test_the_points_of_a_half_ellipse_lie_where_geometry_puts_them() -> None:
    found = endocardium_of_mask(half_ellipse())
    np.testing.assert_allclose(found.points[BASAL_LEFT], (BASE + 0.5, MIDDLE - HALF_WIDTH), atol=1.5)
    np.testing.assert_allclose(found.points[BASAL_RIGHT], (BASE + 0.5, MIDDLE + HALF_WIDTH), atol=1.5)
    np.testing.assert_allclose(found.points[APEX], (TIP, MIDDLE), atol=2)
    angle = np.linspace(0, math.pi, 400)
    ellipse = np.stack([BASE - (BASE - TIP) * np.sin(angle), MIDDLE - HALF_WIDTH * np.cos(angle)], axis=1)
    assert apart(found.curve, ellipse) < 1.2


def test_the_curve_is_open_and_the_points_divide_each_wall_into_thirds() -> None:
    found = endocardium_of_mask(half_ellipse())
    np.testing.assert_allclose(found.curve[[0, -1]], found.points[[BASAL_LEFT, BASAL_RIGHT]], atol=1e-9)
    assert np.linalg.norm(found.curve[0] - found.curve[-1]) > 1.8 * HALF_WIDTH
    assert apart(found.points, found.curve) < 0.1
    lengths = np.linalg.norm(np.diff(found.points, axis=0), axis=1)
    np.testing.assert_allclose(lengths[0], lengths[5], rtol=0.1)


@quickly
@given(st.integers(0, 1000), st.sampled_from(["2CH", "4CH"]))
def test_the_curve_closed_by_its_base_line_is_the_cavity_again(seed, view) -> None:
    heart = random_heart(seed, view)
    found = endocardium_of_mask(heart.label_map, heart.spacing)
    assert overlap(fill_polygon(found.curve, heart.label_map.shape), heart.label_map == 1) > 0.97


@quickly
@given(st.integers(0, 1000), st.sampled_from(["2CH", "4CH"]))
def test_a_mirrored_heart_has_the_mirrored_points_in_reverse_order(seed, view) -> None:
    heart = random_heart(seed, view)
    columns = heart.label_map.shape[1]
    found = endocardium_of_mask(heart.label_map, heart.spacing)
    mirrored = endocardium_of_mask(heart.label_map[:, ::-1], heart.spacing)
    back = mirrored.points[::-1] * (1, -1) + (0, columns - 1)
    # The crown of the apex may be flat, so that a rounding decides where along it the apex lies.
    np.testing.assert_allclose(back, found.points, atol=2.5)
    # A pixel's side that is as near to the wall as to the atrium may go to either.
    assert np.abs((back - found.points)[[BASAL_LEFT, BASAL_RIGHT]]).max() <= 1 + 1e-6


@pytest.mark.parametrize("factors", [(2, 1), (1, 2), (2, 3)])
def test_pixels_that_are_not_square_change_nothing_in_millimeters(factors) -> None:
    labels, spacing = HEART.label_map, HEART.spacing
    fine = np.kron(labels, np.ones(factors, np.uint8))
    narrow = (spacing[0] / factors[0], spacing[1] / factors[1])
    found = endocardium_of_mask(labels, spacing)
    again = endocardium_of_mask(fine, narrow)
    where = (again.points + 0.5) * narrow
    np.testing.assert_allclose(where, (found.points + 0.5) * spacing, atol=2.0)
    # The arcs are thirds in millimeters, not in pixels.
    arcs = np.linalg.norm(np.diff(again.points, axis=0) * narrow, axis=1)
    np.testing.assert_allclose(arcs[0], arcs[1], rtol=0.12)


def test_a_heart_elsewhere_in_the_image_has_the_same_curve_there() -> None:
    found = endocardium_of_mask(HEART.label_map, HEART.spacing)
    moved = endocardium_of_mask(np.pad(HEART.label_map, ((13, 4), (21, 9))), HEART.spacing)
    np.testing.assert_allclose(moved.curve, found.curve + np.array([13, 21]), atol=1e-9)


def test_without_an_atrium_the_base_is_where_the_wall_is_open() -> None:
    labels = half_ellipse()
    found = endocardium_of_mask(np.where(labels == 3, 0, labels))
    np.testing.assert_allclose(found.points, endocardium_of_mask(labels).points, atol=2)


@pytest.mark.parametrize("gap", [1, 3, 5])
def test_a_gap_between_ventricle_and_atrium_is_bridged(gap) -> None:
    labels = half_ellipse()
    labels[BASE + 1 : BASE + 1 + gap] = 0
    np.testing.assert_allclose(endocardium_of_mask(labels).points, endocardium_of_mask(half_ellipse()).points, atol=2)


@pytest.mark.parametrize("seed", range(4))
def test_ragged_borders_and_crumbs_move_the_points_little(seed) -> None:
    rng = np.random.default_rng(seed)
    labels = half_ellipse()
    ragged = labels.copy()
    border = ndimage.binary_dilation(labels == 1, iterations=2) & ~ndimage.binary_erosion(labels == 1, iterations=2)
    flipped = border & (rng.random(labels.shape) < 0.2)
    shifted = np.roll(labels, rng.integers(-1, 2, 2), axis=(0, 1))
    ragged[flipped] = shifted[flipped]
    ragged[60:64, 75:79] = 0  # a hole in the cavity
    ragged[5:7, 10:13] = 1  # a crumb elsewhere
    ragged[120, MIDDLE + HALF_WIDTH - 4 : MIDDLE + HALF_WIDTH] = 3  # a crumb of atrium at the wall
    found, truth = endocardium_of_mask(ragged), endocardium_of_mask(labels)
    assert np.linalg.norm(found.points - truth.points, axis=1)[[BASAL_LEFT, BASAL_RIGHT]].max() < 4
    assert np.linalg.norm(found.points - truth.points, axis=1).max() < 6
    assert apart(found.curve, truth.curve) < 4


def test_a_cavity_cut_off_by_the_edge_of_the_image_still_has_a_base() -> None:
    found = endocardium_of_mask(half_ellipse()[TIP + 25 :])
    np.testing.assert_allclose(found.points[BASAL_LEFT], (BASE - TIP - 24.5, MIDDLE - HALF_WIDTH), atol=2)


@pytest.mark.parametrize(
    ("labels", "missing"),
    [
        (np.where(HEART.label_map == 1, 0, HEART.label_map), "0 pixels of left ventricle"),
        (np.where(HEART.label_map == 1, 1, 2).astype(np.uint8), "no base"),
        (np.where(HEART.label_map == 1, 1, 0).astype(np.uint8), "no wall"),
    ],
)
def test_a_map_without_cavity_base_or_wall_is_refused(labels, missing) -> None:
    with pytest.raises(InputError, match=missing):
        endocardium_of_mask(labels)


def test_the_landmarks_of_a_curve_are_those_it_was_made_with() -> None:
    found = endocardium_of_mask(HEART.label_map, HEART.spacing)
    np.testing.assert_allclose(landmarks_of_curve(found.curve, HEART.spacing), found.points, atol=0.2)
