"""Frame volumes: what is one, its pixels, and what is known of their size."""

from __future__ import annotations

import numpy as np
import pytest
import slicer
import vtk
from drawn_nodes import GRIDS, new_volume

from EchoSynthLib.errors import InputError
from EchoSynthMRML.cines import calibrate
from EchoSynthMRML.grid import Grid, same_place
from EchoSynthMRML.volumes import (
    add_to_scene,
    check_frame,
    frame_array,
    new_frame,
    replace_frame,
    set_spacing,
    trusted_spacing,
)


def volume_of(dimensions: tuple[int, int, int]) -> object:
    volume = slicer.vtkMRMLScalarVolumeNode()
    volume.SetName("scan")
    image = vtk.vtkImageData()
    image.SetDimensions(*dimensions)
    image.AllocateScalars(vtk.VTK_UNSIGNED_CHAR, 1)
    volume.SetAndObserveImageData(image)
    return volume


def test_gray_and_color_pixels_are_those_of_the_volume(frame_volume, rgb_volume):
    assert frame_array(frame_volume).shape == (40, 52)
    assert frame_array(rgb_volume).shape == (40, 52, 3)
    assert rgb_volume.GetImageData().GetScalarComponentAsDouble(5, 2, 0, 1) == frame_array(rgb_volume)[2, 5, 1]


@pytest.mark.parametrize("dtype", [np.uint8, np.int16, np.uint16, np.float32])
def test_pixels_keep_the_volume_s_own_type(grid, dtype):
    pixels = np.arange(40 * 52).reshape(40, 52).astype(dtype)
    found = frame_array(new_volume(grid, array=pixels))
    assert found.dtype == dtype
    assert np.array_equal(found, pixels)


def test_transparency_is_no_color(grid):
    assert frame_array(new_volume(grid, components=4)).shape == (40, 52, 3)


def test_reading_pixels_copies_nothing(frame_volume):
    frame_array(frame_volume)[3, 4] = 99
    assert frame_volume.GetImageData().GetScalarComponentAsDouble(4, 3, 0, 0) == 99


def test_several_slices_are_refused_with_advice():
    with pytest.raises(InputError, match=r"'scan' has 5 x 4 x 3 voxels.*single slice.*load the file as a sequence"):
        check_frame(volume_of((5, 4, 3)))


def test_an_empty_volume_is_refused():
    with pytest.raises(InputError, match="'scan' is empty"):
        check_frame(volume_of((0, 0, 0)))
    nothing = slicer.vtkMRMLScalarVolumeNode()
    nothing.SetName("nothing")
    with pytest.raises(InputError, match="'nothing' is empty"):
        check_frame(nothing)


def test_what_is_no_image_is_refused(scene, grid, segmentation):
    label_map = new_volume(grid, kind="LabelMap", array=np.zeros((40, 52), np.uint8))
    with pytest.raises(InputError, match=r"is a label map. Choose the image"):
        check_frame(label_map)
    with pytest.raises(InputError, match="'heart' is no image but a Segmentation"):
        check_frame(segmentation)
    with pytest.raises(InputError, match="No image is chosen"):
        check_frame(None)
    with pytest.raises(InputError, match=r"2 values a pixel.*3 .RGB."):
        check_frame(new_volume(grid, components=2))


def test_a_spacing_of_exactly_one_by_one_is_not_trusted(frame_volume):
    assert trusted_spacing(frame_volume) is None


def test_any_other_spacing_is_trusted_row_first(grid):
    assert trusted_spacing(new_volume(GRIDS["anisotropic"])) == pytest.approx((0.308, 0.154))


def test_what_was_declared_wins_over_the_spacing_itself(frame_volume):
    frame_volume.SetAttribute("EchoSynth.spacing", "trusted")
    assert trusted_spacing(frame_volume) == (1.0, 1.0)
    calibrated = new_volume(GRIDS["calibrated"])
    calibrated.SetAttribute("EchoSynth.spacing", "untrusted")
    assert trusted_spacing(calibrated) is None


@pytest.mark.parametrize("name", GRIDS)
def test_calibrating_keeps_directions_and_the_first_pixel_s_place(name):
    volume = new_volume(GRIDS[name])
    before = np.reshape(GRIDS[name].ijk_to_ras, (4, 4))
    set_spacing(volume, 0.4, 0.25)
    after = np.reshape(Grid.of_volume(volume).ijk_to_ras, (4, 4))
    assert trusted_spacing(volume) == pytest.approx((0.4, 0.25))
    assert np.allclose(after[:, 2:], before[:, 2:])
    row_before, column_before = GRIDS[name].spacing
    assert np.allclose(after[:, 0] / 0.25, before[:, 0] / column_before)
    assert np.allclose(after[:, 1] / 0.4, before[:, 1] / row_before)


@pytest.mark.parametrize("wrong", [0, -1, float("nan"), float("inf")])
def test_a_pixel_without_size_is_refused(frame_volume, wrong):
    with pytest.raises(InputError, match="cannot be; give two positive numbers"):
        set_spacing(frame_volume, 1, wrong)
    assert trusted_spacing(frame_volume) is None


def test_calibrating_a_single_frame_needs_no_cine(frame_volume):
    calibrate(frame_volume, 0.5, 0.5)
    assert trusted_spacing(frame_volume) == (0.5, 0.5)


def test_other_pixels_are_written_in_place_and_told_once(frame_volume, codes):
    image, told = frame_volume.GetImageData(), []
    frame_volume.AddObserver("ModifiedEvent", lambda *_: told.append("node"))
    replace_frame(frame_volume, codes)
    assert np.array_equal(frame_array(frame_volume), codes)
    assert frame_volume.GetImageData() is image
    assert told == ["node"]


def test_other_pixels_of_another_shape_are_refused(frame_volume, codes):
    with pytest.raises(InputError, match=r"shape \(40, 51\); \(40, 52\)"):
        replace_frame(frame_volume, codes[:, 1:])


def test_a_new_frame_is_in_no_scene_until_it_is_added(scene, codes, grid):
    nodes = scene.GetNumberOfNodes()
    frame = new_frame(codes, grid, "image")
    assert frame.GetScene() is None
    assert scene.GetNumberOfNodes() == nodes
    assert add_to_scene(scene, frame).GetScene() is scene


def test_names_in_the_scene_are_unique(scene, codes, grid):
    names = {add_to_scene(scene, new_frame(codes, grid, "image")).GetName() for _ in range(3)}
    assert len(names) == 3


def test_gray_levels_are_shown_from_0_to_255_and_confidences_from_0_to_1(scene, codes, grid):
    image = add_to_scene(scene, new_frame(codes, grid, "image")).GetDisplayNode()
    confidence = add_to_scene(scene, new_frame(codes.astype(np.float32) / 4, grid, "confidence")).GetDisplayNode()
    assert (image.GetWindow(), image.GetLevel()) == (255, 127.5)
    assert (confidence.GetWindow(), confidence.GetLevel()) == (1, 0.5)


def test_a_new_frame_lies_where_its_label_map_lies(codes):
    assert same_place(Grid.of_volume(new_frame(codes, GRIDS["oblique"], "image")), GRIDS["oblique"])
