"""What the Measure panel says in words: the most telling numbers, and the traffic light."""

from __future__ import annotations

from html import escape

import numpy as np
from slicer.i18n import tr as _

from EchoSynthJobs.measure import Measured
from EchoSynthJobs.measured_frames import MeasuredFrame
from EchoSynthLib.anatomy.heart2d.endocardium import Points
from EchoSynthLib.measurement import Study, told_lights
from EchoSynthLib.measurement.reliability.traffic_light import Light

SMALLEST_MOVE = 1e-3
"""Pixels; less is rounding on the way into the scene and back."""

POINTS = tuple(f"P{number}" for number in range(1, 8))
_LAMPS = {"green": "#2e8b57", "yellow": "#d9a400", "red": "#c0392b"}


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


def lamps(study: Study) -> str:
    """The traffic lights of a study and their reasons as rich text, and what else is to be known."""
    told = [lamp(light, structure) for structure, light in told_lights(study)]
    return "<br>".join([*told, *map(escape, study.warnings)])


def lamp(light: Light, structure: str = "") -> str:
    """A traffic light, of a structure alone where one is named, and its reasons as rich text."""
    named = f"{structure}: " if structure else ""
    reasons = "; ".join(map(escape, light.reasons))
    return f'<span style="color:{_LAMPS[light.colour]}">&#9679;</span> {named}<b>{light.colour}</b>: {reasons}'
