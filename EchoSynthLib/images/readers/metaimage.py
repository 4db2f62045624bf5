"""MetaImage (.mha, and .mhd with its data beside it) as users have it.

SimpleITK goes by the file's name, finds a data file in the header's own case alone, and prints on the terminal what it
does not like. Fields as in https://itk.org/Wiki/MetaIO/Documentation.
"""

from __future__ import annotations

import re
import zlib
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from EchoSynthLib.errors import InputError
from EchoSynthLib.images.readers.stored import (
    COLOR,
    SPACE,
    TIME,
    Axis,
    ItkImage,
    data_files,
    elements,
    frames_of,
    numbers_in,
    unpacked,
)

_TYPES = {
    "MET_CHAR": "i1",
    "MET_UCHAR": "u1",
    "MET_SHORT": "i2",
    "MET_USHORT": "u2",
    "MET_INT": "i4",
    "MET_UINT": "u4",
    "MET_LONG": "i4",
    "MET_ULONG": "u4",
    "MET_LONG_LONG": "i8",
    "MET_ULONG_LONG": "u8",
    "MET_FLOAT": "f4",
    "MET_DOUBLE": "f8",
}
_MM = {"m": 1000.0, "cm": 10.0, "mm": 1.0, "um": 0.001}


def load_metaimage(path: Path) -> ItkImage:
    """The values with their place in space; a fourth axis holds frames.

    Raises:
        InputError: incomplete, a data file is missing, or a volume over time.
    """
    content = unpacked(path.read_bytes(), path)
    written = _written(content, path)
    fields = {key.lower(): value for key, value in written.items()}
    data_file, lines, rest = _data(content, fields)
    sizes = [int(size) for size in _numbers(fields, ("DimSize",))]
    channels = int((_numbers(fields, ("ElementNumberOfChannels",)) or [1])[0])
    kind = fields.get("elementtype", "").upper().removesuffix("_ARRAY")
    if kind not in _TYPES or not sizes:
        raise InputError(f"{path} is damaged: its header has no usable DimSize or ElementType ({kind or 'none'}).")
    big = _is(fields, "BinaryDataByteOrderMSB") or _is(fields, "ElementByteOrderMSB")
    dtype = np.dtype(_TYPES[kind]).newbyteorder(">" if big else "<")
    shape = [channels, *sizes] if channels > 1 else sizes
    chunks = [rest] if data_file.upper() == "LOCAL" else [f.read_bytes() for f in data_files(path, data_file, lines)]
    values = _values(fields, chunks, dtype, shape, path)
    axes, origin = _axes(fields, len(sizes))
    if channels > 1:
        axes.insert(0, Axis(COLOR if channels in (3, 4) else TIME))
    return replace(frames_of(values, axes, origin, path, flat=len(sizes) == 2), metadata=written)


def metaimage_metadata(path: Path) -> dict[str, str]:
    """The header's fields; their names as they are written there."""
    return _written(unpacked(path.read_bytes(), path), path)


def _written(content: bytes, path: Path) -> dict[str, str]:
    found = re.search(rb"(?im)^\s*ElementDataFile\s*=[^\n]*", content[: 1 << 20])
    if found is None:
        raise InputError(f"{path} cannot be read; expected was a MetaImage: its header has no ElementDataFile.")
    lines = content[: found.end()].decode("utf-8", "surrogateescape").splitlines()
    pairs = (line.partition("=") for line in lines)
    return {key.strip(): value.strip() for key, mark, value in pairs if mark}


def _data(content: bytes, fields: dict[str, str]) -> tuple[str, list[str], bytes]:
    """The data file's name, and the lines and bytes that follow it."""
    found = re.search(rb"(?im)^\s*ElementDataFile\s*=[^\n]*\n?", content)
    rest = content[found.end() :] if found else b""
    name = fields["elementdatafile"]
    return name, rest.decode("utf-8", "surrogateescape").splitlines() if name.upper().startswith("LIST") else [], rest


def _values(fields: dict[str, str], chunks: list[bytes], dtype: np.dtype, shape: list[int], path: Path) -> NDArray:
    if fields.get("binarydata", "true").lower() in ("false", "0"):
        return numbers_in(b" ".join(chunks), dtype, shape, path)
    size = dtype.itemsize * int(np.prod(shape)) // len(chunks)
    skip = int((_numbers(fields, ("HeaderSize",)) or [0])[0])
    packed = _is(fields, "CompressedData")
    return elements(b"".join(_unpacked(chunk, skip, packed, size, path) for chunk in chunks), dtype, shape, path)


def _unpacked(data: bytes, skip: int, packed: bool, size: int, path: Path) -> bytes:
    if not packed:
        return data[skip:] if skip >= 0 else data[max(len(data) - size, 0) :]
    try:
        # 32 more window bits: zlib's header or gzip's.
        return zlib.decompressobj(zlib.MAX_WBITS | 32).decompress(data[max(skip, 0) :])
    except zlib.error as error:
        raise InputError(f"{path} is damaged: its compressed data cannot be unpacked ({error}).") from error


def _axes(fields: dict[str, str], count: int) -> tuple[list[Axis], list[float]]:
    mm = _MM.get(fields.get("distanceunits", "mm").lower(), 1.0)
    names = ("ElementSpacing", "ElementSize")
    # What is told, but in no numbers (0,3 for 0.3), is not known, and a remark says so.
    unknown = float("nan") if any(fields.get(name.lower()) for name in names) else 1.0
    sizes = _numbers(fields, names) or [unknown] * min(count, 2)
    sizes += [1.0] * (count - len(sizes))
    origin = _numbers(fields, ("Offset", "Position", "Origin"))
    matrix = _numbers(fields, ("TransformMatrix", "Rotation", "Orientation"))
    ways = np.reshape(matrix, (count, count)) if len(matrix) == count * count else None
    space = min(count, 3)
    axes = [
        Axis(SPACE, abs(sizes[n]) * mm, None if ways is None else tuple(ways[n, :space].tolist())) for n in range(space)
    ]
    return axes + [Axis(TIME, sizes[n]) for n in range(space, count)], [value * mm for value in origin[:space]]


def _numbers(fields: dict[str, str], names: tuple[str, ...]) -> list[float]:
    """The numbers of the first field that is there; none where it is not, or has something else."""
    for name in names:
        if name.lower() in fields:
            try:
                return [float(word) for word in fields[name.lower()].split()]
            except ValueError:
                return []
    return []


def _is(fields: dict[str, str], name: str) -> bool:
    return fields.get(name.lower(), "false").lower() in ("true", "1")
