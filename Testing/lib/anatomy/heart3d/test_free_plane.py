"""The probe in any plane of a heart."""

import numpy as np
import pytest

from EchoSynthLib.anatomy.heart3d.camus import HEART
from EchoSynthLib.anatomy.heart3d.cut import cut
from EchoSynthLib.anatomy.heart3d.free_plane import SKIN_MM, frame_plane
from EchoSynthLib.anatomy.heart3d.heart import Heart
from EchoSynthLib.anatomy.heart3d.probe import Machine, frame_view
from EchoSynthLib.anatomy.views import view_names
from EchoSynthLib.errors import InputError


@pytest.fixture(scope="module")
def heart():
    return Heart.normal()


@pytest.fixture(scope="module")
def four_chamber(heart):
    return frame_view(heart, "4CH").pose


@pytest.mark.parametrize("view", view_names("heart cuts"))
def test_in_a_standard_plane_the_probe_stands_where_its_view_has_it(heart, view):
    usual = frame_view(heart, view)
    right, down, behind = usual.pose.to_picture(frame_plane(heart, usual.pose.moved(down=40)).pose.origin)
    assert (right, behind) == pytest.approx((0, 0), abs=1e-6)
    # The subcostal window is the one with the thicker skin.
    assert abs(down) < (30 if view == "SUBCOSTAL" else 15)


def test_the_heart_begins_a_skin_below_the_probe(heart, four_chamber):
    framing = frame_plane(heart, four_chamber.turned(rotation_deg=30, rock_deg=10))
    down = np.arange(0, framing.depth_mm)[:, None] * [0, 1]
    met = np.flatnonzero(HEART[heart.labels(framing.pose.to_heart(down))])
    assert SKIN_MM - 1 <= met[0] <= SKIN_MM + 10
    assert met[-1] < framing.depth_mm


def test_along_the_middle_line_it_does_not_matter_where_the_plane_is_held(heart, four_chamber):
    near, far = (frame_plane(heart, four_chamber.moved(down=down)) for down in (-30, 90))
    assert far.pose.origin == pytest.approx(near.pose.origin, abs=1.0)
    assert far.depth_mm == pytest.approx(near.depth_mm, abs=1.0)


def test_a_small_step_of_the_plane_is_a_small_step_of_the_picture(heart, four_chamber):
    places = [frame_plane(heart, four_chamber.moved(behind=step)).pose.origin for step in range(-10, 11)]
    assert np.linalg.norm(np.diff(places, axis=0), axis=1).max() < 6


def test_a_line_beside_the_heart_moves_to_it(heart, four_chamber):
    framing = frame_plane(heart, four_chamber.moved(right=-150))
    right, _, behind = four_chamber.to_picture(framing.pose.origin)
    assert -120 < right < 0
    assert behind == pytest.approx(0, abs=1e-6)
    assert HEART[cut(heart, framing).labels].mean() > 0.05


def test_a_plane_beside_the_heart_is_refused_in_words(heart, four_chamber):
    with pytest.raises(InputError, match="does not meet the heart"):
        frame_plane(heart, four_chamber.moved(behind=150))


def test_the_machine_decides_on_angle_and_depth(heart, four_chamber):
    usual = frame_plane(heart, four_chamber)
    wide = frame_plane(heart, four_chamber, Machine(opening_angle_deg=90, depth_factor=1.2))
    assert wide.opening_angle_deg == 90
    assert wide.depth_mm == pytest.approx(1.2 * usual.depth_mm)
