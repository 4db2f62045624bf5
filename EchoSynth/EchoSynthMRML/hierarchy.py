"""Where results stand beside what they were made from: in the tree of the Data module, and under its transform."""

from __future__ import annotations

from typing import Any

import slicer


def place_beside(node: Any, source: Any, lies_on: Any = None) -> None:
    """Gives a result the parent and the transform of its source; nothing happens where they are in no common scene.

    Args:
        node: the result; of a cine the node that follows its frames.
        source: what it was made from.
        lies_on: whose pixels it has, where these are not the source's; then it gets that node's transform.
    """
    scene = node.GetScene()
    if scene is None or source.GetScene() is not scene:
        return
    # Tables and charts lie nowhere.
    if node.IsA("vtkMRMLTransformableNode"):
        node.SetAndObserveTransformNodeID((lies_on or source).GetTransformNodeID())
    tree = slicer.vtkMRMLSubjectHierarchyNode.GetSubjectHierarchyNode(scene)
    if tree is None:
        return
    item, beside = tree.GetItemByDataNode(node), tree.GetItemByDataNode(source)
    if item and beside:
        tree.SetItemParent(item, tree.GetItemParent(beside))
