"""Results stand beside their source in the tree of the Data module."""

from __future__ import annotations

import pytest
import slicer
from drawn_nodes import GRIDS, new_volume

from EchoSynthMRML.hierarchy import place_beside


@pytest.fixture
def tree(scene):
    return slicer.vtkMRMLSubjectHierarchyNode.GetSubjectHierarchyNode(scene)


def test_a_result_goes_into_the_study_of_its_source(tree, frame_volume, segmentation):
    patient = tree.CreateSubjectItem(tree.GetSceneItemID(), "patient")
    study = tree.CreateStudyItem(patient, "study")
    tree.CreateItem(study, frame_volume)
    tree.CreateItem(tree.GetSceneItemID(), segmentation)
    place_beside(segmentation, frame_volume)
    assert tree.GetItemParent(tree.GetItemByDataNode(segmentation)) == study


def test_without_a_place_in_the_tree_nothing_happens(tree, frame_volume, segmentation):
    items = tree.GetNumberOfItems()
    place_beside(segmentation, frame_volume)
    assert tree.GetNumberOfItems() == items


def test_a_node_outside_the_scene_is_left_alone(frame_volume):
    outside = new_volume(GRIDS["picture"])
    place_beside(outside, frame_volume)
    place_beside(frame_volume, outside)
    assert outside.GetScene() is None


def test_a_table_goes_into_the_study_though_it_lies_nowhere(tree, scene, frame_volume):
    study = tree.CreateStudyItem(tree.GetSceneItemID(), "study")
    tree.CreateItem(study, frame_volume)
    table = scene.AddNewNodeByClass("vtkMRMLTableNode")
    tree.CreateItem(tree.GetSceneItemID(), table)
    place_beside(table, frame_volume)
    assert tree.GetItemParent(tree.GetItemByDataNode(table)) == study
