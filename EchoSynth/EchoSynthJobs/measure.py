"""Measure label maps: of a frame, a cine, or a patient's four views."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from EchoSynthJobs.job import Job, Report
from EchoSynthLib.anatomy.endocardium import Endocardium
from EchoSynthLib.errors import InputError
from EchoSynthLib.images.gray import to_gray8
from EchoSynthLib.measurement import (
    FrameMeasures,
    Study,
    measure_frame,
    rows_of,
    study_of_cine,
    study_of_frame,
    study_of_views,
    with_endocardium,
)
from EchoSynthMRML.cines import cine_of
from EchoSynthMRML.grid import Grid, same_place
from EchoSynthMRML.label_maps import LabelMap, read_label_map, write_segments
from EchoSynthMRML.volumes import frame_array, trusted_spacing

Spacing = tuple[float, float]


@dataclass(repr=False)
class Place:
    """One label map that was measured.

    Attributes:
        node: of the scene that shows it; of a cine the one that follows the frames.
        frame: number of the cine's frame, None for a single one.
        label_map: as it was read.
        spacing: (row, column) mm where they are to be trusted, else None.
        image: volume below it, or None.
    """

    node: Any
    frame: int | None
    label_map: LabelMap
    spacing: Spacing | None
    image: Any = None

    def picture(self) -> NDArray[np.uint8] | None:
        """(H, W) uint8 of the image; None where there is none on the label map's pixels."""
        with suppress(InputError):
            if self.image is not None and Grid.of_volume(self.image).shape == self.label_map.grid.shape:
                return to_gray8(frame_array(self.image))
        return None


@dataclass(repr=False)
class Measured:
    """What was measured, by place as in `Study.frames`; kept so that a point that moves changes one frame alone.

    Attributes:
        name: of what was measured.
        source: its first node.
        places, frames: the label maps and what they show.
        together: makes a study of the frames.
        study: all of it.
        drawn: places whose endocardium was moved by hand since it was written into the segmentation.
    """

    name: str
    source: Any
    places: dict[str, Place]
    frames: dict[str, FrameMeasures]
    together: Callable[[dict[str, FrameMeasures]], Study]
    study: Study = field(init=False)
    drawn: dict[str, Endocardium] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.study = self.together(self.frames)

    def rows(self) -> list[dict[str, object]]:
        """The rows of table and CSV: what all frames give together first, then frame by frame."""
        rows = rows_of(self.name, self.study)
        return sorted(rows, key=lambda row: row["where"] in self.study.frames)

    def draw(self, where: str, contour: Endocardium) -> None:
        """Measures a place anew with an endocardium that is drawn by hand.

        Raises:
            InputError: it encloses nothing.
        """
        place = self.places[where]
        frame = measure_frame(place.label_map.codes, place.spacing, contour=contour)
        self.study = self.together({**self.frames, where: frame})
        self.frames[where], self.drawn[where] = frame, contour

    def read_again(self, where: str) -> bool:
        """Measures a place anew if the label map that its node shows has been edited; whether it has been.

        Raises:
            InputError: it is no label map any longer, or its pixels have another size or place.
        """
        place = self.places[where]
        label_map = read_label_map(place.node)
        if (
            not same_place(label_map.grid, place.label_map.grid)
            or spacing_of(place.node, label_map.grid) != place.spacing
        ):
            raise InputError(f"The pixels of '{place.node.GetName()}' have another size or place now. Measure again.")
        if np.array_equal(label_map.codes, place.label_map.codes):
            return False
        place.label_map = label_map
        frame = _measure(place)
        self.drawn.pop(where, None)
        self.study = self.together({**self.frames, where: frame})
        self.frames[where] = frame
        return True

    def write(self) -> None:
        """Writes the endocardia that were drawn by hand into their segmentations.

        Raises:
            InputError: a label map is no segmentation, or was removed.
        """
        for where, contour in self.drawn.items():
            place = self.places[where]
            codes = with_endocardium(place.label_map.codes, contour)
            write_segments(_node_to_write(place), codes, place.label_map.grid)
            place.label_map = LabelMap(codes, place.label_map.grid, place.label_map.notes)
        self.drawn = {}


def measure(source: Any, *, all_frames: bool = False, image: Any = None) -> Job[Measured]:
    """Measures the label map that a node shows, or all frames of the cine it belongs to.

    Args:
        source: segmentation or label map volume.
        all_frames: whether its whole cine is measured.
        image: volume below it, for the report.

    Raises:
        InputError: no label map, no cine where all frames are asked for, or a cine without a left ventricle.
    """
    cine = cine_of(source) if all_frames else None
    if all_frames and cine is None:
        raise InputError(f"'{source.GetName()}' belongs to no sequence; measure the frame that it shows.")
    if cine is None or len(cine) < 2:
        places = {"": _place(source, source, frame_shown(source), image)}
        yield Report(0, 1, "measuring")
        return Measured(source.GetName(), source, places, {"": _measure(places[""])}, _study_of_one)
    pictures = cine_of(image) if image is not None else None
    places, frames = {}, {}
    for index in range(len(cine)):
        below = pictures.node(index) if pictures is not None and len(pictures) == len(cine) else None
        where = f"frame {index}"
        places[where] = _place(source, cine.node(index), index, below)
        frames[where] = _measure(places[where])
        yield Report(index + 1, len(cine), f"measuring frame {index + 1} of {len(cine)}")
    return Measured(source.GetName(), source, places, frames, _study_of_all)


def measure_views(views: Mapping[str, Any]) -> Job[Measured]:
    """Measures a patient's label maps by view and phase, {'4CH ED': node, '2CH ES': node, ...}; not all need be there.

    Raises:
        InputError: no node is given, or one is no label map.
    """
    given = {where: node for where, node in views.items() if node is not None}
    places: dict[str, Place] = {}
    frames: dict[str, FrameMeasures] = {}
    for where, node in given.items():
        places[where] = _place(node, node, frame_shown(node), _reference_of(node))
        frames[where] = _measure(places[where])
        yield Report(len(frames), len(given), f"measuring {where}")
    first = next(iter(given.values()), None)
    return Measured("" if first is None else first.GetName(), first, places, frames, _study_of_places)


def frame_shown(node: Any) -> int | None:
    """The number of the frame of its cine that a node shows; None where it belongs to no cine."""
    cine = cine_of(node)
    return None if cine is None or cine.browser is None else cine.browser.GetSelectedItemNumber()


def spacing_of(node: Any, grid: Grid) -> Spacing | None:
    """(row, column) mm of a label map's pixels where they are to be trusted: as its image's are, else as its own."""
    image = _reference_of(node) or (node if node.IsA("vtkMRMLVolumeNode") else None)
    trusted = grid.spacing != (1.0, 1.0) if image is None else trusted_spacing(image) is not None
    return grid.spacing if trusted else None


def _place(node: Any, frame: Any, index: int | None, image: Any) -> Place:
    label_map = read_label_map(frame)
    return Place(node, index, label_map, spacing_of(node, label_map.grid), image)


def _measure(place: Place) -> FrameMeasures:
    return measure_frame(place.label_map.codes, place.spacing)


def _study_of_one(frames: dict[str, FrameMeasures]) -> Study:
    return study_of_frame(frames[""])


def _study_of_all(frames: dict[str, FrameMeasures]) -> Study:
    return study_of_cine(list(frames.values()))


def _study_of_places(frames: dict[str, FrameMeasures]) -> Study:
    views: dict[str, dict[str, FrameMeasures]] = {}
    for where, frame in frames.items():
        view, phase = where.split()
        views.setdefault(view, {})[phase] = frame
    return study_of_views(views)


def _reference_of(node: Any) -> Any:
    """The image that a segmentation was drawn on, or None."""
    if not node.IsA("vtkMRMLSegmentationNode"):
        return None
    return node.GetNodeReference(node.GetReferenceImageGeometryReferenceRole())


def _node_to_write(place: Place) -> Any:
    """The node whose segments are a place's: the shown one, else the frame in the sequence."""
    name = place.node.GetName()
    if place.node.GetScene() is None:
        raise InputError(f"'{name}' was removed from the scene; its endocardium cannot be written.")
    if not place.node.IsA("vtkMRMLSegmentationNode"):
        raise InputError(f"'{name}' is no segmentation. Make it one in the section Label map, and measure again.")
    cine = cine_of(place.node)
    if cine is None or place.frame is None or place.frame == frame_shown(place.node):
        return place.node
    return cine.node(place.frame)
