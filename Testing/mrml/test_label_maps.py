"""Label maps are read from whatever Slicer's users make of a segmentation, and written without harming it."""

from __future__ import annotations

import numpy as np
import pytest
import slicer
import vtk
from drawn_nodes import (
    GRIDS,
    PIXELS,
    REFERENCE_GEOMETRY,
    SURFACE,
    add_segment,
    new_volume,
    paint,
    pixels_of,
    separate_segments,
)
from scipy.ndimage import binary_dilation, binary_erosion

from EchoSynthLib.errors import InputError
from EchoSynthMRML.grid import Grid, same_place
from EchoSynthMRML.label_maps import new_segmentation, read_label_map, write_segments

NAMES = {1: "left ventricle", 2: "myocardium", 3: "left atrium"}


def ids_of(node) -> list[str]:
    return list(node.GetSegmentation().GetSegmentIDs())


def names_of(node) -> list[str]:
    return [node.GetSegmentation().GetSegment(segment_id).GetName() for segment_id in ids_of(node)]


def mask_of(codes, rows: slice, columns: slice) -> np.ndarray:
    mask = np.zeros(codes.shape, bool)
    mask[rows, columns] = True
    return mask


def test_a_new_segmentation_has_the_three_structures_on_one_layer(segmentation):
    assert names_of(segmentation) == ["left ventricle", "myocardium", "left atrium"]
    assert segmentation.GetSegmentation().GetNumberOfLayers() == 1


def test_a_new_segmentation_has_empty_segments_for_what_the_label_map_lacks(codes, grid):
    node = new_segmentation(np.where(codes == 2, 2, 0), grid, "heart")
    assert names_of(node) == ["left ventricle", "myocardium", "left atrium"]
    assert np.array_equal(np.unique(read_label_map(node).codes), [0, 2])


def test_an_empty_label_map_is_read_as_empty(codes, grid):
    assert not read_label_map(new_segmentation(np.zeros_like(codes), grid, "heart")).codes.any()


def test_the_same_structure_has_the_same_segment_id_in_every_segmentation(codes, grid):
    assert ids_of(new_segmentation(codes, grid, "a")) == ids_of(new_segmentation(codes[::-1], grid, "b"))


@pytest.mark.parametrize("order", [(1, 2, 3), (3, 1, 2), (2, 3, 1)])
def test_order_ids_and_layers_of_segments_do_not_matter(scene, codes, grid, order):
    node = scene.AddNode(separate_segments(codes, grid, {code: NAMES[code] for code in order}))
    assert node.GetSegmentation().GetNumberOfLayers() == 3
    assert np.array_equal(read_label_map(node).codes, codes)


def test_label_values_do_not_matter(segmentation, codes):
    segments = segmentation.GetSegmentation()
    segments.SeparateSegmentLabelmap("left_atrium")
    assert segments.GetNumberOfLayers() == 2
    assert segments.GetSegment("left_atrium").GetLabelValue() == 1
    assert np.array_equal(read_label_map(segmentation).codes, codes)
    segments.CollapseBinaryLabelmaps(True)
    assert np.array_equal(read_label_map(segmentation).codes, codes)


def test_a_renamed_segment_is_known_by_its_terminology(segmentation, codes):
    for segment_id in ids_of(segmentation):
        segmentation.GetSegmentation().GetSegment(segment_id).SetName(f"my {segment_id}")
    assert np.array_equal(read_label_map(segmentation).codes, codes)


def test_segments_cropped_to_what_they_hold_are_read_in_place(codes, grid):
    node = slicer.vtkMRMLSegmentationNode()
    node.GetSegmentation().SetConversionParameter(REFERENCE_GEOMETRY, grid.serialized())
    add_segment(node, "left ventricle", codes[4:12, 8:20] == 1, grid, offset=(4, 8))
    add_segment(node, "myocardium", codes[20:28, 0:16] == 2, grid, offset=(20, 0))
    expected = np.zeros_like(codes)
    expected[4:12, 8:20] = codes[4:12, 8:20] == 1
    expected[20:28, 0:16] = 2 * (codes[20:28, 0:16] == 2)
    assert np.array_equal(read_label_map(node).codes, expected)


def test_without_image_and_reference_geometry_the_extent_of_the_drawing_is_the_grid(codes):
    grid = GRIDS["oblique"]
    node = slicer.vtkMRMLSegmentationNode()
    add_segment(node, "myocardium", codes[8:20, 4:24] == 2, grid, offset=(8, 4))
    found = read_label_map(node)
    assert np.array_equal(found.codes, 2 * (codes[8:20, 4:24] == 2))
    first_pixel = np.reshape(grid.ijk_to_ras, (4, 4)) @ (4, 8, 0, 1)
    assert np.allclose(np.reshape(found.grid.ijk_to_ras, (4, 4))[:, 3], first_pixel)


def test_an_empty_segment_beside_others_is_no_trouble(codes, grid):
    node = separate_segments(codes, grid, {2: "myocardium"})
    node.GetSegmentation().AddEmptySegment("", "left ventricle")
    assert np.array_equal(read_label_map(node).codes, 2 * (codes == 2))


def test_where_segments_overlap_the_ventricle_wins_over_the_muscle_and_both_over_the_atrium(scene, codes, grid):
    node = slicer.vtkMRMLSegmentationNode()
    add_segment(node, "left ventricle", mask_of(codes, slice(0, 10), slice(0, 10)), grid)
    add_segment(node, "left atrium", mask_of(codes, slice(0, 40), slice(0, 40)), grid)
    add_segment(node, "myocardium", mask_of(codes, slice(0, 20), slice(0, 20)), grid)
    found = read_label_map(node).codes
    assert (found[5, 5], found[15, 15], found[30, 30], found[5, 45]) == (1, 2, 3, 0)


def test_unknown_segments_are_left_out_and_named(segmentation, codes, grid):
    add_segment(segmentation, "Ribs", mask_of(codes, slice(0, 40), slice(0, 40)), grid)
    found = read_label_map(segmentation)
    assert found.notes == ("The segment 'Ribs' is no structure EchoSynth knows and was left out.",)
    assert np.array_equal(found.codes, codes)


def test_a_segmentation_of_unknown_segments_is_refused_with_advice(codes, grid):
    node = separate_segments(codes, grid, {1: "Segment_1", 2: "Segment_2"})
    with pytest.raises(InputError, match=r"No segment of 'drawn' is one of 'left ventricle'.*Name its segments so"):
        read_label_map(node)


def test_surfaces_alone_are_drawn_with_pixels_and_the_node_stays_as_it_is(scene, grid):
    codes = np.zeros(grid.shape, np.uint8)
    codes[8:32, 10:40] = 2
    codes[12:28, 14:30] = 1
    node = scene.AddNode(new_segmentation(codes, grid, "heart"))
    node.CreateClosedSurfaceRepresentation()
    node.SetSourceRepresentationToClosedSurface()
    node.GetSegmentation().RemoveRepresentation(PIXELS)
    node.GetSegmentation().SetConversionParameter(REFERENCE_GEOMETRY, "")
    found = read_label_map(node, scene.AddNode(new_volume(grid))).codes
    # Slicer's surfaces are smooth, and so thinner by a pixel.
    for code in (1, 2):
        assert (found == code)[binary_erosion(codes == code)].all()
        assert not (found == code)[~binary_dilation(codes == code)].any()
    assert not node.GetSegmentation().ContainsRepresentation(PIXELS)
    with pytest.raises(InputError, match=r"does not say which pixels it was drawn on. Choose the image"):
        read_label_map(node)


def test_reading_changes_nothing(segmentation, frame_volume):
    heard = []
    segmentation.AddObserver(vtk.vtkCommand.AnyEvent, lambda _caller, event: heard.append(event))
    read_label_map(segmentation, frame_volume)
    assert heard == []


def test_a_segmentation_of_several_slices_is_refused(codes, grid):
    node = slicer.vtkMRMLSegmentationNode()
    node.SetName("scan")
    extent = (0, 51, 0, 39, 0, 4)
    text = slicer.vtkSegmentationConverter.SerializeImageGeometry(grid.matrix(), extent)
    node.GetSegmentation().SetConversionParameter(REFERENCE_GEOMETRY, text)
    add_segment(node, "myocardium", codes == 2, grid)
    with pytest.raises(InputError, match="'scan' has 52 x 40 x 5 voxels; an echo frame has a single slice"):
        read_label_map(node)


def test_what_is_no_label_map_is_refused(frame_volume):
    with pytest.raises(InputError, match=r"'frame' is a Volume; a segmentation.*convert it to a label map first"):
        read_label_map(frame_volume)
    with pytest.raises(InputError, match="No label map is chosen"):
        read_label_map(None)


def test_codes_that_camus_does_not_know_are_refused(codes, grid):
    for wrong in (codes + 1, codes.astype(float)):
        with pytest.raises(InputError, match="whole numbers 0 to 3"):
            new_segmentation(wrong, grid, "heart")


def test_writing_adds_only_what_the_label_map_holds(scene, codes, grid):
    node = scene.AddNewNodeByClass("vtkMRMLSegmentationNode")
    write_segments(node, np.where(codes == 2, 2, 0), grid)
    assert names_of(node) == ["myocardium"]
    write_segments(node, codes, grid)
    assert names_of(node) == ["myocardium", "left ventricle", "left atrium"]
    assert np.array_equal(read_label_map(node).codes, codes)


def test_writing_keeps_ids_names_and_colors_of_the_user_s_segments(scene, codes, grid):
    node = scene.AddNode(separate_segments(codes, grid, {3: "left atrium", 1: "LEFT VENTRICLE"}))
    node.GetSegmentation().GetNthSegment(0).SetColor(0, 0, 1)
    before = ids_of(node)
    write_segments(node, codes[::-1], grid)
    assert ids_of(node)[:2] == before
    assert names_of(node) == ["left atrium", "LEFT VENTRICLE", "myocardium"]
    assert node.GetSegmentation().GetNthSegment(0).GetColor() == (0, 0, 1)
    assert np.array_equal(read_label_map(node).codes, codes[::-1])


def test_writing_empties_the_segments_that_the_label_map_lacks(segmentation, codes, grid):
    write_segments(segmentation, np.where(codes == 2, 2, 0), grid)
    assert len(ids_of(segmentation)) == 3
    assert np.array_equal(np.unique(read_label_map(segmentation).codes), [0, 2])


def test_writing_leaves_segments_of_other_structures_alone(scene, codes, grid):
    drawn = np.where(codes == 3, 4, codes).astype(np.uint8)
    label_map = scene.AddNode(new_volume(grid, array=drawn, kind="LabelMap"))
    node = scene.AddNewNodeByClass("vtkMRMLSegmentationNode")
    slicer.vtkSlicerSegmentationsModuleLogic.ImportLabelmapToSegmentationNode(label_map, node)
    for segment_id, name in zip(ids_of(node), ("left ventricle", "myocardium", "Ribs"), strict=True):
        node.GetSegmentation().GetSegment(segment_id).SetName(name)
    write_segments(node, codes[::-1], grid)
    exported = scene.AddNewNodeByClass("vtkMRMLLabelMapVolumeNode")
    slicer.vtkSlicerSegmentationsModuleLogic.ExportSegmentsToLabelmapNode(
        node, [ids_of(node)[2]], exported, scene.AddNode(new_volume(grid))
    )
    assert np.array_equal(pixels_of(exported) > 0, codes == 3)
    assert np.array_equal(read_label_map(node).codes, codes[::-1])


def test_of_two_segments_of_one_structure_both_are_read_and_the_first_is_written(scene, codes, grid):
    node = scene.AddNode(separate_segments(codes, grid, {1: "myocardium", 2: "Myocardium"}))
    assert np.array_equal(read_label_map(node).codes, 2 * np.isin(codes, (1, 2)))
    write_segments(node, np.where(codes == 3, 2, 0), grid)
    assert np.array_equal(read_label_map(node).codes, 2 * (codes == 3))


def test_writing_onto_another_grid_moves_the_segmentation_there(segmentation, codes):
    write_segments(segmentation, codes, GRIDS["oblique"])
    found = read_label_map(segmentation)
    assert same_place(found.grid, GRIDS["oblique"])
    assert np.array_equal(found.codes, codes)


def test_surfaces_of_what_was_do_not_outlive_writing(segmentation, codes, grid):
    segmentation.CreateClosedSurfaceRepresentation()
    write_segments(segmentation, codes[::-1], grid)
    assert not segmentation.GetSegmentation().ContainsRepresentation(SURFACE)


def test_writing_into_surfaces_makes_them_pixels(segmentation, codes, grid):
    segmentation.CreateClosedSurfaceRepresentation()
    segmentation.SetSourceRepresentationToClosedSurface()
    write_segments(segmentation, codes, grid)
    assert segmentation.GetSegmentation().GetSourceRepresentationName() == PIXELS
    assert np.array_equal(read_label_map(segmentation).codes, codes)


def test_what_is_painted_after_writing_is_read_and_observed(segmentation, codes, grid):
    write_segments(segmentation, codes, grid)
    heard = []
    segmentation.AddObserver(slicer.vtkSegmentation.SourceRepresentationModified, lambda *_: heard.append("painted"))
    paint(segmentation, "left_atrium", slice(0, 5), slice(0, 7))
    assert heard
    assert (read_label_map(segmentation).codes[:5, :7] == 3).all()


def test_reading_gives_a_copy(segmentation, codes):
    read_label_map(segmentation).codes[:] = 0
    assert np.array_equal(read_label_map(segmentation).codes, codes)


def test_a_label_map_volume_keeps_its_own_grid(codes):
    volume = new_volume(GRIDS["oblique"], array=codes, kind="LabelMap")
    assert same_place(read_label_map(volume).grid, GRIDS["oblique"])
    assert same_place(Grid.of_volume(volume), GRIDS["oblique"])
