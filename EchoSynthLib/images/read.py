"""Reading an echo frame or cine from any of the files that users have."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from EchoSynthLib.anatomy.sector.upright import warning_if_turned
from EchoSynthLib.errors import InputError
from EchoSynthLib.images.formats import READABLE, existing_file, kind_of, reading
from EchoSynthLib.images.frame import EchoCine, EchoFrame, doubt_of_depth, frame_or_cine
from EchoSynthLib.images.gray import JOINED, are_colors, cine_to_gray8, to_gray8
from EchoSynthLib.images.readers.dicom import read_dicom
from EchoSynthLib.images.readers.itk import read_itk
from EchoSynthLib.images.readers.picture import read_picture
from EchoSynthLib.images.readers.video import read_video

_NARROW, _MANY_TIMES = 64, 3  # columns; times that frames and rows are as many


def read_image(path: str | Path) -> EchoFrame | EchoCine:
    """Read an echo frame, or a cine where the file holds several.

    NIfTI, MHD/MHA and NRRD (a third axis is taken as the frames), PNG, JPEG, BMP and TIFF, DICOM (with any name), AVI
    and MP4, and NPY: (H, W), (H, W, 3), (T, H, W) or (T, H, W, 3). Rows stay in the order of the file. Grey levels
    follow `to_gray8`. The remarks tell what was not usable in the file, and that the picture seems to be turned.

    Raises:
        InputError: the file is missing, damaged, incomplete, or holds something else than a 2D image or cine.
    """
    path = existing_file(path)
    kind = kind_of(path)
    if kind is None:
        raise InputError(f"{path} is of a kind that cannot be read; expected was {READABLE}.")
    try:
        return _looked_at(_READERS[kind](path))
    except InputError as error:
        if path.name in str(error):
            raise
        # What is said of arrays alone, that an image is too small for example.
        raise InputError(f"{path}: {error}") from error


def _looked_at(image: EchoFrame | EchoCine) -> EchoFrame | EchoCine:
    row0, row1, column0, column1 = image.region or (0, None, 0, None)
    turned = warning_if_turned(image.pixels[..., row0:row1, column0:column1])
    doubts = tuple(text for text in (doubt_of_depth(image), turned) if text)
    return replace(image, remarks=(*image.remarks, *doubts)) if doubts else image


def load_array(path: Path) -> NDArray:
    """The array of a .npy file, without axes of one beside rows and columns; pickled objects are refused."""
    with reading(path, "a NumPy array file (.npy) of numbers"):
        return _without_axes_of_one(np.load(path, allow_pickle=False))


def _read_array(path: Path) -> EchoFrame | EchoCine:
    array = load_array(path)
    with reading(path, "an array (rows, columns), (frames, rows, columns) or either with 3 colors last"):
        if array.ndim == 3 and array.shape[-1] not in (1, 3, 4):
            _check_frames_first(array, path)
        if array.ndim == 2 or (array.ndim == 3 and array.shape[-1] in (1, 3, 4)):
            return EchoFrame(to_gray8(array), source=str(path))
        if are_colors(array):
            return EchoFrame(to_gray8(np.moveaxis(array, 0, -1)), source=str(path), remarks=(JOINED,))
        return frame_or_cine(EchoCine(cine_to_gray8(array), source=str(path)))


def _without_axes_of_one(array: NDArray) -> NDArray:
    """Frames without the batches and channels of one that networks are given, as (T, 1, H, W)."""
    if array.ndim < 4 or array.size == 0:
        return array
    whole = 3 if array.shape[-1] in (1, 3, 4) else 2
    leading = [size for size in array.shape[:-whole] if size > 1]
    return array.reshape(*leading, *array.shape[-whole:])


def _check_frames_first(array: NDArray, path: Path) -> None:
    """A picture is not that narrow beside so many others: the frames stand last, as in MATLAB."""
    frames, rows, columns = array.shape
    if columns < _NARROW and _MANY_TIMES * columns <= min(frames, rows):
        raise InputError(
            f"{path} has the shape {array.shape}: read as (frames, rows, columns), it would be {frames} frames of "
            f"{rows} x {columns} pixels. Save it with the frames first: np.moveaxis(array, -1, 0)."
        )


_READERS: dict[str, Callable[[Path], EchoFrame | EchoCine]] = {
    "itk": read_itk,
    "picture": read_picture,
    "dicom": read_dicom,
    "video": read_video,
    "array": _read_array,
}
