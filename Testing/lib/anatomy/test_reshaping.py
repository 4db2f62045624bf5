from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage

from EchoSynthLib.anatomy.heart2d.parametric import parametric_heart, random_heart
from EchoSynthLib.anatomy.heart2d.reshaping import change_wall_thickness, resize_cavity
from EchoSynthLib.errors import InputError

HEART = parametric_heart("4CH")
LABELS = HEART.label_map
quickly = settings(max_examples=15, deadline=None)


def wall_thickness(label_map: np.ndarray) -> float:
    """Median distance in mm from the cavity to the wall's outer outline, above the mitral plane."""
    to_cavity = ndimage.distance_transform_edt(label_map != 1, sampling=HEART.spacing)
    rim = (label_map == 2) & ndimage.binary_dilation(label_map == 0)
    rim[np.nonzero(label_map == 1)[0].max() - 20 :] = False
    return float(np.median(to_cavity[rim]))


@quickly
@given(st.floats(0.4, 1.25), st.integers(0, 100), st.sampled_from(["2CH", "4CH"]))
def test_the_cavity_takes_the_requested_area_within_the_same_outer_wall(factor, seed, view) -> None:
    heart = random_heart(seed, view)
    resized = resize_cavity(heart.label_map, factor, heart.spacing)
    before, after = (heart.label_map == 1).sum(), (resized == 1).sum()
    assert after == pytest.approx(factor * before, rel=0.02)
    np.testing.assert_array_equal(np.isin(resized, (1, 2)), np.isin(heart.label_map, (1, 2)))
    np.testing.assert_array_equal(resized == 3, heart.label_map == 3)
    assert ndimage.label(resized == 1)[1] == 1


@pytest.mark.parametrize("factor", [0.6, 0.8, 1.2])
def test_the_mitral_plane_stays_when_the_cavity_changes(factor) -> None:
    resized = resize_cavity(LABELS, factor)
    at_atrium = (resized == 1) & ndimage.binary_dilation(resized == 3)
    assert at_atrium.sum() > 5
    assert abs(np.nonzero(resized == 1)[0].max() - np.nonzero(LABELS == 1)[0].max()) <= 2


def test_a_smaller_cavity_lies_in_the_larger_one() -> None:
    small, middle, large = (resize_cavity(LABELS, factor) == 1 for factor in (0.5, 0.8, 1.2))
    assert (small <= middle).all()
    assert (middle <= large).all()


def test_factors_of_one_change_nothing() -> None:
    np.testing.assert_array_equal(resize_cavity(LABELS, 1.0), LABELS)
    np.testing.assert_array_equal(change_wall_thickness(LABELS, 1.0), LABELS)


@pytest.mark.parametrize("factor", [0.5, 0.75, 1.25, 1.6])
def test_the_wall_takes_the_requested_thickness_and_leaves_cavity_and_atrium(factor) -> None:
    changed = change_wall_thickness(LABELS, factor, HEART.spacing)
    assert wall_thickness(changed) == pytest.approx(factor * wall_thickness(LABELS), abs=0.8)
    for code in (1, 3):
        np.testing.assert_array_equal(changed == code, code == LABELS)
    assert ndimage.label(changed == 2)[1] == 1


def test_a_thicker_wall_does_not_grow_out_of_the_sector() -> None:
    sector = HEART.sector.mask(LABELS.shape)
    assert change_wall_thickness(LABELS, 2.0)[~sector].any()
    assert not change_wall_thickness(LABELS, 2.0, sector_mask=sector)[~sector].any()


def test_a_heart_without_atrium_is_reshaped_too() -> None:
    ventricle = np.where(LABELS == 3, 0, LABELS)
    assert (resize_cavity(ventricle, 0.7) == 1).sum() == pytest.approx(0.7 * (LABELS == 1).sum(), rel=0.02)
    assert (change_wall_thickness(ventricle, 1.3) == 2).sum() > (LABELS == 2).sum()


@pytest.mark.parametrize("reshape", [resize_cavity, change_wall_thickness])
@pytest.mark.parametrize("factor", [0.0, 5.0, float("nan")])
def test_factors_out_of_range_are_refused(reshape, factor) -> None:
    with pytest.raises(InputError, match="factor lies between"):
        reshape(LABELS, factor)


def test_a_cavity_larger_than_its_wall_allows_is_refused() -> None:
    with pytest.raises(InputError, match=r"too thin.*at most"):
        resize_cavity(LABELS, 2.0)


@pytest.mark.parametrize(("missing", "name"), [(1, "left ventricle"), (2, "myocardium")])
def test_cavity_and_wall_are_both_needed(missing, name) -> None:
    with pytest.raises(InputError, match=name):
        resize_cavity(np.where(missing == LABELS, 0, LABELS), 0.8)
