"""Echo frames and cines in NumPy's own files."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from EchoSynthLib.errors import InputError
from EchoSynthLib.images.formats import reading
from EchoSynthLib.images.frame import EchoCine, EchoFrame, frame_or_cine
from EchoSynthLib.images.gray import JOINED, are_colors, cine_to_gray8, to_gray8

_NARROW, _MANY_TIMES = 64, 3  # columns; times that frames and rows are as many


def read_array(path: Path) -> EchoFrame | EchoCine:
    """The frame or cine of a .npy file: (H, W), (T, H, W), either with colors last, or (3, H, W) of equal colors."""
    array = load_array(path)
    with reading(path, "an array (rows, columns), (frames, rows, columns) or either with 3 colors last"):
        if array.ndim == 3 and array.shape[-1] not in (1, 3, 4):
            _check_frames_first(array, path)
        if array.ndim == 2 or (array.ndim == 3 and array.shape[-1] in (1, 3, 4)):
            return EchoFrame(to_gray8(array), source=str(path))
        if are_colors(array):
            return EchoFrame(to_gray8(np.moveaxis(array, 0, -1)), source=str(path), remarks=(JOINED,))
        return frame_or_cine(EchoCine(cine_to_gray8(array), source=str(path)))


def load_array(path: Path) -> NDArray:
    """The array of a .npy file, without axes of one beside rows and columns; pickled objects are refused."""
    with reading(path, "a NumPy array file (.npy) of numbers"):
        return _without_axes_of_one(np.load(path, allow_pickle=False))


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
