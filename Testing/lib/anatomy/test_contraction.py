"""Contraction to a volume by the method of discs, against parametric hearts that know theirs."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage

from EchoSynthLib.anatomy import contract, disc_volume, parametric_heart, random_heart
from EchoSynthLib.anatomy.heart2d.reshaping import change_wall_thickness
from EchoSynthLib.errors import InputError

HEART = parametric_heart("4CH")
LABELS = HEART.label_map
quickly = settings(max_examples=12, deadline=None)


def ejected(before: np.ndarray, after: np.ndarray, spacing: tuple[float, float]) -> float:
    return 1 - disc_volume(after, spacing) / disc_volume(before, spacing)


def ellipse(shape: tuple[int, int], middle: tuple[float, float], half_axes: tuple[float, float]) -> np.ndarray:
    rows, columns = np.indices(shape)
    return ((rows - middle[0]) / half_axes[0]) ** 2 + ((columns - middle[1]) / half_axes[1]) ** 2 <= 1


def test_half_an_ellipsoid_has_its_textbook_volume() -> None:
    labels = np.where(ellipse((200, 120), (150, 60), (130, 54)), 2, 0)
    labels[ellipse((200, 120), (150, 60), (120, 40))] = 1
    labels[150:] = 0
    expected = 2 / 3 * math.pi * (40 * 0.5) ** 2 * (120 * 0.8)
    assert disc_volume(labels, (0.8, 0.5)) == pytest.approx(expected, rel=0.02)


@pytest.mark.parametrize("view", ["2CH", "4CH"])
@pytest.mark.parametrize("ejection_fraction", [0.2, 0.6, 0.8])
@pytest.mark.parametrize("shape", [(112, 136), (448, 300)])
def test_the_method_of_discs_reads_the_ejection_fraction_of_a_beating_heart(view, ejection_fraction, shape) -> None:
    diastole, systole = (parametric_heart(view, phase, ejection_fraction, shape) for phase in (0.0, 1.0))
    read = ejected(diastole.label_map, systole.label_map, diastole.spacing)
    assert read == pytest.approx(ejection_fraction, abs=0.015)


@quickly
@given(st.floats(-0.8, 0.8), st.integers(0, 1000), st.sampled_from(["2CH", "4CH"]))
@pytest.mark.slow
def test_the_requested_fraction_of_the_volume_leaves_the_cavity(ejection_fraction, seed, view) -> None:
    heart = random_heart(seed, view)
    contracted = contract(heart.label_map, ejection_fraction, heart.spacing)
    assert ejected(heart.label_map, contracted, heart.spacing) == pytest.approx(ejection_fraction, abs=0.015)


@pytest.mark.parametrize("ejection_fraction", [-0.4, 0.3, 0.7])
def test_outer_wall_and_atrium_stay_in_place_and_the_cavity_in_one_piece(ejection_fraction) -> None:
    contracted = contract(LABELS, ejection_fraction, HEART.spacing)
    np.testing.assert_array_equal(np.isin(contracted, (1, 2)), np.isin(LABELS, (1, 2)))
    np.testing.assert_array_equal(contracted == 3, LABELS == 3)
    assert ndimage.label(contracted == 1)[1] == 1
    assert contracted.dtype == np.uint8


def test_a_higher_ejection_fraction_leaves_a_cavity_within_that_of_a_lower_one() -> None:
    cavities = [contract(LABELS, fraction, HEART.spacing) == 1 for fraction in np.arange(-0.8, 0.81, 0.1)]
    for larger, smaller in pairwise(cavities):
        assert (smaller <= larger).all()
        assert smaller.sum() < larger.sum()


def test_nothing_ejected_is_the_map_itself_and_the_given_map_is_left_alone() -> None:
    before = LABELS.copy()
    np.testing.assert_array_equal(contract(LABELS, 0.0, HEART.spacing), LABELS)
    assert (contract(LABELS, 0.5, HEART.spacing) != LABELS).any()
    np.testing.assert_array_equal(LABELS, before)


def test_a_heart_elsewhere_in_the_image_contracts_alike() -> None:
    margin = ((30, 10), (5, 40))
    contracted = contract(np.pad(LABELS, margin), 0.5, HEART.spacing)
    # A pixel that a border goes through may lie on either side of it by rounding.
    assert (contracted != np.pad(contract(LABELS, 0.5, HEART.spacing), margin)).sum() <= 3


def test_without_an_atrium_the_axis_runs_from_where_the_wall_is_open() -> None:
    ventricle = np.where(LABELS == 3, 0, LABELS)
    assert disc_volume(ventricle, HEART.spacing) == pytest.approx(disc_volume(LABELS, HEART.spacing), rel=0.02)
    contracted = contract(ventricle, 0.5, HEART.spacing)
    assert ejected(ventricle, contracted, HEART.spacing) == pytest.approx(0.5, abs=0.015)


def test_a_cavity_with_wall_all_around_contracts_too() -> None:
    labels = np.where(ellipse((80, 60), (40, 30), (34, 24)), 2, 0)
    labels[ellipse((80, 60), (40, 30), (26, 16))] = 1
    assert ejected(labels, contract(labels, 0.4), (1.0, 1.0)) == pytest.approx(0.4, abs=0.02)


def test_a_wall_too_thin_to_dilate_into_is_told_with_what_is_possible() -> None:
    thin = change_wall_thickness(LABELS, 0.3, HEART.spacing)
    with pytest.raises(InputError, match=r"-1\.00 .*the wall is too thin; the lowest here is -0\.\d\d") as caught:
        contract(thin, -1.0, HEART.spacing)
    lowest = float(str(caught.value).split("the lowest here is ")[1].split(" ")[0])
    assert ejected(thin, contract(thin, lowest, HEART.spacing), HEART.spacing) == pytest.approx(lowest, abs=0.03)


def test_a_cavity_of_a_few_pixels_cannot_be_emptied() -> None:
    labels = np.zeros((16, 16), np.uint8)
    labels[5:11, 5:11] = 2
    labels[7:9, 7:9] = 1
    with pytest.raises(InputError, match="the cavity is too small"):
        contract(labels, 0.8)


@pytest.mark.parametrize("ejection_fraction", [-1.1, 0.81, float("nan")])
def test_an_ejection_fraction_out_of_range_is_refused(ejection_fraction) -> None:
    with pytest.raises(InputError, match="ejection fraction lies between -1"):
        contract(LABELS, ejection_fraction)


@pytest.mark.parametrize(("missing", "name"), [(1, "left ventricle"), (2, "myocardium")])
def test_cavity_and_wall_are_both_needed(missing, name) -> None:
    with pytest.raises(InputError, match=name):
        contract(np.where(missing == LABELS, 0, LABELS), 0.5)


def test_there_is_no_volume_without_a_cavity() -> None:
    with pytest.raises(InputError, match="no left ventricle"):
        disc_volume(np.where(LABELS == 1, 0, LABELS))


def test_a_lone_pixel_of_the_cavity_has_a_volume() -> None:
    label_map = np.zeros((40, 40), np.uint8)
    label_map[10, 20] = 1
    assert 0 < disc_volume(label_map, (1.0, 1.0)) < 50
