"""What the Motion panel says in words: global strain, how far to rely on it, and a table of the wall's segments."""

from __future__ import annotations

import re
from collections.abc import Iterable
from html import escape

from slicer.i18n import tr as _

from EchoSynthLib.measurement.reliability.traffic_light import Light
from EchoSynthLib.measurement.strain import GLOBAL, StrainResult
from EchoSynthPanels.colors import LAMPS
from EchoSynthPanels.measure.texts import in_short

_SHOWN = 2  # reasons in the panel
_OF_TIME = re.compile(r"the frame time is not known|[\d.]+ frames a second")
"""What warnings of the time between frames begin with; tracking and strain have one each."""


def name_of(segment: str) -> str:
    """What a segment is called; of the whole contour the usual abbreviation."""
    return _("GLS") if segment == GLOBAL else segment


def told_strain(strain: StrainResult, first: int) -> str:
    """Global strain in bold, that of the other layers, and the lights of whole and segments, as rich text.

    Args:
        first: number of the frame in its cine that the strain's frames begin with.
    """
    frame = first + strain.beat.end_systole
    main = _("GLS {value:.1f} % at ES (frame {frame})").format(value=strain.gls, frame=frame)
    names = {"midwall": _("mid-wall"), "radial": _("radial")}
    rest = [
        f"{name} {strain.kinds[kind][GLOBAL].end_systolic:+.0f} %"
        for kind, name in names.items()
        if kind in strain.kinds
    ]
    lamps = "".join(_dot(strain.lights[segment.name]) for segment in strain.segments)
    lines = [
        f"<b>{escape(main)}</b>",
        escape("; ".join(rest)),
        f"{_dot(strain.light)} <b>{strain.light.color}</b>&nbsp;&nbsp; {_('segments')}: {lamps}",
        *map(escape, _reasons(strain)),
    ]
    return "<br>".join(filter(None, lines))


def _reasons(strain: StrainResult) -> list[str]:
    """Why the strain is not green, without the numbers of single segments; else which of these are not."""
    if strain.light.color != "green":
        told = list(dict.fromkeys(map(in_short, strain.light.reasons)))
        more = len(told) - _SHOWN
        return told[:_SHOWN] + ([_("and {count} more, in the tooltip").format(count=more)] if more > 0 else [])
    doubtful = [name for name, light in strain.lights.items() if light.color != "green"]
    return [_("look at {names}; the tooltip tells why").format(names=", ".join(doubtful))] if doubtful else []


def told_once(warnings: Iterable[str]) -> list[str]:
    """Warnings without those that another one tells too: of the time between frames the last one, that of strain."""
    told = list(warnings)
    of_time = [text for text in told if _OF_TIME.match(text)]
    return [text for text in told if text not in of_time[:-1]]


def reasons_in_full(strain: StrainResult) -> str:
    """Why the lights are so, a line for each."""
    segments = [f"{name}: {light.color}, {'; '.join(light.reasons)}" for name, light in strain.lights.items()]
    return "\n".join([f"{_('GLS')}: {strain.light.color}, {'; '.join(strain.light.reasons)}", *segments])


def segment_columns(strain: StrainResult) -> dict[str, list[str]]:
    """A table of the whole contour and each segment, by heading; what is not known is empty."""
    names = [GLOBAL, *(segment.name for segment in strain.segments)]
    curves = [strain.longitudinal[name] for name in names]
    columns = {
        _("Segment"): [name_of(name) for name in names],
        _("Light"): [strain.light.color, *(strain.lights[name].color for name in names[1:])],
        _("ES [%]"): [_with_tenths(curve.end_systolic) for curve in curves],
        _("Peak [%]"): [_with_tenths(curve.peak) for curve in curves],
        _("Peak after [ms]"): [_shown(curve.time_to_peak_ms) for curve in curves],
        _("Post-systolic [%]"): [_shown(curve.post_systolic_index) for curve in curves],
    }
    others = {"midwall": _("Mid-wall [%]"), "radial": _("Radial [%]")}
    for kind, heading in others.items():
        if kind in strain.kinds:
            columns[heading] = [_with_tenths(strain.kinds[kind][name].end_systolic) for name in names]
    motion = strain.displacement.longitudinal[strain.beat.end_systole]
    unit = "mm" if strain.spacing is not None else "px"
    columns[_("To apex [{unit}]").format(unit=unit)] = ["", *(_with_tenths(way) for way in motion)]
    # On a small screen each column that tells nothing pushes one out of sight that does.
    return {heading: values for heading, values in columns.items() if any(values)}


def _dot(light: Light) -> str:
    return f'<span style="color:{LAMPS[light.color]}">&#9679;</span>'


def _with_tenths(value: float) -> str:
    # The sum takes the sign off "-0.0".
    return f"{round(float(value), 1) + 0.0:.1f}"


def _shown(value: float | None) -> str:
    # Rounded first: less than a half is no "-0".
    return "" if value is None else str(round(value))
