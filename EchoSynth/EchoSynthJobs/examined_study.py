"""What is done with an examination as a whole: its apical clips are segmented, its study is measured."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from EchoSynthJobs.examine import bring_into_scene
from EchoSynthJobs.job import Job, each_report, saying
from EchoSynthJobs.measure import Measured
from EchoSynthJobs.segment_first import segment_first
from EchoSynthJobs.study import PatientClips, clips_of_patient, measure_study
from EchoSynthLib.anatomy.views import BIPLANE, view_names
from EchoSynthLib.client import Client
from EchoSynthLib.errors import Cancelled, InputError
from EchoSynthLib.images.clip_names import same_patient, told_by_name
from EchoSynthLib.images.formats import stem_of
from EchoSynthLib.measurement.study_places import PHASES, SET
from EchoSynthMRML.cines import cine_of
from EchoSynthMRML.examinations import ExaminedClip, clips_of
from EchoSynthMRML.study_clips import clips_in


@dataclass
class SegmentedClips:
    """What segmenting an examination gave.

    Attributes:
        volumes, segmentations: of each clip that has a label map now.
        record: under "warnings" what was left out or failed, and why.
    """

    volumes: list[Any] = field(default_factory=list)
    segmentations: list[Any] = field(default_factory=list)
    record: dict[str, Any] = field(default_factory=lambda: {"warnings": []})


def apical_clips(clips: Sequence[ExaminedClip]) -> list[ExaminedClip]:
    """Those that are segmented: of a view that a segmenter takes, and trusted unless a user told the view."""
    taken = view_names("segmentation")
    return [clip for clip in clips if clip.view_from[0] in taken and not clip.failure and _is_trusted(clip)]


def segment_apical(scene: Any, client: Client, node: Any) -> Job[SegmentedClips]:
    """Segments all frames of the apical clips of an examination; what has a label map already keeps it.

    A clip that fails costs the others nothing. Cancelled, it leaves what is done.

    Raises:
        InputError: there is no such clip.
    """
    clips = clips_of(node)
    wanted = apical_clips(clips)
    if not wanted:
        raise InputError("No clip shows a view that can be segmented; where the view is wrong, correct it first.")
    found = SegmentedClips()
    taken = view_names("segmentation")
    doubted = [
        clip.title for clip in clips if clip.view_from[0] in taken and not clip.failure and not _is_trusted(clip)
    ]
    if doubted:
        found.record["warnings"].append(f"not trusted, and left out: {', '.join(doubted)}; to take one, set its view")
    for number, clip in enumerate(wanted):
        part = f"{clip.title} ({number + 1} of {len(wanted)})"
        job = _of_all(_one(scene, client, node, clip, part), number, len(wanted))
        try:
            volume, label_map = yield from job
        except Cancelled:
            raise
        except InputError as error:
            found.record["warnings"].append(f"{clip.title}: {error}")
        else:
            found.volumes.append(volume)
            found.segmentations.append(label_map)
    return found


def measure_examination(
    scene: Any, client: Client, node: Any, chosen: int | None = None, *, judge: bool = True
) -> Job[Measured]:
    """Measures the study of an examination: the best clips of both views fill its places.

    Frames that are named end-diastole and end-systole come first, then the cine of the view that was set, or that is
    seen most clearly.

    Args:
        scene, client, node: whose clips they are, and whose worker segments what has no label map.
        chosen: a clip of the patient, where the examination has several; None takes the first with both views.
        judge: whether the models are asked how far to rely on it.

    Raises:
        InputError: no clip shows one of the views; and what `measure_study` raises.
    """
    clips = _of_one_patient(clips_of(node), chosen)
    best = [clip for view in BIPLANE for clip in best_of_view(clips, view.name)]
    if not best:
        raise InputError("No clip shows two or four chambers; where the view is wrong, correct it first.")
    volumes: dict[str, Any] = {}
    for number, clip in enumerate(best):
        told = f"opening {clip.title} ({number + 1} of {len(best)})"
        volume = yield from saying(bring_into_scene(scene, client, node, clip.number), told)
        # A cine has both phases; of several in the scene the first would be taken.
        volumes |= {f"{clip.view_from[0]} {phase}": volume for phase in PHASES if clip.is_cine}
    first = next(iter(volumes.values()), None) or (yield from bring_into_scene(scene, client, node, best[0].number))
    study = clips_of_patient(scene, first)
    # The others would be found without being told.
    hand = {where: volume for where, volume in volumes.items() if not _stands_in(study, where, volume)}
    return (yield from measure_study(scene, client, hand, first, judge_by=client if judge else None))


def best_of_view(clips: Sequence[ExaminedClip], view: str) -> list[ExaminedClip]:
    """What is measured of a view: frames of both phases, the best cine, or all frames there are."""
    ours = [clip for clip in clips if clip.view_from[0] == view and not clip.failure and _is_trusted(clip)]
    frames = [clip for clip in ours if not clip.is_cine]
    named = [clip for clip in frames if told_by_name(stem_of(clip.row["file"])).phase]
    if {told_by_name(stem_of(clip.row["file"])).phase for clip in named} == set(PHASES):
        return named
    cines = [clip for clip in ours if clip.is_cine]
    return [max(cines, key=_worth)] if cines else frames


def _worth(clip: ExaminedClip) -> tuple[bool, bool, float]:
    """What makes a clip better than others of its view."""
    return clip.view_from[1] == SET, clip.pixel_size is not None, (clip.row.get("trust") or 1) * (clip.share or 0)


def _is_trusted(clip: ExaminedClip) -> bool:
    return clip.light != "red" or clip.view_from[1] == SET


def _of_one_patient(clips: Sequence[ExaminedClip], chosen: int | None) -> list[ExaminedClip]:
    """The clips of the patient of a chosen one, or of the first with both views, and those that tell nobody."""

    def patient(clip: ExaminedClip) -> str:
        return told_by_name(stem_of(clip.row["file"])).patient

    patients = list(dict.fromkeys(filter(None, map(patient, clips))))
    own = {
        name: [clip for clip in clips if not patient(clip) or same_patient(patient(clip), name)] for name in patients
    }
    if not own:
        return list(clips)
    if chosen is not None and patient(clips[chosen]):
        return own[patient(clips[chosen])]
    both = (ours for ours in own.values() if all(best_of_view(ours, view.name) for view in BIPLANE))
    return next(both, next(iter(own.values())))


def _stands_in(study: PatientClips, where: str, volume: Any) -> bool:
    place = study.filling.places.get(where)
    return place is not None and study.clips[place.clip].holds(volume)


def _of_all(job: Job[Any], number: int, total: int) -> Job[Any]:
    """A job whose bar is that of all clips."""
    kept = f"the label maps of {number} of {total} clips stay" if number else ""
    return each_report(job, lambda report: replace(report, done=number, total=total, kept=kept))


def _one(scene: Any, client: Client, node: Any, clip: ExaminedClip, part: str) -> Job[tuple[Any, Any]]:
    opening = bring_into_scene(scene, client, node, clip.number)
    volume = yield from saying(opening, f"opening {part}")
    drawn = next((each.label_map for each in clips_in(scene) if each.image is volume), None)
    if drawn is not None:
        return volume, drawn
    cine = cine_of(volume)
    job = segment_first(scene, client, volume, cine is not None and len(cine) > 1)
    return volume, (yield from saying(job, f"segmenting {part}"))
