"""The surfaces of a heart as models of a scene, which are given other points as it beats."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any

import numpy as np
import slicer
import vtk
from numpy.typing import NDArray
from vtk.util.numpy_support import numpy_to_vtk, numpy_to_vtkIdTypeArray

from EchoSynthLib.anatomy.heart3d.patient import HEART_TO_RAS
from EchoSynthLib.anatomy.structures import MYOCARDIUM, STRUCTURES
from EchoSynthMRML.volumes import add_to_scene

PART = "EchoSynth.heart"
"""Node attribute of what shows the heart of a scene: the name of a structure, or of the picture that it has."""
RECONSTRUCTED = "EchoSynth.reconstructed"
"""The same of a heart that was reconstructed: a scene may have both."""
SECTOR = "sector"
_CLEAR = {MYOCARDIUM.name: 0.35}
"""Opacity of what lies around others."""
PALE = 0.25
"""Opacity of what no picture shows."""
_WHITE = 0.5
"""Part of the color of what no picture shows."""
_SECTOR_COLOR = (1.0, 0.93, 0.3)
_LINE_WIDTH = 3

Shapes = dict[str, Any]
"""vtkPolyData by the name of the structure."""


def shapes_of(arrays: Mapping[str, NDArray], frame: int = 0) -> Shapes:
    """The surfaces of one phase in RAS, with normals; `arrays` are those of the task `heart`."""
    names = [key.removesuffix(" quads") for key in arrays if key.endswith(" quads")]
    return {name: surface_of(arrays[f"{name} points"][frame], arrays[f"{name} quads"]) for name in names}


def show_shapes(scene: Any, shapes: Mapping[str, Any], kind: str = PART, pale: Collection[str] = ()) -> None:
    """Lets the models of a scene's heart show these surfaces; models that are missing are made.

    Args:
        scene: of the heart.
        shapes: by the name of the structure.
        kind: of the heart, `PART` or `RECONSTRUCTED`.
        pale: names of structures that are drawn paler, for no picture shows them.
    """
    models = parts_of(scene, kind)
    for structure in STRUCTURES:
        if structure.name in shapes:
            is_pale = structure.name in pale
            model = models.get(structure.name)
            if model is None:
                color = pale_color(structure.color) if is_pale else structure.color
                opacity = PALE if is_pale else _CLEAR.get(structure.name, 1.0)
                model = _add(scene, structure.name, color, kind, opacity)
            model.SetAndObservePolyData(shapes[structure.name])


def pale_color(color: tuple[int, ...]) -> tuple[int, ...]:
    """The color of a structure that no picture shows."""
    return tuple(round((1 - _WHITE) * part + _WHITE * 255) for part in color)


def show_outline(scene: Any, points: NDArray[np.floating]) -> None:
    """Draws the border of the sector (N, 3) in 3D and in the slice views."""
    model = parts_of(scene).get(SECTOR)
    if model is None:
        model = _add(scene, SECTOR, tuple(round(255 * part) for part in _SECTOR_COLOR))
        display = model.GetDisplayNode()
        display.SetSliceDisplayModeToProjection()
        display.SetLineWidth(_LINE_WIDTH)
        display.SetLighting(False)
    line = _points(points)
    cells = vtk.vtkCellArray()
    cells.InsertNextCell(len(points), range(len(points)))
    line.SetLines(cells)
    model.SetAndObservePolyData(line)


def parts_of(scene: Any, kind: str = PART) -> dict[str, Any]:
    """The nodes of a scene's heart by what they show."""
    found = (scene.GetNthNodeByClass(i, "vtkMRMLDisplayableNode") for i in range(_count(scene)))
    return {node.GetAttribute(kind): node for node in found if node.GetAttribute(kind)}


def show_in(nodes: Iterable[Any], views: Iterable[Any]) -> None:
    """Shows nodes in these views alone."""
    ids = [view.GetID() for view in views]
    for node in nodes:
        node.GetDisplayNode().SetViewNodeIDs(ids)


def _count(scene: Any) -> int:
    return int(scene.GetNumberOfNodesByClass("vtkMRMLDisplayableNode"))


def _add(scene: Any, name: str, color: tuple[int, ...], kind: str = PART, opacity: float = 1.0) -> Any:
    model = slicer.vtkMRMLModelNode()
    model.SetName(f"{'reconstructed' if kind == RECONSTRUCTED else 'heart'} {name}")
    model.SetAttribute(kind, name)
    display = add_to_scene(scene, model).GetDisplayNode()
    blocked = display.StartModify()
    display.SetColor(*(part / 255 for part in color))
    display.SetOpacity(opacity)
    display.SetBackfaceCulling(False)
    display.SetVisibility2D(True)
    display.SetSliceIntersectionThickness(_LINE_WIDTH - 1)
    display.EndModify(blocked)
    return model


def _points(places: NDArray[np.floating]) -> Any:
    points = vtk.vtkPoints()
    points.SetData(numpy_to_vtk(np.ascontiguousarray(places, dtype=np.float32), deep=True))
    shape = vtk.vtkPolyData()
    shape.SetPoints(points)
    return shape


def surface_of(points: NDArray[np.floating], quads: NDArray[np.integer]) -> Any:
    """The vtkPolyData in RAS, with normals, of points (N, 3) in the heart's axes and quads (M, 4)."""
    shape = _points(points @ HEART_TO_RAS[:3, :3].T + HEART_TO_RAS[:3, 3])
    cells = vtk.vtkCellArray()
    offsets = np.arange(len(quads) + 1, dtype=np.int64) * 4
    cells.SetData(*(numpy_to_vtkIdTypeArray(part, deep=True) for part in (offsets, quads.ravel().astype(np.int64))))
    shape.SetPolys(cells)
    normals = vtk.vtkPolyDataNormals()
    normals.SetInputData(shape)
    normals.SplittingOff()
    normals.ConsistencyOff()
    normals.Update()
    return normals.GetOutput()
