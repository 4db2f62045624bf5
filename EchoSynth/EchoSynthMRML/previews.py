"""The two pictures of a preview, end-diastole and end-systole: nodes that no list of data has, nor a saved scene."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import slicer
from numpy.typing import NDArray

from EchoSynthLib.errors import InputError
from EchoSynthMRML.grid import Grid, same_place
from EchoSynthMRML.hierarchy import place_beside
from EchoSynthMRML.provenance import PREFIX, stamp
from EchoSynthMRML.structures import DRAWN
from EchoSynthMRML.volumes import FILL_OPACITY, add_to_scene, new_frame, replace_frame

_PHASE = PREFIX + "previewOf"
_KINDS = ("vtkMRMLScalarVolumeNode", "vtkMRMLLabelMapVolumeNode")
_COLORS = PREFIX + "structures"


@dataclass(frozen=True)
class Preview:
    """A picture and its label map.

    Attributes:
        phase: 'ED' or 'ES'.
        image: volume node.
        label_map: label map volume, which one view shows and no other: Slicer's tree has no hidden segmentations.
    """

    phase: str
    image: Any
    label_map: Any


def preview_in(scene: Any, phase: str) -> Preview | None:
    """The preview of a phase that a scene has; None where it has none."""
    found = [_find(scene, kind, phase) for kind in _KINDS]
    return None if None in found else Preview(phase, *found)


def write_preview(
    scene: Any,
    phase: str,
    pixels: NDArray[np.uint8],
    codes: NDArray[np.uint8],
    grid: Grid,
    record: Mapping[str, Any],
    source: Any,
) -> Preview:
    """Writes the preview of a phase, over the one before where it has the same pixels.

    Args:
        scene: where it goes.
        phase: 'ED' or 'ES'.
        pixels, codes: (H, W) uint8, the label map in CAMUS codes.
        grid: where the pixels lie.
        record: how they were made.
        source: node under whose transform they lie.
    """
    before = preview_in(scene, phase)
    if before is not None and _lies_on(before.image, grid):
        replace_frame(before.image, pixels)
        replace_frame(before.label_map, codes)
        stamp(before.image, record)
        return before
    remove_previews(scene, phase)
    label_map = slicer.vtkMRMLLabelMapVolumeNode()
    added = Preview(phase, new_frame(pixels, grid, f"preview {phase}"), label_map)
    label_map.SetName(f"preview {phase} labels")
    label_map.SetIJKToRASMatrix(grid.matrix())
    label_map.SetAndObserveImageData(new_frame(codes, grid, "").GetImageData())
    for node in (added.image, label_map):
        node.SetAttribute(_PHASE, phase)
        node.SetHideFromEditors(True)
        node.SetSaveWithScene(False)
        add_to_scene(scene, node)
        node.GetDisplayNode().SetSaveWithScene(False)
        place_beside(node, source)
    label_map.GetDisplayNode().SetAndObserveColorNodeID(_colors(scene).GetID())
    stamp(added.image, record)
    return added


def remove_previews(scene: Any, *phases: str) -> None:
    """Takes previews out of a scene, by default both."""
    for phase in phases or ("ED", "ES"):
        for kind in _KINDS:
            while (node := _find(scene, kind, phase)) is not None:
                for display in [node.GetNthDisplayNode(index) for index in range(node.GetNumberOfDisplayNodes())]:
                    scene.RemoveNode(display)
                scene.RemoveNode(node)


def _colors(scene: Any) -> Any:
    """The colors of the structures, as segments have them."""
    table = scene.GetSingletonNode(_COLORS, "vtkMRMLColorTableNode")
    if table is not None:
        return table
    table = slicer.vtkMRMLColorTableNode()
    table.SetName("echo structures")
    table.SetSingletonTag(_COLORS)
    table.SetTypeToUser()
    table.SetHideFromEditors(True)
    table.SetSaveWithScene(False)
    table.SetNumberOfColors(1 + max(drawn.camus_code or 0 for drawn in DRAWN))
    table.SetColor(0, "background", 0, 0, 0, 0)
    for drawn in DRAWN:
        table.SetColor(drawn.camus_code, drawn.name, *(value / 255 for value in drawn.color), FILL_OPACITY)
    return scene.AddNode(table)


def _find(scene: Any, kind: str, phase: str) -> Any:
    nodes = (scene.GetNthNodeByClass(index, kind) for index in range(scene.GetNumberOfNodesByClass(kind)))
    # A label map volume is a volume, too.
    return next((n for n in nodes if n.GetClassName() == kind and n.GetAttribute(_PHASE) == phase), None)


def _lies_on(image: Any, grid: Grid) -> bool:
    try:
        return same_place(Grid.of_volume(image), grid)
    except InputError:
        return False
