"""The frames of end-diastole and end-systole, as a cine keeps them."""

from __future__ import annotations

import numpy as np
import pytest

from EchoSynthMRML.cines import CineBuilder, cine_of
from EchoSynthMRML.phases import phases_of, stamp_phases
from EchoSynthMRML.volumes import new_frame


@pytest.fixture
def cine(scene, grid):
    """A cine of four frames."""
    builder = CineBuilder("echo")
    for level in range(4):
        builder.append(new_frame(np.full(grid.shape, level, np.uint8), grid, "echo"))
    return cine_of(builder.finish(scene))


def test_the_phases_of_a_cine_are_unknown_until_they_are_found(cine):
    assert phases_of(cine) == {"ED": [], "ES": []}


def test_the_frames_of_all_beats_are_kept_in_their_order_each_once(cine):
    stamp_phases(cine, {"ED": [3, 0, 3], "ES": [2]})
    assert phases_of(cine) == {"ED": [0, 3], "ES": [2]}


def test_they_are_forgotten_where_a_later_look_finds_none(cine):
    stamp_phases(cine, {"ED": [0], "ES": [2]})
    stamp_phases(cine, {})
    assert phases_of(cine) == {"ED": [], "ES": []}


def test_a_frame_that_the_cine_no_longer_has_is_no_phase(cine):
    stamp_phases(cine, {"ED": [0, 7], "ES": [2]})
    assert phases_of(cine)["ED"] == [0]
