"""A parametric heart fitted to its own cuts: distances, derivatives, volumes and planes come back."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from numpy.typing import NDArray

from EchoSynthLib.anatomy.heart3d.camus import camus_of
from EchoSynthLib.anatomy.heart3d.heart import Heart
from EchoSynthLib.anatomy.heart3d.parameters import HeartParameters
from EchoSynthLib.anatomy.heart3d.planes import standard_plane
from EchoSynthLib.anatomy.heart3d.surfaces import surfaces
from EchoSynthLib.evaluation.voxel_metrics import volume_ml
from EchoSynthLib.reconstruction.fit.left_heart import Aorta, LeftHeart
from EchoSynthLib.reconstruction.fit.outlines import Outlines
from EchoSynthLib.reconstruction.fit.pipeline import FitPipeline
from EchoSynthLib.reconstruction.fit.unknowns import NAMES, SHAPE_SIZE, Unknowns, places_of
from EchoSynthLib.reconstruction.hearts import azimuth_deg, volume_axes, voxels_of
from EchoSynthLib.reconstruction.picture import OwnAxes, plane_at
from EchoSynthLib.reconstruction.results import summary
from EchoSynthLib.reconstruction.volume import CODES, VolumeGrid

HEART = Heart.normal(lv_edv_ml=140.0, wall_mm=10.5, la_max_ml=70.0, lv_form=(0.05, 0, -0.03, 0, 0.04, 0, 0, 0.02))
SPACING = (0.8, 0.8)
VIEWS = ("4CH", "2CH")


@cache
def cuts(heart: Heart = HEART, turned: float = 0.0) -> dict[str, NDArray[np.uint8]]:
    """Label maps of both views, exact or with the probe turned about its beam by so many degrees."""
    row, column = np.indices((250, 240))
    picture = np.stack([(column - 120) * SPACING[1], (row - 25) * SPACING[0]], axis=-1)
    poses = {view: standard_plane(heart.landmarks(), view).pose.turned(turned) for view in VIEWS}
    return {view: camus_of(heart.labels(pose.to_heart(picture))) for view, pose in poses.items()}


def test_a_volumes_axes_are_those_of_the_four_chamber_view() -> None:
    poses = {view: standard_plane(HEART.landmarks(), view).pose for view in ("4CH", "2CH", "3CH")}
    azimuths = [azimuth_deg(HEART, pose) for pose in poses.values()]
    assert azimuths[0] == pytest.approx(0, abs=1e-6)
    assert -80 < azimuths[1] < -50
    assert azimuths[2] == pytest.approx(2 * azimuths[1], abs=1)
    axes = volume_axes(HEART)
    assert np.linalg.det(axes.rotation) == pytest.approx(1)
    label_map = cuts()["4CH"]
    plane = plane_at(OwnAxes.of(label_map, SPACING, "4CH"), 0.0)
    row, column = np.indices(label_map.shape)
    places = (np.stack([row, column, 0 * row, 0 * row + 1], axis=-1) @ plane.T)[..., :3]
    grid = VolumeGrid.of(64)
    cut = grid.read(voxels_of(HEART, grid), places)
    for code in (1, 2, 3):  # the same structures lie where the picture has them
        a, b = cut == code, label_map == code
        assert 2 * (a & b).sum() / (a.sum() + b.sum()) > 0.85


def test_a_heart_of_voxels_holds_what_the_heart_holds() -> None:
    grid = VolumeGrid.of(64)
    labels, told = voxels_of(HEART, grid), HEART.volumes()
    for name, key in (("left ventricle", "LV"), ("left atrium", "LA"), ("myocardium", "LV wall")):
        assert volume_ml(labels, (CODES[name],), grid.voxel_mm) == pytest.approx(told[key], rel=0.04)
    assert set(np.unique(labels)) == {0, *CODES.values()}
    border = np.concatenate([np.take(labels, [0, -1], axis=axis).ravel() for axis in range(3)])
    assert (border == 0).all()  # the cube holds the heart, and what passes behind it is not of it


LEFT = LeftHeart.of(HEART.parameters, Aorta.of(HEART.parameters))


@pytest.mark.parametrize(("surface", "name"), [(0, "LV"), (1, "LV outside"), (2, "LA")])
def test_points_on_a_surface_have_no_distance_from_it(surface: int, name: str) -> None:
    places = surfaces(HEART.motion)[name]
    distance = LEFT.distances(surface, places)
    assert np.percentile(np.abs(distance), 95) < 0.6
    middle = places.mean(axis=0)
    outwards = (places - middle) / np.linalg.norm(places - middle, axis=1)[:, None]
    assert LEFT.distances(surface, middle) < -5
    assert np.median(LEFT.distances(surface, places + 2 * outwards) - distance) == pytest.approx(2, abs=0.5)


def test_below_the_apex_and_beyond_the_mitral_plane_the_distance_goes_on() -> None:
    along = np.array([-4.0, -2.0, 0.0, 2.0])
    distance = LEFT.distances(0, np.stack([0 * along, 0 * along, along], axis=-1))
    np.testing.assert_allclose(distance, -along, atol=0.9)
    top = HEART.parameters.lv_length_mm
    assert LEFT.distances(0, np.array([0.0, 0.0, top + 3])) == pytest.approx(3, abs=0.3)
    assert LEFT.distances(2, np.array([0.0, 0.0, top - 3])) == pytest.approx(3, abs=0.3)


def test_a_number_changes_only_what_it_has_a_part_in() -> None:
    unknowns = Unknowns(HEART.parameters, (0.0, -1.1))
    vessel = Aorta.of(HEART.parameters)
    places = np.random.default_rng(0).uniform((-40, -40, -10), (40, 40, 130), (200, 3))
    for k in range(SHAPE_SIZE):
        q = np.zeros(unknowns.size)
        q[k] = 0.5
        parameters = unknowns.heart(q)
        whole, part = LeftHeart.of(parameters, vessel), LEFT.changed(parameters, vessel, NAMES[k])
        for surface in range(3):
            np.testing.assert_allclose(part.distances(surface, places), whole.distances(surface, places), atol=1e-9)


def test_numbers_that_lead_out_of_the_ranges_of_hearts_are_stopped_there() -> None:
    unknowns = Unknowns(HEART.parameters, (0.0, -1.1))
    for value in (-60.0, 60.0):
        assert isinstance(unknowns.heart(np.full(unknowns.size, value)), HeartParameters)
    assert unknowns.heart(np.zeros(unknowns.size)) == HEART.parameters


def test_a_pose_of_nothing_leaves_the_picture_in_its_exact_plane() -> None:
    picture = np.array([[0.0, 0.0], [10.0, 0.0], [0.0, 80.0]])
    turned = places_of(picture, (np.pi / 2, 0, 0, 0, 0, 0))
    np.testing.assert_allclose(turned, [[0, 0, 0], [0, 10, 0], [0, 0, 80]], atol=1e-12)
    np.testing.assert_allclose(places_of(picture, (0, 0, 4.0, 0, 0, 0))[:, 1], -4.0)  # behind the picture is -y
    np.testing.assert_allclose(places_of(picture, (0, 0, 0, 0, 3.0, -2.0))[0], [3, 0, -2])


def test_outlines_are_where_the_labels_change_and_not_at_the_end_of_what_is_seen() -> None:
    label_map = cuts()["4CH"]
    axes = OwnAxes.of(label_map, SPACING, "4CH")
    outlines = Outlines.of(label_map, axes)
    assert all(20 < len(points) <= 70 for points in outlines.each)
    pose = standard_plane(HEART.landmarks(), "4CH").pose
    for surface, points in enumerate(outlines.each):
        pixels = axes.to_pixels(points[:, 0], points[:, 1])
        picture = np.stack([(pixels[:, 1] - 120) * SPACING[1], (pixels[:, 0] - 25) * SPACING[0]], axis=-1)
        assert np.median(np.abs(LEFT.distances(surface, pose.to_heart(picture)))) < 0.6
    seen = np.zeros(label_map.shape, bool)
    seen[: round(axes.to_pixels(np.array(0.0), np.array(0.8 * axes.length_mm))[0])] = True
    hidden = Outlines.of(np.where(seen, label_map, 0), axes, seen)
    assert len(hidden.atrium) == 0
    assert hidden.cavity[:, 1].max() < 0.85 * axes.length_mm


@pytest.mark.slow
@pytest.mark.parametrize("turned", [0.0, 8.0])
def test_a_heart_comes_back_from_two_of_its_cuts(turned: float) -> None:
    maps, steps = cuts(HEART, turned), dict.fromkeys(VIEWS, SPACING)
    heart = FitPipeline(48)(maps, steps)
    told = HEART.volumes()
    assert heart.volumes_ml["left ventricle"] == pytest.approx(told["LV"], rel=0.05)
    assert heart.volumes_ml["left atrium"] == pytest.approx(told["LA"], rel=0.15)
    found = summary(heart, maps, steps)
    assert found["trust"] > 0.85
    assert set(found["planes"]) == set(VIEWS)


@pytest.mark.slow
def test_the_fit_says_how_far_it_is_from_the_outlines_and_how_sure_it_is() -> None:
    steps = dict.fromkeys(VIEWS, SPACING)
    found = FitPipeline().fit(cuts(), steps)
    assert max(found.residual_mm.values()) < 0.8
    assert 0.005 < found.lv_volume_sd < 0.1
    assert np.abs(np.degrees(found.poses[:, 1])).max() < 4  # the planes are not tilted
    small = Heart(replace(HEART.parameters, lv_edv_ml=70.0, lv_length_mm=72.0))
    other = FitPipeline().fit(cuts(small), steps)
    assert other.parameters.lv_edv_ml == pytest.approx(70, rel=0.06)
