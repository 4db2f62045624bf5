"""NIfTI-1, NIfTI-2 and Analyze 7.5 as users have them: packed or not, single or as a pair, with doubtful headers.

SimpleITK reads no NIfTI-2 and nothing whose sform it cannot decompose, and goes by the file's name. Fields as in
nifti1.h and nifti2.h (https://nifti.nimh.nih.gov); which of them count as in nibabel.
"""

from __future__ import annotations

import gzip
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from EchoSynthLib.errors import InputError
from EchoSynthLib.images.formats import stem_of, suffix_of
from EchoSynthLib.images.frame import is_real_spacing
from EchoSynthLib.images.readers.stored import (
    COLOR,
    SPACE,
    TIME,
    Axis,
    ItkImage,
    elements,
    frames_of,
    sibling,
    unpacked,
)

# Name, shape; offset and type in NIfTI-1, then in NIfTI-2.
_FIELDS: tuple[tuple[str, tuple[int, ...], int, str, int, str], ...] = (
    ("dim", (8,), 40, "i2", 16, "i8"),
    ("intent_code", (), 68, "i2", 504, "i4"),
    ("datatype", (), 70, "i2", 12, "i2"),
    ("pixdim", (8,), 76, "f4", 104, "f8"),
    ("vox_offset", (), 108, "f4", 168, "i8"),
    ("scl_slope", (), 112, "f4", 176, "f8"),
    ("scl_inter", (), 116, "f4", 184, "f8"),
    ("xyzt_units", (), 123, "i1", 500, "i4"),
    ("descrip", (), 148, "S80", 240, "S80"),
    ("qform_code", (), 252, "i2", 344, "i4"),
    ("sform_code", (), 254, "i2", 348, "i4"),
    ("quatern", (3,), 256, "f4", 352, "f8"),
    ("qoffset", (3,), 268, "f4", 376, "f8"),
    ("srow", (3, 4), 280, "f4", 400, "f8"),
    ("magic", (), 344, "S4", 4, "S4"),
)
_SIZES = (348, 540)
_TYPES = {2: "u1", 4: "i2", 8: "i4", 16: "f4", 64: "f8", 256: "i1", 512: "u2", 768: "u4", 1024: "i8", 1280: "u8"}
_COLORS = {128: 3, 2304: 4}
_MM = {1: 1000.0, 2: 1.0, 3: 0.001}
_SECONDS = {8: 1.0, 16: 1e-3, 24: 1e-6}
_VECTORS = (1007, 2003, 2004)
_TO_LPS = np.array([-1.0, -1.0, 1.0])
_UNDECIDED_TIME = 1.0
"""What writers that know no time step put there, in seconds; no echo is that slow."""


def load_nifti(path: Path) -> ItkImage:
    """The values, scaled by the header's slope and intercept, with the place in space.

    The sform counts where it is usable, else the qform, else neither; the pixel size is pixdim, where it tells one.

    Raises:
        InputError: incomplete, without its partner, a volume over time, or data that are no gray levels or colors.
    """
    header, data = _files(path)
    dim = [int(size) for size in header["dim"]]
    if not 1 <= dim[0] <= 7:
        raise InputError(f"{path} has a header of {dim[0]} axes; expected were 2 to 7. The file is damaged.")
    # Writers leave 0 for an axis they do not use.
    shape = [size or 1 for size in dim[1 : dim[0] + 1]] + [1] * (2 - dim[0])
    code = int(header["datatype"])
    if code not in _TYPES and code not in _COLORS:
        raise InputError(f"{path} holds data of the NIfTI type {code}; expected were integers, floats or RGB colors.")
    channels = [_COLORS[code]] if code in _COLORS else []
    dtype = np.dtype(_TYPES.get(code, "u1")).newbyteorder(header["dim"].dtype.byteorder)
    values = elements(data, dtype, [*channels, *shape], path)
    axes, origin, remarks = _axes(header, shape)
    flat = dim[0] <= 2 and all(axis.way is None or abs(axis.way[2]) < 1e-6 for axis in axes)
    if not channels:
        values = _scaled(values, header)
    image = frames_of(values, [*(Axis(COLOR) for _ in channels), *axes], origin, path, flat)
    time = _frame_time_ms(header) if image.geometry.dimension == 4 else None
    if image.geometry.dimension == 4 and time is None:
        image = replace(image, geometry=replace(image.geometry, spacing=(*image.geometry.spacing[:3], 1.0)))
    metadata = {"descrip": _text(header["descrip"]), "intent_code": str(int(header["intent_code"]))}
    return replace(image, metadata=metadata, frame_time_ms=time, remarks=(*remarks, *image.remarks))


def nifti_metadata(path: Path) -> dict[str, str]:
    """The description in the header, and what the data mean by it."""
    head = _head_of(path)
    with head.open("rb") as file:
        is_packed = file.read(2) == b"\x1f\x8b"
        file.seek(0)
        content = gzip.GzipFile(fileobj=file).read(max(_SIZES)) if is_packed else file.read(max(_SIZES))
    header = _header(content, head)
    return {"descrip": _text(header["descrip"]), "intent_code": str(int(header["intent_code"]))}


def _head_of(path: Path) -> Path:
    if not suffix_of(path).startswith(".img"):
        return path
    found = sibling(path.with_name(f"{stem_of(path)}.hdr")) or sibling(path.with_name(f"{stem_of(path)}.hdr.gz"))
    if found is None:
        raise InputError(f"{path} has no header beside it; expected was {stem_of(path)}.hdr in the same folder.")
    return found


def _files(path: Path) -> tuple[Any, bytes]:
    """The header, and the data from where they begin."""
    head = _head_of(path)
    content = unpacked(head.read_bytes(), head)
    header = _header(content, head)
    offset = float(header["vox_offset"])
    start = int(offset) if np.isfinite(offset) and offset > 0 else 0
    if bytes(header["magic"]).startswith(b"n+"):
        return header, content[max(start, 352) :]
    name = f"{stem_of(head)}.img"
    body = sibling(head.with_name(name)) or sibling(head.with_name(f"{name}.gz"))
    if body is None:
        raise InputError(f"{head} is a header without its data; expected was {name} in the same folder.")
    return header, unpacked(body.read_bytes(), body)[start:]


def _header(content: bytes, path: Path) -> Any:
    """The header as a numpy record, in whichever byte order."""
    for order in "<>":
        size = int(np.frombuffer(content[:4].ljust(4, b"\0"), f"{order}i4")[0])
        if size in _SIZES and len(content) >= size:
            layout = _layout(order, is_first=size == _SIZES[0])
            return np.frombuffer(content, layout, 1)[0]
    raise InputError(
        f"{path} cannot be read; expected was a NIfTI image of one frame or several, which begins with the size of its "
        f"header, 348 or 540 bytes. The file is damaged, incomplete or of another kind."
    )


def _layout(order: str, is_first: bool) -> np.dtype:
    places = [(offset, kind) if is_first else (second, other) for _, _, offset, kind, second, other in _FIELDS]
    return np.dtype(
        {
            "names": [name for name, *_ in _FIELDS],
            "formats": [
                np.dtype((order + kind, shape)) for (_, kind), (_, shape, *_) in zip(places, _FIELDS, strict=True)
            ],
            "offsets": [offset for offset, _ in places],
            "itemsize": _SIZES[0 if is_first else 1],
        }
    )


def _scaled(values: NDArray, header: Any) -> NDArray:
    slope, intercept = float(header["scl_slope"]), float(header["scl_inter"])
    # Analyze has other things there.
    if bytes(header["magic"])[:1] != b"n" or not np.isfinite(slope) or slope == 0:
        return values
    intercept = intercept if np.isfinite(intercept) else 0.0
    return values if (slope, intercept) == (1.0, 0.0) else values * np.float64(slope) + intercept


def _axes(header: Any, shape: Sequence[int]) -> tuple[list[Axis], NDArray[np.float64], tuple[str, ...]]:
    """The axes of the file, the origin, and what had to be said about the header."""
    mm = _MM.get(int(header["xyzt_units"]) & 7, 1.0)
    sizes = np.abs(np.asarray(header["pixdim"][1:], dtype=np.float64))
    ways, origin, remarks = _place(header, sizes[:3])
    axes = [Axis(SPACE, sizes[n] * mm, None if ways is None else tuple(ways[:, n].tolist())) for n in range(3)]
    is_color = len(shape) >= 5 and shape[4] in (3, 4) and int(header["intent_code"]) in _VECTORS
    axes += [Axis(TIME, sizes[3] * _SECONDS.get(int(header["xyzt_units"]) & 0x38, 1.0))]
    axes += [Axis(COLOR) if n == 4 and is_color else Axis(TIME) for n in range(4, 7)]
    return axes[: len(shape)], origin * mm, remarks


def _place(header: Any, sizes: NDArray) -> tuple[NDArray | None, NDArray, tuple[str, ...]]:
    """The axes' ways in the columns (3, 3), the origin, both towards left, posterior, superior; and remarks.

    Sizes that tell nothing are replaced by those of the sform.
    """
    if bytes(header["magic"])[:1] != b"n":
        return None, np.zeros(3), ()
    remarks: tuple[str, ...] = ()
    if int(header["sform_code"]) > 0:
        rows = np.asarray(header["srow"], dtype=np.float64)
        lengths = np.linalg.norm(rows[:, :2], axis=0)
        if np.isfinite(rows).all() and _is_plane(rows[:, :2]):
            if not is_real_spacing((sizes[0], sizes[1])):
                sizes[:2] = lengths
            elif not np.allclose(lengths, sizes[:2], rtol=0.01):
                told = f"pixdim, {_two(sizes)}, was taken, not the sform's, {_two(lengths)}"
                remarks = (f"the header tells two pixel sizes; {told}",)
            return _TO_LPS[:, None] * rows[:, :3], _TO_LPS * rows[:, 3], remarks
        remarks = ("the header's sform is not usable; the pixel size is that of pixdim",)
    if int(header["qform_code"]) > 0:
        quaternion = np.asarray(header["quatern"], dtype=np.float64)
        offset = np.asarray(header["qoffset"], dtype=np.float64)
        if np.isfinite([*quaternion, *offset]).all():
            rotation = _rotation(quaternion)
            rotation[:, 2] *= -1.0 if float(header["pixdim"][0]) < 0 else 1.0
            return _TO_LPS[:, None] * rotation, _TO_LPS * offset, remarks
    return None, np.zeros(3), remarks


def _is_plane(ways: NDArray) -> bool:
    """Whether two columns span a plane, at more than half a right angle."""
    lengths = np.linalg.norm(ways, axis=0)
    return bool(lengths.all() and abs(ways[:, 0] @ ways[:, 1]) < 0.7 * lengths.prod())


def _rotation(quaternion: NDArray) -> NDArray[np.float64]:
    """(3, 3) of the last three components of a quaternion, as in nifti1.h, METHOD 2."""
    b, c, d = quaternion
    squares = b * b + c * c + d * d
    if squares > 1:
        b, c, d = np.array([b, c, d]) / np.sqrt(squares)
    a = np.sqrt(max(0.0, 1.0 - squares))
    return np.array(
        [
            [a * a + b * b - c * c - d * d, 2 * (b * c - a * d), 2 * (b * d + a * c)],
            [2 * (b * c + a * d), a * a + c * c - b * b - d * d, 2 * (c * d - a * b)],
            [2 * (b * d - a * c), 2 * (c * d + a * b), a * a + d * d - b * b - c * c],
        ]
    )


def _frame_time_ms(header: Any) -> float | None:
    """Milliseconds of the fourth axis, where the header names a unit of time and a step that means something."""
    unit = _SECONDS.get(int(header["xyzt_units"]) & 0x38)
    step = float(header["pixdim"][4])
    if unit is None or not np.isfinite(step) or step <= 0 or step * unit == _UNDECIDED_TIME:
        return None
    return 1000 * step * unit


def _two(sizes: NDArray) -> str:
    return f"{sizes[0]:.4g} x {sizes[1]:.4g}"


def _text(value: Any) -> str:
    return bytes(value).split(b"\0")[0].decode("utf-8", "replace").strip()
