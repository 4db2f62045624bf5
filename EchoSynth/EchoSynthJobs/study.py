"""Measure a patient's study: frames and cines fill the places of both views; what lacks a label map gets one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from EchoSynthJobs.job import Job
from EchoSynthJobs.measure import Measured, measured_of
from EchoSynthJobs.measured_frames import MeasuredFrame, place_of, reference_of
from EchoSynthJobs.segment_first import all_or_none, segment_first
from EchoSynthLib.anatomy.views import BIPLANE
from EchoSynthLib.client import Client
from EchoSynthLib.errors import InputError
from EchoSynthLib.images.clip_names import same_patient
from EchoSynthLib.measurement.reliability.traffic_light import worst
from EchoSynthLib.measurement.study_places import (
    PLACES,
    SET,
    VIEWS,
    Clip,
    Filling,
    by_patient,
    contradictions,
    ends_of,
    fill_places,
)
from EchoSynthMRML.cines import cine_of
from EchoSynthMRML.study_clips import SceneClip, clips_in
from EchoSynthMRML.study_folder import put_into_folder, tell, tell_folder, tree_of

Chosen = Mapping[str, Any]
"""Nodes that a user put into places, {'4CH ED': node}; None leaves a place empty."""


@dataclass(frozen=True)
class PatientClips:
    """One patient's frames and cines in a scene, and the places of the study that they fill.

    Attributes:
        patient: whose they are, '' where nothing tells.
        clips: of the scene.
        told: the same, as the places are filled with them.
        filling: places by '4CH ED' ..., whose clips are indices of both.
        others: the other patients in the scene.
    """

    patient: str
    clips: list[SceneClip]
    told: list[Clip]
    filling: Filling
    others: tuple[str, ...] = ()

    @property
    def nodes(self) -> dict[str, Any]:
        """What fills each place."""
        return {where: self.clips[filled.clip].node for where, filled in self.filling.places.items()}

    @property
    def has_both_views(self) -> bool:
        """Whether there is something of both views to be measured together."""
        return {view.name for view in BIPLANE} <= {clip.view_from[0] for clip in self.told}

    def holds(self, node: Any) -> bool:
        """Whether a node is an image or a label map of this patient."""
        return any(clip.holds(node) for clip in self.clips)


def clips_of_patient(scene: Any, chosen: Any = None, *, areas: bool = False) -> PatientClips:
    """The frames and cines of the patient to whom a node belongs, or who came last into the scene.

    Args:
        scene: where they are.
        chosen: image or label map; None, or one that is no clip, takes the last patient of the scene.
        areas: whether the ventricle's area is read from the label maps of cines, too, which takes a second.
    """
    clips = clips_in(scene)
    told = [clip.told(areas=False) for clip in clips]
    groups = by_patient(told)
    own = next((index for index, clip in enumerate(clips) if clip.holds(chosen)), None)
    patient = next((name for name in groups if own in groups[name]), None)
    if patient is None:
        patient = next((name for name in reversed(groups) if name), "")
    indices = groups.get(patient, [])
    ours, known = [clips[index] for index in indices], [told[index] for index in indices]
    if areas or any(not clip.is_cine and not clip.phase_from[0] for clip in known):
        known = [clip.told(areas=True if areas else None) for clip in ours]
    others = tuple(name for name in groups if name and not same_patient(name, patient))
    return PatientClips(patient, ours, known, fill_places(known), others)


def doubts_of(scene: Any, study: PatientClips, by_hand: Chosen) -> tuple[str, ...]:
    """What contradicts itself in a study some of whose places a user has filled; views beyond its own take no part."""
    own = {where: node for where, node in by_hand.items() if where in PLACES}
    if not own:
        return study.filling.doubts
    told = {where: _clip_holding(scene, node).told(areas=False) for where, node in own.items() if node is not None}
    rest = {where: study.told[place.clip] for where, place in study.filling.places.items() if where not in own}
    return tuple(contradictions(rest | told))


def measure_study(
    scene: Any,
    client: Client | None,
    by_hand: Chosen | None = None,
    chosen: Any = None,
    *,
    contour_by: Client | None = None,
    judge_by: Client | None = None,
) -> Job[Measured]:
    """Measures a patient's views at end-diastole and end-systole; what has no label map is segmented first.

    Args:
        scene: whose frames and cines they are.
        client: whose worker segments; None where nothing can be segmented.
        by_hand: what a user put into places.
        chosen: image or label map of the patient, see `clips_of_patient`.
        contour_by, judge_by: see `measure`.

    Raises:
        InputError: there is nothing to be measured, it cannot be segmented, or one frame stands in two places; and what
            the tasks raise.
    """
    hand = dict(by_hand or {})
    with all_or_none() as added:
        places, study, warnings = yield from filled_places(scene, client, hand, chosen, added, contour_by is not None)
        found = yield from measured_of(next(iter(places.values())).node, places, contour_by, judge_by)
    found.name = study.patient or found.name
    found.record = {"warnings": warnings}
    _keep(found, scene, study, hand)
    return found


def filled_places(
    scene: Any, client: Client | None, hand: Chosen, chosen: Any, added: list[Any], by_contour: bool = False
) -> Job[tuple[dict[str, MeasuredFrame], PatientClips, list[str]]]:
    """What stands in the places of a patient's study; what has no label map is segmented first.

    Args:
        scene, client, chosen: see `measure_study`.
        hand: what a user put into places; also into those of other views, as '3CH ED'.
        added: label maps that are made are appended, see `all_or_none`.
        by_contour: whether single frames need no label map.

    Returns:
        The places in the order of `PLACES`, those of other views last, the patient's clips, and what is doubtful.

    Raises:
        InputError: see `measure_study`.
    """
    warnings: list[str] = []
    wanted, maybe = _lacking(scene, clips_of_patient(scene, chosen), hand, by_contour)
    for number, image in enumerate([*wanted, *maybe]):
        if client is None:
            raise InputError(f"'{image.GetName()}' has no label map; install the engine, which segments it.")
        cine, part = cine_of(image), f"{number + 1} of {len(wanted) + len(maybe)}"
        try:
            added.append((yield from segment_first(scene, client, image, cine is not None and len(cine) > 1, part)))
        except InputError as error:
            if image in wanted:
                raise
            # Beside the apical views may lie a picture of something else.
            warnings.append(f"{image.GetName()}: {error}")
    study = clips_of_patient(scene, chosen, areas=True)
    places = _places(scene, study, hand)
    return places, study, [*doubts_of(scene, study, hand), *warnings]


def set_what_it_shows(node: Any, **known: str) -> None:
    """Keeps 'view' or 'phase' of an image and its label map as a user tells it; '' forgets it."""
    clip = _clip_holding(node.GetScene(), node)
    for own in filter(None, (clip.image, clip.label_map)):
        tell(own, **known, **{f"{fact}_from": SET if value else "" for fact, value in known.items()})


def _lacking(scene: Any, study: PatientClips, hand: Chosen, by_contour: bool) -> tuple[list[Any], list[Any]]:
    """The images that need a label map: those of places, and those that may be of one."""
    filled = study.filling.places
    frames = all(not study.told[place.clip].is_cine for place in filled.values())
    in_places = {where: study.clips[place.clip] for where, place in filled.items() if where not in hand}
    in_places |= {where: _clip_holding(scene, node) for where, node in hand.items() if node is not None}
    wanted = [clip for clip in in_places.values() if not (by_contour and cine_of(clip.image) is None)]
    # Where every place has its frame by name, nothing else has to be looked at.
    known = frames and set(PLACES) <= {*filled, *hand}
    others = [] if known else [index for index, clip in enumerate(study.clips) if not _is_among(clip, in_places)]
    # What is known to show another view is none of them.
    maybe = [study.clips[index] for index in others if study.told[index].view_from[0] in ("", *VIEWS)]
    lists = ([clip.image for clip in clips if clip.label_map is None] for clips in (wanted, maybe))
    needed, possible = (list(dict.fromkeys(images)) for images in lists)
    return needed, possible


def _is_among(clip: SceneClip, places: Mapping[str, SceneClip]) -> bool:
    return any(clip.node is own.node for own in places.values())


def _places(scene: Any, study: PatientClips, hand: Chosen) -> dict[str, MeasuredFrame]:
    """What is measured in each place, in the order of `PLACES`, those of other views last.

    Raises:
        InputError: there is nothing, or one frame is in two places.
    """
    found: dict[str, tuple[Any, int | None]] = {}
    for where, place in study.filling.places.items():
        if where not in hand:
            found[where] = (study.clips[place.clip].node, place.frame)
    for where, node in hand.items():
        if node is not None:
            clip = _clip_holding(scene, node)
            found[where] = (clip.node, _end_of(clip, where))
    if not found:
        raise InputError(
            "; ".join(study.filling.doubts) or "There is no frame of an apical view: open one, or choose it."
        )
    order = [*(where for where in PLACES if where in found), *(where for where in found if where not in PLACES)]
    for where in order:
        twins = [other for other in order if found[other] == found[where]]
        if len(twins) > 1:
            raise InputError(
                f"'{found[where][0].GetName()}' is chosen for {' and for '.join(twins)}; choose one of each."
            )
    return {where: _place(*found[where]) for where in order}


def _place(node: Any, frame: int | None) -> MeasuredFrame:
    image, cine = reference_of(node), cine_of(node)
    if frame is None or cine is None:
        return place_of(node, node, None, image)
    pictures = None if image is None else cine_of(image)
    below = pictures.node(frame) if pictures is not None and len(pictures) == len(cine) else None
    return place_of(node, cine.node(frame), frame, below)


def _end_of(clip: SceneClip, where: str) -> int | None:
    """The frame of a cine that is end-diastole or end-systole, as its place says."""
    told = clip.told(areas=True)
    if not told.is_cine:
        return None
    (diastole, systole), doubts = ends_of(told)
    frame = diastole if where.endswith("ED") else systole
    if frame is None:
        raise InputError("; ".join(doubts) or f"'{told.name}' has no label map of its frames; segment all of them.")
    return frame


def _clip_holding(scene: Any, node: Any) -> SceneClip:
    """The clip that a chosen node is the image or the label map of."""
    found = next((clip for clip in clips_in(scene) if clip.holds(node)), None)
    if found is not None:
        # Of several label maps of an image, the chosen one counts.
        return found if node is found.image else SceneClip(found.image, node)
    image = reference_of(node)
    return SceneClip(node) if image is node else SceneClip(image, node)


def _keep(found: Measured, scene: Any, study: PatientClips, hand: Chosen) -> None:
    """Puts what was measured into the patient's folder, and lets its items know what they are."""
    measured: dict[Any, list[str]] = {}
    for where, place in found.places.items():
        measured.setdefault(place.node, []).append(where)
    folders = []
    for node, places in measured.items():
        clip, where = _clip_holding(scene, node), places[0]
        filled = None if where in hand else study.filling.places[where]
        frames = [found.frames[each] for each in places]
        for own in filter(None, (clip.image, clip.label_map)):
            folders.append(put_into_folder(own, clip.told(areas=False).patient))
            tell(
                own,
                view=where.partition(" ")[0],
                phase=", ".join(each.partition(" ")[2] for each in places),
                view_from=SET if filled is None else filled.view_from,
                phase_from=SET if filled is None else filled.phase_from,
                pixel_size="unknown" if frames[0].spacing is None else "trusted",
                light=worst(frame.light for frame in frames).color,
            )
    folder = next((each for each in folders if each is not None), None)
    if folder is not None:
        tell_folder(tree_of(next(iter(measured))), folder, found.study.light.color)
