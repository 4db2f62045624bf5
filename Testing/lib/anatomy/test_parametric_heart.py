from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage

from EchoSynthLib.anatomy.heart2d.outline import outlines
from EchoSynthLib.anatomy.heart2d.parametric import HeartMap, cycle_phase, heart_cycle, parametric_heart, random_heart
from EchoSynthLib.anatomy.heart2d.shape import HeartShape, typical_heart
from EchoSynthLib.errors import InputError

VIEWS = ("2CH", "4CH")
quickly = settings(max_examples=12, deadline=None)


def position(heart: HeartMap, code: int) -> np.ndarray:
    """Pixel centers of a structure in mm, (N, 2) of x to the right of the transducer and y below it."""
    rows, columns = np.nonzero(heart.label_map == code)
    middle = (heart.label_map.shape[1] - 1) / 2
    return np.stack([(columns - middle) * heart.spacing[1], (rows + 0.5) * heart.spacing[0]], axis=1)


def area(heart: HeartMap, code: int) -> float:
    return float((heart.label_map == code).sum() * math.prod(heart.spacing))


def along_and_across(heart: HeartMap, code: int, tilt_deg: float) -> tuple[np.ndarray, np.ndarray]:
    tilt = math.radians(tilt_deg)
    points = position(heart, code)
    return points @ [math.sin(tilt), math.cos(tilt)], points @ [math.cos(tilt), -math.sin(tilt)]


def disc_volume(heart: HeartMap, tilt_deg: float, disc_mm: float = 1.0) -> float:
    """Method of discs on the pixels: a disc's diameter is its pixels' area over its height."""
    along, _ = along_and_across(heart, 1, tilt_deg)
    counts = np.bincount(((along - along.min()) / disc_mm).astype(int))
    diameters = counts * math.prod(heart.spacing) / disc_mm
    return float(math.pi / 4 * (diameters**2).sum() * disc_mm)


@quickly
@given(view=st.sampled_from(VIEWS), wanted=st.floats(0.05, 0.85))
def test_the_cavity_ejects_the_requested_fraction_of_its_volume(view, wanted) -> None:
    tilt = typical_heart(view).tilt_deg
    full, empty = (parametric_heart(view, phase, wanted, (448, 448)) for phase in (0.0, 1.0))
    assert 1 - disc_volume(empty, tilt) / disc_volume(full, tilt) == pytest.approx(wanted, abs=0.01)


@quickly
@given(phase=st.floats(0, 1), wanted=st.floats(0.3, 0.7), bulge=st.floats(-2, 4), mitral=st.floats(-12, 12))
def test_the_volume_follows_a_cosine_between_the_ends_for_any_shape(phase, wanted, bulge, mitral) -> None:
    def volume(at: float) -> float:
        heart = parametric_heart("4CH", at, wanted, (448, 448), left_bulge_mm=bulge, mitral_tilt_deg=mitral)
        return disc_volume(heart, typical_heart("4CH").tilt_deg)

    emptied = wanted * (1 - math.cos(math.pi * phase)) / 2
    assert 1 - volume(phase) / volume(0.0) == pytest.approx(emptied, abs=0.012)


@pytest.mark.parametrize("view", VIEWS)
def test_a_typical_heart_has_an_adults_sizes(view) -> None:
    heart = parametric_heart(view)
    along, across = along_and_across(heart, 1, typical_heart(view).tilt_deg)
    assert 84 < np.ptp(along) < 95
    assert 45 < max(np.ptp(across[np.abs(along - level) < 1]) for level in np.arange(along.min(), along.max(), 2)) < 52
    assert heart.spacing[0] * heart.label_map.shape[0] == pytest.approx(typical_heart(view).depth_mm)
    assert heart.label_map.dtype == np.uint8


@pytest.mark.parametrize("view", VIEWS)
def test_the_wall_thickens_in_systole_and_keeps_its_area(view) -> None:
    diastole, systole = (parametric_heart(view, phase, shape=(448, 448)) for phase in (0.0, 1.0))
    assert area(systole, 2) == pytest.approx(area(diastole, 2), rel=0.02)

    def thickness(heart: HeartMap) -> float:
        above = ndimage.distance_transform_edt(heart.label_map == 2, sampling=heart.spacing)
        return 2 * float(np.percentile(above[heart.label_map == 2], 99))

    assert 8 < thickness(diastole) < 12
    assert thickness(systole) > 1.15 * thickness(diastole)


@pytest.mark.parametrize("view", VIEWS)
def test_the_mitral_plane_comes_up_while_the_apex_and_the_atrial_roof_stay(view) -> None:
    diastole, systole = (parametric_heart(view, phase) for phase in (0.0, 1.0))
    assert abs(position(systole, 2)[:, 1].min() - position(diastole, 2)[:, 1].min()) < 2
    assert abs(position(systole, 3)[:, 1].max() - position(diastole, 3)[:, 1].max()) < 2
    assert 8 < position(diastole, 1)[:, 1].max() - position(systole, 1)[:, 1].max() < 20
    assert area(systole, 3) > 1.15 * area(diastole, 3)


@pytest.mark.parametrize("view", VIEWS)
@pytest.mark.parametrize("phase", [0.0, 0.5, 1.0])
def test_each_structure_is_one_part_and_lies_where_anatomy_puts_it(view, phase) -> None:
    heart = parametric_heart(view, phase)
    labels = heart.label_map
    assert all(ndimage.label(labels == code)[1] == 1 for code in (1, 2, 3))
    assert not labels[~heart.sector.mask(labels.shape)].any()
    assert position(heart, 2)[:, 1].min() < position(heart, 1)[:, 1].min()
    assert position(heart, 1)[:, 1].mean() < position(heart, 3)[:, 1].mean()
    around_cavity = ndimage.binary_dilation(labels == 1) & (labels != 1)
    assert set(np.unique(labels[around_cavity])) == {2, 3}


@pytest.mark.parametrize("view", VIEWS)
def test_typical_hearts_lie_whole_inside_the_sector(view) -> None:
    wide = parametric_heart(view, opening_angle_deg=90.0, shape=(448, 520))
    typical = parametric_heart(view, shape=(448, 448))
    for code in (1, 2, 3):
        assert area(typical, code) == pytest.approx(area(wide, code), rel=0.01)


def test_the_two_chamber_heart_leans_more_and_its_atrium_follows_the_long_axis() -> None:
    two, four = typical_heart("2CH"), typical_heart("4CH")
    assert two.tilt_deg > four.tilt_deg
    assert abs(two.tilt_deg - two.atrium_tilt_deg) < abs(four.tilt_deg - four.atrium_tilt_deg)


@quickly
@given(rows=st.integers(64, 300), columns=st.integers(64, 300))
def test_the_heart_is_the_same_on_any_grid(rows, columns) -> None:
    fine, other = parametric_heart(shape=(448, 448)), parametric_heart(shape=(rows, columns))
    assert other.label_map.shape == (rows, columns)
    assert area(other, 1) == pytest.approx(area(fine, 1), rel=0.03)
    np.testing.assert_allclose(position(other, 1).mean(axis=0), position(fine, 1).mean(axis=0), atol=1.0)


@pytest.mark.slow
def test_a_cycle_begins_at_end_diastole_passes_end_systole_and_closes() -> None:
    cine = heart_cycle(50, "4CH", 0.6)
    volumes = np.array([(heart.label_map == 1).sum() for heart in cine])
    assert len(cine) == 50
    assert volumes.argmax() == 0
    assert volumes.argmin() == 19  # 38 % of 50 frames
    np.testing.assert_array_equal(cine[19].label_map, parametric_heart("4CH", 1.0, 0.6).label_map)
    assert abs(volumes[-1] - volumes[0]) < 0.02 * volumes[0]


@given(st.floats(-5, 5))
def test_the_phase_is_periodic_and_between_the_ends(time) -> None:
    assert 0 <= cycle_phase(time) <= 1
    assert cycle_phase(time) == pytest.approx(cycle_phase(time + 1), abs=1e-9)


@quickly
@given(seed=st.integers(0, 2**32), view=st.sampled_from(VIEWS))
@pytest.mark.slow
def test_every_random_heart_is_whole_at_both_ends_of_the_beat(seed, view) -> None:
    for phase in (0.0, 1.0):
        heart = random_heart(seed, view, phase)
        assert all(ndimage.label(heart.label_map == code)[1] == 1 for code in (1, 2, 3))
        assert 0.25 <= heart.ejection_fraction <= 0.75


def test_a_seed_gives_the_same_heart_again_and_seeds_differ() -> None:
    np.testing.assert_array_equal(random_heart(4).label_map, random_heart(4).label_map)
    assert len({random_heart(seed).label_map.tobytes() for seed in range(6)}) == 6


def test_a_shallow_image_may_cut_the_atrium_but_not_the_ventricle() -> None:
    cut = parametric_heart(depth_mm=138.0, opening_angle_deg=80.0)
    assert 0 < area(cut, 3) < 0.9 * area(parametric_heart(), 3)
    with pytest.raises(InputError, match=r"does not fit into the sector.*depth of 90 mm"):
        parametric_heart(depth_mm=90.0)


@pytest.mark.parametrize(
    ("request_", "complaint"),
    [
        ({"ejection_fraction": 0.9}, "ejection fraction.*0.05 and 0.85.*0.9"),
        ({"ejection_fraction": 0.0}, "ejection fraction"),
        ({"ejection_fraction": math.nan}, "ejection fraction"),
        ({"phase": 1.5}, "phase.*1.5"),
        ({"view": "PLAX"}, "PLAX.*Taken for parametric hearts are: 2CH.*4CH"),
        ({"shape": (16, 224)}, "32 x 32"),
        ({"shape": (224.0, 224)}, "32 x 32"),
        ({"shape": (2, 64, 64)}, "32 x 32"),
        ({"ventricle_mm": 80.0}, "no ventricle_mm.*length_mm"),
        ({"length_mm": -1.0}, "above 0"),
        ({"length_mm": math.inf}, "finite"),
        ({"length_mm": 180.0}, "does not fit into the sector"),
        ({"diameter_mm": 100.0, "annulus_mm": 70.0}, "1 to 4 times as long"),
        ({"annulus_mm": 60.0}, "mitral plane"),
        ({"tilt_deg": 80.0}, "tilt_deg"),
        ({"bow_mm": 40.0}, "bow_mm"),
        ({"atrium_length_mm": 12.0}, "left atrium is at most 2 times"),
        ({"opening_angle_deg": 170.0}, "opens"),
        ({"opening_angle_deg": 30.0}, "does not fit into the sector"),
    ],
)
def test_an_impossible_heart_is_refused_with_the_reason(request_, complaint) -> None:
    with pytest.raises(InputError, match=complaint):
        parametric_heart(**request_)


def test_a_heart_that_has_no_room_for_its_wall_as_it_contracts_is_refused() -> None:
    narrow = HeartShape(
        length_mm=62, diameter_mm=16, annulus_mm=11.6, wall_left_mm=29.4, wall_right_mm=4.6, wall_apex_mm=2.4,
        bow_mm=-0.86, left_bulge_mm=3.8, mitral_tilt_deg=44, longitudinal_to_radial=2.74,
    )  # fmt: skip
    with pytest.raises(InputError, match=r"No heart of these sizes.*smaller ejection fraction"):
        outlines(narrow, 0.8)


@pytest.mark.parametrize("frames", [0, -3, 2.5, True])
def test_a_cycle_needs_at_least_one_frame(frames) -> None:
    with pytest.raises(InputError, match="frames"):
        heart_cycle(frames)


@pytest.mark.parametrize("seed", [-1, 0.5, "one"])
def test_a_seed_is_a_whole_number(seed) -> None:
    with pytest.raises(InputError, match="seed"):
        random_heart(seed)


def test_a_shape_cannot_be_changed_behind_its_back() -> None:
    with pytest.raises(AttributeError):
        HeartShape().length_mm = 90.0


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("tilt", [1e-306, -1e-306, 5e-324, -1e-30, 1e-9])
def test_a_mitral_plane_that_is_level_but_for_rounding_is_level(tilt) -> None:
    level, nearly = (parametric_heart("4CH", mitral_tilt_deg=degrees) for degrees in (0.0, tilt))
    assert np.array_equal(level.label_map, nearly.label_map)
