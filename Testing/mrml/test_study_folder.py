"""A patient's folder: who lies in it, and what its items know, also after saving."""

from __future__ import annotations

import pytest
import slicer
from drawn_nodes import GRIDS, new_volume

from EchoSynthMRML.study_folder import (
    EXAM_DATE,
    exam_date_of,
    facts_of,
    patient_of,
    put_into_folder,
    tell,
    tree_of,
)


@pytest.fixture
def tree(scene):
    return slicer.vtkMRMLSubjectHierarchyNode.GetSubjectHierarchyNode(scene)


@pytest.fixture
def add(scene, tree):
    def volume(name, date=""):
        node = scene.AddNode(new_volume(GRIDS["calibrated"]))
        node.SetName(name)
        tree.CreateItem(tree.GetSceneItemID(), node)
        if date:
            node.SetAttribute(EXAM_DATE, date)
        return node

    return volume


def test_frames_of_one_patient_lie_in_one_folder_of_that_name(tree, add):
    one, other, stranger = add("a"), add("b"), add("c")
    assert put_into_folder(one, "p1") == put_into_folder(other, "P1") != put_into_folder(stranger, "p2")
    assert [patient_of(node) for node in (one, other, stranger)] == ["p1", "p1", "p2"]


def test_two_exams_of_a_patient_have_a_folder_each(add):
    before, after = add("a", "2019-05-03"), add("b", "2021-11-20")
    for node in (before, after):
        put_into_folder(node, "p1")
    assert (patient_of(before), patient_of(after)) == ("p1 (2019-05-03)", "p1 (2021-11-20)")
    assert exam_date_of(after) == "2021-11-20"


def test_what_lies_in_a_study_of_dicom_stays_there(tree, add):
    patient = tree.CreateSubjectItem(tree.GetSceneItemID(), "Doe")
    study = tree.CreateStudyItem(patient, "echo")
    tree.SetItemAttribute(study, slicer.vtkMRMLSubjectHierarchyConstants.GetDICOMStudyDateAttributeName(), "20240503")
    node = add("a")
    tree.SetItemParent(tree.GetItemByDataNode(node), study)
    assert put_into_folder(node, "p1") == study
    assert exam_date_of(node) == "2024-05-03"
    assert patient_of(node) == "echo"


def test_without_a_patient_a_node_stays_where_it_is(tree, add):
    node = add("a")
    assert put_into_folder(node, "") is None
    assert tree.GetItemParent(tree.GetItemByDataNode(node)) == tree.GetSceneItemID()
    assert patient_of(node) == ""


def test_the_description_tells_the_facts_unless_the_user_wrote_one(add):
    node = add("a")
    tell(node, view="4CH", phase="ED", pixel_size="trusted", view_from="name")
    assert node.GetDescription() == "4CH ED, calibrated"
    tell(node, light="yellow", phase="")
    assert node.GetDescription() == "4CH, calibrated, yellow"
    assert facts_of(node) == {"view": "4CH", "pixel_size": "trusted", "light": "yellow", "view_from": "name"}
    node.SetDescription("mine")
    tell(node, light="red")
    assert node.GetDescription() == "mine"


def test_a_node_that_no_tree_knows_is_told_nothing(scene):
    node = scene.AddNode(new_volume(GRIDS["calibrated"]))
    tell(node, view="4CH")
    assert facts_of(node) == {}
    assert put_into_folder(node, "p") is None
    outside = new_volume(GRIDS["calibrated"])
    tell(outside, view="4CH")
    assert facts_of(outside) == {}
    assert patient_of(outside) == exam_date_of(outside) == ""


def test_folder_and_facts_are_saved_with_the_scene(application, scene, add, tmp_path):
    node = add("a", "2019-05-03")
    put_into_folder(node, "p1")
    tell(node, view="2CH", phase="ES", light="green")
    assert scene.WriteToMRB(str(tmp_path / "scene.mrb"))
    loaded = application.load_scene(tmp_path / "scene.mrb", tmp_path / "cache").GetFirstNodeByName("a")
    assert patient_of(loaded) == "p1 (2019-05-03)"
    assert facts_of(loaded) == {"view": "2CH", "phase": "ES", "light": "green"}
    assert tree_of(loaded).GetNumberOfItems() > 0
