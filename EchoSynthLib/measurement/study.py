"""Several frames together: a cine, or a patient's views at end-diastole and end-systole."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np

from EchoSynthLib.anatomy.views import BIPLANE, FOUR_CHAMBER, TWO_CHAMBER
from EchoSynthLib.errors import InputError
from EchoSynthLib.measurement.beats import PHASES, cycle_of, doubts_of_cycle, regular, told_of_cycle
from EchoSynthLib.measurement.bounded import repeat_of, with_intervals
from EchoSynthLib.measurement.cavity import Cavity, implausible
from EchoSynthLib.measurement.chambers import (
    Chamber,
    biplane_area_length_volume,
    biplane_disc_volume,
    ejected,
)
from EchoSynthLib.measurement.cycle import Cycle
from EchoSynthLib.measurement.frame import FrameMeasures
from EchoSynthLib.measurement.quantities import Measurement, measurement
from EchoSynthLib.measurement.reliability.ejection import cine_findings, fraction_findings
from EchoSynthLib.measurement.reliability.foreshortening import length_findings, shortening_findings
from EchoSynthLib.measurement.reliability.phases import exchange_findings, exchanged, is_exchanged, missed_ends
from EchoSynthLib.measurement.reliability.traffic_light import STRUCTURES, Finding, Light, light_of, lights_of, worst
from EchoSynthLib.records import with_warnings

BOTH = f"{TWO_CHAMBER.name} + {FOUR_CHAMBER.name}"

_RATIOS = {
    "EF, discs": "LV volume, discs",
    "EF, area-length": "LV volume, area-length",
    "FAC": "LV area",
    "LV shortening": "LV length",
}


@dataclass(frozen=True, eq=False)
class Study:
    """Measurements that belong together.

    Attributes:
        frames: what each frame shows, by where it is: '4CH ED', 'frame 0'; '' for a lone frame.
        table: every measurement: those of the frames, then those of all together.
        lights: how far to rely on each frame, and on what several make together.
        cycle: end-diastole and end-systole of a cine, else None.
        curves: of a cine, name to one value a frame (NaN where there is none), in the table's units.
        findings: what speaks against what several frames make together.
        ratios: of each beat of a cine, ejection fractions and what is like them, 0 to 1 by name.
        warnings: what a user should know beside the numbers and the lights.
    """

    frames: dict[str, FrameMeasures]
    table: list[Measurement]
    lights: dict[str, Light]
    cycle: Cycle | None = None
    curves: dict[str, list[float]] = field(default_factory=dict)
    findings: tuple[Finding, ...] = ()
    warnings: tuple[str, ...] = ()
    ratios: tuple[dict[str, float], ...] = ()

    @cached_property
    def phases(self) -> dict[str, str]:
        """'ED' or 'ES' of the frames of a cine that are ends of its beats."""
        beats = () if self.cycle is None else self.cycle.beats
        return {f"frame {end.frame}": phase for beat in beats for phase, end in zip(PHASES, beat, strict=True)}

    @property
    def rests_on(self) -> list[str]:
        """Where the frames are that its lights rest on: all, of a cine the ends of its beats."""
        if self.cycle is None:
            return list(self.frames)
        return _ends(self.cycle)

    @property
    def structure_lights(self) -> dict[str, Light]:
        """How far to rely on what is told of the ventricle ('LV') and of the atrium ('LA')."""
        own = [self.frames[where].lights for where in self.rests_on]
        together = lights_of(self.findings, "what the frames make together")
        return {name: worst([*(lights[name] for lights in own), together[name]]) for name in STRUCTURES}

    @property
    def light(self) -> Light:
        """The worst of all; of a cine, of those that its results rest on."""
        return worst(self.lights.values())

    def value(self, name: str, where: str = "") -> float:
        """The value of one measurement; KeyError where there is none."""
        return next_value(self.table, name, where)

    def to_record(self) -> dict[str, Any]:
        """JSON-able: the table, the lights, and a cine's curves and phases."""
        record: dict[str, Any] = {
            "measurements": [vars(entry) for entry in self.table],
            "light": self.light.to_dict(),
            "lights": {where: light.to_dict() for where, light in self.lights.items()},
            "structure_lights": {name: light.to_dict() for name, light in self.structure_lights.items()},
            "views": {where: frame.view for where, frame in self.frames.items() if frame.view is not None},
            "frame_numbers": {where: frame.number for where, frame in self.frames.items() if frame.number is not None},
        }
        judged = [frame for frame in self.frames.values() if frame.trust is not None]
        if judged:
            worst_of = min(judged, key=lambda frame: frame.trust or 0.0)
            record |= {
                "trust": round(worst_of.trust or 0.0, 4),
                "trust_reasons": list(dict.fromkeys(frame.distrust for frame in judged if frame.distrust)),
            }
        if self.cycle is not None:
            record["cycle"] = told_of_cycle(self.cycle, self.ratios)
            record["curves"] = {
                name: [None if np.isnan(value) else value for value in curve] for name, curve in self.curves.items()
            }
        return with_warnings(record, self.warnings)


def next_value(table: Sequence[Measurement], name: str, where: str = "") -> float:
    """The value of the measurement of this name and place; KeyError where there is none."""
    for entry in table:
        if (entry.name, entry.where) == (name, where):
            return entry.value
    raise KeyError(f"{name} ({where})" if where else name)


def study_of_frame(frame: FrameMeasures, where: str = "") -> Study:
    """One frame alone."""
    return Study({where: frame}, with_intervals(frame.table(where), {where: frame}), {where: frame.light})


def study_of_places(frames: Mapping[str, FrameMeasures], frame_time: float | None = None) -> Study:
    """The study of frames by place: '' alone, 'frame 0', 'frame 1' ... of a cine, '4CH ED' ... of a patient.

    Args:
        frame_time: of a cine, milliseconds from frame to frame where they are known.

    Raises:
        InputError: see `study_of_cine` and `study_of_views`.
    """
    if list(frames) == [""]:
        return study_of_frame(frames[""])
    if any(where.startswith("frame ") for where in frames):
        return study_of_cine(list(frames.values()), frame_time)
    views: dict[str, dict[str, FrameMeasures]] = {}
    for where, frame in frames.items():
        view, _, phase = where.partition(" ")
        views.setdefault(view, {})[phase] = frame
    return study_of_views(views)


def study_of_cine(frames: Sequence[FrameMeasures], frame_time: float | None = None) -> Study:
    """The frames of a cine of one view, in their order, with end-diastole, end-systole and what follows from them.

    Of several beats, each has its own ends and ratios, and the cine the means over those that come when they are due
    (Lang et al. 2015 average over beats). ED and ES of the cine are those of its first beat.

    Frames in which nothing is labeled, as they are black at the end of a clip, take no part, nor do those whose
    ventricle none of a heart's can be, judged by the other frames.

    Args:
        frame_time: milliseconds from frame to frame; None assumes a heart of 70 beats a minute.

    Raises:
        InputError: fewer than two frames have a left ventricle.
    """
    frames = [frame if frame.number == i else replace(frame, number=i) for i, frame in enumerate(frames)]
    cavities = [Cavity.of_frame(frame) for frame in frames]
    shown = [bool(frame.labels.any()) for frame in frames]
    cycle = cycle_of(cavities, shown, frame_time)
    beats = [(frames[full.frame], frames[empty.frame]) for full, empty in cycle.beats]
    each = [{"ED frame": full.frame, "ES frame": empty.frame} for full, empty in cycle.beats]
    ratios = [_ratios(*beat) for beat in beats]
    counted = regular(cycle)
    means = _mean([ratios[number] for number in counted])
    together = _entries({**each[0], "beats": len(beats), **means}, beats[0][0], "cine")
    if len(beats) > 1:
        for number, beat in enumerate(beats):
            together += _entries(each[number] | ratios[number], beat[0], f"beat {number + 1}")
        for phase, ends in zip(PHASES, zip(*[beats[number] for number in counted], strict=True), strict=True):
            sizes = [{name: end.values[name] for name in _RATIOS.values() if name in end.values} for end in ends]
            together += _entries(_mean(sizes), ends[0], f"cine {phase}")
    lights = {
        f"{phase}, frame {end.frame}": frames[end.frame].light
        for beat in cycle.beats
        for phase, end in zip(PHASES, beat, strict=True)
    }
    findings = [
        finding
        for beat in beats
        for finding in (*exchange_findings(*beat, "the cine"), *shortening_findings(*beat, "the cine"))
    ]
    findings += [*missed_ends(frames, cycle), *fraction_findings(means, "the cine")]
    findings += cine_findings(frames, [end for beat in beats for end in beat])
    lights["cine"] = light_of(findings, "the lengths at ED and ES")
    named = {f"frame {index}": frame for index, frame in enumerate(frames)}
    table = with_intervals([*_tables(named), *together], named, cycle, repeat_of(cavities, cycle, ratios))
    nothing = [index for index, one in enumerate(shown) if not one]
    warnings = doubts_of_cycle(cycle, nothing, implausible(cavities))
    return Study(named, table, lights, cycle, _curves(frames), tuple(findings), warnings, tuple(ratios))


def places_to_rest_on(cavities: Mapping[str, Cavity | None], frame_time: float | None = None) -> list[str]:
    """Where the frames are that a study rests on, see `Study.rests_on`, before anything but cavities is measured.

    Args:
        cavities: by place as in `study_of_places`; None of a frame in which nothing is labeled.
        frame_time: of a cine, milliseconds from frame to frame where they are known.

    Raises:
        InputError: see `study_of_cine`.
    """
    if not any(where.startswith("frame ") for where in cavities):
        return list(cavities)
    given = list(cavities.values())
    return _ends(cycle_of(given, [one is not None for one in given], frame_time))


def _ends(cycle: Cycle) -> list[str]:
    return [f"frame {frame}" for frame in sorted({end.frame for beat in cycle.beats for end in beat})]


def _mean(beats: Sequence[Mapping[str, float]]) -> dict[str, float]:
    """The mean over the beats of what is known of all of them."""
    return {name: float(np.mean([beat[name] for beat in beats])) for name in beats[0] if all(name in b for b in beats)}


def study_of_views(views: Mapping[str, Mapping[str, FrameMeasures]]) -> Study:
    """A patient's apical views at end-diastole and end-systole: {'4CH': {'ED': ..., 'ES': ...}, '2CH': ...}.

    What can be computed from the frames there are is: ejection fractions need both phases, biplane volumes both views.

    Raises:
        InputError: no frame, or one of another view or phase.
    """
    _check_views(views)
    seen = {view: {phase: frame.seen_as(view) for phase, frame in phases.items()} for view, phases in views.items()}
    frames = {f"{view} {phase}": frame for view, phases in seen.items() for phase, frame in phases.items()}
    lights = {where: frame.light for where, frame in frames.items()}
    together: list[Measurement] = []
    findings: list[Finding] = []
    for view, phases in seen.items():
        if len(phases) == len(PHASES):
            ends = phases["ED"], phases["ES"]
            ratios = _ratios(*ends)
            together += _entries(ratios, ends[0], view)
            found = [*exchange_findings(*ends, view), *shortening_findings(*ends, view)]
            found += fraction_findings(ratios, view)
            lights[view] = light_of(found, "the lengths at ED and ES")
            findings += found
    if len(seen) > 1:
        two_chamber, four_chamber = seen[TWO_CHAMBER.name], seen[FOUR_CHAMBER.name]
        both = {phase: (two_chamber.get(phase), four_chamber.get(phase)) for phase in PHASES}
        pairs = {phase: (two, four) for phase, (two, four) in both.items() if two is not None and four is not None}
        measured, found = _biplane(pairs)
        together += measured
        if found:
            lights[BOTH] = light_of(found, "the volumes at ED and ES")
        lights |= _lights_of_pairs(pairs)
        findings += found
    table = with_intervals([*_tables(frames), *together], frames)
    return Study(frames, table, lights, findings=tuple(findings))


def _check_views(views: Mapping[str, Mapping[str, FrameMeasures]]) -> None:
    strange = [view for view in views if view not in [plane.name for plane in BIPLANE]]
    strange += [phase for phases in views.values() for phase in phases if phase not in PHASES]
    if strange or not any(views.values()):
        raise InputError(
            f"A patient's frames are given as {{'4CH': {{'ED': ..., 'ES': ...}}, '2CH': ...}}; "
            f"given was {', '.join(map(repr, strange)) or 'no frame'}."
        )


def _tables(frames: Mapping[str, FrameMeasures]) -> list[Measurement]:
    return [entry for where, frame in frames.items() for entry in frame.table(where)]


def _entries(values: Mapping[str, float], like: FrameMeasures, where: str) -> list[Measurement]:
    found = (measurement(name, value, like.spacing, where) for name, value in values.items())
    return [entry for entry in found if entry is not None]


def _ratios(diastole: FrameMeasures, systole: FrameMeasures) -> dict[str, float]:
    """Ejection fractions, fractional area change and shortening of one view: ratios, whatever the pixel size.

    None where the ventricle is larger at end-systole.
    """
    if is_exchanged(diastole, systole):
        return {}
    return {
        ratio: ejected(diastole.values[name], systole.values[name])
        for ratio, name in _RATIOS.items()
        if diastole.values.get(name) and name in systole.values
    }


def _biplane(pairs: Mapping[str, tuple[FrameMeasures, FrameMeasures]]) -> tuple[list[Measurement], list[Finding]]:
    entries: list[Measurement] = []
    volumes = {phase: _biplane_volume(two.ventricle, four.ventricle) for phase, (two, four) in pairs.items()}
    wrong = _views_exchanged(pairs)
    if wrong == 1:
        # Each volume would be made of one phase in one view and of the other in the other.
        volumes = dict.fromkeys(volumes)
    for phase, (two, four) in pairs.items():
        where = f"{BOTH} {phase}"
        # Without both pixel sizes a product of both views has no unit.
        known = four if two.spacing is not None and four.spacing is not None else None
        values: dict[str, float] = {}
        volume = volumes[phase]
        if known and volume:
            values["LV volume, biplane discs"] = volume
        if known and two.atrium and four.atrium:
            values["LA volume, biplane discs"] = biplane_disc_volume(two.atrium, four.atrium)
            values["LA volume, biplane area-length"] = biplane_area_length_volume(two.atrium, four.atrium)
        if known and two.ventricle and four.ventricle:
            values["LV length, 2CH over 4CH"] = two.ventricle.length / four.ventricle.length
        entries += _entries(values, four, where)
    diastolic, systolic = volumes.get("ED"), volumes.get("ES")
    if not diastolic or not systolic or not _one_scale(pairs):
        return entries, []
    if wrong or systolic > diastolic:
        return entries, [exchanged(BOTH)]
    ratio = {"EF, biplane discs": ejected(diastolic, systolic)}
    return [*entries, *_entries(ratio, pairs["ED"][1], BOTH)], fraction_findings(ratio, BOTH)


def _views_exchanged(pairs: Mapping[str, tuple[FrameMeasures, FrameMeasures]]) -> int:
    """In how many of the two views the ventricle is larger at end-systole."""
    if len(pairs) < len(PHASES):
        return 0
    return sum(is_exchanged(*ends) for ends in zip(pairs["ED"], pairs["ES"], strict=True))


def _biplane_volume(two: Chamber | None, four: Chamber | None) -> float | None:
    return None if two is None or four is None else biplane_disc_volume(two, four)


def _one_scale(pairs: Mapping[str, tuple[FrameMeasures, FrameMeasures]]) -> bool:
    """Whether lengths of all frames can be compared: all in mm, or all in pixels of one picture size."""
    frames = [frame for pair in pairs.values() for frame in pair]
    if all(frame.spacing is not None for frame in frames):
        return True
    return all(frame.spacing is None for frame in frames) and len({frame.labels.shape for frame in frames}) == 1


def _lights_of_pairs(pairs: Mapping[str, tuple[FrameMeasures, FrameMeasures]]) -> dict[str, Light]:
    lights = {}
    for phase, (two, four) in pairs.items():
        comparable = _one_scale({phase: (two, four)}) and two.spacing is not None
        if comparable and two.ventricle is not None and four.ventricle is not None:
            findings = length_findings(two.ventricle.length, four.ventricle.length, phase)
            lights[f"{BOTH} {phase}"] = light_of(findings, "the lengths in both views")
    return lights


def _curves(frames: Sequence[FrameMeasures]) -> dict[str, list[float]]:
    """Areas and volume over the frames, in the table's units; NaN where there is none."""
    return {
        name: [_in_unit(name, frame) for frame in frames]
        for name in ("LV area", "LV volume, discs", "LV length", "LA area", "LA volume, area-length")
        if frames[0].spacing is not None or "volume" not in name
    }


def _in_unit(name: str, frame: FrameMeasures) -> float:
    entry = measurement(name, frame.values[name], frame.spacing) if name in frame.values else None
    return float("nan") if entry is None else entry.value
