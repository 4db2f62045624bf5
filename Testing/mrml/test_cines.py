"""Cines: sequences that play in step with their image, and keep what is edited."""

from __future__ import annotations

import time

import numpy as np
import pytest
from drawn_nodes import GRIDS, new_volume, paint

from EchoSynthLib.errors import InputError
from EchoSynthMRML.cines import CineBuilder, calibrate, cine_of
from EchoSynthMRML.grid import Grid, same_place
from EchoSynthMRML.label_maps import link_to_volume, new_segmentation, read_label_map
from EchoSynthMRML.volumes import frame_array, new_frame, trusted_spacing

FRAMES = 4


@pytest.fixture
def images(grid):
    """The frames of a cine: arrays (H, W), all different."""
    return np.random.default_rng(1).integers(0, 256, (FRAMES, *grid.shape)).astype(np.uint8)


@pytest.fixture
def label_maps(codes):
    """A label map for each frame, all different."""
    return np.stack([np.roll(codes, 4 * index, axis=1) for index in range(FRAMES)])


@pytest.fixture
def image_cine(scene, grid, images):
    """A cine of images as Slicer loads one: times in seconds, at 25 frames a second."""
    sequence = scene.AddNewNodeByClass("vtkMRMLSequenceNode", "echo")
    sequence.SetIndexName("time")
    sequence.SetIndexUnit("s")
    for index, image in enumerate(images):
        sequence.SetDataNodeAtValue(new_volume(grid, array=image), f"{0.04 * index:.2f}")
    browser = scene.AddNewNodeByClass("vtkMRMLSequenceBrowserNode", "echo browser")
    browser.SetAndObserveMasterSequenceNodeID(sequence.GetID())
    browser.SetPlaybackRateFps(25)
    return cine_of(sequence)


@pytest.fixture
def segmented(scene, grid, image_cine, label_maps):
    """The node that shows the segmentations of the image cine."""
    builder = CineBuilder("heart", image_cine)
    for label_map in label_maps:
        builder.append(new_segmentation(label_map, grid, "heart"))
    return builder.finish(scene, image_cine.browser, save_changes=True)


def show(cine, index: int) -> None:
    cine.browser.SetSelectedItemNumber(index)


def test_the_cine_is_found_from_what_shows_it_and_from_its_sequence(image_cine):
    for node in (image_cine.proxy, image_cine.sequence):
        found = cine_of(node)
        assert found.sequence is image_cine.sequence
        assert found.browser is image_cine.browser
    assert len(image_cine) == FRAMES
    assert [image_cine.value(index) for index in range(FRAMES)] == ["0.00", "0.04", "0.08", "0.12"]


def test_a_single_frame_is_no_cine(frame_volume, image_cine, grid):
    assert cine_of(frame_volume) is None
    assert cine_of(new_volume(grid)) is None
    assert cine_of(None) is None


def test_an_empty_sequence_is_no_cine(scene):
    assert cine_of(scene.AddNewNodeByClass("vtkMRMLSequenceNode")) is None


def test_a_sequence_that_nothing_plays_is_a_cine_without_browser(scene, grid, images):
    sequence = scene.AddNewNodeByClass("vtkMRMLSequenceNode")
    sequence.SetDataNodeAtValue(new_volume(grid, array=images[0]), "0")
    assert (cine_of(sequence).browser, len(cine_of(sequence)), cine_of(sequence).proxy) == (None, 1, None)


def test_frames_inside_a_cine_are_read_as_they_are(image_cine, images):
    for index, image in enumerate(images):
        assert np.array_equal(frame_array(image_cine.node(index)), image)


def test_nothing_is_in_the_scene_before_the_cine_is_finished(scene, grid, image_cine, label_maps):
    nodes = scene.GetNumberOfNodes()
    builder = CineBuilder("heart", image_cine)
    for label_map in label_maps:
        builder.append(new_segmentation(label_map, grid, "heart"))
    del builder
    assert scene.GetNumberOfNodes() == nodes


def test_the_new_cine_has_the_index_of_the_one_it_is_like(segmented, image_cine):
    cine = cine_of(segmented)
    assert cine.browser is image_cine.browser
    assert (cine.sequence.GetIndexName(), cine.sequence.GetIndexUnit()) == ("time", "s")
    assert [cine.value(index) for index in range(len(cine))] == [image_cine.value(i) for i in range(FRAMES)]


@pytest.mark.parametrize("index", [0, 3, 1])
def test_segmentation_and_image_change_frame_together(segmented, image_cine, images, label_maps, index):
    show(image_cine, index)
    assert np.array_equal(frame_array(image_cine.proxy), images[index])
    assert np.array_equal(read_label_map(segmented, image_cine.proxy).codes, label_maps[index])


def test_a_cine_finished_on_a_later_frame_shows_that_frame(scene, grid, image_cine, label_maps):
    show(image_cine, 2)
    builder = CineBuilder("heart", image_cine)
    for label_map in label_maps:
        builder.append(new_segmentation(label_map, grid, "heart"))
    assert np.array_equal(read_label_map(builder.finish(scene, image_cine.browser)).codes, label_maps[2])


def test_an_edit_is_kept_when_another_frame_is_shown(segmented, image_cine, label_maps):
    show(image_cine, 1)
    paint(segmented, "left_atrium", slice(0, 6), slice(0, 6))
    edited = label_maps[1].copy()
    edited[:6, :6] = 3
    show(image_cine, 2)
    assert np.array_equal(read_label_map(segmented).codes, label_maps[2])
    show(image_cine, 1)
    assert np.array_equal(read_label_map(segmented).codes, edited)
    assert np.array_equal(read_label_map(cine_of(segmented).node(1)).codes, edited)


def test_segments_keep_ids_and_colors_from_frame_to_frame(segmented, image_cine):
    for index in range(FRAMES):
        show(image_cine, index)
        assert list(segmented.GetSegmentation().GetSegmentIDs()) == ["left_ventricle", "myocardium", "left_atrium"]


def test_the_node_that_shows_a_cine_has_a_display_and_keeps_its_name(scene, grid, images, image_cine):
    builder = CineBuilder("synthetic", image_cine)
    for image in images:
        builder.append(new_frame(image, grid, "frame"))
    proxy = builder.finish(scene, image_cine.browser)
    show(image_cine, 3)
    assert proxy.GetName() == "synthetic"
    assert (proxy.GetDisplayNode().GetWindow(), proxy.GetDisplayNode().GetLevel()) == (255, 127.5)
    assert np.array_equal(frame_array(proxy), images[3])


def test_a_cine_of_its_own_gets_a_browser_that_plays_at_the_same_rate(scene, grid, images, image_cine):
    builder = CineBuilder("synthetic", image_cine)
    for image in images:
        builder.append(new_frame(image, grid, "frame"))
    cine = cine_of(builder.finish(scene))
    assert cine.browser is not image_cine.browser
    assert cine.browser.GetName() == "synthetic browser"
    assert cine.browser.GetPlaybackRateFps() == 25
    assert scene.GetNumberOfNodesByClass("vtkMRMLVolumeNode") == 2


def test_a_cine_like_no_other_is_numbered(scene, grid, images):
    builder = CineBuilder("synthetic")
    for image in images:
        builder.append(new_frame(image, grid, "frame"))
    cine = cine_of(builder.finish(scene))
    assert cine.sequence.GetIndexName() == "frame"
    assert [cine.value(index) for index in range(len(cine))] == ["0", "1", "2", "3"]


def test_two_cines_of_one_name_are_told_apart(scene, grid, images):
    names = []
    for _ in range(2):
        builder = CineBuilder("synthetic")
        builder.append(new_frame(images[0], grid, "frame"))
        cine = cine_of(builder.finish(scene))
        names.append((cine.sequence.GetName(), cine.browser.GetName(), cine.proxy.GetName()))
        assert cine.sequence.GetName() == cine.proxy.GetName()
    assert names[0][0] != names[1][0]


def test_a_cine_without_frames_is_refused(scene):
    nodes = scene.GetNumberOfNodes()
    with pytest.raises(InputError, match="The cine 'synthetic' has no frames"):
        CineBuilder("synthetic").finish(scene)
    assert scene.GetNumberOfNodes() == nodes


def test_more_frames_than_the_cine_it_is_like_are_refused(image_cine, grid, images):
    builder = CineBuilder("synthetic", image_cine)
    for image in images:
        builder.append(new_frame(image, grid, "frame"))
    with pytest.raises(InputError, match=r"'synthetic' has more frames than 'echo' \(4\)"):
        builder.append(new_frame(images[0], grid, "frame"))


def test_calibrating_what_shows_a_cine_calibrates_every_frame(image_cine):
    show(image_cine, 1)
    calibrate(image_cine.proxy, 0.3, 0.2)
    for index in range(FRAMES):
        show(image_cine, index)
        assert trusted_spacing(image_cine.proxy) == pytest.approx((0.3, 0.2))
        assert trusted_spacing(image_cine.node(index)) == pytest.approx((0.3, 0.2))


def test_trust_in_the_spacing_goes_with_the_frame(scene, images):
    builder = CineBuilder("synthetic")
    for image, trust in zip(images, ("trusted", "untrusted", "trusted", "trusted"), strict=True):
        frame = new_frame(image, GRIDS["calibrated"], "frame")
        frame.SetAttribute("EchoSynth.spacing", trust)
        builder.append(frame)
    proxy = builder.finish(scene)
    assert trusted_spacing(proxy) == pytest.approx((0.31, 0.31))
    show(cine_of(proxy), 1)
    assert trusted_spacing(proxy) is None


def test_linking_to_the_image_keeps_every_frame_in_place(segmented, image_cine, label_maps):
    link_to_volume(segmented, image_cine.proxy)
    for index in range(FRAMES):
        show(image_cine, index)
        assert np.array_equal(read_label_map(segmented).codes, label_maps[index])
        assert same_place(Grid.of_segmentation(segmented), Grid.of_volume(image_cine.proxy))


def test_a_cine_of_whole_frames_is_built_frame_by_frame_without_long_pauses(scene):
    grid = Grid((500, 600), GRIDS["calibrated"].ijk_to_ras)
    codes = np.kron(np.random.default_rng(0).integers(0, 4, (50, 60)), np.ones((10, 10), int)).astype(np.uint8)
    builder, seconds = CineBuilder("heart"), []
    for _ in range(10):
        started = time.perf_counter()
        builder.append(new_segmentation(codes, grid, "heart"))
        seconds.append(time.perf_counter() - started)
    print(f"a segmentation of 500 x 600 for a cine: {1000 * np.median(seconds):.1f} ms")
    assert len(cine_of(builder.finish(scene))) == 10
