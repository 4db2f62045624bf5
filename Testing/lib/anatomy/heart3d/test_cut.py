from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from scipy.ndimage import binary_erosion

from EchoSynthLib.anatomy.beam import BEAM_SHAPE, beam_coordinates
from EchoSynthLib.anatomy.deformation import warp_labels
from EchoSynthLib.anatomy.discs import ventricular_axis
from EchoSynthLib.anatomy.heart3d.camus import HEART, camus_of
from EchoSynthLib.anatomy.heart3d.cut import cut
from EchoSynthLib.anatomy.heart3d.heart import Heart
from EchoSynthLib.anatomy.heart3d.probe import Examination, Hand, Machine, frame_view
from EchoSynthLib.anatomy.heart3d.sweep import sweep
from EchoSynthLib.anatomy.heart3d.tissue import Tissue
from EchoSynthLib.anatomy.views import view_names
from EchoSynthLib.errors import InputError
from EchoSynthLib.evaluation.segmentation_metrics import dice

VIEWS = view_names("heart cuts")


@pytest.fixture(scope="module")
def heart() -> Heart:
    return Heart.normal()


def seen(heart, view, phase=0.0, **errors):
    return cut(heart, frame_view(heart, view, Hand(**errors)), phase, shape=(192, 240))


def points_of(one, rows, columns):
    """Places of the heart at pixels, worked out from the pose alone."""
    across = (columns - (one.shape[1] - 1) / 2) * one.spacing[1]
    down = rows * one.spacing[0]
    return one.pose.origin + across[:, None] * one.pose.right + down[:, None] * one.pose.down


@pytest.mark.parametrize("view", VIEWS)
def test_the_labels_of_a_cut_are_those_of_the_heart_at_its_points(heart, view) -> None:
    one = seen(heart, view, 0.2)
    inside = one.sector.mask(one.shape)
    expected = heart.labels(points_of(one, *np.nonzero(inside)), 0.2)
    # A speck smaller than a block of pixels may be missed.
    assert (one.labels[inside] != expected).mean() < 2e-4
    assert not one.labels[~inside].any()


def test_the_labels_along_the_beams_are_those_of_the_heart_there(heart) -> None:
    one = seen(heart, "A4C")
    rows, columns = (part.ravel() for part in beam_coordinates(one.sector))
    np.testing.assert_array_equal(one.beams().ravel(), heart.labels(points_of(one, rows, columns)))
    assert one.beams().shape == BEAM_SHAPE


def test_four_chambers_are_in_the_four_chamber_view_and_none_of_the_right_ones_in_the_two_chamber_view(heart) -> None:
    four, two = (np.bincount(seen(heart, view).labels.ravel(), minlength=32) for view in ("A4C", "A2C"))
    for chamber in (Tissue.LV_CAVITY, Tissue.RV_CAVITY, Tissue.LEFT_ATRIUM, Tissue.RIGHT_ATRIUM):
        assert four[chamber] > 400
    assert two[Tissue.LV_CAVITY] > 400
    assert two[Tissue.LEFT_ATRIUM] > 400
    assert two[Tissue.RV_CAVITY] + two[Tissue.RIGHT_ATRIUM] == 0


def test_the_septum_is_left_of_the_left_ventricle_and_the_atrium_below_it(heart) -> None:
    labels = seen(heart, "A4C").labels
    middle = {code: np.argwhere(labels == code).mean(axis=0) for code in (1, 3, 5, 7)}
    assert middle[Tissue.RV_CAVITY][1] < middle[Tissue.LV_CAVITY][1]
    assert middle[Tissue.RIGHT_ATRIUM][1] < middle[Tissue.LEFT_ATRIUM][1]
    assert middle[Tissue.LEFT_ATRIUM][0] > middle[Tissue.LV_CAVITY][0]


def test_the_parasternal_long_axis_shows_the_atrium_below_the_aortic_root_and_the_right_ventricle_on_top(heart) -> None:
    one = seen(heart, "PLAX")
    middle = {code: np.argwhere(one.labels == code).mean(axis=0) for code in (1, 3, 5)}
    root = one.pose.to_picture(heart.landmarks().aortic + 10 * heart.landmarks().aortic_axis)
    assert (np.bincount(one.labels.ravel(), minlength=4)[[1, 3]] > 1000).all()
    assert middle[Tissue.RV_CAVITY][0] < middle[Tissue.LV_CAVITY][0] < middle[Tissue.LEFT_ATRIUM][0] + 10
    assert root[1] / one.spacing[0] < middle[Tissue.LEFT_ATRIUM][0] - 15
    # The atrium lies whole in the sector, as where it is measured.
    edge = one.sector.mask(one.shape) & ~binary_erosion(one.sector.mask(one.shape))
    assert not (one.labels[edge] == Tissue.LEFT_ATRIUM).any()


def test_the_papillary_short_axis_shows_a_ring_of_wall_around_a_round_cavity(heart) -> None:
    one = seen(heart, "PSAX-PM")
    cavity = camus_of(one.labels) == 1
    rows, columns = (extent.astype(float) for extent in np.nonzero(cavity))
    spread = np.linalg.eigvalsh(np.cov(rows, columns))
    assert np.sqrt(spread[1] / spread[0]) < 1.25
    wall = one.labels == Tissue.LV_WALL
    angles = np.arctan2(*(np.argwhere(wall) - (rows.mean(), columns.mean())).T)
    assert (np.histogram(angles, 36, (-np.pi, np.pi))[0] > 0).all()


def test_a_foreshortened_ventricle_is_shorter_and_its_volume_is_the_same(heart) -> None:
    right, short = (seen(heart, "A4C", foreshortening_mm=error) for error in (0.0, 20.0))
    lengths = [ventricular_axis(one.label_map, one.spacing).length for one in (right, short)]
    assert lengths[1] < 0.97 * lengths[0]
    true = np.linalg.norm(heart.landmarks().mitral - heart.landmarks().apex)
    assert lengths[0] == pytest.approx(true, rel=0.05)


@pytest.mark.parametrize("view", ["A4C", "A2C", "A3C"])
def test_motion_leads_from_end_diastole_to_the_same_tissue(heart, view) -> None:
    first = seen(heart, view)
    later = first.at(heart.end_systole)
    carried = warp_labels(later.label_map, later.displacement())
    assert dice(carried == 1, first.label_map == 1) > 0.95
    assert dice(later.label_map == 1, first.label_map == 1) < 0.9


def test_at_end_diastole_nothing_has_moved(heart) -> None:
    one = seen(heart, "PSAX-PM")
    own = HEART[one.labels]
    assert np.abs(one.displacement()[:, own]).max() < 0.3
    assert np.abs(one.through_plane_mm()[own]).max() < 0.1


def test_the_base_comes_down_through_a_short_axis_at_the_speed_that_the_heart_has(heart) -> None:
    first = seen(heart, "PSAX-MV")
    later = first.at(0.5 * heart.end_systole)
    wall = first.labels == Tissue.LV_WALL
    points = points_of(first, *np.nonzero(wall))
    step = 0.002
    moved = heart.displacement(points, later.phase + step) - heart.displacement(points, later.phase - step)
    speed = moved @ first.pose.normal / (2 * step) * heart.parameters.heart_rate / 60
    np.testing.assert_allclose(later.through_plane_speed()[wall], speed, rtol=0.05, atol=1.0)
    # From the base to the apex, while an image of a short axis is looked at from the apex.
    assert later.through_plane_speed()[wall].mean() < -10


def test_motion_in_pixels_is_motion_in_millimeters_over_the_pixel_size(heart) -> None:
    framing = frame_view(heart, "A4C")
    fine = cut(heart, framing, heart.end_systole, shape=(201, 241), spacing=(0.8, 1.0))
    row, column = 100, 120
    (place,) = points_of(fine, np.array([row]), np.array([column]))
    moved = heart.displacement(place[None], heart.end_systole)[0]
    expected = (moved @ framing.pose.down / 0.8, moved @ framing.pose.right / 1.0)
    np.testing.assert_allclose(fine.displacement()[:, row, column], expected, atol=1e-3)


def test_a_label_map_has_the_codes_of_camus_alone_and_the_wall_of_the_left_ventricle_alone(heart) -> None:
    one = seen(heart, "A4C")
    assert set(np.unique(one.label_map)) == {0, 1, 2, 3}
    np.testing.assert_array_equal(one.label_map == 2, one.labels == Tissue.LV_WALL)
    cavity = np.isin(one.labels, (Tissue.LV_CAVITY, Tissue.PAPILLARY_MUSCLE, Tissue.MITRAL_LEAFLET))
    np.testing.assert_array_equal(one.label_map == 1, cavity)


def test_a_sweep_ends_in_the_views_that_it_names_and_turns_evenly(heart) -> None:
    ends = [frame_view(heart, view) for view in ("A4C", "A2C", "A3C")]
    framings = sweep(ends, 5)
    assert len(framings) == 11
    assert [framings[0], framings[5], framings[10]] == ends
    turns = [one.pose.rotation.T @ other.pose.rotation for one, other in pairwise(framings[:6])]
    angles = [np.degrees(np.arccos((np.trace(turn) - 1) / 2)) for turn in turns]
    np.testing.assert_allclose(angles, angles[0], rtol=1e-6)
    for framing in framings:
        assert np.linalg.det(framing.pose.rotation) == pytest.approx(1)


def test_a_sweep_of_one_view_is_refused(heart) -> None:
    with pytest.raises(InputError, match="two views or more"):
        sweep([frame_view(heart, "A4C")], 5)


def test_the_same_heart_on_another_day_has_the_same_volumes_in_another_picture() -> None:
    days = [Examination(7, number) for number in (0, 1)]
    hearts = [Heart.drawn(7) for _ in days]
    assert hearts[0].volumes(0.0) == hearts[1].volumes(0.0)
    first, second = (day.frame(heart, "A4C") for day, heart in zip(days, hearts, strict=True))
    assert not np.allclose(first.pose.matrix(), second.pose.matrix(), atol=0.5)
    assert first.depth_mm != second.depth_mm
    assert days[0].machine() != days[1].machine()
    again = Examination(7, 0).frame(hearts[0], "apical 4-chamber")
    np.testing.assert_array_equal(again.pose.matrix(), first.pose.matrix())


def test_the_probe_stands_outside_the_heart_and_the_heart_is_in_its_picture(heart) -> None:
    for view in VIEWS:
        framing = frame_view(heart, view)
        assert heart.labels(framing.pose.origin[None])[0] in (Tissue.SOFT_TISSUE, Tissue.FAT, Tissue.LUNG)
        one = cut(heart, framing, shape=(128, 160))
        assert np.isin(one.labels, (1, 3, 5, 7, 9)).mean() > 0.05, view


def test_a_hand_that_makes_no_errors_changes_nothing() -> None:
    assert Hand.drawn(np.random.default_rng(0), spread=0) == Hand()
    assert Hand.drawn(np.random.default_rng(0)).foreshortening_mm >= 0


def test_what_no_machine_can_show_is_refused(heart) -> None:
    with pytest.raises(InputError, match="opening_angle_deg lies from 10 to 120; given was 150"):
        Machine(opening_angle_deg=150)
    with pytest.raises(InputError, match="both above 0; given was"):
        cut(heart, frame_view(heart, "A4C"), spacing=(0.0, 1.0))
    with pytest.raises(InputError, match="rows and columns; asked for were"):
        cut(heart, frame_view(heart, "A4C"), spacing=(100.0, 100.0))
