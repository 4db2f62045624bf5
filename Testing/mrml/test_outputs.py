"""A node that is chosen as output becomes the result: it keeps its name and what refers to it."""

from __future__ import annotations

import time
from typing import Any

import numpy as np
import pytest
from drawn_nodes import pixels_of

from EchoSynthJobs.job import finish
from EchoSynthJobs.segment import segment
from EchoSynthJobs.synthesize import SynthesisRequest, synthesize
from EchoSynthLib.anatomy import parametric_heart
from EchoSynthLib.errors import InputError
from EchoSynthMRML.cines import CineBuilder, cine_of
from EchoSynthMRML.grid import Grid
from EchoSynthMRML.label_maps import linked_volume, new_segmentation, read_label_map
from EchoSynthMRML.provenance import frame_stamped, linked_label_map, stamps_of
from EchoSynthMRML.volumes import add_to_scene, new_frame

SHAPE = (72, 88)
GRID = Grid(SHAPE, (-0.5, 0, 0, 0, 0, -0.5, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1))


@pytest.fixture
def cine(scene: Any) -> Any:
    """A cine of three frames; the node that shows them."""
    builder = CineBuilder("echo")
    for seed in range(3):
        pixels = np.random.default_rng(seed).integers(1, 255, SHAPE).astype(np.uint8)
        builder.append(new_frame(pixels, GRID, "echo"))
    return builder.finish(scene)


@pytest.fixture
def heart(scene: Any) -> Any:
    """A label map."""
    codes = parametric_heart("4CH", 0.0, shape=SHAPE).label_map
    return add_to_scene(scene, new_segmentation(codes, GRID, "heart"))


def run(job: Any) -> Any:
    return finish(job, lambda report: time.sleep(0.002))


def counts(scene: Any) -> list[int]:
    kinds = ("Segmentation", "ScalarVolume", "Sequence", "SequenceBrowser", "Storage")
    return [scene.GetNumberOfNodesByClass(f"vtkMRML{kind}Node") for kind in kinds]


def test_an_image_is_drawn_over(scene, client, heart):
    (image,) = run(synthesize(scene, client, heart, SynthesisRequest(seed=1))).volumes
    image.SetName("mine")
    before, pixels = counts(scene), pixels_of(image).copy()
    (again,) = run(synthesize(scene, client, heart, SynthesisRequest(seed=2), output=image)).volumes
    assert again is image
    assert image.GetName() == "mine"
    assert counts(scene) == before
    assert (pixels_of(image) != pixels).any()
    assert stamps_of(image)["seed"] == 2
    assert linked_label_map(image) is heart


@pytest.mark.slow
def test_a_cines_segmentation_is_replaced_frame_by_frame(scene, client, cine):
    first = run(segment(scene, client, cine, all_frames=True)).segmentation
    expected = [read_label_map(cine_of(first).node(index)).codes for index in range(3)]
    heart = new_segmentation(np.full(SHAPE, 1, np.uint8), GRID, "edited")
    cine_of(first).sequence.GetNthDataNode(1).CopyContent(heart)
    before = counts(scene)
    again = run(segment(scene, client, cine, all_frames=True, output=first)).segmentation
    assert again is first
    assert counts(scene) == before
    assert [len(cine_of(again)), cine_of(again).browser] == [3, cine_of(cine).browser]
    for index in range(3):
        assert np.array_equal(read_label_map(cine_of(again).node(index)).codes, expected[index])
        cine_of(again).browser.SetSelectedItemNumber(index)
        assert np.array_equal(read_label_map(again).codes, expected[index])
    assert linked_volume(again) is cine


@pytest.mark.slow
def test_a_single_frame_takes_the_place_of_a_cine_and_the_other_way_round(scene, client, cine):
    node = run(segment(scene, client, cine, all_frames=True)).segmentation
    run(segment(scene, client, cine, output=node))
    assert cine_of(node) is None
    assert frame_stamped(node) == 0
    run(segment(scene, client, cine, all_frames=True, output=node))
    assert len(cine_of(node)) == 3
    assert frame_stamped(node) is None
    assert counts(scene)[0] == 1


@pytest.mark.slow
def test_an_output_of_another_kind_is_refused_and_nothing_is_left(scene, client, heart):
    before = counts(scene)
    with pytest.raises(InputError, match="choose another output"):
        run(synthesize(scene, client, heart, SynthesisRequest(), output=heart))
    assert counts(scene) == before
