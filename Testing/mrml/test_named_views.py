"""A view that a node's name tells, and that nothing here takes, is refused like one that is given."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest
from drawn_nodes import FLAT

from EchoSynthJobs.job import finish
from EchoSynthJobs.segment import check_view, segment
from EchoSynthJobs.study import measure_study, set_what_it_shows
from EchoSynthJobs.synthesize import SynthesisRequest
from EchoSynthLib.anatomy import parametric_heart
from EchoSynthLib.errors import InputError
from EchoSynthLib.measurement.study_places import Clip, fill_places
from EchoSynthMRML.grid import Grid
from EchoSynthMRML.label_maps import new_segmentation
from EchoSynthMRML.provenance import stamp
from EchoSynthMRML.study_folder import tree_of
from EchoSynthMRML.volumes import add_to_scene, new_frame

SHAPE = (72, 88)
REFUSED = r"PLAX \(parasternal long-axis\) is known by name alone here. Taken for {} are: 2CH"


def a_grid() -> Grid:
    matrix = np.diag([*(FLAT.diagonal() * (0.5, 0.5, 1)), 1.0])
    return Grid(SHAPE, tuple(matrix.ravel().tolist()))


@pytest.fixture
def image(scene: Any) -> Any:
    noise = np.random.default_rng(0).integers(20, 200, SHAPE, dtype=np.uint8)
    node = add_to_scene(scene, new_frame(noise, a_grid(), "PLAX"))
    tree_of(node).CreateItem(tree_of(node).GetSceneItemID(), node)
    return node


@pytest.fixture
def heart(scene: Any) -> Any:
    label_map = parametric_heart("4CH", shape=SHAPE).label_map
    return add_to_scene(scene, new_segmentation(label_map, a_grid(), "PLAX"))


def test_an_image_is_not_segmented_until_its_view_is_given(scene, image):
    with pytest.raises(InputError, match=REFUSED.format("segmentation")):
        finish(segment(scene, None, image), lambda report: None)
    check_view(image, "4CH")
    set_what_it_shows(image, view="4CH")
    check_view(image, "auto")


def test_a_label_map_is_not_drawn_until_its_view_is_given_or_recorded(heart):
    with pytest.raises(InputError, match=REFUSED.format("synthesis")):
        SynthesisRequest().of(heart)
    assert SynthesisRequest(view="2CH").of(heart).view == "2CH"
    stamp(heart, {"view": "2CH"})
    assert SynthesisRequest().of(heart).view == "2CH"


def test_a_study_says_why_it_leaves_such_an_image_out(scene, client, image):
    for phase, at in {"ED": 0.0, "ES": 1.0}.items():
        label_map = parametric_heart("4CH", at, shape=SHAPE).label_map
        add_to_scene(scene, new_segmentation(label_map, a_grid(), f"4CH_{phase}"))
    found = finish(measure_study(scene, client), lambda report: None)
    assert list(found.places) == ["4CH ED", "4CH ES"]
    (told,) = found.record["warnings"]
    assert re.search(REFUSED.format("segmentation"), told)


def test_what_a_model_sees_in_such_a_clip_is_no_view_of_the_study():
    clips = [Clip("p1_PLAX", seen="4CH", areas=[900.0]), Clip("p1_IM2", seen="4CH", areas=[800.0])]
    assert [place.clip for place in fill_places(clips).places.values()] == []
    assert clips[0].view_from == ("", "")
    assert clips[1].view_from[0] == "4CH"
