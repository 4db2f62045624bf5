"""NRRD as users have it: frames and colors on any axis, data in the file or beside it, in every encoding.

SimpleITK takes a first axis of 3 or 4 for colors whatever its kind says, and reads no bzip2. Fields as in
https://teem.sourceforge.net/nrrd/format.html.
"""

from __future__ import annotations

import bz2
import re
from collections.abc import Sequence
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
    "i1": ("signed char", "int8", "int8_t"),
    "u1": ("uchar", "unsigned char", "uint8", "uint8_t"),
    "i2": ("short", "short int", "signed short", "signed short int", "int16", "int16_t"),
    "u2": ("ushort", "unsigned short", "unsigned short int", "uint16", "uint16_t"),
    "i4": ("int", "signed int", "int32", "int32_t"),
    "u4": ("uint", "unsigned int", "uint32", "uint32_t"),
    "i8": ("longlong", "long long", "long long int", "signed long long", "signed long long int", "int64", "int64_t"),
    "u8": ("ulonglong", "unsigned long long", "unsigned long long int", "uint64", "uint64_t"),
    "f4": ("float",),
    "f8": ("double",),
}
_TYPE_OF = {name: kind for kind, names in _TYPES.items() for name in names}
_SPACES = {"ras": "right-anterior-superior", "las": "left-anterior-superior", "lps": "left-posterior-superior"}
_IN_TIME = ("list", "time")
_IN_COLOR = ("rgb-color", "rgba-color", "3-color", "4-color")
_VECTORS = ("vector", "covariant-vector", "normal", "point", "3-vector", "4-vector", "3-normal", "3-gradient")
_ONE = ("scalar", "stub")
_LONGEST_HEADER = 1 << 20
_MM = {"m": 1000.0, "cm": 10.0, "mm": 1.0, "um": 0.001, "µm": 0.001, "micron": 0.001}
_SECONDS = {"s": 1.0, "sec": 1.0, "ms": 1e-3, "msec": 1e-3, "us": 1e-6, "µs": 1e-6}


def load_nrrd(path: Path) -> ItkImage:
    """The values with their place in space; axes of the kinds `list` and `time` hold frames.

    Raises:
        InputError: incomplete, a data file is missing, a volume over time, or a kind of axis that no echo has.
    """
    content = unpacked(path.read_bytes(), path)
    fields, metadata, rest = _header(content, path)
    sizes = [int(size) for size in _numbers(fields, "sizes", path)]
    name = fields.get("type", "").lower()
    if name not in _TYPE_OF:
        raise InputError(f"{path} holds data of the NRRD type {name or 'none'}; expected were integers or floats.")
    dtype = np.dtype(_TYPE_OF[name]).newbyteorder(">" if fields.get("endian", "").lower() == "big" else "<")
    values = _values(fields, rest, dtype, sizes, path)
    axes, origin, flat = _axes(fields, sizes, path)
    image = frames_of(values, axes, origin, path, flat)
    return replace(image, metadata=metadata)


def nrrd_metadata(path: Path) -> dict[str, str]:
    """The `key:=value` of the header."""
    with path.open("rb") as file:
        head = file.read(_LONGEST_HEADER)
    return _header(head if head.startswith(b"NRRD") else unpacked(path.read_bytes(), path), path)[1]


def _header(content: bytes, path: Path) -> tuple[dict[str, str], dict[str, str], bytes]:
    """The fields, by their names in lower case, the keys with values, and what follows."""
    if not content.startswith(b"NRRD"):
        raise InputError(f"{path} cannot be read; expected was a NRRD image: its first line is not NRRD0004 or so.")
    end = re.search(rb"\r?\n\r?\n", content)
    head, rest = (content[: end.start()], content[end.end() :]) if end else (content, b"")
    fields: dict[str, str] = {}
    metadata: dict[str, str] = {}
    lines = head.decode("utf-8", "replace").splitlines()[1:]
    for number, line in enumerate(lines):
        if line.startswith("#"):
            continue
        key, mark, value = re.match(r"([^:]*)(:=|:|)(.*)", line).groups()  # type: ignore[union-attr]
        if mark == ":=":
            metadata[key.strip()] = value.strip()
        elif mark:
            name = key.strip().lower().replace("datafile", "data file").replace("centerings", "centers")
            fields[name] = value.strip()
            if name == "data file" and value.strip().upper().startswith("LIST"):
                fields["data files"] = "\n".join(lines[number + 1 :])
                break
    return fields, metadata, rest


def _numbers(fields: dict[str, str], name: str, path: Path) -> list[float]:
    try:
        return [float(word) for word in fields[name].split()]
    except (KeyError, ValueError) as error:
        raise InputError(f"{path} is damaged: its header has no usable field '{name}'.") from error


def _values(fields: dict[str, str], rest: bytes, dtype: np.dtype, sizes: list[int], path: Path) -> NDArray:
    lines = fields.get("data files", "").split("\n") if "data files" in fields else []
    files = data_files(path, fields["data file"], lines) if "data file" in fields else []
    chunks = [file.read_bytes() for file in files] or [rest]
    encoding = fields.get("encoding", "raw").lower()
    if encoding in ("txt", "text", "ascii"):
        return numbers_in(b" ".join(chunks), dtype, sizes, path)
    data = b"".join(_decoded(chunk, encoding, fields, dtype.itemsize * int(np.prod(sizes)), path) for chunk in chunks)
    return elements(data, dtype, sizes, path)


def _decoded(data: bytes, encoding: str, fields: dict[str, str], size: int, path: Path) -> bytes:
    for _ in range(int(fields.get("line skip", fields.get("lineskip", "0")))):
        data = data.partition(b"\n")[2]
    skip = int(fields.get("byte skip", fields.get("byteskip", "0")))
    if encoding in ("gz", "gzip"):
        data = unpacked(data, path)
    elif encoding in ("bz2", "bzip2"):
        try:
            data = bz2.decompress(data)
        except (OSError, ValueError, EOFError) as error:
            raise InputError(
                f"{path} is incomplete or damaged: its bzip2 data cannot be unpacked ({error})."
            ) from error
    elif encoding == "hex":
        data = bytes.fromhex(re.sub(rb"[^0-9a-fA-F]", b"", data).decode())
    elif encoding != "raw":
        raise InputError(f"{path} has the encoding {encoding}; expected was raw, gzip, bzip2, hex or ascii.")
    return data[skip:] if skip >= 0 else data[max(len(data) - size, 0) :]


def _axes(fields: dict[str, str], sizes: list[int], path: Path) -> tuple[list[Axis], NDArray[np.float64], bool]:
    """The axes, the origin towards left, posterior, superior, and whether the space is a plane."""
    count = len(sizes)
    vectors = _vectors(fields.get("space directions", ""))
    spacings = [abs(step) for step in _floats(fields.get("spacings", ""), count)]
    kinds = fields.get("kinds", "").lower().split()
    kinds += ["?"] * (count - len(kinds))
    dimension = next((len(vector) for vector in vectors if vector is not None), 0)
    signs = _signs(fields.get("space", ""))
    mm = [_MM.get(unit.lower(), 1.0) for unit in _words(fields.get("space units", ""))]
    scale = np.array((mm + [mm[-1] if mm else 1.0] * 3)[:3])
    units = _words(fields.get("units", ""))
    units += [""] * (count - len(units))
    axes = []
    for number, (size, kind) in enumerate(zip(sizes, kinds, strict=True)):
        vector = vectors[number] if number < len(vectors) else None
        role = _role(kind, size, number, vector, vectors, fields, path)
        # Of a space with time as its fourth direction, that axis leads nowhere else.
        step = spacings[number]
        if vector is not None and len(vector) == 4 and not vector[:3].any() and vector[3]:
            role, step, vector = TIME, abs(float(vector[3])), None
        if vector is None:
            known = _SECONDS if role == TIME else _MM
            # What is told, but in no number (0,3 for 0.3), is not known, and a remark says so.
            is_told = np.isfinite(step) or (role == SPACE and "spacings" in fields)
            axes.append(Axis(role, step * known.get(units[number].lower(), 1.0) if is_told else 1.0))
            continue
        way = np.zeros(3)
        way[: min(3, len(vector))] = vector[:3]
        way *= scale
        axes.append(Axis(role, float(np.linalg.norm(way)), tuple((way * signs).tolist())))
    origin = np.zeros(3)
    told = _vectors(fields.get("space origin", ""))
    if told and told[0] is not None:
        origin[: min(3, len(told[0]))] = told[0][:3]
    spatial = sum(axis.role == SPACE for axis in axes)
    return axes, origin * scale * signs, dimension == 2 or (not dimension and spatial <= 2)


def _role(
    kind: str,
    size: int,
    number: int,
    vector: NDArray | None,
    vectors: Sequence[NDArray | None],
    fields: dict[str, str],
    path: Path,
) -> str:
    if kind in _IN_TIME or (kind in _VECTORS and (size not in (3, 4) or _is_sequence(path))):
        return TIME
    if kind in _IN_COLOR or kind in _VECTORS:
        return COLOR
    if kind in ("domain", "space"):
        return SPACE
    if kind in _ONE:
        return TIME
    if kind not in ("?", "??", "???", "none"):
        raise InputError(f"{path} has an axis of the kind {kind}; expected were gray levels, colors, frames or slices.")
    if vectors and vector is None:
        return COLOR if number == 0 and size in (3, 4) and not _is_sequence(path) else TIME
    # Without a word about its axes, a first one of three or four is too short for anything but colors.
    return COLOR if number == 0 and size in (3, 4) and "space directions" not in fields else SPACE


def _is_sequence(path: Path) -> bool:
    """Whether a file is named as 3D Slicer names its sequences."""
    return path.name.lower().endswith((".seq.nrrd", ".seq.nhdr"))


def _vectors(text: str) -> list[NDArray[np.float64] | None]:
    """The vectors (1,0,0) of a field; None where it has none, or one that is no direction."""
    found: list[NDArray[np.float64] | None] = []
    for word in re.findall(r"\([^)]*\)|none|nan", text, re.IGNORECASE):
        numbers = np.array(_floats(word.strip("()").replace(",", " "), 0)) if word[0] == "(" else np.array([np.nan])
        found.append(numbers if np.isfinite(numbers).all() else None)
    return found


def _words(text: str) -> list[str]:
    """The words of a field, those in quotes, which may be empty, without them."""
    return [quoted or plain for quoted, plain in re.findall(r'"([^"]*)"|(\S+)', text)]


def _floats(text: str, count: int) -> list[float]:
    """The numbers of a field, NaN for each of `count` that is missing or none."""
    found = []
    for word in text.split():
        try:
            found.append(float(word))
        except ValueError:
            found.append(float("nan"))
    return found + [float("nan")] * (count - len(found))


def _signs(space: str) -> NDArray[np.float64]:
    """What turns the directions of a space, such as right-anterior-superior, to left, posterior, superior."""
    name = space.strip().lower()
    words = _SPACES.get(name[:3] if re.fullmatch(r"[rl][ap]s(t)?", name) else name, name)
    if "handed" in words:
        words = ""
    return np.array([-1.0 if word in words else 1.0 for word in ("right", "anterior", "inferior")])
