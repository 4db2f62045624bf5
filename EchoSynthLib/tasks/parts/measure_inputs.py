"""From the files of a case to frames that can be measured."""

from __future__ import annotations

from typing import TYPE_CHECKING

from EchoSynthLib.tasks.common import inputs
from EchoSynthLib.tasks.common.shown import blank_frames
from EchoSynthLib.tasks.common.view_told import view_told_with
from EchoSynthLib.tasks.parts.measure_cases import CaseFiles
from EchoSynthLib.types import Spacing

if TYPE_CHECKING:
    from EchoSynthLib.images.frame import EchoCine, EchoFrame
    from EchoSynthLib.measurement.given import Given


def open_source(source: CaseFiles, given: Spacing | None) -> tuple[list[Given], list[str], float | None]:
    """The frames of an image or cine, of its label map, or of both; what the readers had to say; and the frame time.

    Args:
        source: the files.
        given: (row, column) in mm, for files that carry none that can be trusted.

    Raises:
        InputError: a file cannot be read, an image without label map shows nothing, image and label map lie on
            different grids, or a file contradicts `given`.
    """
    from EchoSynthLib.images.label_maps.alignment import on_grid_of
    from EchoSynthLib.images.label_maps.read import read_label_map
    from EchoSynthLib.images.read_echo import read_echo
    from EchoSynthLib.measurement.given import Given

    image = None if source.image is None else read_echo(source.image)
    labels = None if source.label_map is None else read_label_map(source.label_map)[1]
    if image is not None and labels is None:
        blank_frames(image)
    if labels is not None and image is not None:
        labels = on_grid_of(image, labels)
    known = next((read for read in (labels, image) if read is not None and read.spacing_trusted), labels or image)
    spacing = None if known is None else inputs.spacing_of(known, given)
    view = None if source.label_map is None else view_told_with(source.label_map)
    pictures, maps = _frames(image), _frames(labels)
    frames = [
        Given(
            maps[index] if maps else None,
            pictures[index] if pictures else None,
            spacing,
            region=None if image is None else image.region,
            view=view,
        )
        for index in range(max(len(pictures), len(maps)))
    ]
    doubts = [] if known is None else inputs.doubts_of(known, spacing)
    times = (getattr(read, "frame_time_ms", None) for read in (image, labels))
    remarks = [remark for read in (image, labels) if read is not None for remark in read.remarks]
    return frames, [*remarks, *doubts], next((time for time in times if time is not None), None)


def _frames(read: EchoFrame | EchoCine | None) -> list:
    if read is None:
        return []
    return [read.pixels] if read.pixels.ndim == 2 else list(read.pixels)
