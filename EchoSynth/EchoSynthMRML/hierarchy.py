"""Where nodes stand in the subject hierarchy, the tree of the Data module."""

from __future__ import annotations

from typing import Any

import slicer


def place_beside(node: Any, source: Any) -> None:
    """Gives a node the parent of its source; nothing happens where either has no place in the tree."""
    scene = node.GetScene()
    if scene is None or source.GetScene() is not scene:
        return
    tree = slicer.vtkMRMLSubjectHierarchyNode.GetSubjectHierarchyNode(scene)
    if tree is None:
        return
    item, beside = tree.GetItemByDataNode(node), tree.GetItemByDataNode(source)
    if item and beside:
        tree.SetItemParent(item, tree.GetItemParent(beside))
