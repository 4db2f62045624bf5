"""What the Measure panel says in words: the most telling numbers, and the traffic light."""

from __future__ import annotations

import re
from html import escape

import numpy as np
from slicer.i18n import tr as _

from EchoSynthJobs.measure import Measured
from EchoSynthJobs.measured_frames import MeasuredFrame
from EchoSynthLib.anatomy.heart2d.endocardium import Points
from EchoSynthLib.measurement import Study, headlines, lights_by_structure, reasons_of
from EchoSynthLib.measurement.reliability.traffic_light import Light
from EchoSynthPanels.colors import LAMPS
from EchoSynthPanels.job_row import WARNING

SMALLEST_MOVE = 1e-3
"""Pixels; less is rounding on the way into the scene and back."""

POINTS = tuple(f"P{number}" for number in range(1, 8))

_IN_SHORT = (
    (r"it was given as (\w+), but the model sees (\w+); are .*", _("given as \\1, seen as \\2; exchanged?")),
    (r"the segmenter is unsure: .*", _("uncertain outlines; check them")),
    (r"the contour model draws .*", _("the contour model draws the endocardium elsewhere; check it")),
    (r"the places of the endocardium's .*", _("mitral plane and apex are uncertain; check the endocardium")),
    (r"the segmentation changes when .*", _("the segmentation is unsteady; check the outlines")),
    (r"the segmenter draws it otherwise: .*", _("the label map differs from what the segmenter sees")),
    (r"\d+ % of the left ventricle's border .*", _("the wall around the left ventricle is open")),
    (r"(?<=outline is notched): .*", ""),
    (r"(?<=sector): its area and volumes .*", _("; area and volumes are too small")),
    (r"(?<=sector): its length and volume .*", _("; no length and volume")),
    (r"(may be foreshortened at \w+): .*", r"\1"),
    (r"(the cavity of frame .*), by \d+ %; look at both", r"\1; look at both"),
)
"""What begins a reason of the traffic light that tells numbers of ours, and what a cardiologist reads in its place."""
_SHOWN = 3  # reasons in the panel
_MAIN = ("EF", "EDV", "ESV")
_LESS = "FAC"
"""Of areas alone, what the ejection fraction says of volumes: not beside it."""


def needs_label_map(measured: Measured) -> str:
    """What cannot be measured where there is no label map, '' where there is one everywhere."""
    if not any(place.bare for place in measured.places.values()):
        return ""
    return _("wall and left atrium need a label map")


def point_labels(place: MeasuredFrame, points: Points) -> list[str]:
    """The names of the endocardium's points; of those that lie where the contour model put them with their spread."""
    if place.contour is None:
        return list(POINTS)
    contour = place.contour
    spreads, unit = (contour.spread, "px") if contour.spread_mm is None else (contour.spread_mm, "mm")
    moved = np.abs(points - contour.endocardium.points).max(axis=1) >= SMALLEST_MOVE
    return [
        name if by_hand else f"{name} ± {spread:.1f} {unit}"
        for name, spread, by_hand in zip(POINTS, spreads, moved, strict=True)
    ]


def told_result(measured: Measured) -> str:
    """The most telling numbers as rich text, what is looked for first in bold with its 90 % interval, and what is not
    measured, and why; the table has the other intervals."""
    found = headlines(measured.study)
    first = [each for each in found if each[0].startswith(_MAIN)][: len(_MAIN)]
    main = [f"{told} ({between})" if between else told for told, between in first]
    beside = [told for told, _between in found if told not in {words for words, _between in first}]
    if main:
        beside = [told for told in beside if not told.startswith(_LESS)]
    rest = [*beside, needs_label_map(measured)]
    lines = [f"<b>{escape('; '.join(main))}</b>" if main else "", escape("; ".join(filter(None, rest)))]
    if any(frame.spacing is None for frame in measured.frames.values()):
        unknown = _("No volumes, and lengths in pixels: the pixel size is unknown; calibrate above")
        lines.append(f'<span style="color:{WARNING}">{unknown}</span>')
    return "<br>".join(filter(None, lines))


def lamps(study: Study) -> str:
    """The lights of ventricle and atrium side by side, below them in short why they are so, as rich text."""
    shown = "&nbsp;&nbsp;&nbsp;".join(_lamp(light, structure) for structure, light in lights_by_structure(study))
    reasons = list(dict.fromkeys(map(in_short, _reasons(study))))
    more = len(reasons) - _SHOWN
    lines = [shown, *map(escape, reasons[:_SHOWN])]
    return "<br>".join(
        [*lines, _("and {count} more, in the tooltip and the report").format(count=more)] if more > 0 else lines
    )


def reasons_in_full(study: Study) -> str:
    """Why the lights are so, with all numbers."""
    return "\n".join(_reasons(study))


def in_short(reason: str) -> str:
    """A reason of the traffic light in words of the clinic; where it was found stays before it."""
    for told, short in _IN_SHORT:
        reason = re.sub(told, short, reason)
    return reason


def _reasons(study: Study) -> list[str]:
    return [*reasons_of(study, [structure for structure, _light in lights_by_structure(study)]), *study.warnings]


def _lamp(light: Light, structure: str) -> str:
    return f'<span style="color:{LAMPS[light.color]}">&#9679;</span> {structure} <b>{light.color}</b>'
