"""Hearts from the places of a study: segmentations with terminology, pictures where they were cut, volumes."""

from __future__ import annotations

import numpy as np
import pytest
import slicer
import vtk
from drawn_nodes import FLAT, GRIDS
from scipy.spatial.transform import Rotation
from vtk.util.numpy_support import vtk_to_numpy

from EchoSynthJobs.heart_numbers import light_of_heart, numbers_of
from EchoSynthJobs.job import finish
from EchoSynthJobs.long_axis import long_axis_of
from EchoSynthJobs.reconstruct import RECORD, complete_phases, reconstruct, reconstructed_in
from EchoSynthLib.anatomy.heart3d.cohort import Cohort
from EchoSynthLib.anatomy.heart3d.patient import HEART_TO_RAS
from EchoSynthLib.anatomy.structures import STRUCTURES, structure
from EchoSynthLib.errors import InputError
from EchoSynthLib.reconstruction.volume import CODES, VolumeGrid
from EchoSynthMRML.grid import Grid
from EchoSynthMRML.heart_models import RECONSTRUCTED, parts_of
from EchoSynthMRML.heart_pictures import gray_of, plane_of, to_plane, without_holes
from EchoSynthMRML.heart_segmentations import new_heart_segmentation
from EchoSynthMRML.label_maps import link_to_volume, new_segmentation
from EchoSynthMRML.plane_handles import angle_of, axis_of, ends_in_picture, show_angle, show_axis
from EchoSynthMRML.study_clips import clips_in
from EchoSynthMRML.volumes import add_to_scene, frame_array, new_frame

COHORT = Cohort(5, rows=120, skill=0.0)
PLACES = ("4CH ED", "4CH ES", "2CH ED", "2CH ES")
TRUTH = COHORT.heart(1)


@pytest.fixture(scope="module")
def cuts():
    """A drawn heart's label maps and pixel sizes by place."""
    found = {}
    for view in ("4CH", "2CH"):
        for phase, cut in zip(("ED", "ES"), COHORT.cuts(1, view), strict=True):
            found[f"{view} {phase}"] = (cut.label_map, cut.spacing)
    return found


def add(scene, place, label_map, spacing):
    matrix = np.diag([*(FLAT.diagonal() * (spacing[1], spacing[0], 1)), 1.0])
    grid = Grid(label_map.shape, tuple(matrix.ravel().tolist()))
    tree = slicer.vtkMRMLSubjectHierarchyNode.GetSubjectHierarchyNode(scene)
    image = add_to_scene(scene, new_frame(gray_of(label_map) + 1, grid, f"p1_{place.replace(' ', '_')}"))
    node = add_to_scene(scene, new_segmentation(label_map, grid, f"{image.GetName()} segmentation"))
    for one in (image, node):
        tree.CreateItem(tree.GetSceneItemID(), one)
    link_to_volume(node, image)
    return node


@pytest.fixture
def study(scene, cuts):
    """Segmentations of a patient with their images, by place."""
    return {place: add(scene, place, *cut) for place, cut in cuts.items()}


def made(job):
    return finish(job, lambda report: None)


def test_a_study_becomes_a_heart_at_each_end_of_its_beat(scene, client, study):
    found = made(reconstruct(scene, client))
    assert found.name == "p1"
    assert list(found.records) == ["ED", "ES"]
    numbers = {number.name: number for number in numbers_of(found.records)}
    full, empty = TRUTH.volumes(0.0)["LV"], TRUTH.volumes(TRUTH.end_systole)["LV"]
    assert numbers["EDV"].value == pytest.approx(full, rel=0.1)
    assert numbers["EF"].value == pytest.approx(100 * (1 - empty / full), abs=6)
    assert numbers["EF"].interval[0] < numbers["EF"].value < numbers["EF"].interval[1] + 5
    assert numbers["EF"].discs == pytest.approx(numbers["EF"].value, abs=8)
    assert [number.name for number in numbers.values() if not number.seen] == [
        "RV at ED",
        "RV at ES",
        "RA at ED",
        "RA at ES",
    ]
    assert light_of_heart(found.records).color in ("green", "yellow")
    assert found.table.GetNumberOfRows() == len(numbers)
    assert found.table.GetCellText(0, 0) == "EDV"


def test_segments_have_the_terminology_of_their_structures_and_the_volume_that_is_told(scene, client, study):
    found = made(reconstruct(scene, client))
    segmentation = found.segmentations["ED"].GetSegmentation()
    ids = segmentation.GetSegmentIDs()
    assert [segmentation.GetSegment(each).GetName() for each in ids] == [one.name for one in STRUCTURES]
    for each, known in zip(ids, STRUCTURES, strict=True):
        assert f"SCT^{known.snomed_code}^" in segmentation.GetSegment(each).GetTerminology()
    layer = segmentation.GetSegment(ids[0]).GetRepresentation("Binary labelmap")
    values = vtk_to_numpy(layer.GetPointData().GetScalars())
    told = found.records["ED"]["volumes_ml"]["left ventricle"]
    assert (values == 1).sum() * np.prod(layer.GetSpacing()) / 1000 == pytest.approx(told, rel=0.06)


def test_voxels_lie_where_the_record_says(scene):
    grid = VolumeGrid.of(32)
    labels = np.zeros(grid.shape, np.uint8)
    labels[8:12, 14:17, 20:26] = CODES["left ventricle"]
    affine = HEART_TO_RAS @ grid.affine
    node = add_to_scene(scene, new_heart_segmentation(labels, affine, "heart"))
    image = node.GetSegmentation().GetSegment("left_ventricle").GetRepresentation("Binary labelmap")
    matrix = vtk.vtkMatrix4x4()
    image.GetImageToWorldMatrix(matrix)
    width, height, depth = image.GetDimensions()
    values = vtk_to_numpy(image.GetPointData().GetScalars()).reshape(depth, height, width)
    k, j, i = np.argwhere(values)[0]
    assert matrix.MultiplyPoint((i, j, k, 1))[:3] == pytest.approx((affine @ [8, 14, 20, 1])[:3], abs=1e-4)
    with pytest.raises(InputError, match="no heart"):
        new_heart_segmentation(np.zeros((4, 4, 4), np.uint8), affine, "none")


@pytest.mark.parametrize("name", GRIDS)
def test_the_motion_of_a_picture_is_rigid_and_takes_its_pixels_to_the_plane(name):
    grid = GRIDS[name]
    row_mm, column_mm = grid.spacing
    angle = 0.4
    plane = np.eye(4)
    plane[:3, 0] = row_mm * np.array([np.sin(angle), 0, np.cos(angle)])
    plane[:3, 1] = column_mm * np.array([np.cos(angle), 0, -np.sin(angle)])
    plane[:3, 2], plane[:3, 3] = (0, -1, 0), (3, 4, 5)
    motion = to_plane(grid, plane)
    assert motion[:3, :3] @ motion[:3, :3].T == pytest.approx(np.eye(3), abs=1e-9)
    assert np.linalg.det(motion) == pytest.approx(1)
    recorded = np.reshape(grid.ijk_to_ras, (4, 4)) @ [11, 7, 0, 1]
    assert motion @ recorded == pytest.approx(HEART_TO_RAS @ plane @ [7, 11, 0, 1])


def test_pictures_are_copies_that_lie_where_the_heart_was_cut_and_go_back_without_their_transform(scene, client, study):
    found = made(reconstruct(scene, client))
    parts = parts_of(scene, RECONSTRUCTED)
    assert set(PLACES) | {plane_of(where) for where in PLACES} | {"ED", "ES"} == set(parts)
    picture = parts["2CH ES"]
    assert np.array_equal(frame_array(picture), frame_array(scene.GetFirstNodeByName("p1_2CH_ES")))
    assert picture.GetParentTransformNode() is parts[plane_of("2CH ES")]
    matrix = np.array(found.records["ES"]["planes"]["2CH"])
    world = vtk.vtkMatrix4x4()
    picture.GetParentTransformNode().GetMatrixTransformToWorld(world)
    place = np.reshape(Grid.of_volume(picture).ijk_to_ras, (4, 4)) @ [30, 50, 0, 1]
    assert world.MultiplyPoint(place)[:3] == pytest.approx((HEART_TO_RAS @ matrix @ [50, 30, 0, 1])[:3], abs=1e-3)
    picture.SetAndObserveTransformNodeID(None)
    assert Grid.of_volume(picture) == Grid.of_volume(scene.GetFirstNodeByName("p1_2CH_ES"))


def test_black_amid_the_sector_is_drawn_and_what_lies_outside_is_not():
    pixels = np.zeros((5, 7), np.uint8)
    pixels[1:4, 2:5] = 9
    pixels[2, 3] = 0
    filled = without_holes(pixels)
    assert filled[2, 3] == 1
    filled[2, 3] = 0
    assert np.array_equal(filled, pixels)


def test_what_was_reconstructed_is_no_clip_of_the_patient_and_the_next_one_takes_its_place(scene, client, study):
    before = len(clips_in(scene))
    first = made(reconstruct(scene, client))
    assert len(clips_in(scene)) == before
    second = made(reconstruct(scene, client, {"4CH ES": None}))
    assert list(second.records) == ["ED"]
    assert "2CH ES has no other view" in second.record["warnings"][0]
    assert set(parts_of(scene, RECONSTRUCTED)) == {"4CH ED", "2CH ED", plane_of("4CH ED"), plane_of("2CH ED"), "ED"}
    assert first.segmentations["ES"].GetAttribute(RECORD)
    assert first.segmentations["ES"].GetScene() is scene


def test_what_was_reconstructed_is_found_again(scene, client, study):
    found = made(reconstruct(scene, client))
    again = reconstructed_in(scene)
    assert again.name == found.name
    assert again.records.keys() == found.records.keys()
    assert again.records["ED"]["volumes_ml"] == found.records["ED"]["volumes_ml"]
    assert again.table is found.table
    assert reconstructed_in(slicer.vtkMRMLScene()) is None


def test_one_view_alone_an_unknown_pixel_size_and_exchanged_phases_are_told_in_words(scene, client, study):
    nothing = {"2CH ED": None, "2CH ES": None}
    before = scene.GetNumberOfNodes()
    with pytest.raises(InputError, match="takes a four- and a two-chamber view"):
        made(reconstruct(scene, client, nothing))
    assert scene.GetNumberOfNodes() == before
    assert complete_phases({"4CH ED": 1, "2CH ED": 2, "4CH ES": None}) == ["ED"]
    exchanged = {where: study[where[:3] + (" ES" if where[-1] == "D" else " ED")] for where in PLACES}
    light = light_of_heart(made(reconstruct(scene, client, exchanged)).records)
    assert light.color == "red"
    assert "exchanged?" in light.reasons[0]


def test_a_heart_of_voxels_has_the_same_parts(scene, client, study):
    found = made(reconstruct(scene, client, model="heart3d-voxels"))
    assert "heart" not in found.records["ED"]
    assert structure("aorta").name in [
        found.segmentations["ED"].GetSegmentation().GetNthSegment(k).GetName() for k in range(len(STRUCTURES))
    ]


def test_a_heart_that_is_fitted_anew_takes_the_place_of_the_last_one(scene, client, study):
    first = made(reconstruct(scene, client))
    before = scene.GetNumberOfNodesByClass("vtkMRMLSegmentationNode"), scene.GetNumberOfNodesByClass("vtkMRMLTableNode")
    again = made(reconstruct(scene, client, plane_angle=80, replaces=True))
    assert again.records["ED"]["plane_angle_deg"] > first.records["ED"]["plane_angle_deg"] + 10
    after = scene.GetNumberOfNodesByClass("vtkMRMLSegmentationNode"), scene.GetNumberOfNodesByClass("vtkMRMLTableNode")
    assert before == after
    assert again.segmentations["ED"].GetName() == "p1 heart ED"


def test_a_long_axis_view_is_found_by_its_name_and_fitted_at_the_phases_it_is_of(scene, client, study):
    cut = COHORT.cuts(1, "3CH")[0]
    third = add(scene, "3CH ED", cut.label_map, cut.spacing)
    assert long_axis_of(scene, "p1") == {"3CH ED": third}
    assert long_axis_of(scene, "p2") == {}
    found = made(reconstruct(scene, client))
    assert {phase: list(record["planes"]) for phase, record in found.records.items()} == {
        "ED": ["4CH", "2CH", "3CH"],
        "ES": ["4CH", "2CH"],
    }
    parts = parts_of(scene, RECONSTRUCTED)
    assert {"3CH ED", plane_of("3CH ED")} <= set(parts)
    assert "3CH ES" not in parts
    assert not found.record["warnings"]
    assert third in found.sources
    # Taken away by hand it is left out; one of another view in its place is told.
    without = made(reconstruct(scene, client, {"3CH ED": None}))
    assert list(without.records["ED"]["planes"]) == ["4CH", "2CH"]
    with pytest.raises(InputError, match="is chosen for 4CH ED and for 3CH ED"):
        made(reconstruct(scene, client, {"3CH ED": study["4CH ED"]}))
    warned = made(reconstruct(scene, client, {"3CH ED": study["2CH ES"], "2CH ES": None}))
    assert any("is named 2CH, and taken for 3CH" in told for told in warned.record["warnings"])


def test_a_dragged_long_axis_is_told_in_pixels_of_its_picture_and_fitted_to(scene, client, study):
    found = made(reconstruct(scene, client, {"4CH ES": None}))
    record = found.records["ED"]
    plane, ends = record["planes"]["4CH"], record["long_axes"]["4CH"]
    line = show_axis(scene, "4CH", plane, ends, [])
    np.testing.assert_allclose(ends_in_picture(line, plane), ends, atol=1e-3)
    apex = slicer.util.arrayFromMarkupsControlPoints(line, world=True)[0]
    picture = parts_of(scene, RECONSTRUCTED)["4CH ED"]
    to_ras, moved = (vtk.vtkMatrix4x4() for _ in range(2))
    picture.GetIJKToRASMatrix(to_ras)
    picture.GetParentTransformNode().GetMatrixTransformToWorld(moved)
    vtk.vtkMatrix4x4.Multiply4x4(moved, to_ras, to_ras)
    np.testing.assert_allclose(to_ras.MultiplyPoint((ends[0][1], ends[0][0], 0, 1))[:3], apex, atol=1e-3)
    # Before or behind the picture it is where it is seen.
    behind = (HEART_TO_RAS @ np.array(plane))[:3, 2]
    line.SetNthControlPointPositionWorld(0, *(apex + 7 * behind))
    np.testing.assert_allclose(ends_in_picture(line, plane), ends, atol=1e-3)
    told = {"ED": {"4CH": [[ends[0][0] - 6, ends[0][1]], ends[1]]}}
    again = made(reconstruct(scene, client, {"4CH ES": None}, long_axes=told, replaces=True)).records["ED"]
    assert again["long_axes_told"] == ["4CH"]
    np.testing.assert_allclose(again["long_axes"]["4CH"], told["ED"]["4CH"], atol=0.01)
    assert again["volumes_ml"]["left ventricle"] > record["volumes_ml"]["left ventricle"]
    assert parts_of(scene, RECONSTRUCTED).get(axis_of("4CH")) is None


def test_the_point_beside_the_heart_tells_the_angle_at_which_it_is_seen_on_its_circle(scene, client, study):
    record = made(reconstruct(scene, client, {"4CH ES": None})).records["ED"]
    planes, axes, now = record["planes"], record["long_axes"], record["plane_angle_deg"]
    camera = np.array([-120.0, 470.0, 110.0])
    point = show_angle(scene, planes["4CH"], axes["4CH"], now, [])
    assert angle_of(point, planes["4CH"], axes["4CH"], camera, now) == pytest.approx(now, abs=0.5)
    place = slicer.util.arrayFromMarkupsControlPoints(point, world=True)[0]
    # Nearer to the camera it is seen at the same place.
    point.SetNthControlPointPositionWorld(0, *(0.8 * place + 0.2 * camera))
    assert angle_of(point, planes["4CH"], axes["4CH"], camera, now) == pytest.approx(now, abs=2)
    # It lies in the plane of the two-chamber view, to the right of its long axis.
    to_picture = np.linalg.inv(HEART_TO_RAS @ np.array(planes["2CH"]))
    _row, column, behind, _one = to_picture @ [*place, 1.0]
    assert abs(behind) < 5
    assert column > axes["2CH"][1][1]
    apex, base = (np.array(planes["4CH"]) @ [*end, 0.0, 1.0] for end in axes["4CH"])
    axis = (HEART_TO_RAS @ (base - apex))[:3]
    turn = Rotation.from_rotvec(np.radians(20) * axis / np.linalg.norm(axis))
    for sign, turned in ((-1, turn), (1, turn.inv())):
        middle = (HEART_TO_RAS @ apex)[:3]
        point.SetNthControlPointPositionWorld(0, *(middle + turned.apply(place - middle)))
        told = angle_of(point, planes["4CH"], axes["4CH"], camera, now)
        assert told == pytest.approx(now + sign * 20, abs=3)
