"""A volume whose slices are the frames of a cine becomes a cine."""

from __future__ import annotations

from typing import Any

import numpy as np
import vtk
from vtk.util.numpy_support import vtk_to_numpy

from EchoSynthJobs.job import Job, Report
from EchoSynthLib.errors import InputError
from EchoSynthMRML.cines import CineBuilder
from EchoSynthMRML.grid import Grid
from EchoSynthMRML.hierarchy import place_beside
from EchoSynthMRML.volumes import SPACING_TRUST, new_frame


def has_slices(volume: Any) -> bool:
    """Whether a volume, gray or color, has several slices, which an echo file has for its frames."""
    image = volume.GetImageData() if volume is not None else None
    return image is not None and image.GetDimensions()[2] > 1


def cine_of_slices(scene: Any, stack: Any) -> Job[Any]:
    """Makes a cine of a stack's slices, each in the place of the first, and removes the stack; gives its shown node.

    Raises:
        InputError: the volume has one slice.
    """
    if not has_slices(stack):
        raise InputError(f"'{stack.GetName()}' has a single slice, so there are no frames in it. Segment it as it is.")
    frames = _slices(stack.GetImageData())
    matrix = vtk.vtkMatrix4x4()
    stack.GetIJKToRASMatrix(matrix)
    grid = Grid.of_matrix((frames.shape[1], frames.shape[2]), matrix)
    builder = CineBuilder(stack.GetName())
    for index, frame in enumerate(frames):
        builder.append(new_frame(np.asarray(frame), grid, stack.GetName()))
        yield Report(index + 1, len(frames), f"frame {index + 1} of {len(frames)}")
    trust = stack.GetAttribute(SPACING_TRUST)
    # The cine takes the stack's name.
    stack.SetName(f"{stack.GetName()} stack")
    node = builder.finish(scene)
    place_beside(node, stack)
    if trust:
        node.SetAttribute(SPACING_TRUST, trust)
    scene.RemoveNode(stack)
    return node


def _slices(image: Any) -> np.ndarray:
    """The slices (T, H, W), or (T, H, W, C) in color, of an image."""
    columns, rows, slices = image.GetDimensions()
    colors = image.GetNumberOfScalarComponents()
    values = vtk_to_numpy(image.GetPointData().GetScalars())
    return values.reshape(slices, rows, columns) if colors == 1 else values.reshape(slices, rows, columns, colors)
