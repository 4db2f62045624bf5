from __future__ import annotations

import json

import numpy as np
import pytest

from EchoSynthLib.anatomy.heart3d.pose import Pose, unit
from EchoSynthLib.errors import InputError


@pytest.fixture
def pose() -> Pose:
    return Pose.facing((10.0, -20.0, 5.0), (0.2, 1.0, 0.3), (1.0, 0.1, 0.0))


def test_a_pose_is_a_rotation_and_its_inverse_leads_back(pose) -> None:
    np.testing.assert_allclose(pose.rotation.T @ pose.rotation, np.eye(3), atol=1e-12)
    assert np.linalg.det(pose.rotation) == pytest.approx(1)
    points = np.random.default_rng(0).normal(0, 50, (7, 3))
    np.testing.assert_allclose(pose.to_picture(pose.to_heart(points)), points, atol=1e-9)
    np.testing.assert_allclose(pose.to_heart((0, 0)), pose.origin)


def test_a_matrix_and_a_record_say_the_same_as_the_pose(pose) -> None:
    again = Pose.from_dict(json.loads(json.dumps(pose.to_dict())))
    np.testing.assert_allclose(pose.matrix() @ (3, 4, 5, 1), [*again.to_heart((3, 4, 5)), 1])


def test_rotating_the_probe_by_a_right_angle_brings_what_lay_behind_to_the_left_or_right(pose) -> None:
    turned = pose.turned(rotation_deg=90)
    np.testing.assert_allclose(turned.down, pose.down, atol=1e-12)
    np.testing.assert_allclose(np.abs(turned.right @ pose.normal), 1)


def test_tilting_looks_behind_the_picture_and_rocking_to_its_right(pose) -> None:
    assert pose.turned(tilt_deg=10).down @ pose.normal == pytest.approx(np.sin(np.deg2rad(10)))
    assert pose.turned(tilt_deg=10).right @ pose.right == pytest.approx(1)
    assert pose.turned(rock_deg=10).down @ pose.right == pytest.approx(np.sin(np.deg2rad(10)))
    assert pose.turned(rock_deg=10).normal @ pose.normal == pytest.approx(1)
    np.testing.assert_allclose(pose.turned(20, 10, 5).origin, pose.origin)


def test_a_picture_that_leans_keeps_its_plane_and_the_place_about_which_it_turns(pose) -> None:
    place, below = pose.to_heart((3, 40)), pose.to_heart((3, 90))
    leaning = pose.around(place, 10)
    np.testing.assert_allclose(leaning.to_picture(place), (3, 40, 0), atol=1e-9)
    right, _, behind = leaning.to_picture(below)
    assert right > 3 + 8
    assert behind == pytest.approx(0, abs=1e-9)


def test_a_direction_of_no_length_is_refused() -> None:
    with pytest.raises(InputError, match="length above 0"):
        unit((0, 0, 0))
