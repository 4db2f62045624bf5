from __future__ import annotations

import numpy as np
import pytest

from EchoSynthLib.anatomy.heart3d.heart import Heart
from EchoSynthLib.anatomy.heart3d.planes import standard_plane
from EchoSynthLib.anatomy.views import APICAL, view_names
from EchoSynthLib.errors import InputError

VIEWS = view_names("heart cuts")


@pytest.fixture(scope="module")
def places():
    return Heart.normal().landmarks()


def distance(places, view, *names) -> float:
    """How far the farthest of some landmarks lies from a view's plane, in mm."""
    pose = standard_plane(places, view).pose
    return max(abs(float(pose.to_picture(getattr(places, name))[2])) for name in names)


def side(places, view, name) -> str:
    """On which side of the middle beam through the aim a landmark lies in the image."""
    plane = standard_plane(places, view)
    right = plane.pose.to_picture(getattr(places, name))[0] - plane.pose.to_picture(plane.aim)[0]
    return "right" if right > 0 else "left"


def test_the_four_chamber_plane_holds_the_apex_and_the_middles_of_both_atrioventricular_valves(places) -> None:
    assert distance(places, "A4C", "apex", "mitral", "tricuspid") < 1e-6
    assert side(places, "A4C", "tricuspid") == "left"


def test_the_two_chamber_plane_holds_the_long_axis_and_lies_between_the_other_two(places) -> None:
    assert distance(places, "A2C", "apex", "mitral") < 1e-6
    four, two, three = (standard_plane(places, view).pose.right for view in ("A4C", "A2C", "A3C"))
    first, second = (np.degrees(np.arccos(a @ b)) for a, b in ((four, two), (two, three)))
    assert first == pytest.approx(second)
    assert 40 < first < 75


def test_the_long_axis_planes_hold_apex_mitral_and_aortic_valve(places) -> None:
    for view in ("A3C", "PLAX"):
        assert distance(places, view, "apex", "mitral", "aortic") < 1e-6
    assert side(places, "A3C", "aortic") == "right"
    assert side(places, "PLAX", "apex") == "left"


def test_the_five_chamber_plane_is_the_four_chamber_plane_tilted_to_the_aortic_valve(places) -> None:
    assert distance(places, "A5C", "apex", "aortic") < 1e-6
    four, five = (standard_plane(places, view).pose for view in ("A4C", "A5C"))
    assert four.right @ five.right == pytest.approx(1)
    assert five.down @ four.normal > 0.05


@pytest.mark.parametrize("view", ["PSAX-AV", "PSAX-MV", "PSAX-PM", "PSAX-AP"])
def test_short_axes_are_square_to_their_axis_with_the_right_heart_on_the_left(places, view) -> None:
    pose = standard_plane(places, view).pose
    axis = places.aortic_axis if view == "PSAX-AV" else places.long_axis
    assert abs(pose.normal @ axis) == pytest.approx(1)
    assert pose.right @ places.septal < -0.6
    assert pose.down @ places.anterior < -0.6


def test_short_axes_lie_in_the_order_of_their_names_from_the_base_to_the_apex(places) -> None:
    levels = [
        (standard_plane(places, view).aim - places.apex) @ places.long_axis
        for view in ("PSAX-AV", "PSAX-MV", "PSAX-PM", "PSAX-AP")
    ]
    assert levels == sorted(levels, reverse=True)
    assert levels[0] > (places.aortic - places.apex) @ places.long_axis


def test_from_below_the_ribs_the_four_chamber_plane_has_its_apex_on_the_right_and_the_right_heart_on_top(
    places,
) -> None:
    assert distance(places, "subcostal", "apex", "mitral", "tricuspid") < 1e-6
    assert side(places, "subcostal", "apex") == "right"
    pose = standard_plane(places, "subcostal").pose
    assert pose.to_picture(places.tricuspid)[1] < pose.to_picture(places.mitral)[1]


def test_the_right_inflow_holds_the_tricuspid_valve_and_leaves_the_left_ventricle(places) -> None:
    assert distance(places, "RV-INFLOW", "tricuspid") < 1e-6
    assert distance(places, "RV-INFLOW", "mitral") > 20


@pytest.mark.parametrize("view", VIEWS)
def test_planes_do_not_depend_on_how_the_heart_lies_in_its_axes(places, view) -> None:
    turn = np.linalg.qr(np.random.default_rng(1).normal(size=(3, 3)))[0]
    turn *= np.sign(np.linalg.det(turn))
    moved = Elsewhere(places, turn, np.array([5.0, -40.0, 200.0]))
    here, there = standard_plane(places, view), standard_plane(moved, view)
    np.testing.assert_allclose(there.pose.rotation, turn @ here.pose.rotation, atol=1e-9)
    np.testing.assert_allclose(there.aim, turn @ here.aim + moved.shift, atol=1e-9)


@pytest.mark.parametrize("view", [view.name for view in APICAL])
def test_an_apical_view_looks_from_the_apex_to_the_base(places, view) -> None:
    assert standard_plane(places, view).pose.down @ places.long_axis > 0.9


def test_a_view_that_no_heart_is_cut_in_is_refused(places) -> None:
    with pytest.raises(InputError, match=r"Taken for heart cuts are: 2CH .* RV-INFLOW"):
        standard_plane(places, "OTHER-2D")


class Elsewhere:
    """The same landmarks in other axes."""

    def __init__(self, places, turn, shift) -> None:
        self._places, self._turn, self.shift = places, turn, shift

    def __getattr__(self, name: str) -> np.ndarray:
        return self._turn @ getattr(self._places, name) + self.shift * (not name.endswith("axis"))
