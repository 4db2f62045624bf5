"""Strain of walls whose motion is known by a formula."""

from __future__ import annotations

import json

import numpy as np
import pytest
from drawn_shapes import half_ellipsoid

import EchoSynthLib as es
from EchoSynthLib.anatomy import parametric_heart
from EchoSynthLib.errors import InputError
from EchoSynthLib.measurement.strain import GLOBAL, strain_of_label_maps
from EchoSynthLib.measurement.strain.wall import EDGES, Wall

LABELS = half_ellipsoid()
SHAPE = LABELS.shape
BASE = 190.0  # row of the mitral plane
MIDDLE = SHAPE[1] / 2 - 0.5


def stretched(down: float, across: float) -> np.ndarray:
    """The displacement (2, H, W) of a heart whose mitral plane and middle stay, times so much in either direction."""
    rows, columns = np.indices(SHAPE, dtype=np.float64)
    return np.stack([(down - 1) * (rows - BASE), (across - 1) * (columns - MIDDLE)])


def beating(shares: np.ndarray, down: float = -0.2, across: float = -0.2) -> np.ndarray:
    """Displacements (T, 2, H, W) that reach so much of a stretch in each frame."""
    return np.stack([stretched(1 + share * down, 1 + share * across) for share in shares])


BEAT = np.sin(np.linspace(0, np.pi, 25)) ** 2  # end-systole in frame 12


def test_a_heart_that_shrinks_by_a_fifth_has_a_strain_of_minus_a_fifth_everywhere() -> None:
    result, _ = es.strain(LABELS, stretched(0.8, 0.8), (0.5, 0.5))
    assert result.gls == pytest.approx(-20, abs=0.05)
    for curves in (result.longitudinal, result.midwall, result.radial):
        assert list(curves) == [GLOBAL, *(segment.name for segment in result.segments)]
        assert [curve.end_systolic for curve in curves.values()] == pytest.approx([-20] * 7, abs=0.2)


def test_turned_and_moved_hearts_have_no_strain() -> None:
    turn = 0.2
    rows, columns = np.indices(SHAPE, dtype=np.float64) - np.array([BASE, MIDDLE])[:, None, None]
    turned = [np.cos(turn) * rows - np.sin(turn) * columns, np.sin(turn) * rows + np.cos(turn) * columns]
    displacement = np.stack(turned) - np.stack([rows, columns]) + 7
    result, _ = es.strain(LABELS, displacement, (0.5, 0.5))
    for curves in (result.longitudinal, result.midwall, result.radial):
        assert [curve.end_systolic for curve in curves.values()] == pytest.approx([0] * 7, abs=0.01)


def test_a_wall_that_thickens_sideways_has_a_radial_strain_where_it_stands_upright() -> None:
    result, _ = es.strain(LABELS, stretched(1.0, 1.3), (0.5, 0.5))
    for side in ("basal inferoseptal", "basal anterolateral"):
        assert result.radial[side].end_systolic == pytest.approx(30, abs=3)
        assert result.longitudinal[side].end_systolic == pytest.approx(0, abs=1)
    assert result.longitudinal["apical septal"].end_systolic > 5


def test_pixels_that_are_not_square_are_taken_as_they_are() -> None:
    flat = np.repeat(LABELS, 2, axis=1)
    rows, columns = np.indices(flat.shape, dtype=np.float64)
    displacement = np.stack([-0.2 * (rows - BASE), np.zeros_like(columns)])
    (square, _), (stretched_twice, _) = (
        es.strain(LABELS, displacement[:, :, ::2], (0.5, 0.5)),
        es.strain(flat, displacement, (0.5, 0.25)),
    )
    assert stretched_twice.gls == pytest.approx(square.gls, abs=0.3)
    assert es.strain(flat, displacement)[0].gls > square.gls + 2  # taken for square, the walls lie too far apart


def test_a_curve_has_its_peak_and_its_time_where_the_motion_has_them() -> None:
    result, record = es.strain(LABELS, beating(BEAT), (0.5, 0.5), 20)
    curve = result.longitudinal[GLOBAL]
    assert (result.beat.end_diastole, result.beat.end_systole) == (0, 12)
    assert curve.values == pytest.approx(-20 * BEAT, abs=0.05)
    assert curve.peak == curve.peak_systolic == curve.end_systolic == pytest.approx(-20, abs=0.05)
    assert curve.time_to_peak_ms == 12 * 20
    assert curve.post_systolic_index == pytest.approx(0)
    assert "warnings" not in record


def test_shortening_after_end_systole_is_told_as_such() -> None:
    result, _ = es.strain(LABELS, beating(BEAT), (0.5, 0.5), 20, end_systole=8)
    curve = result.longitudinal[GLOBAL]
    assert curve.end_systolic == curve.peak_systolic == pytest.approx(-20 * BEAT[8], abs=0.05)
    assert curve.peak == pytest.approx(-20, abs=0.05)
    assert curve.post_systolic_index == pytest.approx(100 * (1 - BEAT[8]), abs=0.3)


def test_a_segment_that_stretches_has_no_peak_of_shortening() -> None:
    result, _ = es.strain(LABELS, beating(BEAT, down=0.1, across=0.1), (0.5, 0.5), 20, end_systole=12)
    curve = result.longitudinal["mid inferoseptal"]
    assert curve.end_systolic == pytest.approx(10, abs=0.2)
    assert (curve.peak, curve.time_to_peak_ms, curve.post_systolic_index) == (0, None, None)


def test_the_mitral_hinges_move_towards_the_apex_and_the_walls_towards_each_other() -> None:
    rows, columns = np.indices(SHAPE, dtype=np.float64)
    rest = np.stack([-0.1 * (rows - 30), -0.1 * (columns - MIDDLE)])  # the apex stays
    result, _ = es.strain(LABELS, BEAT[:, None, None, None] * rest, (0.5, 0.5), 20)
    moved = result.displacement
    assert moved.annular[12] == pytest.approx([0.1 * 160 * 0.5] * 2, abs=0.15)  # mm
    assert moved.longitudinal[12, 0] > moved.longitudinal[12, 1] > moved.longitudinal[12, 2] > 0
    assert moved.transverse[12, [0, 5]] == pytest.approx([0.1 * 50 * 0.5] * 2, abs=0.3)
    assert moved.annular_speed is not None
    # Half of the way in six frames of 20 ms: 8 mm * (pi / 24 / 20 ms), in cm/s.
    assert moved.annular_speed[6] == pytest.approx([8 * np.pi / 24 / 20 * 100] * 2, rel=0.06)
    assert moved.annular_speed[18] == pytest.approx(-moved.annular_speed[6], rel=0.03)


def test_without_a_frame_time_there_are_neither_speeds_nor_times() -> None:
    result, record = es.strain(LABELS, beating(BEAT), (0.5, 0.5))
    assert result.displacement.annular_speed is None
    assert result.longitudinal[GLOBAL].time_to_peak_ms is None
    assert any("frame time is not known" in text for text in record["warnings"])


def test_few_frames_a_second_and_an_unknown_pixel_size_are_told() -> None:
    _, record = es.strain(LABELS, beating(BEAT), None, 50)
    assert any("20 frames a second are few" in text and "underestimated" in text for text in record["warnings"])
    assert any("taken for square" in text for text in record["warnings"])
    assert es.strain(LABELS, beating(BEAT), (0.5, 0.5), 33)[1].get("warnings") is None


def test_of_two_beats_the_first_is_told() -> None:
    result, _ = es.strain(LABELS, beating(np.concatenate([BEAT, 1.2 * BEAT[1:]])), (0.5, 0.5), 20)
    assert result.beat.end_systole == 12
    assert result.beat.end == pytest.approx(24, abs=1)
    assert result.longitudinal[GLOBAL].peak == pytest.approx(-20, abs=0.05)


def test_a_frame_that_was_not_tracked_has_no_strain_and_harms_no_other() -> None:
    displacements = beating(BEAT)
    displacements[5] = np.nan
    result, record = es.strain(LABELS, displacements, (0.5, 0.5), 20)
    assert np.isnan(result.longitudinal[GLOBAL].values[5])
    assert result.gls == pytest.approx(-20, abs=0.05)
    assert record["strain_percent"]["longitudinal"][GLOBAL]["values"][5] is None
    json.dumps(record, allow_nan=False)


def test_a_reference_that_is_not_end_diastole_is_told() -> None:
    shares = BEAT - BEAT[4]
    result, record = es.strain(LABELS, beating(shares), (0.5, 0.5), 20, reference=4)
    assert result.beat.end_diastole == 4
    assert any("is taken for end-diastole" in text for text in record["warnings"])
    from_diastole, _ = es.strain(LABELS, beating(shares), (0.5, 0.5), 20, reference=4, end_diastole=0)
    assert from_diastole.gls == pytest.approx(100 * (0.8 - 0.2 * -BEAT[4]) / (1 + 0.2 * BEAT[4]) - 100, abs=0.1)


@pytest.mark.parametrize("frames_after", [0, 1, 2])
def test_a_cine_from_end_systole_to_end_diastole_has_its_systole_before(frames_after: int) -> None:
    shares = 1 - BEAT[: 13 + frames_after]  # emptiest in frame 0, fullest in frame 12
    result, record = es.strain(LABELS, beating(shares), (0.5, 0.5), 20, reference=12)
    assert (result.beat.end_diastole, result.beat.end_systole) == (12, 0)
    assert result.gls == pytest.approx(-20, abs=0.05)
    assert any("shows a filling" in warning for warning in record["warnings"])


@pytest.mark.parametrize(("share", "color"), [(0.02, "yellow"), (0.2, "green"), (0.4, "yellow")])
def test_a_global_strain_that_hearts_hardly_have_is_not_green(share: float, color: str) -> None:
    result, _ = es.strain(LABELS, beating(share * BEAT, down=-1, across=-1), (0.5, 0.5), 20)
    assert result.light.color == color
    assert any("is hardly a heart's" in reason for reason in result.light.reasons) == (color != "green")


def test_noise_of_the_tracking_does_not_lengthen_the_contour() -> None:
    noise = np.random.default_rng(0).normal(0, 1.0, (2, *SHAPE))
    result, _ = es.strain(LABELS, stretched(0.8, 0.8) + noise, (0.5, 0.5))
    assert result.gls == pytest.approx(-20, abs=0.6)


def test_the_contour_of_a_wall_is_divided_at_hinges_thirds_and_apex() -> None:
    wall = Wall.of(LABELS, (0.5, 0.5))
    corners = wall.endocardium[EDGES]
    assert corners[[0, 6]] == pytest.approx(np.array([[BASE, MIDDLE - 50], [BASE, MIDDLE + 50]]), abs=2)
    assert corners[3] == pytest.approx([30, MIDDLE], abs=2)
    assert np.linalg.norm(wall.layers[2] - wall.layers[0], axis=1) == pytest.approx(20, abs=3)


def test_a_cavity_without_a_wall_is_refused_and_one_with_little_has_the_endocardium_alone() -> None:
    with pytest.raises(InputError, match="has no wall"):
        es.strain(np.where(LABELS == 2, 0, LABELS), stretched(0.8, 0.8))
    little = LABELS.copy()
    little[:120][little[:120] == 2] = 0
    result, record = es.strain(little, stretched(0.8, 0.8), (0.5, 0.5))
    assert list(result.kinds) == ["longitudinal"]
    assert any("no midwall and no radial" in text for text in record["warnings"])


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"displacements": np.zeros((3, 2, 9, 9))}, "takes displacements"),
        ({"displacements": beating(BEAT) + 1}, "is displaced"),
        ({"reference": 25}, "from 0 to 24"),
        ({"end_systole": 0}, "two frames"),
        ({"end_systole": 30}, "from 0 to 24"),
        ({"frame_time": -1}, "milliseconds"),
        ({"view": "PLAX"}, "parasternal long-axis"),
        ({"quality": {"dice": np.zeros((25, *SHAPE))}}, "dice"),
        ({"quality": {"ncc": np.zeros((2, *SHAPE))}}, "ncc"),
    ],
)
def test_what_cannot_be_used_is_told(given: dict[str, object], told: str) -> None:
    with pytest.raises(InputError, match=told):
        es.strain(**{"label_map": LABELS, "displacements": beating(BEAT), "spacing": (0.5, 0.5), **given})  # type: ignore[arg-type]


def test_segments_take_the_names_of_their_view() -> None:
    result, record = es.strain(LABELS, stretched(0.8, 0.8), (0.5, 0.5), view="A2C")
    assert (result.view, result.segments[0].name, result.segments[-1].name) == (
        "2CH",
        "basal inferior",
        "basal anterior",
    )
    assert [segment["number"] for segment in record["segments"]] == [4, 10, 15, 13, 7, 1]


def test_label_maps_of_both_phases_tell_the_strain_that_was_drawn() -> None:
    diastole, systole = half_ellipsoid(160, 50), half_ellipsoid(128, 40)
    assert strain_of_label_maps(diastole, systole, (0.5, 0.5)) == pytest.approx(-20, abs=0.4)
    full, empty = (parametric_heart("4CH", phase=phase) for phase in (0.0, 0.5))
    assert -35 < strain_of_label_maps(full.label_map, empty.label_map, full.spacing) < -5


@pytest.mark.parametrize("spacing", [(0, 1), "ab", 0.3, (1e300, 1e300)])
def test_label_maps_are_compared_at_a_size_that_pixels_can_have(spacing: object) -> None:
    with pytest.raises(InputError, match=r"given was .*spacing|spacing .* given was"):
        strain_of_label_maps(LABELS, LABELS, spacing)


@pytest.mark.parametrize("frame_time", [True, "20", b"20", 10**400, [20]])
def test_a_frame_time_is_a_number(frame_time: object) -> None:
    with pytest.raises(InputError, match="milliseconds above 0"):
        es.strain(LABELS, stretched(0.9, 0.9), frame_time=frame_time)


@pytest.mark.parametrize("quality", [[1], "ncc", 3, 0, np.zeros((2, 2)), {"ncc": np.full((2, *SHAPE), "a")}])
def test_the_quality_of_a_tracking_is_maps_of_numbers_by_name(quality: object) -> None:
    with pytest.raises(InputError, match=r"The quality .* given was"):
        es.strain(LABELS, stretched(0.9, 0.9), quality=quality)


def test_displacements_that_lead_beyond_any_picture_are_refused() -> None:
    with pytest.raises(InputError, match="in pixels; the largest given was 1e"):
        es.strain(LABELS, 1e300 * np.ones((2, *SHAPE)))
