"""The wall's thickness, and measurements along a contour drawn by hand."""

from __future__ import annotations

import numpy as np
import pytest
from drawn_shapes import half_ellipsoid

from EchoSynthLib.anatomy import parametric_heart
from EchoSynthLib.anatomy.heart2d.endocardium import Endocardium, endocardium_of_mask
from EchoSynthLib.anatomy.heart2d.reshaping import change_wall_thickness
from EchoSynthLib.errors import InputError
from EchoSynthLib.measurement import measure_frame, with_endocardium, with_points
from EchoSynthLib.measurement.quantities import THICKNESS_SEGMENTS

HEART = parametric_heart("4CH")


def test_a_wall_of_even_thickness_is_as_thick_everywhere() -> None:
    labels = half_ellipsoid(100, 96, wall=20)
    thickness = measure_frame(labels, (0.5, 0.5)).thickness
    assert thickness is not None
    assert thickness.covered == 1
    assert thickness.mean == pytest.approx(10, rel=0.03)
    assert thickness.segments == pytest.approx(np.full(6, 10), rel=0.06)
    assert thickness.extremes[0] <= thickness.mean <= thickness.extremes[1]


def test_the_walls_of_a_parametric_heart_are_as_thick_as_drawn() -> None:
    heart = parametric_heart("4CH", wall_left_mm=8.0, wall_right_mm=14.0)
    values = measure_frame(heart.label_map, heart.spacing).values
    assert values["wall thickness, mid left"] == pytest.approx(8, abs=1)
    assert values["wall thickness, mid right"] == pytest.approx(14, abs=1.5)


def test_a_thinner_wall_measures_thinner_and_the_cavity_the_same() -> None:
    thin = measure_frame(change_wall_thickness(HEART.label_map, 0.6, HEART.spacing), HEART.spacing).values
    whole = measure_frame(HEART.label_map, HEART.spacing).values
    assert thin["wall thickness, mean"] == pytest.approx(0.6 * whole["wall thickness, mean"], rel=0.1)
    assert thin["LV volume, discs"] == whole["LV volume, discs"]


def test_mirroring_swaps_left_and_right_walls() -> None:
    found = measure_frame(HEART.label_map, HEART.spacing).values
    mirrored = measure_frame(np.fliplr(HEART.label_map), HEART.spacing).values
    for name, other in zip(THICKNESS_SEGMENTS, reversed(THICKNESS_SEGMENTS), strict=True):
        assert mirrored[f"wall thickness, {other}"] == pytest.approx(found[f"wall thickness, {name}"], rel=0.05)


def test_the_maps_own_contour_changes_next_to_nothing() -> None:
    own = measure_frame(HEART.label_map, HEART.spacing).values
    contour = endocardium_of_mask(HEART.label_map, HEART.spacing)
    along = measure_frame(HEART.label_map, HEART.spacing, contour=contour).values
    for name in ("LV area", "LV length", "LV volume, discs", "wall thickness, mean"):
        assert along[name] == pytest.approx(own[name], rel=0.03), name


def test_an_apex_dragged_upwards_lengthens_the_ventricle_and_thins_its_wall() -> None:
    contour = endocardium_of_mask(HEART.label_map, HEART.spacing)
    points = contour.points.copy()
    points[3, 0] -= 5.0
    dragged = with_points(contour, points, HEART.spacing)
    before, after = (measure_frame(HEART.label_map, HEART.spacing, contour=c).values for c in (contour, dragged))
    assert after["LV length"] > before["LV length"] + 2
    assert after["LV volume, discs"] > before["LV volume, discs"]
    assert after["wall thickness, apical left"] < before["wall thickness, apical left"]


def test_cavity_that_a_contour_leaves_out_becomes_wall_and_atrium_beyond_its_base() -> None:
    contour = endocardium_of_mask(HEART.label_map, HEART.spacing)
    middle = contour.curve.mean(axis=0)
    smaller = Endocardium(middle + 0.8 * (contour.points - middle), middle + 0.8 * (contour.curve - middle))
    changed = with_endocardium(HEART.label_map, smaller)
    assert (changed == 1).sum() < 0.75 * (HEART.label_map == 1).sum()
    np.testing.assert_array_equal(changed == 0, HEART.label_map == 0)
    assert ((changed == 3) & (HEART.label_map == 1)).any()
    assert ((changed == 2) & (HEART.label_map == 1)).any()


def test_a_base_that_is_moved_towards_the_apex_leaves_no_wall_between_ventricle_and_atrium() -> None:
    contour = endocardium_of_mask(HEART.label_map, HEART.spacing)
    points = contour.points.copy()
    points[[0, -1], 0] -= 6.0
    higher = with_points(contour, points, HEART.spacing)
    before = measure_frame(HEART.label_map, HEART.spacing)
    after = measure_frame(HEART.label_map, HEART.spacing, contour=higher)
    assert after.values["LA length"] > before.values["LA length"] + 1
    assert "pieces" not in " ".join(after.light.reasons)


def test_without_an_atrium_nothing_becomes_one() -> None:
    alone = np.where(HEART.label_map == 3, 0, HEART.label_map).astype(np.uint8)
    contour = endocardium_of_mask(alone, HEART.spacing)
    points = contour.points.copy()
    points[[0, -1], 0] -= 6.0
    assert set(np.unique(with_endocardium(alone, with_points(contour, points, HEART.spacing)))) == {0, 1, 2}


def test_a_contour_on_another_grid_is_refused() -> None:
    contour = endocardium_of_mask(HEART.label_map)
    with pytest.raises(InputError, match="encloses no pixel"):
        with_endocardium(HEART.label_map, Endocardium(contour.points + 1000, contour.curve + 1000))


def test_points_that_stay_where_they_are_leave_the_curve_alone_and_moved_ones_take_it_along() -> None:
    contour = endocardium_of_mask(HEART.label_map, HEART.spacing)
    np.testing.assert_allclose(with_points(contour, contour.points).curve, contour.curve)
    points = contour.points.copy()
    points[1] += (2.0, -3.0)
    moved = with_points(contour, points, HEART.spacing)
    assert np.linalg.norm(moved.curve - points[1], axis=1).min() < 1.5  # half a step of the curve
    nearest = np.linalg.norm(contour.curve - contour.points[3], axis=1).argmin()
    np.testing.assert_allclose(moved.curve[nearest:], contour.curve[nearest:])
