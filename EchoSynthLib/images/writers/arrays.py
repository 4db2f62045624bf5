"""NPY files, written through a file handle: a full disk is an error in words.

A memory map would end the whole process on a full disk, with a bus error that nobody can catch, and `np.save` into a
real file tells how many bytes are missing and not why.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike, DTypeLike, NDArray

from EchoSynthLib.outputs import replacing

_PIECE = 1 << 24


def write_array(path: str | Path, array: ArrayLike) -> Path:
    """Writes an array of numbers as it is.

    Raises:
        OutputError: it could not be written; nothing is left behind.
    """
    values = np.asarray(array)
    with growing_array(path, values.shape, values.dtype) as append:
        append(values)
    return Path(path)


@contextmanager
def growing_array(path: str | Path, shape: tuple[int, ...], dtype: DTypeLike) -> Iterator[Callable[[NDArray], None]]:
    """An array of this shape that is written piece by piece along its first axis, by the function that is given.

    Raises:
        OutputError: it could not be written; nothing is left behind.
        ValueError: the pieces do not make up the shape, or the type holds objects.
    """
    with replacing(path) as partial, writing_array(partial, shape, dtype) as append:
        yield append


@contextmanager
def writing_array(path: Path, shape: tuple[int, ...], dtype: DTypeLike) -> Iterator[Callable[[NDArray], None]]:
    """As `growing_array`, straight into the file, which is half there if it cannot be written.

    Raises:
        OSError: it could not be written.
        ValueError: as in `growing_array`.
    """
    kind = np.dtype(dtype)
    if kind.hasobject:
        raise ValueError(f"An array file holds numbers, not {kind}.")
    with path.open("wb") as file:
        header = {"descr": np.lib.format.dtype_to_descr(kind), "fortran_order": False, "shape": shape}
        np.lib.format.write_array_header_1_0(file, header)
        start = file.tell()

        def append(values: NDArray) -> None:
            content = np.ascontiguousarray(values, kind).reshape(-1).view(np.uint8).data
            for first in range(0, len(content), _PIECE):
                file.write(content[first : first + _PIECE])

        yield append
        if file.tell() - start != kind.itemsize * int(np.prod(shape, dtype=np.int64)):
            raise ValueError(f"The pieces of {path} do not make up an array of shape {shape}.")
