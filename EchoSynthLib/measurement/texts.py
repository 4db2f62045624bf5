"""Measurements as a cardiologist reads them: EDV and ESV, septal and lateral, cm2, as many digits as mean something."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from EchoSynthLib.anatomy.structures import CamusCode
from EchoSynthLib.anatomy.views import VIEWS
from EchoSynthLib.measurement.frame import FrameMeasures
from EchoSynthLib.measurement.quantities import DEFINITIONS, Measurement
from EchoSynthLib.measurement.reliability.traffic_light import STRUCTURES, Light
from EchoSynthLib.measurement.study import Study

SIDES = {view.name: view.walls for view in VIEWS if view.walls is not None}
"""Walls on the left and the right of an apical image."""

STRUCTURE_NAMES = {"LV": "left ventricle", "LA": "left atrium"}

HEADLINES = (
    "EF, biplane discs",
    "LV volume, biplane discs",
    "EF, discs",
    "LV volume, discs",
    "FAC",
    "ED frame",
    "ES frame",
    "LV length",
    "LV area",
    "LA area",
    "wall thickness, mean",
)
"""The most telling measurements: of what all frames give together, or of a lone frame."""

_CM2 = 100.0  # mm2
_VOLUMES = {"ED": "EDV", "ES": "ESV"}


@dataclass(frozen=True)
class Worded:
    """A measurement in words.

    Attributes:
        label: what it is called.
        value: rounded to the digits that mean something, in `unit`.
        text: of the value.
        unit: mm, cm2, ml, %, px or px2; '' for ratios and numbers.
        place: where it was measured, never ''.
        between: what it truly lies between nine times of ten, '52 to 61' in `unit`; '' where that is not known.
    """

    label: str
    value: float
    text: str
    unit: str
    place: str
    between: str = ""

    def __str__(self) -> str:
        return f"{self.label} {self.text}{self.unit and ' ' + self.unit}"


def worded(entry: Measurement, study: Study) -> Worded:
    """A measurement of a study in words."""
    phase, view = _phase(entry.where, study), _view(entry.where, study)
    value, unit = (entry.value / _CM2, "cm2") if entry.unit == "mm2" else (entry.value, entry.unit.replace("1", ""))
    digits = _digits(entry, unit, value)
    text, between = f"{value:.{digits}f}", ""
    if entry.low is not None and entry.high is not None:
        between = " to ".join(f"{end / (_CM2 if unit == 'cm2' else 1):.{digits}f}" for end in (entry.low, entry.high))
    return Worded(_label(entry.name, phase, view), float(text), text, unit, _place(entry.where, study), between)


def headline(study: Study) -> str:
    """The most telling measurements of a study in a few words, fractions and volumes with what they lie between."""
    return "; ".join(f"{one} (truly {between})" if between else one for one, between in headlines(study))


def headlines(study: Study) -> list[tuple[str, str]]:
    """The most telling measurements, and between what fractions and volumes truly lie nine times of ten, '51 to 67'.

    Of one frame of a cine alone, the first of them names it.
    """
    ends = [] if study.cycle is None else [f"frame {end.frame}" for end in (study.cycle.diastole, study.cycle.systole)]
    told = [
        entry
        for entry in study.table
        if (entry.name in HEADLINES and (entry.where not in study.frames or len(study.frames) == 1))
        or (entry.name == "LV volume, discs" and entry.where in ends)
    ]
    # Of several beats, the means over them stand for the ends of the first.
    if any(entry.where == "cine ED" for entry in told):
        told = [entry for entry in told if entry.where not in ends]
    told = [entry for entry in told if not entry.where.startswith("beat ")]
    told.sort(key=lambda entry: HEADLINES.index(entry.name))
    words = []
    for entry in told:
        one = worded(entry, study)
        place = "" if _goes_without_saying(one, entry.where) else f" ({one.place})"
        between = one.between if one.unit in ("%", "ml") else ""
        words.append((f"{one.label}{place} {one.text}{one.unit and ' ' + one.unit}", between))
    alone = [frame.number for frame in study.frames.values()] if len(study.frames) == 1 else [None]
    if words and alone[0] is not None:
        words[0] = (f"frame {alone[0]}: {words[0][0]}", words[0][1])
    return words


def _goes_without_saying(one: Worded, where: str) -> bool:
    """Whether a measurement's place is told by its name, or is all that was measured."""
    if " + " in where:
        return True
    return where[:3] not in SIDES and (where in ("", "cine") or one.label.startswith(tuple(_VOLUMES.values())))


def told_lights(study: Study) -> list[tuple[str, Light]]:
    """The lights that are worth telling: one for all, or ventricle and atrium apart where they differ."""
    own = study.structure_lights
    if not any(_tells_of_atrium(study.frames[where]) for where in study.rests_on):
        del own["LA"]
    if len({light.color for light in own.values()}) == 1:
        return [("", study.light)]
    return [(STRUCTURE_NAMES[structure], light) for structure, light in own.items()]


def lights_by_structure(study: Study) -> list[tuple[str, Light]]:
    """The lights of 'LV' and, where a frame tells of the atrium, of 'LA': a yellow one does not hide a green one."""
    own = study.structure_lights
    tells = any(_tells_of_atrium(study.frames[where]) for where in study.rests_on)
    return [(name, light) for name, light in own.items() if name != "LA" or tells]


def reasons_of(study: Study, structures: Sequence[str] = STRUCTURES) -> list[str]:
    """Why lights are not green, each reason once, with the structure it concerns alone and the frames it was found in.

    Where all are green, what that rests on.
    """
    lights = {name: study.structure_lights[name] for name in structures}
    if all(light.color == "green" for light in lights.values()):
        return [next(iter(lights.values())).reasons[0]]
    concerned: dict[str, list[str]] = {}
    for name, light in lights.items():
        for reason in light.reasons if light.color != "green" else ():
            concerned.setdefault(reason, []).append(name)
    told = []
    for reason, names in concerned.items():
        places = [where for where in study.rests_on if reason in study.frames[where].light.reasons]
        several = len(study.rests_on) > 1
        prefix = [*(names if len(names) < len(lights) else ()), *([", ".join(places)] if several and places else ())]
        told.append(f"{', '.join(prefix)}: {reason}" if prefix else reason)
    return told


def _tells_of_atrium(frame: FrameMeasures) -> bool:
    found = bool((frame.labels == CamusCode.LEFT_ATRIUM).any())
    return found or any(finding.structure == "LA" for finding in frame.findings)


def _label(name: str, phase: str, view: str | None) -> str:
    if name.startswith("LV volume, ") and phase:
        return name.replace("LV volume", _VOLUMES[phase])
    for number, side in enumerate(("left", "right")):
        if name.startswith("wall thickness, ") and name.endswith(f" {side}"):
            wall = SIDES[view][number] if view in SIDES else f"{side} in the image"
            return name.removesuffix(side) + wall
    return name


def _digits(entry: Measurement, unit: str, value: float) -> int:
    quantity = DEFINITIONS[entry.name].quantity
    if quantity == "number" or unit in ("px2", "%", "ml"):
        return 1 if unit == "ml" and abs(value) < 10 else 0
    return 2 if quantity == "ratio" else 1


def _phase(where: str, study: Study) -> str:
    """'ED' or 'ES' where a place is one, else ''."""
    return where[-2:] if where.endswith((" ED", " ES")) else study.phases.get(where, "")


def _view(where: str, study: Study) -> str | None:
    frame = study.frames.get(where)
    return frame.view if frame is not None else None


def _place(where: str, study: Study) -> str:
    if where:
        phase = _phase(where, study)
        return f"{where} ({phase})" if phase and where.startswith("frame") else where
    frame = study.frames.get(where)
    if frame is None or (frame.number is None and frame.view is None):
        return "frame"
    number = "frame" if frame.number is None else f"frame {frame.number}"
    return f"{frame.view} {number}" if frame.view else number
