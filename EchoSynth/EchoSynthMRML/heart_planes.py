"""Planes through a heart: from slice views, to slice views, and the grid of a picture that lies in one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import slicer

from EchoSynthLib.anatomy.heart3d.patient import pose_from_ras, pose_in_ras
from EchoSynthLib.anatomy.heart3d.pose import Pose
from EchoSynthMRML.grid import Grid

_ROOM = 1.12
"""Of a view around the sector."""


def plane_of_view(slice_node: Any) -> Pose:
    """The plane that a slice view shows, in the heart's axes: up in the view is to the probe, its middle the middle
    line."""
    matrix = slicer.util.arrayFromVTKMatrix(slice_node.GetSliceToRAS())
    return pose_from_ras(matrix[:3, 0], -matrix[:3, 1], matrix[:3, 3])


def turn_view(slice_node: Any, pose: Pose, depth_mm: float) -> None:
    """Lets a slice view show a plane, the sector of this depth in its middle."""
    matrix = pose_in_ras(pose)
    right, down = matrix[:3, 0], matrix[:3, 1]
    middle = (matrix @ [0, depth_mm / 2, 0, 1])[:3]
    blocked = slice_node.StartModify()
    slice_node.SetSliceToRASByNTP(*-np.cross(right, down), *right, *middle, 0)
    across, tall, thick = slice_node.GetDimensions()[0], slice_node.GetDimensions()[1], slice_node.GetFieldOfView()[2]
    # A sector of usual width is wider than it is deep.
    scale = _ROOM * depth_mm * max(1 / max(tall, 1), 1.22 / max(across, 1))
    slice_node.SetFieldOfView(scale * across, scale * tall, thick)
    slice_node.SetXYZOrigin(0, 0, 0)
    slice_node.EndModify(blocked)


def grid_of(record: Mapping[str, Any], shape: tuple[int, int]) -> Grid:
    """Where the picture (H, W) of a record of the task `heart` lies in the patient."""
    row_mm, column_mm = record["spacing_mm"]
    to_picture = np.diag([column_mm, row_mm, 1.0, 1.0])
    to_picture[0, 3] = -(shape[1] - 1) / 2 * column_mm
    matrix = pose_in_ras(Pose.from_dict(dict(record["pose"]))) @ to_picture
    return Grid(shape, tuple(matrix.ravel().tolist()))


def sector_outline(record: Mapping[str, Any], points: int = 40) -> np.ndarray:
    """(points + 1, 3) in RAS: the border of the sector, from the probe around and back to it."""
    half = np.radians(record["opening_angle_deg"] / 2)
    angles = np.linspace(-half, half, points - 1)
    arc = record["depth_mm"] * np.column_stack([np.sin(angles), np.cos(angles)])
    flat = np.vstack([[0, 0], arc, [0, 0]])
    matrix = pose_in_ras(Pose.from_dict(dict(record["pose"])))
    return np.asarray(flat @ matrix[:3, :2].T + matrix[:3, 3])
