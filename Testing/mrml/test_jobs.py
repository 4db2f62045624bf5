"""What the panels start, with the real worker and without a panel: nodes in, nodes out, and nothing half-made."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from drawn_nodes import pixels_of

from EchoSynthJobs.cine_of_slices import cine_of_slices
from EchoSynthJobs.data_set import DataSetTarget, Pair, save_pairs, save_variations
from EchoSynthJobs.job import Report, finish
from EchoSynthJobs.segment import segment
from EchoSynthJobs.synthesize import SynthesisRequest, synthesize
from EchoSynthJobs.vary import Change, vary
from EchoSynthLib import zoo
from EchoSynthLib.anatomy import parametric_heart
from EchoSynthLib.client import Client
from EchoSynthLib.errors import InputError
from EchoSynthLib.images.datasets.layouts import LAYOUTS
from EchoSynthMRML.cines import CineBuilder, cine_of
from EchoSynthMRML.grid import Grid, same_place
from EchoSynthMRML.label_maps import new_segmentation, read_label_map
from EchoSynthMRML.provenance import is_synthetic, linked_label_map, stamps_of
from EchoSynthMRML.volumes import add_to_scene, new_frame

_SHIPPED = {model.name for model in zoo.list_models()}
pytestmark = pytest.mark.skipif(
    not {"segmenter", "beam-flow"} <= _SHIPPED, reason="the models segmenter and beam-flow are not in Resources/Models"
)

SHAPE = (72, 88)
FRAMES = 3


@pytest.fixture
def heart(scene: Any) -> Any:
    """A parametric heart as a segmentation in the scene."""
    return add_to_scene(scene, new_segmentation(*_heart(0), "heart"))


@pytest.fixture
def heart_cine(scene: Any) -> Any:
    """A contracting heart; the node that shows its frames."""
    builder = CineBuilder("heart cine")
    for index in range(FRAMES):
        builder.append(new_segmentation(*_heart(index), "heart"))
    return builder.finish(scene, save_changes=True)


@pytest.fixture
def echo_cine(scene: Any) -> Any:
    """A cine of noise; the node that shows its frames."""
    builder = CineBuilder("echo cine")
    for index in range(FRAMES):
        builder.append(_noise(index))
    return builder.finish(scene)


def _heart(index: int) -> tuple[np.ndarray, Grid]:
    drawn = parametric_heart("4CH", index / (2 * FRAMES), shape=SHAPE)
    row, column = drawn.spacing
    matrix = (-column, 0, 0, 4, 0, -row, 0, 7, 0, 0, 1, 0, 0, 0, 0, 1)
    return drawn.label_map, Grid(SHAPE, tuple(map(float, matrix)))


def _noise(index: int) -> Any:
    picture = np.random.default_rng(index).integers(1, 255, SHAPE).astype(np.uint8)
    return new_frame(picture, _heart(0)[1], "echo")


def run(job: Any) -> Any:
    return finish(job, lambda report: time.sleep(0.002))


def nodes_of(scene: Any) -> set[str]:
    return {scene.GetNthNode(index).GetID() for index in range(scene.GetNumberOfNodes())}


def test_a_frame_becomes_a_segmentation_on_its_own_grid(scene, client):
    frame = add_to_scene(scene, _noise(0))
    found = run(segment(scene, client, frame, confidence=True))
    assert same_place(read_label_map(found.segmentation).grid, Grid.of_volume(frame))
    assert 0 <= pixels_of(found.confidence).min() <= pixels_of(found.confidence).max() <= 1
    assert stamps_of(found.segmentation)["task"] == "segment"


def test_a_cine_becomes_segmentations_that_run_with_it_and_keep_edits(scene, client, echo_cine):
    found = run(segment(scene, client, echo_cine, all_frames=True)).segmentation
    cine = cine_of(found)
    assert len(cine) == FRAMES
    assert cine.browser is cine_of(echo_cine).browser
    assert cine.browser.GetSaveChanges(cine.sequence)


def test_synthetic_images_lie_on_the_label_map_and_name_it(scene, client, heart):
    images = run(synthesize(scene, client, heart, SynthesisRequest(count=2, seed=3))).volumes
    assert [image.GetName() for image in images] == ["synthetic s3 #0 of heart", "synthetic s3 #1 of heart"]
    for image in images:
        assert same_place(Grid.of_volume(image), read_label_map(heart).grid)
        assert is_synthetic(image)
        assert linked_label_map(image) is heart


def test_a_cine_of_label_maps_becomes_a_synthetic_cine(scene, client, heart_cine):
    (image,) = run(synthesize(scene, client, heart_cine, SynthesisRequest(), all_frames=True)).volumes
    frames = [pixels_of(cine_of(image).node(index)) for index in range(FRAMES)]
    assert cine_of(image).browser is cine_of(heart_cine).browser
    assert (frames[0] != frames[1]).any()


def test_a_contracted_heart_has_a_smaller_cavity(scene, client, heart):
    varied = run(vary(scene, client, heart, Change(count=1, strength=0.0, ejection_fraction=0.5))).segmentations
    areas = [(read_label_map(node).codes == 1).sum() for node in (varied[0], heart)]
    assert areas[0] < 0.8 * areas[1]


def test_pairs_of_the_scene_are_saved_with_their_records(scene, client, heart, tmp_path):
    (image,) = run(synthesize(scene, client, heart, SynthesisRequest())).volumes
    run(save_pairs(client, [Pair(image, heart)], DataSetTarget(tmp_path / "set", "nifti")))
    assert len(list((tmp_path / "set" / "images").iterdir())) == 1
    assert len(list((tmp_path / "set" / "labels").iterdir())) == 1


@pytest.mark.parametrize("layout", LAYOUTS)
def test_pairs_of_the_scene_are_saved_in_every_layout(scene, client, heart, tmp_path, layout):
    (image,) = run(synthesize(scene, client, heart, SynthesisRequest())).volumes
    record = run(save_pairs(client, [Pair(image, heart)], DataSetTarget(tmp_path / "set", layout)))
    assert record["pairs"] == record["synthetic_pairs"] == 1
    assert any(path.name.startswith("record") for path in (tmp_path / "set").rglob("*.json"))


def test_a_label_map_that_was_edited_since_is_no_pair(scene, client, heart, tmp_path):
    (image,) = run(synthesize(scene, client, heart, SynthesisRequest())).volumes
    heart.GetSegmentation().ClearSegment(heart.GetSegmentation().GetNthSegmentID(2))
    with pytest.raises(InputError, match="was edited after"):
        run(save_pairs(client, [Pair(image, heart)], DataSetTarget(tmp_path / "set", "nifti")))
    assert not (tmp_path / "set").exists()


def test_a_data_set_holds_the_label_map_and_its_variations(client, heart, tmp_path):
    heart.SetName("a/very " + "long " * 60 + "name")
    place = DataSetTarget(tmp_path / "set", "nifti")
    record = run(save_variations(client, heart, SynthesisRequest(), place, variations=1, strength=0.5))
    assert record["pairs"] == len(list((tmp_path / "set" / "images").iterdir())) == 2


def test_a_segment_that_is_left_out_is_told(scene, client, heart, tmp_path):
    heart.GetSegmentation().AddEmptySegment("ribs", "Ribs")
    drawn = run(synthesize(scene, client, heart, SynthesisRequest()))
    place = DataSetTarget(tmp_path / "set", "nifti")
    saved = run(save_variations(client, heart, SynthesisRequest(), place, variations=0, strength=0.5))
    for notes in (drawn.notes, saved["notes"], run(vary(scene, client, heart, Change(count=1))).notes):
        assert "'Ribs'" in notes[0]


def test_a_reference_that_lies_elsewhere_is_refused(scene, client, heart):
    reference = add_to_scene(scene, _noise(0))
    reference.SetOrigin(500, 500, 0)
    with pytest.raises(InputError, match="lies nowhere on"):
        run(synthesize(scene, client, heart, SynthesisRequest(), reference=reference))


def test_frames_of_two_sizes_are_refused(scene, client):
    builder = CineBuilder("uneven")
    builder.append(_noise(0))
    builder.append(new_frame(np.ones((40, 50), np.uint8), Grid((40, 50), _heart(0)[1].ijk_to_ras), "echo"))
    with pytest.raises(InputError, match="Frame 2 is 50 x 40 gray"):
        run(segment(scene, client, builder.finish(scene), all_frames=True))


def test_an_image_that_is_removed_meanwhile_gets_no_segmentation(scene, client):
    frame = add_to_scene(scene, _noise(0))
    job = segment(scene, client, frame)
    next(job)
    scene.RemoveNode(frame)
    before = nodes_of(scene)
    with pytest.raises(InputError, match="was removed"):
        run(job)
    assert nodes_of(scene) == before


def test_color_slices_become_a_color_cine(scene):
    import slicer
    import vtk
    from vtk.util.numpy_support import vtk_to_numpy

    colors = np.random.default_rng(0).integers(0, 255, (4, 5, 6, 3)).astype(np.uint8)
    image = vtk.vtkImageData()
    image.SetDimensions(6, 5, 4)
    image.AllocateScalars(vtk.VTK_UNSIGNED_CHAR, 3)
    vtk_to_numpy(image.GetPointData().GetScalars())[:] = colors.reshape(-1, 3)
    stack = slicer.vtkMRMLVectorVolumeNode()
    stack.SetName("colors")
    stack.SetAndObserveImageData(image)
    shown = run(cine_of_slices(scene, scene.AddNode(stack)))
    assert shown.IsA("vtkMRMLVectorVolumeNode")
    frame = cine_of(shown).node(2).GetImageData().GetPointData().GetScalars()
    assert np.array_equal(vtk_to_numpy(frame).reshape(5, 6, 3), colors[2])


def _jobs(scene: Any, client: Client, heart: Any, cine: Any, folder: Path) -> dict[str, Any]:
    place = DataSetTarget(folder / "set", "nifti")
    return {
        "segment": segment(scene, client, cine, all_frames=True, confidence=True),
        "synthesize": synthesize(scene, client, heart, SynthesisRequest(count=3)),
        "vary": vary(scene, client, heart, Change(count=3)),
        "save": save_variations(client, heart, SynthesisRequest(), place, variations=2, strength=1.0),
    }


@pytest.mark.parametrize("task", ["segment", "synthesize", "vary", "save"])
@pytest.mark.parametrize("when", ["in the worker", "on the way into the scene"])
def test_a_job_closed_in_the_middle_leaves_everything_as_it_was(scene, client, heart, echo_cine, tmp_path, task, when):
    before = nodes_of(scene)
    job = _jobs(scene, client, heart, echo_cine, tmp_path)[task]
    for report in job:
        if _is_time(report, when):
            break
        if report.waiting:
            assert nodes_of(scene) == before, "a node came before the end"
            time.sleep(0.002)
    job.close()
    assert nodes_of(scene) == before
    if when == "in the worker":
        time.sleep(0.1)
        assert not (tmp_path / "set").exists()


def _is_time(report: Report, when: str) -> bool:
    return report.waiting if when == "in the worker" else report.message.endswith("to the scene")


@pytest.mark.slow
def test_records_can_be_written_as_json(scene, client, heart):
    record = run(synthesize(scene, client, heart, SynthesisRequest())).record
    assert json.loads(json.dumps(record))["source_label_map"] == "heart"
    assert not any(os.path.exists(path) for path in record["outputs"]["images"])
