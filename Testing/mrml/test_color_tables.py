"""Label map volumes: the color table says what the values mean."""

from __future__ import annotations

import numpy as np
import pytest
import slicer
from drawn_nodes import new_volume

from EchoSynthLib.errors import InputError
from EchoSynthMRML.label_maps import read_label_map

NAMES = {1: "left ventricle", 2: "myocardium", 3: "left atrium"}


@pytest.fixture
def label_volume(scene, grid, codes):
    """A label map volume in CAMUS codes, whose display has no color table yet."""
    volume = scene.AddNode(new_volume(grid, array=codes.astype(np.int16), kind="LabelMap"))
    volume.SetAndObserveDisplayNodeID(scene.AddNewNodeByClass("vtkMRMLLabelMapVolumeDisplayNode").GetID())
    return volume


def give_table(volume, names: dict[int, str]):
    table = volume.GetScene().AddNewNodeByClass("vtkMRMLColorTableNode")
    table.SetTypeToUser()
    table.SetNumberOfColors(max(names) + 1)
    for value, name in names.items():
        table.SetColor(value, name, 0.5, 0.5, 0.5)
    volume.GetDisplayNode().SetAndObserveColorNodeID(table.GetID())
    return table


def test_names_in_the_color_table_tell_the_structures(label_volume, codes):
    give_table(label_volume, {1: "left atrium", 2: "Left Ventricle", 3: "myocardium"})
    assert np.array_equal(read_label_map(label_volume).codes, np.array([0, 3, 1, 2])[codes])


def test_a_terminology_in_the_color_table_tells_the_structure(label_volume, codes):
    table = give_table(label_volume, {1: "a", 2: "b", 3: "c"})
    table.SetTerminology(2, "SCT", "123037004", "Anatomical Structure", "SCT", "82471001", "Left atrium")
    assert np.array_equal(read_label_map(label_volume).codes, 3 * (codes == 2))


def test_values_that_the_table_gives_other_names_are_left_out_and_named(label_volume, codes):
    give_table(label_volume, {1: "left ventricle", 2: "Ribs", 3: "left atrium"})
    found = read_label_map(label_volume)
    assert found.notes == ("The label 2 (Ribs) is no structure EchoSynth knows and was left out.",)
    assert np.array_equal(found.codes, np.where(codes == 2, 0, codes))


@pytest.mark.parametrize("names", [{}, {1: "region 1", 2: "region 2", 3: "region 3"}])
def test_without_names_the_values_are_camus_codes_and_the_user_is_told(label_volume, codes, names):
    if names:
        give_table(label_volume, names)
    found = read_label_map(label_volume)
    assert np.array_equal(found.codes, codes)
    assert found.notes == (
        "The color table of 'frame' names no structures; its values were taken as "
        "0 other, 1 left ventricle, 2 myocardium, 3 left atrium.",
    )


def test_a_label_map_without_display_is_read_too(grid, codes):
    assert np.array_equal(read_label_map(new_volume(grid, array=codes, kind="LabelMap")).codes, codes)


def test_other_values_without_names_are_refused(scene, grid, codes):
    volume = scene.AddNode(new_volume(grid, array=codes * 7, kind="LabelMap"))
    with pytest.raises(InputError, match="'frame' holds the values 7, 14, 21, which its color table does not name"):
        read_label_map(volume)
    nothing = scene.AddNode(new_volume(grid, array=codes * 0, kind="LabelMap"))
    with pytest.raises(InputError, match="holds the values 0 alone"):
        read_label_map(nothing)


def test_what_slicer_exports_from_a_segmentation_is_read_although_renumbered(scene, segmentation, codes, frame_volume):
    segmentation.GetSegmentation().RemoveSegment("left_ventricle")
    exported = scene.AddNewNodeByClass("vtkMRMLLabelMapVolumeNode")
    slicer.vtkSlicerSegmentationsModuleLogic.ExportSegmentsToLabelmapNode(
        segmentation, ["myocardium", "left_atrium"], exported, frame_volume
    )
    assert np.array_equal(read_label_map(exported).codes, np.where(codes == 1, 0, codes))
