"""The standard view that a picture is nearest to."""

import pytest

from EchoSynthLib.anatomy.heart3d.heart import Heart
from EchoSynthLib.anatomy.heart3d.nearest_view import nearest_view
from EchoSynthLib.anatomy.heart3d.probe import Hand, frame_view
from EchoSynthLib.anatomy.views import view_names


@pytest.fixture(scope="module")
def heart():
    return Heart.normal()


@pytest.mark.parametrize("view", view_names("heart cuts"))
def test_a_standard_view_is_itself(heart, view):
    near = nearest_view(heart, frame_view(heart, view).pose)
    assert near.view == view
    assert near.off == pytest.approx(0, abs=1e-4)
    # The heart leans in the apical pictures, the plane does not.
    assert near.beam_degrees < 20


def test_views_of_one_plane_are_told_apart_by_the_way_the_picture_lies(heart):
    pose = frame_view(heart, "SUBCOSTAL").pose
    as_apical = nearest_view(heart, pose, ("4CH",))
    assert as_apical.degrees == pytest.approx(0, abs=1e-4)
    assert as_apical.beam_degrees > 45


def test_a_hands_error_is_told_in_degrees(heart):
    near = nearest_view(heart, frame_view(heart, "4CH", Hand(rotation_deg=12)).pose)
    assert near.view == "4CH"
    assert near.degrees == pytest.approx(12, abs=1)
