"""Frames and label maps to image files, with their geometry; the scene and its nodes do not change."""

from __future__ import annotations

import shutil
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import slicer
import vtk
from numpy.typing import NDArray

from EchoSynthLib.errors import OutputError
from EchoSynthMRML.grid import Grid
from EchoSynthMRML.volumes import check_frame, new_frame

ENDINGS = (".nii", ".nii.gz", ".nrrd", ".mha")


def write_frame(volume: Any, path: str | Path) -> None:
    """Writes a frame volume; the ending tells the format, such as .nii.gz or .nrrd.

    Raises:
        InputError: see `volumes.check_frame`.
        OutputError: nothing could be written.
    """
    check_frame(volume)
    _check_place(Path(path), volume.GetImageData().GetActualMemorySize() * 1024)
    ras_to_ijk = vtk.vtkMatrix4x4()
    volume.GetRASToIJKMatrix(ras_to_ijk)
    writer = _vtk_itk().vtkITKImageWriter()
    writer.SetInputData(volume.GetImageData())
    writer.SetRasToIJKMatrix(ras_to_ijk)
    writer.SetFileName(str(path))
    writer.SetUseCompression(True)
    writer.Write()


def write_label_map(codes: NDArray, grid: Grid, path: str | Path) -> None:
    """Writes a label map (H, W) in CAMUS codes; see `write_frame`."""
    write_frame(new_frame(np.asarray(codes, np.uint8), grid, Path(path).name), path)


def _check_place(path: Path, size: int) -> None:
    """Refuses what the writer would fail at: its exceptions end the whole program."""
    if not path.name.lower().endswith(ENDINGS):
        raise OutputError(f"{path.name} has an ending that is not written; known are {', '.join(ENDINGS)}.")
    try:
        path.touch()
    except OSError as error:
        raise OutputError(f"{path} cannot be written ({error.strerror}). Choose another folder.") from error
    free = shutil.disk_usage(path.parent).free
    if free < 2 * size:
        path.unlink()
        raise OutputError(f"There is no room for {path}: {free >> 20} MB are free. Choose another folder.")


def _vtk_itk() -> Any:
    # slicer-core has it inside its own package, Slicer beside.
    return getattr(slicer, "vtkITK", None) or import_module("vtkITK")
