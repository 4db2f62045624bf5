"""The ultrasound sector as geometry."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from EchoSynthLib.anatomy.sector.geometry import Sector
from EchoSynthLib.errors import InputError

few = settings(max_examples=25, derandomize=True, deadline=None)


@st.composite
def sectors(draw):
    half, tilt = draw(st.floats(15, 50)), draw(st.floats(-12, 12))
    near = draw(st.floats(0, 40))
    return Sector(
        apex_row=draw(st.floats(-40, 15)),
        apex_column=draw(st.floats(40, 90)),
        angle_left=math.radians(tilt - half),
        angle_right=math.radians(tilt + half),
        radius_near=near,
        radius_far=near + draw(st.floats(60, 150)),
        aspect=draw(st.floats(0.5, 2)),
    )


@few
@given(sectors(), st.floats(1, 200), st.floats(-1.2, 1.2))
def test_polar_and_cartesian_are_inverses(sector, radius, angle):
    back = sector.polar(*sector.cartesian(radius, angle))
    assert np.allclose(back, (radius, angle), atol=1e-9)
    place = sector.cartesian(*sector.polar(37.5, 81.25))
    assert np.allclose(place, (37.5, 81.25), atol=1e-9)


@few
@given(sectors())
def test_the_mask_is_what_lies_between_the_angles_and_the_radii(sector):
    mask = sector.mask((110, 130))
    radius, angle = sector.polar(*np.nonzero(mask))
    assert np.all((radius >= sector.radius_near) & (radius <= sector.radius_far))
    assert np.all((angle >= sector.angle_left) & (angle <= sector.angle_right))
    radius, angle = sector.polar(*np.nonzero(~mask))
    beyond_angles = (angle < sector.angle_left) | (angle > sector.angle_right)
    assert np.all(beyond_angles | (radius < sector.radius_near) | (radius > sector.radius_far))


@few
@given(sectors())
def test_scaling_by_a_whole_number_and_sampling_back_gives_the_same_mask(sector):
    large = sector.scaled(3, 5).mask((330, 650))
    # A pixel that the border goes through may lie on either side of it by rounding.
    assert (large[1::3, 2::5] != sector.mask((110, 130))).sum() <= 3


@few
@given(sectors(), st.floats(0.4, 3), st.floats(0.4, 3))
def test_scaling_keeps_the_beams_and_undoes_itself(sector, row_factor, column_factor):
    scaled = sector.scaled(row_factor, column_factor)
    assert scaled.opening_angle == sector.opening_angle
    assert scaled.aspect == pytest.approx(sector.aspect * row_factor / column_factor)
    back = scaled.scaled(1 / row_factor, 1 / column_factor)
    assert back.to_dict() == pytest.approx(sector.to_dict(), abs=1e-9)


@few
@given(sectors())
def test_a_record_of_a_sector_gives_the_sector_back(sector):
    assert Sector.from_dict(sector.to_dict()) == sector


@pytest.mark.parametrize(
    "change",
    [
        {"apex_row": math.nan},
        {"angle_left": 0.7},
        {"angle_right": math.pi / 2},
        {"radius_near": -1.0},
        {"radius_far": 5.0},
        {"aspect": 0.0},
    ],
)
def test_numbers_that_describe_no_sector_are_refused(change):
    numbers = {"apex_row": 0.0, "apex_column": 50.0, "angle_left": -0.6, "angle_right": 0.6}
    with pytest.raises(InputError, match="sector"):
        Sector(**{**numbers, "radius_near": 5.0, "radius_far": 100.0, "aspect": 1.0, **change})
