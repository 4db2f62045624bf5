"""The frames that a job works on, looked at once."""

from __future__ import annotations

import numpy as np
import pytest
from drawn_nodes import GRIDS, new_volume

from EchoSynthLib.errors import InputError
from EchoSynthMRML.cines import CineBuilder, cine_of
from EchoSynthMRML.frame_stack import FrameStack
from EchoSynthMRML.grid import Grid
from EchoSynthMRML.volumes import REGION, new_frame

FRAMES = [np.full((40, 52), 10 * number, np.uint8) for number in range(3)]


@pytest.fixture
def shown(scene):
    """The node that shows a cine of three frames, the second of them now."""
    builder = CineBuilder("echo")
    for frame in FRAMES:
        builder.append(new_frame(frame, GRIDS["calibrated"], "echo"))
    node = builder.finish(scene)
    cine_of(node).browser.SetSelectedItemNumber(1)
    return node


def test_all_frames_of_a_cine_or_the_one_that_is_shown(shown):
    whole, one = FrameStack.of_volume(shown, all_frames=True), FrameStack.of_volume(shown)
    assert (len(whole), whole.number, len(one), one.number) == (3, None, 1, 1)
    assert whole.cine.sequence is cine_of(shown).sequence
    assert one.cine is None
    assert all(np.array_equal(*pair) for pair in zip(whole.tissues(), FRAMES, strict=True))
    assert [float(tissue.mean()) for tissue in one.tissues()] == [10]


def test_a_single_volume_is_no_frame_of_a_cine(frame_volume):
    assert FrameStack.of_volume(frame_volume).number is None
    with pytest.raises(InputError, match="belongs to no sequence"):
        FrameStack.of_volume(frame_volume, all_frames=True)


def test_what_was_found_in_the_tissue_lies_in_the_whole_frame(frame_volume):
    frame_volume.SetAttribute(REGION, "4 30 8 50")
    stack = FrameStack.of_volume(frame_volume)
    (tissue,) = stack.tissues()
    whole = stack.whole(tissue + np.uint8(0))
    assert (tissue.shape, stack.corner, whole.shape) == ((26, 42), (4, 8), (1, 40, 52))
    assert np.array_equal(whole[0, 4:30, 8:50], tissue)
    assert whole.sum() == tissue.sum(dtype=int)


def test_each_frame_has_its_place_and_all_have_one_pixel_size(scene):
    near, far = (scene.AddNode(new_volume(GRIDS[name])) for name in ("calibrated", "oblique"))
    stack = FrameStack([near, far])
    assert stack.grids == (Grid.of_volume(near), Grid.of_volume(far))
    assert stack.spacing == pytest.approx((0.31, 0.31))
    assert FrameStack([scene.AddNode(new_volume(GRIDS["picture"]))]).spacing is None


def test_frames_of_another_size_or_type_are_told(scene, frame_volume, rgb_volume):
    with pytest.raises(InputError, match=r"Frame 2 is 52 x 40 color pixels of uint8 and the first one .* gray"):
        list(FrameStack([frame_volume, rgb_volume]).tissues())
