"""A label map and the image that it was drawn on lie pixel on pixel, in both directions."""

from __future__ import annotations

import numpy as np
import pytest
import slicer
import vtk
from drawn_nodes import GRIDS, add_segment, new_volume, pixels_of, segment_mask, separate_segments

from EchoSynthLib.errors import InputError
from EchoSynthMRML.grid import Grid, same_place
from EchoSynthMRML.label_maps import link_to_volume, new_segmentation, read_label_map, write_segments
from EchoSynthMRML.volumes import frame_array, new_frame

NAMES = {1: "left ventricle", 2: "myocardium", 3: "left atrium"}


@pytest.fixture(params=[*GRIDS, "rgb"])
def volume(request, scene):
    if request.param == "rgb":
        return scene.AddNode(new_volume(GRIDS["oblique"], components=3))
    return scene.AddNode(new_volume(GRIDS[request.param]))


def test_a_segmentation_is_read_as_it_was_written_with_and_without_the_image(scene, volume, codes):
    node = scene.AddNode(new_segmentation(codes, Grid.of_volume(volume), "heart"))
    for found in (read_label_map(node), read_label_map(node, volume)):
        assert np.array_equal(found.codes, codes)
        assert found.codes.dtype == np.uint8
        assert same_place(found.grid, Grid.of_volume(volume))
        assert found.notes == ()


def test_slicer_lays_every_segment_exactly_over_the_image(scene, volume, codes):
    node = scene.AddNode(new_segmentation(codes, Grid.of_volume(volume), "heart"))
    link_to_volume(node, volume)
    ids = node.GetSegmentation().GetSegmentIDs()
    for code, segment_id in zip((1, 2, 3), ids, strict=True):
        assert np.array_equal(segment_mask(node, segment_id, volume), codes == code)


def test_what_slicer_drew_on_the_image_is_read_exactly(scene, volume, codes):
    drawn = scene.AddNode(new_volume(Grid.of_volume(volume), array=codes.astype(np.int16), kind="LabelMap"))
    node = scene.AddNewNodeByClass("vtkMRMLSegmentationNode")
    slicer.vtkSlicerSegmentationsModuleLogic.ImportLabelmapToSegmentationNode(drawn, node)
    for code, segment_id in zip((1, 2, 3), node.GetSegmentation().GetSegmentIDs(), strict=True):
        node.GetSegmentation().GetSegment(segment_id).SetName(NAMES[code])
    assert np.array_equal(read_label_map(node, volume).codes, codes)


def test_the_first_row_of_the_array_is_the_first_row_of_the_volume(scene, volume, codes):
    frame = new_frame(codes, Grid.of_volume(volume), "image")
    assert np.array_equal(pixels_of(frame), codes)
    assert np.array_equal(frame_array(frame), codes)
    assert same_place(Grid.of_volume(frame), Grid.of_volume(volume))


def test_other_pixels_take_the_place_of_the_old_ones_exactly(scene, volume, codes, segmentation):
    write_segments(segmentation, codes[::-1], Grid.of_volume(volume))
    assert np.array_equal(read_label_map(segmentation, volume).codes, codes[::-1])
    assert same_place(Grid.of_segmentation(segmentation), Grid.of_volume(volume))


def test_a_segmentation_under_the_image_s_transform_stays_on_it(scene, volume, codes):
    node = scene.AddNode(new_segmentation(codes, Grid.of_volume(volume), "heart"))
    transform = scene.AddNewNodeByClass("vtkMRMLLinearTransformNode")
    turn = vtk.vtkTransform()
    turn.RotateWXYZ(30, 1, 2, 3)
    transform.SetMatrixTransformToParent(turn.GetMatrix())
    for transformed in (node, volume):
        transformed.SetAndObserveTransformNodeID(transform.GetID())
    assert np.array_equal(read_label_map(node, volume).codes, codes)


def test_a_transform_between_segmentation_and_image_is_followed(scene, codes, frame_volume, segmentation):
    transform = scene.AddNewNodeByClass("vtkMRMLLinearTransformNode")
    shift = vtk.vtkTransform()
    shift.Translate(-4, -8, 0)
    transform.SetMatrixTransformToParent(shift.GetMatrix())
    segmentation.SetAndObserveTransformNodeID(transform.GetID())
    moved = read_label_map(segmentation, frame_volume).codes
    assert np.array_equal(moved[8:, 4:], codes[:-8, :-4])
    assert not moved[:8].any()
    assert not moved[:, :4].any()


def test_a_larger_image_around_the_drawing_is_filled_with_background(scene, codes, grid):
    node = scene.AddNode(separate_segments(codes[8:16, 4:20], grid, {}))
    add_segment(node, "myocardium", codes[8:16, 4:20] == 2, grid, offset=(8, 4))
    volume = scene.AddNode(new_volume(grid))
    expected = np.zeros_like(codes)
    expected[8:16, 4:20] = 2 * (codes[8:16, 4:20] == 2)
    assert np.array_equal(read_label_map(node, volume).codes, expected)


def test_a_grid_is_the_same_place_only_with_the_same_pixels(grid):
    nudged = Grid(grid.shape, tuple(value + 1e-5 for value in grid.ijk_to_ras))
    moved = Grid(grid.shape, tuple(value + 1e-3 for value in grid.ijk_to_ras))
    assert same_place(grid, nudged)
    assert not same_place(grid, moved)
    assert not same_place(grid, Grid((grid.shape[1], grid.shape[0]), grid.ijk_to_ras))


def test_a_grid_tells_row_spacing_before_column_spacing():
    assert GRIDS["anisotropic"].spacing == pytest.approx((0.308, 0.154))
    assert GRIDS["oblique"].spacing == pytest.approx((0.37, 0.21))


def test_pixels_of_another_shape_than_the_grid_are_refused(codes, grid):
    with pytest.raises(InputError, match=r"label map has the shape \(39, 52\), its grid \(40, 52\)"):
        new_segmentation(codes[1:], grid, "heart")
    with pytest.raises(InputError, match=r"pixels have the shape \(39, 52\); \(40, 52\) was expected"):
        new_frame(codes[1:], grid, "image")
