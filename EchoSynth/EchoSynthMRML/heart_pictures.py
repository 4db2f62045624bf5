"""Pictures of a reconstructed heart where it was cut: copies, each under a transform that moves it there."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import slicer
import vtk
from numpy.typing import NDArray

from EchoSynthLib.anatomy.heart3d.patient import HEART_TO_RAS
from EchoSynthLib.anatomy.structures import CamusCode
from EchoSynthLib.types import LabelMap
from EchoSynthMRML.grid import Grid
from EchoSynthMRML.heart_models import RECONSTRUCTED
from EchoSynthMRML.volumes import add_to_scene, free_name, new_frame

_DRAWN = {CamusCode.LV_CAVITY: 50, CamusCode.MYOCARDIUM: 190, CamusCode.LEFT_ATRIUM: 80}
"""Gray of a label map that no image lies below: blood dark, the wall bright."""


def plane_of(where: str) -> str:
    """What the transform of a picture shows (`heart_models.RECONSTRUCTED`), told by its place, as '4CH ED'."""
    return f"{where} plane"


def gray_of(label_map: LabelMap) -> NDArray[np.uint8]:
    """(H, W): a picture of a label map in CAMUS codes, as an echo would show it, 0 outside of its structures."""
    gray = np.zeros(label_map.shape, np.uint8)
    for code, level in _DRAWN.items():
        gray[label_map == code] = level
    return gray


def add_picture(
    scene: Any, where: str, pixels: NDArray[np.uint8], grid: Grid, plane: Sequence[Sequence[float]], name: str
) -> Any:
    """Adds a picture where a heart was cut; without its transform it lies where it was recorded.

    Args:
        scene: where it goes.
        where: '4CH ED' ...
        pixels: (H, W), 0 outside of the sector.
        grid: of the image that it is a copy of.
        plane: (4, 4), see `reconstruction.results.Reconstruction.planes`.
        name: of its image.
    """
    volume = new_frame(without_holes(pixels), grid, f"{name} in the heart")
    volume.SetAttribute(RECONSTRUCTED, where)
    add_to_scene(scene, volume)
    display = volume.GetDisplayNode()
    # Outside the sector the heart is seen through the picture.
    display.SetThreshold(1, 255)
    display.SetApplyThreshold(True)
    transform = slicer.vtkMRMLLinearTransformNode()
    transform.SetName(free_name(scene, f"plane of {name}"))
    transform.SetAttribute(RECONSTRUCTED, plane_of(where))
    scene.AddNode(transform)
    move_picture(transform, grid, plane)
    volume.SetAndObserveTransformNodeID(transform.GetID())
    return volume


def without_holes(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The picture with black amid the sector one level brighter: what is 0 is outside, where it is not drawn."""
    shown = pixels > 0
    inside = np.ones(pixels.shape, bool)
    for axis in (0, 1):
        begun = np.logical_or.accumulate(shown, axis=axis)
        goes_on = np.flip(np.logical_or.accumulate(np.flip(shown, axis), axis=axis), axis)
        inside &= begun & goes_on
    return np.where(inside, np.maximum(pixels, 1), pixels)


def move_picture(transform: Any, grid: Grid, plane: Sequence[Sequence[float]]) -> None:
    """Lets the transform of a picture move it from its grid to a plane."""
    matrix = vtk.vtkMatrix4x4()
    matrix.DeepCopy(to_plane(grid, plane).ravel())
    transform.SetMatrixTransformToParent(matrix)


def to_plane(grid: Grid, plane: Sequence[Sequence[float]]) -> NDArray[np.float64]:
    """(4, 4), RAS to RAS: a rigid motion that takes the pixels of a grid to where a plane of a heart has them."""
    recorded = np.reshape(grid.ijk_to_ras, (4, 4)).copy()
    cut = (HEART_TO_RAS @ np.array(plane))[:, [1, 0, 2, 3]]  # rows are told first in a plane, columns in a grid
    # A picture has no thickness: square to it both have 1 mm, to the side that makes it a rotation.
    for matrix in (recorded, cut):
        normal = np.cross(matrix[:3, 0], matrix[:3, 1])
        matrix[:3, 2] = normal / np.linalg.norm(normal)
    return np.asarray(cut @ np.linalg.inv(recorded))
