"""One echo frame, a cine of them, and the place in space that their results inherit."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from EchoSynthLib.errors import InputError
from EchoSynthLib.types import Spacing

# Probes for the adult abdomen reach less deep; those for mice show some 10 mm.
_DEEPEST_MM, _FLATTEST_MM = 400.0, 1.0

Region = tuple[int, int, int, int]


@dataclass(frozen=True)
class Geometry:
    """Where a source image lies in space, in the order of its header: x (columns), y (rows), then slices and time.

    Attributes:
        spacing: mm along each axis.
        origin: position of the first pixel's center, in mm.
        direction: the direction cosines, row-major, dimension x dimension.
    """

    spacing: tuple[float, ...]
    origin: tuple[float, ...]
    direction: tuple[float, ...]

    def __post_init__(self) -> None:
        size = len(self.spacing)
        if size not in (2, 3, 4) or len(self.origin) != size or len(self.direction) != size * size:
            raise InputError(
                f"A geometry has 2, 3 or 4 axes with one spacing and one origin each and a square direction matrix; "
                f"given were {size} spacings, {len(self.origin)} origins and {len(self.direction)} direction cosines."
            )

    @classmethod
    def flat(cls, spacing: Spacing | None) -> Geometry:
        """A 2D geometry at the origin; `spacing` is (row, column) in mm, 1 x 1 where it is not known."""
        row, column = spacing or (1.0, 1.0)
        return cls((float(column), float(row)), (0.0, 0.0), (1.0, 0.0, 0.0, 1.0))

    @property
    def dimension(self) -> int:
        """The number of axes in the source's header."""
        return len(self.spacing)

    @property
    def pixel_spacing(self) -> Spacing:
        """(row, column) spacing in mm."""
        return self.spacing[1], self.spacing[0]

    def with_axis(self) -> Geometry:
        """The same place with one more axis, of unit spacing and at right angles to the others."""
        size = self.dimension
        matrix = np.eye(size + 1)
        matrix[:size, :size] = self.matrix()
        return Geometry((*self.spacing, 1.0), (*self.origin, 0.0), tuple(matrix.ravel().tolist()))

    def of_frame(self, index: int) -> Geometry:
        """The geometry of frame `index`: along the slice axis of a 3D source, without the time axis of a 4D one."""
        if self.dimension == 2:
            return self
        if self.dimension == 4:
            return Geometry(self.spacing[:3], self.origin[:3], tuple(self.matrix()[:3, :3].ravel().tolist()))
        step = index * self.spacing[2] * self.matrix()[:, 2]
        return Geometry(self.spacing, tuple((np.asarray(self.origin) + step).tolist()), self.direction)

    def for_array(self, dimensions: int) -> Geometry:
        """The geometry under which an array (H, W) or (T, H, W) of `dimensions` axes is written."""
        if dimensions == 2:
            return self.of_frame(0)
        return self.with_axis() if self.dimension == 2 else self

    def matrix(self) -> NDArray[np.float64]:
        """The direction cosines (dimension, dimension); column i is the way of axis i."""
        return np.asarray(self.direction, dtype=np.float64).reshape(self.dimension, self.dimension)


def tissue_in(shape: tuple[int, ...], region: Region | None) -> tuple[slice, slice]:
    """Rows and columns of an image or of each frame where the ultrasound lies; beside it scanners draw scales and text.

    Args:
        shape: (H, W) or (T, H, W).
        region: (row0, row1, column0, column1), half-open; None for all of it.
    """
    row0, row1, column0, column1 = region or (0, shape[-2], 0, shape[-1])
    return slice(row0, row1), slice(column0, column1)


@dataclass(frozen=True, eq=False)
class EchoFrame:
    """One echo image.

    Attributes:
        pixels: (H, W) uint8, row 0 at the transducer.
        spacing: (row, column) in mm, or None where nothing is known.
        spacing_trusted: whether the spacing rests on a calibration; where not, lengths are pixels.
        source: the file or place it came from.
        geometry: the source's place in space, for its results; None where the source has none.
        region: (row0, row1, column0, column1) of the 2D tissue, half-open: `pixels[row0:row1, column0:column1]`.
        remarks: what the reader had to say of the file, a sentence each: what was not usable, left out or repeated.
        exam_date: YYYY-MM-DD, '' where the file does not tell.
    """

    pixels: NDArray[np.uint8]
    spacing: Spacing | None = None
    spacing_trusted: bool = False
    source: str = ""
    geometry: Geometry | None = None
    region: Region | None = None
    remarks: tuple[str, ...] = ()
    exam_date: str = ""

    def __post_init__(self) -> None:
        _check_pixels(self.pixels, 2, "An echo frame is (rows, columns)")

    @property
    def tissue(self) -> tuple[slice, slice]:
        """Rows and columns where the ultrasound lies."""
        return tissue_in(self.pixels.shape, self.region)


@dataclass(frozen=True, eq=False)
class EchoCine:
    """Consecutive echo frames of one view.

    Attributes:
        pixels: (T, H, W) uint8, row 0 at the transducer.
        frame_time_ms: time from frame to frame in milliseconds, or None where it is not known.
        spacing, spacing_trusted, source, geometry, region, remarks, exam_date: as in `EchoFrame`, the same for all
            frames.
    """

    pixels: NDArray[np.uint8]
    spacing: Spacing | None = None
    spacing_trusted: bool = False
    source: str = ""
    frame_time_ms: float | None = None
    geometry: Geometry | None = None
    region: Region | None = None
    remarks: tuple[str, ...] = ()
    exam_date: str = ""

    def __post_init__(self) -> None:
        _check_pixels(self.pixels, 3, "A cine is (frames, rows, columns)")

    @property
    def tissue(self) -> tuple[slice, slice]:
        """Rows and columns where the ultrasound lies in each frame."""
        return tissue_in(self.pixels.shape, self.region)

    def __len__(self) -> int:
        return len(self.pixels)

    def frame(self, index: int) -> EchoFrame:
        """Frame `index` (0 is the first; negative counts from the end) with its own geometry."""
        count = len(self)
        if not -count <= index < count:
            raise InputError(
                f"Frame {index} was asked for, but {self.source or 'the cine'} has {count} frames (0 to {count - 1})."
            )
        index %= count
        geometry = self.geometry.of_frame(index) if self.geometry else None
        return EchoFrame(
            self.pixels[index],
            self.spacing,
            self.spacing_trusted,
            self.source,
            geometry,
            self.region,
            self.remarks,
            self.exam_date,
        )


def frame_or_cine(cine: EchoCine) -> EchoFrame | EchoCine:
    """The cine itself, or its frame where it has only one."""
    return cine.frame(0) if len(cine) == 1 else cine


def is_real_spacing(spacing: Spacing) -> bool:
    """Whether a header's spacing says something: positive, finite, and not the 1 x 1 of writers that know nothing."""
    return all(np.isfinite(s) and s > 0 for s in spacing) and tuple(spacing) != (1.0, 1.0)


def doubt_of_depth(image: EchoFrame | EchoCine) -> str | None:
    """What to tell a user whose pixel size makes the picture deeper or flatter than any; None where it does not.

    Micrometers or meters that are taken for millimeters, and the like, are seen by it.
    """
    if image.spacing is None or not image.spacing_trusted:
        return None
    row0, row1 = image.region[:2] if image.region else (0, image.pixels.shape[-2])
    depth = (row1 - row0) * image.spacing[0]
    if _FLATTEST_MM <= depth <= _DEEPEST_MM:
        return None
    told = f"{depth / 10:.0f} cm deep, more" if depth > _DEEPEST_MM else f"{depth:.2g} mm deep, less"
    return f"the pixel size makes the picture {told} than probes reach; check the lengths"


def _check_pixels(pixels: NDArray[np.uint8], dimensions: int, expected: str) -> None:
    if pixels.ndim != dimensions or pixels.dtype != np.uint8 or pixels.size == 0:
        raise InputError(
            f"{expected} uint8 and not empty; given was {pixels.dtype} of shape {pixels.shape}. "
            f"Convert it with to_gray8 first."
        )
