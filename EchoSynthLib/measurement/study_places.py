"""Which of a patient's frames and cines are the four of a biplane study, by what is set, named, seen and measured."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from EchoSynthLib.anatomy.views import BIPLANE, LONG_AXIS
from EchoSynthLib.errors import InputError
from EchoSynthLib.images.clip_names import ClipName, same_patient, told_by_name, untaken_view
from EchoSynthLib.measurement.cycle import find_cycle

VIEWS, PHASES = tuple(view.name for view in BIPLANE), ("ED", "ES")
PLACES = tuple(f"{view} {phase}" for view in VIEWS for phase in PHASES)

SET, NAME, MODEL, AREA = "set", "name", "classifier", "area"
"""Where a view or a phase comes from, the weightiest first: set by hand, the name, what a model sees, the LV's area."""
SEEN_OTHERWISE = "but the classifier sees"
"""In a contradiction that the traffic light tells too, once the frame is measured."""


@dataclass(frozen=True, eq=False)
class Clip:
    """A frame or a cine that may be one of a patient's views.

    Attributes:
        name: of its file or node.
        folder: the patient that its study folder tells; '' where it lies in none, then its name tells.
        view, phase: as somebody set them, else ''.
        seen: the view that a model sees, '' where none has looked yet.
        areas: of the left ventricle, one a frame; () where there is no label map yet, NaN or 0 in frames without one.
        scale: areas are compared where this is the same, as 'mm2', or pixels of one picture size.
        frames: their number.
        frame_time: milliseconds from frame to frame of a cine, where they are known.
        ends: frames of end-diastole and end-systole of a cine, where they are known already.
    """

    name: str
    folder: str = ""
    view: str = ""
    phase: str = ""
    seen: str = ""
    areas: Sequence[float] = ()
    scale: Hashable = "mm2"
    frames: int = 1
    frame_time: float | None = None
    ends: tuple[int, int] | None = None

    @cached_property
    def told(self) -> ClipName:
        """What its name tells."""
        return told_by_name(self.name)

    @cached_property
    def patient(self) -> str:
        """Whose it is, '' where nothing tells."""
        # A long-axis view fills no place here, and is the same patient's.
        return self.folder or told_by_name(self.name, (LONG_AXIS,)).patient

    @property
    def is_cine(self) -> bool:
        """Whether it has several frames."""
        return self.frames > 1

    @property
    def view_from(self) -> tuple[str, str]:
        """The view, and where it comes from; ('', '') where nothing tells, or the name tells another one."""
        # A model that knows two views sees one of them in any other, too.
        seen = "" if untaken_view(self.name) else self.seen
        told = ((self.view, SET), (self.told.view, NAME), (seen, MODEL))
        return next(((view, source) for view, source in told if view), ("", ""))

    @property
    def phase_from(self) -> tuple[str, str]:
        """The phase of a frame, and where it comes from; ('', '') where nothing tells, and of a cine: it has both."""
        told = () if self.is_cine else ((self.phase, SET), (self.told.phase, NAME))
        return next(((phase, source) for phase, source in told if phase), ("", ""))


@dataclass(frozen=True)
class Filled:
    """What stands in a place of the study.

    Attributes:
        clip: its index among those that were given.
        view_from, phase_from: where its view and its phase come from: `SET`, `NAME`, `MODEL`, `AREA`.
        frame: of a cine; None where it is no cine, or has no label maps yet.
    """

    clip: int
    view_from: str
    phase_from: str
    frame: int | None = None


@dataclass(frozen=True)
class Filling:
    """The places that could be filled, and what is to be told of them.

    Attributes:
        places: by '4CH ED', '4CH ES', '2CH ED', '2CH ES'.
        doubts: where what is known contradicts itself, or does not suffice.
    """

    places: dict[str, Filled]
    doubts: tuple[str, ...]


def fill_places(clips: Sequence[Clip]) -> Filling:
    """Sorts one patient's clips into the four places.

    The view is the one that was set, else that of the name, else the one that a model sees; so is the phase, which
    areas tell where nothing else does: end-diastole is the largest, end-systole the smallest. A cine has both, each of
    them the end of its first beat.
    """
    places: dict[str, Filled] = {}
    doubts: list[str] = []
    for view in VIEWS:
        ours = [index for index, clip in enumerate(clips) if clip.view_from[0] == view]
        filled, told = _phases_of(view, ours, clips)
        places |= {f"{view} {phase}": filled[phase] for phase in PHASES if phase in filled}
        doubts += told
    chosen = {where: clips[filled.clip] for where, filled in places.items()}
    return Filling(places, tuple(dict.fromkeys([*doubts, *contradictions(chosen)])))


def contradictions(chosen: Mapping[str, Clip]) -> list[str]:
    """What speaks against clips standing where they stand, {'4CH ED': clip, ...}, whoever chose them."""
    told = []
    for whose in ({where: clip.folder for where, clip in chosen.items()}, _named_patients(chosen)):
        patients = {where: patient for where, patient in whose.items() if patient}
        names = {patient.casefold(): patient for patient in patients.values()}
        if len(names) > 1:
            places = {key: [where for where in patients if same_patient(patients[where], key)] for key in names}
            each = "; ".join(f"{', '.join(places[key])} of {name}" for key, name in names.items())
            told.append(f"frames of {len(names)} patients are measured together: {each}")
            break
    for where, clip in chosen.items():
        view, _, phase = where.partition(" ")
        named = clip.told
        if named.view and named.view != view:
            told.append(f"{clip.name} is named {named.view}, and taken for {view}")
        if clip.seen and clip.seen != view:
            told.append(f"{clip.name} is taken for {view}, {SEEN_OTHERWISE} {clip.seen}")
        if named.phase and named.phase != phase and not clip.is_cine:
            told.append(f"{clip.name} is named {named.phase}, and taken for {phase}")
    return list(dict.fromkeys(told))


def _named_patients(chosen: Mapping[str, Clip]) -> dict[str, str]:
    return {where: clip.told.patient for where, clip in chosen.items()}


def by_patient(clips: Sequence[Clip]) -> dict[str, list[int]]:
    """The indices of each patient's clips; '' holds those of which nothing tells the patient."""
    groups: dict[str, list[int]] = {}
    for index, clip in enumerate(clips):
        known = next((patient for patient in groups if same_patient(patient, clip.patient)), clip.patient)
        groups.setdefault(known, []).append(index)
    return groups


def _phases_of(view: str, ours: Sequence[int], clips: Sequence[Clip]) -> tuple[dict[str, Filled], list[str]]:
    """End-diastole and end-systole of one view among its clips."""
    filled: dict[str, Filled] = {}
    doubts: list[str] = []
    for phase in PHASES:
        named = [index for index in ours if clips[index].phase_from[0] == phase]
        # What somebody set outweighs names.
        named = [index for index in named if clips[index].phase_from[1] == SET] or named
        if named:
            chosen = named[0] if len(named) == 1 else _extreme(named, clips, phase) or named[0]
            filled[phase] = Filled(chosen, clips[chosen].view_from[1], clips[chosen].phase_from[1])
        if len(named) > 1:
            names = " and ".join(clips[index].name for index in named)
            doubts.append(f"{names} are all {view} {phase}; {clips[filled[phase].clip].name} is taken")
    cines = [index for index in ours if clips[index].is_cine]
    if not filled and cines:
        if len(cines) > 1:
            names = " and ".join(clips[index].name for index in cines)
            doubts.append(f"{names} are all cines of {view}; {clips[cines[0]].name} is taken")
        ends, told = ends_of(clips[cines[0]])
        filled = {
            phase: Filled(cines[0], clips[cines[0]].view_from[1], AREA, frame)
            for phase, frame in zip(PHASES, ends, strict=True)
        }
        doubts += told
    untold = [index for index in ours if not clips[index].is_cine and not clips[index].phase_from[0]]
    found, told = _by_area(view, untold, clips, filled)
    return filled | found, [*doubts, *told]


def _by_area(
    view: str, untold: Sequence[int], clips: Sequence[Clip], filled: Mapping[str, Filled]
) -> tuple[dict[str, Filled], list[str]]:
    """The places of a view that are still empty, from the frames whose phase nothing else tells."""
    empty = [phase for phase in PHASES if phase not in filled]
    if not empty or not untold or not all(clips[index].areas for index in untold):
        return {}, []
    others = [place.clip for place in filled.values()]
    together = [*untold, *others]
    names = " and ".join(clips[index].name for index in untold)
    if len(together) < len(PHASES):
        return {}, [f"{names} is the only frame of {view}: nothing tells whether it is ED or ES"]
    found: dict[str, Filled] = {}
    for phase in empty:
        chosen = _extreme(together, clips, phase)
        if chosen is None:
            return {}, [f"the areas of {names} tell no phase: set which is ED and which ES"]
        if chosen in others:
            larger = "larger" if phase == "ED" else "smaller"
            return {}, [f"{names} is taken for neither phase of {view}: {clips[chosen].name} is {larger}"]
        found[phase] = Filled(chosen, clips[chosen].view_from[1], AREA)
    left = [clips[index].name for index in untold if index not in [place.clip for place in found.values()]]
    return found, [
        f"{' and '.join(left)} is neither the largest nor the smallest of {view}, and left out"
    ] if left else []


def _extreme(indices: Sequence[int], clips: Sequence[Clip], phase: str) -> int | None:
    """The frame with the largest ventricle for ED, with the smallest for ES; None where they cannot be compared."""
    sizes = {index: clips[index].areas[0] for index in indices if clips[index].areas and clips[index].areas[0] > 0}
    scales = {clips[index].scale for index in indices}
    if len(sizes) < len(indices) or len(scales) > 1 or len(set(sizes.values())) == 1:
        return None
    return (max if phase == "ED" else min)(sizes, key=lambda index: sizes[index])


def ends_of(clip: Clip) -> tuple[tuple[int | None, int | None], list[str]]:
    """The frames of a cine that are end-diastole and end-systole, None where nothing tells, and why not."""
    if clip.ends is not None:
        return clip.ends, []
    if not clip.areas:
        return (None, None), []
    try:
        cycle = find_cycle(clip.areas, clip.frame_time)
    except InputError as error:
        return (None, None), [f"{clip.name}: {error}"]
    return (cycle.diastole.frame, cycle.systole.frame), []
