"""Lengths, areas and volumes against shapes that have a formula, and against CAMUS' own figures."""

from __future__ import annotations

import math

import numpy as np
import pytest
from drawn_shapes import half_ellipsoid, truncated_cone
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage

from EchoSynthLib.anatomy import parametric_heart, random_heart
from EchoSynthLib.images.datasets.camus import find_camus, iterate_camus
from EchoSynthLib.measurement import DEFINITIONS, measure_frame, study_of_views
from EchoSynthLib.measurement.chambers import Chamber, biplane_area_length_volume, biplane_disc_volume, disc_volume

quickly = settings(max_examples=12, deadline=None)
SPACING = (0.5, 0.4)


def test_half_an_ellipsoid_has_its_length_area_and_volume() -> None:
    found = measure_frame(half_ellipsoid(160, 50), SPACING).values
    length, radius = 160 * 0.5, 50 * 0.4
    assert found["LV length"] == pytest.approx(length, rel=0.01)
    assert found["LV area"] == pytest.approx(math.pi / 2 * length * radius, rel=0.01)
    assert found["LV volume, discs"] == pytest.approx(2 / 3 * math.pi * radius**2 * length, rel=0.01)
    # 8 A^2 / (3 pi L) is exact for ellipsoids, whole or half.
    assert found["LV volume, area-length"] == pytest.approx(2 / 3 * math.pi * radius**2 * length, rel=0.02)


def test_a_truncated_cone_has_its_volume_by_discs() -> None:
    found = measure_frame(truncated_cone(150, 50, 20), (0.5, 0.5)).values
    large, small, length = 25.0, 10.0, 75.0
    expected = math.pi / 3 * length * (large**2 + large * small + small**2)
    # The farthest point of a flat end is its corner, so that the discs lie a little askew.
    assert found["LV volume, discs"] == pytest.approx(expected, rel=0.03)


def test_the_atrium_is_measured_from_the_mitral_plane_down() -> None:
    found = measure_frame(half_ellipsoid(160, 50, atrium=70), SPACING).values
    assert found["LA length"] == pytest.approx(35, rel=0.02)
    assert found["LA volume, discs"] == pytest.approx(2 / 3 * math.pi * 20**2 * 35, rel=0.02)


def test_the_atrium_is_measured_square_to_the_mitral_plane_and_not_to_a_corner_of_its_roof() -> None:
    labels = np.zeros((120, 100), np.uint8)
    labels[20:60, 30:70] = 1
    labels[60:100, 30:70] = 3
    labels[100:110, 60:70] = 3  # a corner that is farther off than the roof over the middle of the plane
    found = measure_frame(labels, (1.0, 1.0))
    assert found.values["LA length"] == pytest.approx(40, abs=1)
    assert found.atrial_axis is not None
    assert found.atrial_axis.direction == pytest.approx([1, 0], abs=0.01)


def test_two_views_of_an_elliptic_chamber_give_its_volume() -> None:
    narrow, wide = (measure_frame(half_ellipsoid(160, r), (0.5, 0.5)).ventricle for r in (40, 60))
    assert narrow is not None
    assert wide is not None
    expected = 2 / 3 * math.pi * 20 * 30 * 80
    assert biplane_disc_volume(narrow, wide) == pytest.approx(expected, rel=0.01)
    assert biplane_area_length_volume(narrow, wide) == pytest.approx(expected, rel=0.02)


def test_two_equal_views_are_one_plane() -> None:
    chamber = measure_frame(half_ellipsoid(), (0.5, 0.5)).ventricle
    assert chamber is not None
    assert biplane_disc_volume(chamber, chamber) == pytest.approx(disc_volume(chamber))


def test_discs_take_the_longer_axis_and_area_length_the_shorter() -> None:
    short, long = (Chamber(1000.0, length, np.full(20, 10.0), length) for length in (60.0, 80.0))
    assert biplane_disc_volume(short, long) == pytest.approx(math.pi / 4 * 100 * 80)
    assert biplane_area_length_volume(short, long) == pytest.approx(8 * 1000**2 / (3 * math.pi * 60))


@quickly
# Powers of two, so that no rounding puts a pixel on the other side of an edge.
@given(st.integers(0, 500), st.sampled_from([0.25, 0.5, 2.0, 4.0]), st.sampled_from(["2CH", "4CH"]))
@pytest.mark.slow
def test_lengths_scale_with_the_spacing_areas_with_its_square_and_volumes_with_its_cube(seed, factor, view) -> None:
    heart = random_heart(seed, view)
    once = measure_frame(heart.label_map, heart.spacing).values
    scaled = measure_frame(heart.label_map, (heart.spacing[0] * factor, heart.spacing[1] * factor)).values
    for name, value in once.items():
        power = 3 if "volume" in name else 2 if "area" in name else 1
        assert scaled[name] == pytest.approx(value * factor**power, rel=1e-9), name


@pytest.mark.slow
@quickly
@given(st.integers(0, 500), st.sampled_from(["2CH", "4CH"]), st.sampled_from([0, 1]))
def test_mirrored_hearts_measure_alike(seed, view, axis) -> None:
    heart = random_heart(seed, view)
    found = measure_frame(heart.label_map, heart.spacing).values
    mirrored = measure_frame(np.flip(heart.label_map, axis), heart.spacing).values
    for name in ("LV length", "LV area", "LA area", "myocardium area", "LV volume, discs", "LA volume, area-length"):
        assert mirrored[name] == pytest.approx(found[name], rel=0.005), name


@pytest.mark.parametrize("mirrored", [False, True])
@pytest.mark.parametrize("turned", [-35, 0, 35])
def test_a_cavity_with_wall_all_around_has_its_apex_towards_the_transducer(mirrored, turned) -> None:
    cavity = ndimage.rotate(half_ellipsoid(160, 50) == 1, turned, order=0)
    labels = np.where(ndimage.binary_dilation(cavity, iterations=6), 2, 0).astype(np.uint8)
    labels[cavity] = 1
    found = measure_frame(labels[:, ::-1] if mirrored else labels)
    axis, chamber = found.ventricular_axis, found.ventricle
    assert axis is not None
    assert chamber is not None
    assert axis.end[0] < axis.base[0]
    # A half ellipsoid is widest at its base: both views of a biplane volume begin there.
    assert chamber.widths[:5].mean() > 1.5 * chamber.widths[-5:].mean()


@pytest.mark.parametrize("turned", [-35, 0, 35])
def test_an_atrium_alone_has_its_roof_away_from_the_transducer(turned) -> None:
    atrium = ndimage.rotate(half_ellipsoid(160, 50)[::-1] == 1, turned, order=0)
    axis = measure_frame(np.where(atrium, 3, 0).astype(np.uint8)).atrial_axis
    assert axis is not None
    assert axis.end[0] > axis.base[0]


def test_the_formula_of_a_volume_gives_its_value() -> None:
    chamber = measure_frame(half_ellipsoid(), SPACING).ventricle
    assert chamber is not None
    terms = {"pi": math.pi, "H": chamber.disc_length, "d_i": chamber.widths, "sum": np.sum}
    formula, meaning = DEFINITIONS["LV volume, discs"].formula.split(", ", 1)
    assert meaning == "H the chamber's extent along the long axis"
    assert eval(formula.replace("^", "**"), terms) == pytest.approx(disc_volume(chamber))


@pytest.mark.parametrize("ejection_fraction", [0.25, 0.5, 0.7])
def test_a_beating_heart_gives_the_ejection_fraction_it_was_made_with(ejection_fraction) -> None:
    views = {}
    for view in ("2CH", "4CH"):
        hearts = {name: parametric_heart(view, phase, ejection_fraction) for name, phase in (("ED", 0.0), ("ES", 1.0))}
        views[view] = {name: measure_frame(heart.label_map, heart.spacing) for name, heart in hearts.items()}
    study = study_of_views(views)
    for name, where in (("EF, discs", "2CH"), ("EF, discs", "4CH"), ("EF, biplane discs", "2CH + 4CH")):
        assert study.value(name, where) == pytest.approx(100 * ejection_fraction, abs=1.5)


def test_the_first_patient_of_camus_has_the_volumes_its_authors_tell() -> None:
    camus = find_camus()
    if camus is None or not (camus / "original_mhd").is_dir():
        pytest.skip("CAMUS in its original layout is not there (ECHOSYNTH_DATA)")
    views: dict = {}
    for frame in iterate_camus(camus / "original_mhd" / "patient0001"):
        views.setdefault(frame.view, {})[frame.phase] = measure_frame(frame.label_map, frame.spacing)
    study = study_of_views(views)
    # Info_4CH.cfg: LVedv 94.0, LVesv 34.6, LVef 63.2, by the biplane method of discs.
    assert study.value("LV volume, biplane discs", "2CH + 4CH ED") == pytest.approx(94.0, rel=0.02)
    assert study.value("LV volume, biplane discs", "2CH + 4CH ES") == pytest.approx(34.6, rel=0.02)
    assert study.value("EF, biplane discs", "2CH + 4CH") == pytest.approx(63.2, abs=1.0)
