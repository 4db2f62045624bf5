"""Measure frames, cines, or a patient's four views: from label maps, or from the contour model's endocardium."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from EchoSynthJobs.contour import contour_frames
from EchoSynthJobs.evidence import evidence_in
from EchoSynthJobs.job import Job, Report, meanwhile
from EchoSynthJobs.measured_frames import MeasuredFrame, frame_shown, is_image, node_to_write, place_of
from EchoSynthLib.anatomy.heart2d.endocardium import Endocardium
from EchoSynthLib.client import Client
from EchoSynthLib.errors import InputError
from EchoSynthLib.measurement import (
    FrameMeasures,
    Study,
    places_to_rest_on,
    rows_of,
    study_of_places,
    with_endocardium,
)
from EchoSynthLib.measurement.reliability.traffic_light import Finding
from EchoSynthLib.measurement.texts import HEADLINES
from EchoSynthMRML.cines import Cine, cine_of, frame_time_of
from EchoSynthMRML.frame_stack import FrameStack
from EchoSynthMRML.grid import Grid, same_place
from EchoSynthMRML.label_maps import LabelMap, write_segments
from EchoSynthMRML.provenance import frame_stamped

NOT_LOOKED_AT = "no model has looked at this frame, which became an end of a beat; measure again"
CANNOT_BE_LOOKED_AT = "no model could look at this frame: there is no image on its pixels"

_NUMBERS = ("ED frame", "ES frame", "beats")
"""What a table tells last of a cine: its curves show them, too."""


@dataclass(repr=False)
class Measured:
    """What was measured, by place as in `Study.frames`; kept so that a point that moves changes one frame alone.

    Attributes:
        name: of what was measured.
        source: its first node.
        places, frames: what was measured, and what it shows.
        study: all of it.
        drawn: endocardia that the segmentations do not have: the contour model's, and those moved by hand.
        frame_time: of a cine, milliseconds from frame to frame where they are known.
        record: under "warnings" what is doubtful about which frames they are.
    """

    name: str
    source: Any
    places: dict[str, MeasuredFrame]
    frames: dict[str, FrameMeasures]
    frame_time: float | None = None
    study: Study = field(init=False)
    drawn: dict[str, Endocardium] = field(init=False)
    record: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.study = self._study_with({})
        contours = {where: place.contour for where, place in self.places.items()}
        self.drawn = {where: contour.endocardium for where, contour in contours.items() if contour is not None}

    def rows(self) -> list[dict[str, object]]:
        """The rows of the table: what all frames give together, the most telling first; ends of beats; other frames."""
        rests_on = self.study.rests_on
        # EDV and ESV, unless their means over several beats are there.
        ends = len(self.study.frames) > 1 and not any(entry.where == "cine ED" for entry in self.study.table)

        def rank(row: Mapping[str, Any]) -> tuple[int, int]:
            where, name = row["where"], row["name"]
            if name in _NUMBERS:
                return 3, 0
            if where in self.study.frames and not (ends and where in rests_on and name == "LV volume, discs"):
                return (2, rests_on.index(where)) if where in rests_on else (4, 0)
            return int(where.startswith("beat")), HEADLINES.index(name) if name in HEADLINES else len(HEADLINES)

        return sorted(rows_of(self.name, self.study), key=rank)

    def draw(self, where: str, contour: Endocardium) -> None:
        """Measures a place anew with an endocardium that is drawn by hand.

        Raises:
            InputError: it encloses nothing.
        """
        frame = self.places[where].measure(contour)
        self.study = self._study_with({where: frame})
        self.frames[where], self.drawn[where] = frame, contour

    def read_again(self, where: str) -> bool:
        """Measures a place anew if the label map that its node shows has been edited; whether it has been.

        An endocardium of the contour model stays as it was drawn; one of the label map is derived from it anew.

        Raises:
            InputError: see `MeasuredFrame.read_again`.
        """
        place = self.places[where]
        if not place.read_again():
            return False
        kept = None if place.contour is None else self.frames[where].endocardium
        frame = place.measure(kept)
        if kept is None:
            self.drawn.pop(where, None)
        self.study = self._study_with({where: frame})
        self.frames[where] = frame
        return True

    def _study_with(self, changed: Mapping[str, FrameMeasures]) -> Study:
        """The study with some frames changed; where models were asked, what they did not look at is not green."""
        frames = {**self.frames, **changed}
        study = study_of_places(frames, self.frame_time)
        if all(place.evidence is None for place in self.places.values()):
            return study
        unasked = [where for where in study.rests_on if self.places[where].evidence is None]
        if not unasked:
            return study
        doubted = {where: _doubted(frames[where], self.places[where].can_be_judged) for where in unasked}
        return study_of_places({**frames, **doubted}, self.frame_time)

    def write(self) -> None:
        """Writes the drawn endocardia into their segmentations.

        Raises:
            InputError: a place has no segmentation, or it was removed.
        """
        for where, contour in self.drawn.items():
            place = self.places[where]
            node = node_to_write(place)
            codes = with_endocardium(place.label_map.codes, contour)
            write_segments(node, codes, place.label_map.grid)
            place.label_map = LabelMap(codes, place.label_map.grid, place.label_map.notes)
        self.drawn = {}


def _doubted(frame: FrameMeasures, can_be_judged: bool) -> FrameMeasures:
    """A frame that no model looked at, beside others that they did; its light says so."""
    reason = NOT_LOOKED_AT if can_be_judged else CANNOT_BE_LOOKED_AT
    return replace(frame, doubts=(*frame.doubts, Finding("yellow", reason)))


def measure(
    source: Any,
    *,
    all_frames: bool = False,
    image: Any = None,
    contour_by: Client | None = None,
    judge_by: Client | None = None,
) -> Job[Measured]:
    """Measures the frame that a node shows, or all frames of the cine it belongs to.

    Args:
        source: segmentation or label map volume; with `contour_by` also an image that has none.
        all_frames: whether its whole cine is measured.
        image: volume below a label map, for the report and for the contour model.
        contour_by: whose worker draws the endocardium with the contour model; None takes the label map's.
        judge_by: whose worker asks the models how far to rely on it, where there is an image; None judges by the shape.

    Raises:
        InputError: nothing that can be measured, no cine where all frames are asked for, or a cine without a left
            ventricle; and what the task `contour` raises.
    """
    cine = cine_of(source) if all_frames else None
    if all_frames and cine is None:
        raise InputError(f"'{source.GetName()}' belongs to no sequence; measure the frame that it shows.")
    if cine is None or len(cine) < 2:
        places = {"": _place_alone(source, image)}
    else:
        places = yield from _places_of_cine(source, cine, image)
    time = None if cine is None else frame_time_of(cine)
    return (yield from measured_of(source, places, contour_by, judge_by, time))


def _place_alone(source: Any, image: Any) -> MeasuredFrame:
    """The frame that a node shows; the only segmentation of a cine's frames lies on its own one, whichever is shown."""
    frame, shown = frame_stamped(source), frame_shown(source)
    pictures = cine_of(image) if image is not None and not is_image(source) else None
    if pictures is None:
        return place_of(source, source, shown, image)
    if frame is not None and cine_of(source) is None and frame < len(pictures):
        return replace(place_of(source, source, None, pictures.node(frame)), number=frame)
    # The node that shows the cine will show other frames, while what was measured stays.
    return place_of(source, source, shown, image if shown is None else _picture(pictures, shown, image))


def _picture(pictures: Cine, frame: int, shown: Any) -> Any:
    return pictures.node(frame) if frame < len(pictures) else shown


def _places_of_cine(source: Any, cine: Cine, image: Any) -> Job[dict[str, MeasuredFrame]]:
    pictures = cine_of(image) if image is not None else None
    places = {}
    for index, shown in enumerate(cine):
        below = pictures.node(index) if pictures is not None and len(pictures) == len(cine) else None
        places[f"frame {index}"] = place_of(source, shown, index, below)
        yield Report(index + 1, len(cine), f"reading frame {index + 1} of {len(cine)}")
    return places


def measured_of(
    source: Any,
    places: dict[str, MeasuredFrame],
    contour_by: Client | None,
    judge_by: Client | None,
    frame_time: float | None = None,
) -> Job[Measured]:
    """Measures places that belong together; see `measure`."""
    if contour_by is not None:
        yield from _draw_contours(places, contour_by)
    for place in places.values():
        if place.contour is None and is_image(place.node) and not place.blank:
            raise InputError(f"'{place.node.GetName()}' is an image; its label map, or the contour model, is needed.")
    if judge_by is None:
        frames = yield from _measure_each(places, len(places))
    else:
        ends = places_to_rest_on({where: place.cavity for where, place in places.items()}, frame_time)
        judged = {where: places[where] for where in ends if places[where].can_be_judged}
        others = {where: place for where, place in places.items() if where not in judged}
        # The worker looks at the ends of beats, while the other frames are measured here.
        _, found = yield from meanwhile(_judge(judged, judge_by), _measure_each(others, len(places)))
        found |= yield from _measure_each(judged, len(places), len(others))
        frames = {where: found[where] for where in places}
    return Measured(source.GetName(), source, places, frames, frame_time)


def _measure_each(places: Mapping[str, MeasuredFrame], total: int, done: int = 0) -> Job[dict[str, FrameMeasures]]:
    frames: dict[str, FrameMeasures] = {}
    for where, place in places.items():
        frames[where] = place.measure()
        yield Report(done + len(frames), total, f"measuring {where}".strip())
    return frames


def _judge(places: Mapping[str, MeasuredFrame], client: Client) -> Job[None]:
    """Gives places what the models see in their images; frames of a cine go through the worker together."""
    for group in _of_one_node(places):
        seen = yield from evidence_in(client, FrameStack([place.image for place in group]))
        for place, evidence in zip(group, seen, strict=True):
            place.evidence = evidence


def _draw_contours(places: Mapping[str, MeasuredFrame], client: Client) -> Job[None]:
    """Gives places the contour model's endocardium; frames of a cine go through the worker together."""
    for place in places.values():
        if place.image is None:
            name = place.node.GetName()
            raise InputError(f"'{name}' was drawn on no image that the contour model could read; choose the image.")
        if not same_place(Grid.of_volume(place.image), place.label_map.grid):
            raise InputError(
                f"'{place.node.GetName()}' lies on other pixels than its image '{place.image.GetName()}'; measure from "
                "the label map, or segment the image."
            )
    for group in _of_one_node({where: place for where, place in places.items() if not place.blank}):
        contours = yield from contour_frames(client, FrameStack([place.image for place in group]))
        for place, contour in zip(group, contours, strict=True):
            place.contour = contour


def _of_one_node(places: Mapping[str, MeasuredFrame]) -> list[list[MeasuredFrame]]:
    groups: dict[Any, list[MeasuredFrame]] = {}
    for place in places.values():
        groups.setdefault(place.node, []).append(place)
    return list(groups.values())
