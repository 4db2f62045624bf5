"""What NIfTI, MetaImage and NRRD share: an array with axes in any order becomes frames with a place in space."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from math import prod
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from EchoSynthLib.errors import InputError
from EchoSynthLib.images.frame import Geometry

SPACE, TIME, COLOR = "space", "time", "color"

_ORTHOGONAL = 1e-4
"""Cosines of right angles are smaller: what 32-bit headers are exact to."""


@dataclass(frozen=True)
class Axis:
    """One axis of a stored array.

    Attributes:
        role: SPACE, TIME (frames, whatever they are called) or COLOR.
        spacing: mm from one to the next; s along TIME.
        way: the direction in space (x, y, z) to the left, posterior and superior; of any length, None where not known.
    """

    role: str
    spacing: float = 1.0
    way: tuple[float, ...] | None = None


@dataclass(frozen=True, eq=False)
class ItkImage:
    """What a header and its data say, before any scaling to gray levels.

    Attributes:
        values: (T, H, W), or (T, H, W, C) with C = 3 or 4 color channels, in the dtype of the file.
        geometry: the header's place in space.
        metadata: the header's other fields.
        frame_time_ms: from frame to frame, or None.
        remarks: what of the header could not be used.
        spacing_trusted: whether nothing speaks against the header's pixel size.
    """

    values: NDArray
    geometry: Geometry
    metadata: Mapping[str, str] = field(default_factory=dict)
    frame_time_ms: float | None = None
    remarks: tuple[str, ...] = ()
    spacing_trusted: bool = True


def frames_of(
    values: NDArray, axes: Sequence[Axis], origin: Sequence[float] | NDArray, path: Path, flat: bool = False
) -> ItkImage:
    """Frames, rows and columns of an array whose axes are in the file's order, the fastest first.

    Axes of one are left out wherever they stand. Of three axes in space the last holds the frames.

    Args:
        axes: one for each of the array's.
        origin: (x, y, z) of the first pixel in mm.
        path: for the errors.
        flat: whether the header knows no third axis of space.

    Raises:
        InputError: a volume over time, or several axes of time or color.
    """
    long = {role: [n for n, axis in enumerate(axes) if axis.role == role and values.shape[n] > 1] for role in
            (SPACE, TIME, COLOR)}  # fmt: skip
    single = [n for n, axis in enumerate(axes) if axis.role == SPACE and values.shape[n] == 1]
    space, frames, color = long[SPACE], long[TIME], long[COLOR]
    while len(space) < 2 <= len(space) + len(frames):  # what should be time is rows or columns behind axes of one
        space = sorted([*space, frames.pop(0)])
    if len(space) == 3 and not frames:
        frames = [space.pop()]
    while len(space) < 2 and single:
        space.append(single.pop(0))
    if len(space) != 2 or len(frames) > 1 or len(color) > 1 or any(values.shape[n] not in (3, 4) for n in color):
        shape = " x ".join(map(str, values.shape))
        raise InputError(
            f"{path} holds an image of {shape} values; expected was one frame or a cine (columns, rows, frames). "
            f"Volumes over time are not 2D echo: save one plane first."
        )
    in_time = bool(frames) and axes[frames[0]].role == TIME
    third = frames if frames and not in_time else single[:1]
    geometry, remarks = _placed([axes[n] for n in (*space, *third)], origin, flat and not third)
    if in_time:
        geometry = _in_time(geometry, axes[frames[0]].spacing)
    order = (*frames, space[1], space[0], *color)
    kept = values.transpose(*order, *(n for n in range(values.ndim) if n not in order))
    kept = np.ascontiguousarray(kept).reshape(tuple(values.shape[n] for n in order))
    doubtful = _is_exchanged(axes, space, single)
    if doubtful:
        remarks = (*remarks, "the header gives the pixel size to an axis of one; it counts as unknown")
    return ItkImage(kept if frames else kept[np.newaxis], geometry, remarks=remarks, spacing_trusted=not doubtful)


def _is_exchanged(axes: Sequence[Axis], space: Sequence[int], single: Sequence[int]) -> bool:
    """Whether an axis was put before others without taking its unit size along, which one of these now has."""
    before = [n for n in single if n < space[1]]
    return bool(before) and axes[before[0]].spacing != 1 and any(axes[n].spacing == 1 for n in space)


def _in_time(geometry: Geometry, step: float) -> Geometry:
    """The geometry with four axes, the last of time."""
    while geometry.dimension < 4:
        geometry = geometry.with_axis()
    return replace(geometry, spacing=(*geometry.spacing[:3], float(step) if np.isfinite(step) and step > 0 else 1.0))


def _placed(axes: Sequence[Axis], origin: Sequence[float] | NDArray, flat: bool) -> tuple[Geometry, tuple[str, ...]]:
    """The geometry of two or three axes in space, and what had to be said about it."""
    size = 2 if flat else 3
    spacing = [axis.spacing for axis in axes] + [1.0] * (size - len(axes))
    remarks: list[str] = []
    if not all(np.isfinite(step) and step > 0 for step in spacing[:2]):
        remarks.append("the header's pixel size is not usable and counts as unknown")
        spacing[:2] = [1.0, 1.0]
    spacing = [step if np.isfinite(step) and step > 0 else 1.0 for step in spacing]
    start = np.zeros(3)
    start[: len(origin)] = origin
    if not np.isfinite(start).all():
        start = np.zeros(3)
    directions = _directions(axes, remarks)
    if flat:
        directions = directions[:2, :2]
        if not np.allclose(directions @ directions.T, np.eye(2), atol=1e-3):
            directions = np.eye(2)
    # Adding 0 turns -0 into 0.
    numbers = [tuple((np.asarray(part) + 0.0).ravel().tolist()) for part in (spacing, start[:size], directions)]
    return Geometry(*numbers), tuple(remarks)


def _directions(axes: Sequence[Axis], remarks: list[str]) -> NDArray[np.float64]:
    """(3, 3), an axis in each column, at right angles."""
    ways = np.zeros((3, 3))
    for column, axis in enumerate(axes):
        way = np.zeros(3)
        if axis.way is not None:
            way[: len(axis.way)] = axis.way
        length = np.linalg.norm(way)
        if np.isfinite(length) and length > 0:
            ways[:, column] = way / length
    known = np.abs(ways).max(axis=0) > 0
    if not known[:2].all():
        if any(axis.way is not None for axis in axes[:2]):
            remarks.append("the header's directions in space are not usable; the axes count as straight")
        return np.eye(3)
    normal = np.cross(ways[:, 0], ways[:, 1])
    if not known[2] or abs(ways[:, 2] @ normal) < 1e-3:
        ways[:, 2] = normal / np.linalg.norm(normal) if np.linalg.norm(normal) > 1e-3 else 0
    if not ways[:, 2].any():
        remarks.append("the header's directions in space are not usable; the axes count as straight")
        return np.eye(3)
    if abs(ways[:, 0] @ ways[:, 1]) <= _ORTHOGONAL:
        # The plane is sound, and across it lies one slice, or time.
        ways[:, 2] = np.copysign(1.0, ways[:, 2] @ normal) * normal / np.linalg.norm(normal)
    else:
        remarks.append("the header's axes are not at right angles; the nearest directions that are were taken")
        left, _, right = np.linalg.svd(ways)
        ways = left @ right
    return ways


def unpacked(data: bytes, path: Path) -> bytes:
    """The bytes of a file, unpacked where its content is gzip, whatever its name says.

    Raises:
        InputError: the packed data end early or are damaged.
    """
    if data[:2] != b"\x1f\x8b":
        return data
    try:
        return gzip.decompress(data)
    except (EOFError, OSError, zlib.error) as error:
        raise InputError(
            f"{path} is incomplete or damaged: its packed data cannot be unpacked ({error}). Copy the file again."
        ) from error


def elements(data: bytes, dtype: np.dtype, shape: Sequence[int], path: Path) -> NDArray:
    """The array of this shape, the fastest axis first.

    Raises:
        InputError: the header announces nothing, or more than there is.
    """
    if not shape or min(shape) < 1:
        raise InputError(f"{path} announces an image of {' x '.join(map(str, shape)) or 'no'} values, which is none.")
    count = prod(shape)
    if len(data) < count * dtype.itemsize:
        raise InputError(
            f"{path} is incomplete: its header announces {count * dtype.itemsize} bytes of pixels, but there are "
            f"{len(data)}. Copy or export the file again."
        )
    return np.frombuffer(data, dtype, count).astype(dtype.newbyteorder("=")).reshape(shape, order="F")


def sibling(path: Path) -> Path | None:
    """The file of this name in whatever case, as Windows finds it; None where there is none."""
    if path.is_file():
        return path
    if not path.parent.is_dir():
        return None
    return next((other for other in sorted(path.parent.iterdir()) if other.name.lower() == path.name.lower()), None)


def data_files(header: Path, text: str, lines: Sequence[str]) -> list[Path]:
    """The files with a header's data: one, those of a list, or those of a pattern such as slice%03d.raw 1 9 1.

    Raises:
        InputError: one is missing; it is named.
    """
    words = text.split()
    if text.upper().startswith("LIST"):
        names = [line.strip() for line in lines if line.strip()]
    elif "%" in text and len(words) >= 3:
        first, last, step = (int(word) for word in (*words[1:], "1")[:3])
        names = [words[0] % number for number in range(first, last + 1, step)]
    else:
        names = [text]
    found = []
    for name in names:
        # Headers written on Windows have its separators.
        places = [header.parent / name, header.parent / name.replace("\\", "/")]
        places += [header.parent / place.name for place in places]
        file = next(filter(None, map(sibling, places)), None)
        if file is None:
            raise InputError(
                f"{header} has its data in another file, {name}, which is not there; "
                f"put it beside the header, in {header.parent.resolve()}."
            )
        found.append(file)
    return found


def numbers_in(text: bytes, dtype: np.dtype, shape: Sequence[int], path: Path) -> NDArray:
    """The array whose numbers are written out, the fastest axis first."""
    try:
        numbers = np.array(text.replace(b",", b" ").split(), dtype=np.float64)
    except ValueError as error:
        raise InputError(f"{path} is damaged: its data are no numbers ({error}).") from error
    return elements(numbers.astype(dtype).tobytes(), dtype, shape, path)
