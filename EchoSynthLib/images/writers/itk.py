"""NIfTI, MHA and NRRD, through SimpleITK, checked after writing."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from EchoSynthLib.errors import InputError
from EchoSynthLib.files import in_utf8
from EchoSynthLib.images.formats import suffix_of
from EchoSynthLib.images.frame import Geometry
from EchoSynthLib.images.readers.itk import load_itk

NIFTI_DESCRIPTION_LENGTH = 79


def write_itk(path: Path, array: NDArray, geometry: Geometry, attributes: Mapping[str, str]) -> None:
    """Write (H, W) or (T, H, W) under `geometry`; NIfTI and NRRD writers do not notice a full disk, so it is read back.

    Raises:
        OSError, RuntimeError: it was not written, or not whole.
    """
    import SimpleITK

    SimpleITK.ProcessObject.SetGlobalWarningDisplay(False)
    image = SimpleITK.GetImageFromArray(_in_axes(array, geometry.dimension), isVector=False)
    image.SetSpacing(geometry.spacing)
    image.SetOrigin(geometry.origin)
    image.SetDirection(geometry.direction)
    if suffix_of(path).startswith(".nii"):
        image.SetMetaData("ITK_FileNotes", nifti_description(attributes))
    else:
        for key, value in attributes.items():
            image.SetMetaData(f"EchoSynth.{key}", value)
    with in_utf8(path) as name:
        SimpleITK.WriteImage(image, str(name), useCompression=True)
    _check_written(path, array)


def nifti_description(attributes: Mapping[str, str]) -> str:
    """As many `key=value` as fit the 79 characters of NIfTI's `descrip`, whether it is synthetic first."""
    ordered = sorted(attributes.items(), key=lambda item: item[0] != "synthetic")
    text = ""
    for key, value in ordered:
        longer = f"{text}; {key}={value}" if text else f"{key}={value}"
        if len(longer.encode()) <= NIFTI_DESCRIPTION_LENGTH:
            text = longer
    return text


def _in_axes(array: NDArray, dimension: int) -> NDArray:
    """The array with the single slices that a header of `dimension` axes asks for."""
    shapes = {
        (2, 2): array.shape,
        (2, 3): (1, *array.shape),
        (3, 3): array.shape,
        (3, 4): (len(array), 1, *array.shape[1:]),
    }
    if (array.ndim, dimension) not in shapes:
        raise InputError(f"An array of shape {array.shape} cannot be written with a geometry of {dimension} axes.")
    return np.ascontiguousarray(array).reshape(shapes[array.ndim, dimension])


def _check_written(path: Path, array: NDArray) -> None:
    try:
        written = load_itk(path).values.reshape(array.shape)
    except (InputError, ValueError) as error:
        raise OSError("the file came out incomplete; is the disk full?") from error
    if not np.array_equal(written, array, equal_nan=array.dtype.kind == "f"):
        raise OSError("the file came out damaged; is the disk full?")
