"""What the Measure panel says in words: the most telling numbers, and the traffic light."""

from __future__ import annotations

from html import escape

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


def lamp(light: Light) -> str:
    """A traffic light and its reasons as rich text."""
    reasons = "; ".join(map(escape, light.reasons))
    return f'<span style="color:{_LAMPS[light.colour]}">&#9679;</span> <b>{light.colour}</b>: {reasons}'
