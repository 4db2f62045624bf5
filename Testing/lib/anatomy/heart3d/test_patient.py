"""The heart in the patient's axes."""

import numpy as np
import pytest

from EchoSynthLib.anatomy.heart3d.heart import Heart
from EchoSynthLib.anatomy.heart3d.patient import HEART_TO_RAS, pose_from_ras, pose_in_ras
from EchoSynthLib.anatomy.heart3d.probe import frame_view


@pytest.fixture(scope="module")
def places():
    marks = Heart.normal().landmarks()

    def place(point):
        return (HEART_TO_RAS @ [*point, 1])[:3]

    return {name: place(getattr(marks, name)) for name in ("apex", "mitral", "aortic", "tricuspid", "pulmonary")}


def test_the_heart_is_moved_as_it_is():
    turn = HEART_TO_RAS[:3, :3]
    assert turn.T @ turn == pytest.approx(np.eye(3), abs=1e-12)
    assert np.linalg.det(turn) == pytest.approx(1)


def test_the_apex_lies_to_the_left_in_front_of_and_below_the_base(places):
    right, front, up = places["mitral"] - places["apex"]
    assert right > 20
    assert front < -20
    assert up > 20


def test_the_right_heart_lies_to_the_right_and_in_front(places):
    right, front, _ = places["tricuspid"] - places["mitral"]
    assert right > 15
    assert front > 10


def test_the_pulmonary_valve_lies_left_of_above_and_in_front_of_the_aortic_one(places):
    right, front, up = places["pulmonary"] - places["aortic"]
    assert right < 0
    assert front > 0
    assert up > 0


def test_the_four_chambers_fit_around_the_origin(places):
    assert all(np.linalg.norm(place) < 90 for place in places.values())


def test_a_pose_goes_to_the_patient_and_back():
    pose = frame_view(Heart.normal(), "PLAX").pose
    matrix = pose_in_ras(pose)
    back = pose_from_ras(matrix[:3, 0], matrix[:3, 1], matrix[:3, 3])
    assert back.rotation == pytest.approx(pose.rotation)
    assert back.origin == pytest.approx(pose.origin)
