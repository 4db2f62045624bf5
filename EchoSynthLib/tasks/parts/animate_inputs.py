"""From the files of one frame to what is animated: image, label map or both, where they lie, and what they are."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from EchoSynthLib.errors import InputError
from EchoSynthLib.images.formats import stem_of
from EchoSynthLib.records import DERIVED
from EchoSynthLib.tasks.common import inputs
from EchoSynthLib.tasks.parts.measure_cases import Case, CaseFiles
from EchoSynthLib.types import LabelMap, Spacing

if TYPE_CHECKING:
    from EchoSynthLib.images.frame import EchoCine, EchoFrame


@dataclass(frozen=True, eq=False)
class GivenFrame:
    """One frame, of files.

    Attributes:
        image: (H, W) uint8 of the ultrasound alone; None where a label map alone is given.
        label_map: (H, W) as given, on the same grid; None where it has to be found.
        frame: what was read, whose grid the results lie on.
        spacing: (row, column) mm where known.
        synthetic: whether the image's file says that no patient is in it.
        remarks: what the readers had to say.
    """

    image: NDArray[np.uint8] | None
    label_map: LabelMap | None
    frame: EchoFrame
    spacing: Spacing | None
    synthetic: bool
    remarks: list[str]

    @property
    def name(self) -> str:
        """Of the file, without its suffix."""
        return stem_of(Path(self.frame.source))

    def whole(self, cine: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Frames (T, h, w) of the ultrasound on the whole grid (T, H, W), 0 beside it: text there may tell names."""
        rows, columns = self.frame.pixels.shape
        full = np.zeros((len(cine), rows, columns), np.uint8)
        full[:, *self.frame.tissue] = cine
        return full

    def like(self, cine: NDArray[np.uint8], frame_time_ms: float) -> EchoCine:
        """A cine (T, H, W) at the frame's place, with its time."""
        from EchoSynthLib.images.frame import EchoCine, Geometry

        place = self.frame.geometry or Geometry.flat(self.spacing)
        while place.dimension < 4:
            place = place.with_axis()
        place = replace(place, spacing=(*place.spacing[:3], frame_time_ms / 1000))
        trusted = self.spacing is not None
        return EchoCine(cine, self.spacing, trusted, self.frame.source, frame_time_ms, geometry=place)


def files_in(cases: Iterable[Case]) -> list[CaseFiles]:
    """Each frame of a folder's cases, in their order."""
    return [source for case in cases for source in case.sources.values()]


def open_frame(source: CaseFiles, number: int, given: Spacing | None) -> GivenFrame:
    """The frame of an image or of cine frame `number`, of its label map, or of both.

    Args:
        source: the files.
        number: of the frame in a cine, from 0; the label map of a cine may be one of a single frame.
        given: (row, column) in mm, for files that carry none that can be trusted.

    Raises:
        InputError: a file cannot be read, there is no frame of that number, image and label map lie on different
            grids, or a file contradicts `given`.
    """
    from EchoSynthLib.images.label_maps.alignment import on_grid_of
    from EchoSynthLib.images.read_echo import read_echo

    if source.image is None:
        assert source.label_map is not None
        labels = _frame(inputs.read_labels(source.label_map, given), number)
        spacing = inputs.trusted_spacing(labels)
        return GivenFrame(None, labels.pixels, labels, spacing, False, list(labels.remarks))
    image = _frame(read_echo(source.image), number)
    spacing = inputs.spacing_of(image, given)
    remarks = [*image.remarks, *inputs.doubts_of(image, spacing)]
    label_map = None
    if source.label_map is not None:
        read = inputs.read_labels(source.label_map)
        drawn = on_grid_of(image, _frame(read, number))
        label_map = drawn.pixels[image.tissue]
        remarks += drawn.remarks
        spacing = spacing or inputs.trusted_spacing(drawn)  # type: ignore[arg-type]
    return GivenFrame(image.pixels[image.tissue], label_map, image, spacing, _is_synthetic(source.image), remarks)


def _frame(read: EchoFrame | EchoCine, number: int) -> EchoFrame:
    from EchoSynthLib.images.frame import EchoCine

    if not isinstance(read, EchoCine):
        return read
    if number >= len(read):
        raise InputError(f"{read.source} has frames 0 to {len(read) - 1}; the parameter frame was given {number}.")
    return read.frame(number)


def _is_synthetic(path: Path) -> bool:
    from EchoSynthLib.images.readers.attributes import read_attributes

    told = read_attributes(path)
    return told.get("synthetic", "").lower() == "true" and told.get("origin") != DERIVED
