"""What is saved and loaded again is still what it was."""

from __future__ import annotations

import numpy as np
import pytest
import slicer
from drawn_nodes import GRIDS, new_volume, paint

from EchoSynthMRML.cines import CineBuilder, cine_of
from EchoSynthMRML.grid import Grid, same_place
from EchoSynthMRML.label_maps import link_to_volume, new_segmentation, read_label_map
from EchoSynthMRML.provenance import is_synthetic, stamp, stamps_of
from EchoSynthMRML.structures import code_of
from EchoSynthMRML.volumes import add_to_scene, frame_array, new_frame, set_spacing, trusted_spacing

RECORD = {"synthetic": True, "model": "beam-flow", "model_sha256": "12e5" * 16, "seed": 7, "steps": 4, "view": "4CH"}


@pytest.fixture
def reload(application, scene, tmp_path):
    """Saves the scene as .mrb and loads it again."""

    def saved_and_loaded():
        assert scene.WriteToMRB(str(tmp_path / "scene.mrb"))
        return application.load_scene(tmp_path / "scene.mrb", tmp_path / "cache")

    return saved_and_loaded


@pytest.mark.parametrize("name", GRIDS)
def test_a_segmentation_file_keeps_terminology_colors_and_pixels(scene, tmp_path, codes, name):
    node = add_to_scene(scene, new_segmentation(codes, GRIDS[name], "heart"))
    for segment_id in node.GetSegmentation().GetSegmentIDs():
        node.GetSegmentation().GetSegment(segment_id).SetName("renamed")
    storage = scene.AddNewNodeByClass("vtkMRMLSegmentationStorageNode")
    storage.SetFileName(str(tmp_path / "heart.seg.nrrd"))
    assert storage.WriteData(node)
    loaded = scene.AddNewNodeByClass("vtkMRMLSegmentationNode")
    assert storage.ReadData(loaded)
    segments = [loaded.GetSegmentation().GetNthSegment(index) for index in range(3)]
    assert [code_of(segment) for segment in segments] == [1, 2, 3]
    assert [segment.GetTerminology() for segment in segments] == [
        node.GetSegmentation().GetNthSegment(index).GetTerminology() for index in range(3)
    ]
    assert segments[0].GetColor() == pytest.approx((152 / 255, 55 / 255, 13 / 255), abs=1e-3)
    assert np.array_equal(read_label_map(loaded, scene.AddNode(new_volume(GRIDS[name]))).codes, codes)


def test_frames_keep_pixels_place_stamps_and_calibration(scene, codes, reload):
    frame = add_to_scene(scene, new_frame(codes, GRIDS["oblique"], "synthetic"))
    stamp(frame, RECORD, 2)
    set_spacing(frame, 1, 1)
    loaded = reload().GetFirstNodeByName("synthetic")
    assert np.array_equal(frame_array(loaded), codes)
    assert same_place(Grid.of_volume(loaded), Grid.of_volume(frame))
    assert stamps_of(loaded) == RECORD | {"index": 2}
    assert trusted_spacing(loaded) == pytest.approx((1, 1))
    assert loaded.GetDisplayNode().GetWindow() == 255


def test_a_segmentation_stays_on_its_image(scene, codes, reload):
    image = add_to_scene(scene, new_frame(codes, GRIDS["anisotropic"], "image"))
    node = add_to_scene(scene, new_segmentation(codes, Grid.of_volume(image), "heart"))
    link_to_volume(node, image)
    loaded = reload()
    image, node = loaded.GetFirstNodeByName("image"), loaded.GetFirstNodeByName("heart")
    assert np.array_equal(read_label_map(node, image).codes, codes)
    assert same_place(read_label_map(node).grid, Grid.of_volume(image))
    role = slicer.vtkMRMLSegmentationNode.GetReferenceImageGeometryReferenceRole()
    assert node.GetNodeReference(role) is image


@pytest.mark.slow
def test_cines_keep_frames_index_edits_and_stamps(scene, grid, codes, reload):
    images, maps = CineBuilder("synthetic"), CineBuilder("heart")
    for index in range(3):
        images.append(new_frame(np.roll(codes, index, axis=0), grid, "frame"))
        maps.append(new_segmentation(np.roll(codes, index, axis=0), grid, "heart"))
    image = images.finish(scene)
    node = maps.finish(scene, cine_of(image).browser, save_changes=True)
    stamp(image, RECORD, 1)
    cine_of(image).browser.SetSelectedItemNumber(1)
    paint(node, "myocardium", slice(0, 9), slice(0, 9))

    loaded = reload()
    image, node = (cine_of(loaded.GetFirstNodeByName(f"{name}")).proxy for name in ("synthetic", "heart"))
    cine = cine_of(image)
    assert cine_of(node).browser is cine.browser
    assert is_synthetic(cine.sequence)
    for index in (2, 1, 0):
        cine.browser.SetSelectedItemNumber(index)
        expected = np.roll(codes, index, axis=0)
        assert np.array_equal(frame_array(image), expected)
        assert stamps_of(image) == RECORD | {"index": 1}
        if index == 1:
            expected[:9, :9] = 2
        assert np.array_equal(read_label_map(node, image).codes, expected)
