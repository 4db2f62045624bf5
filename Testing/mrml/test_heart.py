"""A heart in a scene: models, planes, pictures in their place, and what is saved of it."""

from __future__ import annotations

import json

import numpy as np
import pytest
import slicer
from vtk.util.numpy_support import vtk_to_numpy

from EchoSynthJobs.heart import TRUTH, HeartRequest, plane_text, save_heart
from EchoSynthJobs.job import finish
from EchoSynthLib.anatomy.heart3d.heart import Heart
from EchoSynthLib.anatomy.heart3d.meshes import meshes
from EchoSynthLib.anatomy.heart3d.patient import HEART_TO_RAS, pose_in_ras
from EchoSynthLib.anatomy.heart3d.probe import frame_view
from EchoSynthLib.anatomy.structures import STRUCTURES
from EchoSynthLib.errors import InputError
from EchoSynthMRML.cines import cine_of
from EchoSynthMRML.heart_models import SECTOR, parts_of, shapes_of, show_outline, show_shapes
from EchoSynthMRML.heart_planes import grid_of, plane_of_view, sector_outline
from EchoSynthMRML.label_maps import read_label_map
from EchoSynthMRML.provenance import is_synthetic, linked_label_map, stamps_of


@pytest.fixture(scope="module")
def heart():
    return Heart.normal()


@pytest.fixture(scope="module")
def record(heart):
    framing = frame_view(heart, "4CH")
    return {
        "pose": framing.pose.to_dict(),
        "spacing_mm": (0.5, 0.7),
        "depth_mm": framing.depth_mm,
        "opening_angle_deg": framing.opening_angle_deg,
    }


def arrays_at(heart, *phases):
    found = [meshes(heart, phase) for phase in phases]
    points = {f"{name} points": np.stack([one[name].points for one in found]) for name in found[0]}
    return points | {f"{name} quads": mesh.quads for name, mesh in found[0].items()}


def points_of(model):
    return vtk_to_numpy(model.GetPolyData().GetPoints().GetData())


def test_models_are_made_once_and_given_other_points_at_another_phase(scene, heart):
    arrays = arrays_at(heart, 0.0, 0.3)
    show_shapes(scene, shapes_of(arrays))
    first = parts_of(scene)
    assert set(first) == {one.name for one in STRUCTURES}
    at_rest = points_of(first["left ventricle"]).copy()
    show_shapes(scene, shapes_of(arrays, 1))
    assert parts_of(scene) == first
    assert np.abs(points_of(first["left ventricle"]) - at_rest).max() > 3


def test_surfaces_lie_in_the_patients_axes(scene, heart):
    show_shapes(scene, shapes_of(arrays_at(heart, 0.0)))
    model = parts_of(scene)["left ventricle"]
    expected = meshes(heart)["left ventricle"].points @ HEART_TO_RAS[:3, :3].T + HEART_TO_RAS[:3, 3]
    assert points_of(model).min(0) == pytest.approx(expected.min(0), abs=1e-3)
    assert model.GetPolyData().GetPointData().GetNormals() is not None


def test_the_plane_of_a_view_is_where_it_was_turned_to(heart):
    pose = frame_view(heart, "PSAX-PM").pose
    matrix = pose_in_ras(pose)
    node = slicer.vtkMRMLSliceNode()
    node.SetSliceToRASByNTP(*-matrix[:3, 2], *matrix[:3, 0], *matrix[:3, 3], 0)
    found = plane_of_view(node)
    assert found.rotation == pytest.approx(pose.rotation)
    assert found.origin == pytest.approx(pose.origin)
    assert json.loads(plane_text(found))["origin_mm"] == pytest.approx(pose.origin.tolist(), abs=1e-3)


def test_the_picture_lies_where_it_was_cut(heart, record):
    grid = grid_of(record, (101, 201))
    assert grid.spacing == pytest.approx((0.5, 0.7))
    probe = grid.matrix().MultiplyPoint((100, 0, 0, 1))[:3]
    assert probe == pytest.approx((HEART_TO_RAS @ [*record["pose"]["origin_mm"], 1])[:3])
    below = np.array(grid.matrix().MultiplyPoint((100, 100, 0, 1))[:3])
    assert np.linalg.norm(below - probe) == pytest.approx(50)


def test_the_border_of_the_sector_goes_from_the_probe_around_and_back(scene, record):
    points = sector_outline(record)
    assert points[0] == pytest.approx(points[-1])
    assert np.linalg.norm(points[1:-1] - points[0], axis=1) == pytest.approx(record["depth_mm"])
    show_outline(scene, points)
    assert parts_of(scene)[SECTOR].GetPolyData().GetNumberOfLines() == 1


def test_a_frame_is_saved_with_its_truth_and_measures_as_such(scene, client):
    request = HeartRequest(seed=3, ejection_fraction=0.5, lv_volume=140, view="2CH")
    saved = finish(save_heart(scene, client, request), lambda report: None)
    assert saved.image.GetName() == "heart s3 2CH"
    assert is_synthetic(saved.image)
    assert is_synthetic(saved.segmentation)
    assert stamps_of(saved.segmentation)["view"] == "2CH"
    assert linked_label_map(saved.image) is saved.segmentation
    truth = json.loads(saved.image.GetAttribute(TRUTH))
    assert (truth["EDV_ml"], truth["EF_percent"]) == pytest.approx((140, 50))
    assert set(np.unique(read_label_map(saved.segmentation).codes)) == {0, 1, 2, 3}


def test_a_beat_is_saved_as_two_sequences_of_one_browser(scene, client):
    saved = finish(save_heart(scene, client, HeartRequest(view="PSAX-PM"), 6), lambda report: None)
    images, maps = cine_of(saved.image), cine_of(saved.segmentation)
    assert images.browser is maps.browser
    assert len(images) == len(maps) == 6
    assert "PSAX-PM" in saved.image.GetName()
    areas = [(read_label_map(node).codes == 1).sum() for node in maps]
    assert areas[0] == max(areas)
    assert min(areas) < 0.6 * areas[0]
    assert is_synthetic(images.node(3))


def test_a_heart_that_there_is_not_leaves_nothing_in_the_scene(scene, client):
    before = scene.GetNumberOfNodes()
    with pytest.raises(InputError, match="ejection_fraction"):
        finish(save_heart(scene, client, HeartRequest(ejection_fraction=0.95)), lambda report: None)
    assert scene.GetNumberOfNodes() == before
