"""What the Measure panel says in words: the most telling numbers, and the traffic light."""

from __future__ import annotations

from html import escape

import numpy as np
from slicer.i18n import tr as _

from EchoSynthJobs.measure import Measured
from EchoSynthJobs.places import Place
from EchoSynthLib.anatomy.endocardium import Points
from EchoSynthLib.measurement import Study
from EchoSynthLib.measurement.traffic_light import Light

HEADLINES = (
    "EF, biplane discs",
    "LV volume, biplane discs",
    "EF, discs",
    "FAC",
    "ED frame",
    "ES frame",
    "LV length",
    "LV area",
    "LV volume, discs",
    "LA area",
    "wall thickness, mean",
)
"""The measurements that the panel itself tells, of what all frames give together, or of a lone frame."""

SMALLEST_MOVE = 1e-3
"""Pixels; less is rounding on the way into the scene and back."""

POINTS = tuple(f"P{number}" for number in range(1, 8))
_LAMPS = {"green": "#2e8b57", "yellow": "#d9a400", "red": "#c0392b"}


def headline(study: Study) -> str:
    """The most telling measurements of a study in a few words."""
    cycle = study.cycle
    ends = () if cycle is None else tuple(f"frame {end.frame}" for end in (cycle.diastole, cycle.systole))
    told = [
        entry
        for entry in study.table
        if (entry.name in HEADLINES and (entry.where not in study.frames or len(study.frames) == 1))
        or (entry.name == "LV volume, discs" and entry.where in ends)
    ]
    told.sort(key=lambda entry: HEADLINES.index(entry.name))
    return "; ".join(
        f"{entry.name}{f' ({entry.where})' if entry.where not in ('', 'cine') else ''} {entry.value:.4g}"
        f"{'' if entry.unit == '1' else ' ' + entry.unit}"
        for entry in told
    )


def needs_label_map(measured: Measured) -> str:
    """What cannot be measured where there is no label map, '' where there is one everywhere."""
    if not any(place.bare for place in measured.places.values()):
        return ""
    return _("wall and left atrium need a label map")


def point_labels(place: Place, points: Points) -> list[str]:
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


def lamp(light: Light) -> str:
    """A traffic light and its reasons as rich text."""
    reasons = "; ".join(map(escape, light.reasons))
    return f'<span style="color:{_LAMPS[light.colour]}">&#9679;</span> <b>{light.colour}</b>: {reasons}'
