"""Frame volumes, gray or color volumes of a single slice, to arrays and back."""

from __future__ import annotations

from typing import Any

import numpy as np
import slicer
import vtk
from numpy.typing import NDArray
from vtk.util.numpy_support import get_vtk_array_type, vtk_to_numpy

from EchoSynthLib.errors import InputError
from EchoSynthLib.images.frame import tissue_in
from EchoSynthLib.types import Spacing
from EchoSynthMRML.grid import Grid

SPACING_TRUST = "EchoSynth.spacing"
"""Node attribute that says whether the spacing is real; "trusted" or "untrusted"."""

REGION = "EchoSynth.region"
"""Node attribute with the rows and columns of the tissue, "row0 row1 column0 column1", half-open; none for all."""

_COMPONENTS = {1: "gray", 3: "RGB", 4: "RGBA"}
# Gray levels, and confidences from 0 to 1.
FILL_OPACITY, FILL_OPACITY_ALONE = 0.25, 0.6
"""Of segments over an image, whose speckle shows through, and where no image lies below them."""
_DISPLAYED_RANGE = {vtk.VTK_UNSIGNED_CHAR: 255.0, vtk.VTK_FLOAT: 1.0, vtk.VTK_DOUBLE: 1.0}


def check_frame(volume: Any) -> None:
    """Refuses what is no echo frame.

    Raises:
        InputError: no volume, a label map, an empty volume, several slices, or components that are no colors.
    """
    if volume is None:
        raise InputError("No image is chosen. Choose an echo frame or cine.")
    name = volume.GetName()
    if volume.IsA("vtkMRMLLabelMapVolumeNode"):
        raise InputError(f"'{name}' is a label map. Choose the image that it was drawn on.")
    if not volume.IsA("vtkMRMLScalarVolumeNode"):
        raise InputError(f"'{name}' is no image but a {volume.GetNodeTagName()}. Choose a gray or color volume.")
    Grid.of_volume(volume)
    components = volume.GetImageData().GetNumberOfScalarComponents()
    if components not in _COMPONENTS:
        known = ", ".join(f"{count} ({kind})" for count, kind in _COMPONENTS.items())
        raise InputError(f"'{name}' has {components} values a pixel; an echo frame has {known}.")


def frame_array(volume: Any) -> NDArray:
    """The pixels (H, W), or (H, W, 3) in color, of a frame volume in its own type; shared with the volume, not copied.

    Raises:
        InputError: see `check_frame`.
    """
    check_frame(volume)
    return _pixels(volume)[..., :3] if _is_color(volume) else _pixels(volume)


def trusted_spacing(volume: Any) -> Spacing | None:
    """(row, column) mm of a frame volume, or None where they are not known to be real.

    What was calibrated or declared wins; else exactly 1 x 1 stands for "not known", as readers fill it in for pictures.
    """
    spacing = Grid.of_volume(volume).spacing
    trust = volume.GetAttribute(SPACING_TRUST)
    trusted = trust == "trusted" if trust else spacing != (1.0, 1.0)
    return spacing if trusted else None


def tissue_of(volume: Any) -> tuple[slice, slice]:
    """Rows and columns of a frame volume where the ultrasound lies; see `tissue_in`."""
    shape, text = Grid.of_volume(volume).shape, volume.GetAttribute(REGION)
    if not text:
        return tissue_in(shape, None)
    row0, row1, column0, column1 = map(int, text.split())
    return tissue_in(shape, (row0, row1, column0, column1))


def set_spacing(volume: Any, row_mm: float, column_mm: float) -> None:
    """Calibrates a frame volume: its directions and the place of its first pixel stay; its spacing is trusted from now.

    Of a volume that follows a cine this changes the shown frame alone, see `cines.calibrate`.

    Raises:
        InputError: a spacing that is not positive and finite.
    """
    if not all(np.isfinite(step) and step > 0 for step in (row_mm, column_mm)):
        raise InputError(
            f"The pixel size {row_mm:g} x {column_mm:g} mm cannot be; give two positive numbers, (row, column)."
        )
    blocked = volume.StartModify()
    volume.SetSpacing(column_mm, row_mm, volume.GetSpacing()[2])
    volume.SetAttribute(SPACING_TRUST, "trusted")
    volume.EndModify(blocked)


def new_frame(array: NDArray, grid: Grid, name: str) -> Any:
    """A gray or color volume that is not in a scene yet; its voxels are exactly those of the array.

    Args:
        array: (H, W), uint8 for an image, float in [0, 1] for a map such as confidence; (H, W, C) for colors.
        grid: where the pixels lie.
        name: of the node.

    Raises:
        InputError: the array has another shape than the grid.
    """
    components = array.shape[2:]
    _check_shape(array, (*grid.shape, *components))
    image = vtk.vtkImageData()
    image.SetDimensions(grid.shape[1], grid.shape[0], 1)
    image.AllocateScalars(get_vtk_array_type(array.dtype), *(components or (1,)))
    vtk_to_numpy(image.GetPointData().GetScalars()).ravel()[:] = np.ravel(array)
    volume = slicer.vtkMRMLVectorVolumeNode() if components else slicer.vtkMRMLScalarVolumeNode()
    volume.SetName(name)
    volume.SetIJKToRASMatrix(grid.matrix())
    volume.SetAndObserveImageData(image)
    return volume


def replace_frame(volume: Any, array: NDArray) -> None:
    """Writes other pixels (H, W) or (H, W, C) into a frame volume, in place; observers hear of it once.

    Raises:
        InputError: the array has another shape than the volume's pixels.
    """
    pixels = _pixels(volume)
    _check_shape(array, pixels.shape)
    pixels[...] = array
    # The image alone would not make the views that show it render again.
    volume.GetImageData().GetPointData().GetScalars().Modified()
    volume.Modified()


def add_to_scene(scene: Any, node: Any) -> Any:
    """Adds a node to a scene, under a name of its own and with its display; see `add_display`."""
    node.SetName(free_name(scene, node.GetName()))
    scene.AddNode(node)
    add_display(node)
    return node


def free_name(scene: Any, name: str) -> str:
    """The name itself where no node has it, else with a number."""
    # The scene alone would number names whose nodes are gone, too.
    return name if scene.GetFirstNodeByName(name) is None else scene.GenerateUniqueName(name)


def add_display(node: Any) -> None:
    """Gives a node of a scene its display: segments let the speckle show through.

    Gray levels are shown from 0 to 255, confidences from 0 to 1.
    """
    node.CreateDefaultDisplayNodes()
    if node.IsA("vtkMRMLSegmentationNode"):
        node.GetDisplayNode().SetOpacity2DFill(FILL_OPACITY)
    if not node.IsA("vtkMRMLScalarVolumeNode") or node.IsA("vtkMRMLLabelMapVolumeNode"):
        return
    largest = _DISPLAYED_RANGE.get(node.GetImageData().GetScalarType())
    if largest is not None:
        display = node.GetDisplayNode()
        display.AutoWindowLevelOff()
        display.SetWindowLevel(largest, largest / 2)


def _is_color(volume: Any) -> bool:
    return volume.GetImageData().GetNumberOfScalarComponents() > 1


def _pixels(volume: Any) -> NDArray:
    image = volume.GetImageData()
    columns, rows, _ = image.GetDimensions()
    values = vtk_to_numpy(image.GetPointData().GetScalars())
    return values.reshape(rows, columns, -1) if _is_color(volume) else values.reshape(rows, columns)


def _check_shape(array: NDArray, shape: tuple[int, ...]) -> None:
    if np.shape(array) != shape:
        raise InputError(f"The pixels have the shape {np.shape(array)}; {shape} was expected.")
