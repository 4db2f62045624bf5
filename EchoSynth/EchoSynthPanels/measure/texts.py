"""What the Measure panel says in words: the most telling numbers, and the traffic light."""

from __future__ import annotations

from html import escape

import numpy as np
from slicer.i18n import tr as _

from EchoSynthJobs.measure import Measured
from EchoSynthJobs.measured_frames import MeasuredFrame
from EchoSynthLib.anatomy.heart2d.endocardium import Points
from EchoSynthLib.measurement import Study, lights_by_structure, reasons_of
from EchoSynthLib.measurement.reliability.traffic_light import Light

SMALLEST_MOVE = 1e-3
"""Pixels; less is rounding on the way into the scene and back."""

POINTS = tuple(f"P{number}" for number in range(1, 8))
LAMPS = {"green": "#2e8b57", "yellow": "#d9a400", "red": "#c0392b"}


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
    """The lights of ventricle and atrium side by side, below them their reasons and warnings, as rich text."""
    lights = dict(lights_by_structure(study))
    shown = "&nbsp;&nbsp;&nbsp;".join(_lamp(light, structure) for structure, light in lights.items())
    return "<br>".join([shown, *map(escape, reasons_of(study, list(lights))), *map(escape, study.warnings)])


def _lamp(light: Light, structure: str) -> str:
    return f'<span style="color:{LAMPS[light.color]}">&#9679;</span> {structure} <b>{light.color}</b>'
