"""A patient's folder in the tree of the Data module, and what its items know: view, phase, pixel size, traffic light.

All of it are attributes of items, which a scene keeps and a Slicer without EchoSynth shows as a plain folder. What a
user sees of them in any Slicer is the name of the folder and the descriptions of the nodes.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import slicer

from EchoSynthLib.images.clip_names import same_patient

PATIENT = "EchoSynth.patient"
"""Attribute of a folder of ours: whose it is."""
EXAM_DATE = "EchoSynth.exam_date"
"""Attribute of a folder of ours, and of an image's node that was opened from a file with one: YYYY-MM-DD."""

FACTS = ("view", "phase", "pixel_size", "light")
"""What an item may know: '2CH' or '4CH'; 'ED', 'ES' or 'ED, ES' of a cine; 'trusted' or 'unknown'; a light's color."""
VIEW_FROM, PHASE_FROM = "view_from", "phase_from"
"""Where these come from; 'set' where a user said so."""

_PREFIX = "EchoSynth."
_PIXEL_SIZES = {"trusted": "calibrated", "unknown": "not calibrated"}
_DICOM_DATE = 8  # digits


def tree_of(node: Any) -> Any:
    """The tree of a node's scene; None where there is none."""
    scene = node.GetScene()
    return None if scene is None else slicer.vtkMRMLSubjectHierarchyNode.GetSubjectHierarchyNode(scene)


def patient_of(node: Any) -> str:
    """The patient whose folder a node lies in, with the day of the exam where it is known; '' where it lies in none."""
    folder = folder_of(node)
    return "" if folder is None else str(tree_of(node).GetItemName(folder))


def folder_of(node: Any) -> int | None:
    """The item of the folder that keeps a node apart from others': one of ours, a patient of DICOM, or any folder."""
    above = list(_above(node))
    tree = tree_of(node)
    constants = slicer.vtkMRMLSubjectHierarchyConstants
    for tells in (
        lambda item: tree.HasItemAttribute(item, PATIENT),
        lambda item: tree.IsItemLevel(item, constants.GetDICOMLevelStudy()),
        lambda item: tree.IsItemLevel(item, constants.GetDICOMLevelPatient()),
        lambda item: tree.IsItemLevel(item, constants.GetSubjectHierarchyLevelFolder()),
    ):
        found = next((item for item in above if tells(item)), None)
        if found is not None:
            return found
    return None


def exam_date_of(node: Any) -> str:
    """YYYY-MM-DD of the exam, from the file, our folder, or the study of DICOM that a node lies in; '' if unknown."""
    told = node.GetAttribute(EXAM_DATE)
    if told:
        return str(told)
    tree, dicom = tree_of(node), slicer.vtkMRMLSubjectHierarchyConstants.GetDICOMStudyDateAttributeName()
    for item in _above(node):
        ours, digits = tree.GetItemAttribute(item, EXAM_DATE), tree.GetItemAttribute(item, dicom)
        if ours:
            return str(ours)
        if len(digits) == _DICOM_DATE and digits.isdecimal():
            return f"{digits[:4]}-{digits[4:6]}-{digits[6:]}"
    return ""


def put_into_folder(node: Any, patient: str) -> int | None:
    """Puts a node into its patient's folder, which is made where there is none; its item.

    A node that lies in a folder already, of ours, of DICOM or of the user's, stays there.

    Args:
        node: image, label map or result.
        patient: '' leaves it where it is.
    """
    tree = tree_of(node)
    item = tree.GetItemByDataNode(node) if tree is not None else 0
    if not item or not patient or folder_of(node) is not None:
        return folder_of(node) if item else None
    folder = _folder(tree, patient, exam_date_of(node))
    tree.SetItemParent(item, folder)
    return folder


def tell(node: Any, **facts: str) -> None:
    """Lets the item of a node know facts; '' forgets one. The node's description tells them, unless it has its own.

    Args:
        node: image or label map.
        facts: of `FACTS`, and where they come from.
    """
    tree = tree_of(node)
    item = tree.GetItemByDataNode(node) if tree is not None else 0
    if not item:
        return
    before = described(facts_of(node))
    for name, value in facts.items():
        if value:
            tree.SetItemAttribute(item, _PREFIX + name, value)
        else:
            tree.RemoveItemAttribute(item, _PREFIX + name)
    if (node.GetDescription() or "") in ("", before):
        node.SetDescription(described(facts_of(node)))


def facts_of(node: Any) -> dict[str, str]:
    """What the item of a node knows, and where view and phase come from."""
    tree = tree_of(node)
    item = tree.GetItemByDataNode(node) if tree is not None else 0
    return facts_of_item(tree, item) if item else {}


def facts_of_item(tree: Any, item: int) -> dict[str, str]:
    """As `facts_of`, of an item: a folder knows its light."""
    told = {name: tree.GetItemAttribute(item, _PREFIX + name) for name in (*FACTS, VIEW_FROM, PHASE_FROM)}
    return {name: value for name, value in told.items() if value}


def lines_of_folder(tree: Any, folder: int) -> list[str]:
    """What is known of each image and label map in a folder: 'p1_4CH_ED: 4CH ED, calibrated, green'."""
    told = {tree.GetItemName(item): described(facts_of_item(tree, item)) for item in _children(tree, folder)}
    return [f"{name}: {text}" for name, text in told.items() if text]


def tell_folder(tree: Any, folder: int, light: str) -> None:
    """Lets a folder of ours know the light of what was measured last of the patient."""
    if tree.HasItemAttribute(folder, PATIENT):
        tree.SetItemAttribute(folder, f"{_PREFIX}light", light)
        tree.ItemModified(folder)


def described(facts: Mapping[str, str]) -> str:
    """Facts in a few words: '4CH ED, calibrated, green'."""
    where = " ".join(filter(None, (facts.get("view"), facts.get("phase"))))
    size = _PIXEL_SIZES.get(facts.get("pixel_size", ""), "")
    return ", ".join(filter(None, (where, size, facts.get("light"))))


def _folder(tree: Any, patient: str, date: str) -> int:
    for item in _children(tree, tree.GetSceneItemID()):
        same = tree.HasItemAttribute(item, PATIENT) and same_patient(tree.GetItemAttribute(item, PATIENT), patient)
        if same and tree.GetItemAttribute(item, EXAM_DATE) == date:
            return item
    folder: int = tree.CreateFolderItem(tree.GetSceneItemID(), f"{patient} ({date})" if date else patient)
    tree.SetItemAttribute(folder, PATIENT, patient)
    if date:
        tree.SetItemAttribute(folder, EXAM_DATE, date)
    # It knows now that it is ours, for which Slicer asks as soon as it is there.
    tree.RequestOwnerPluginSearch(folder)
    return folder


def _children(tree: Any, above: int) -> list[int]:
    from vtk import vtkIdList

    ids = vtkIdList()
    tree.GetItemChildren(above, ids)
    return [ids.GetId(index) for index in range(ids.GetNumberOfIds())]


def _above(node: Any) -> Iterator[int]:
    """The items above a node's, the nearest first, up to the scene."""
    tree = tree_of(node)
    item = tree.GetItemByDataNode(node) if tree is not None else 0
    while item:
        item = tree.GetItemParent(item)
        if not item or item == tree.GetSceneItemID():
            return
        yield item
