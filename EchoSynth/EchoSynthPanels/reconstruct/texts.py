"""What the Reconstruct panel says in words: volumes beside biplane discs, and the traffic light."""

from __future__ import annotations

from html import escape

from slicer.i18n import tr as _

from EchoSynthJobs.heart_numbers import CHAMBERS, Number, Records, light_of_heart, numbers_of
from EchoSynthPanels.colors import LAMPS

_UNSEEN = "#888888"
_REASONS = 3
"""In the panel; the tooltip has all."""


def told_numbers(records: Records) -> str:
    """A small table as rich text: what each chamber holds at each phase, and the ejection fraction."""
    numbers = {number.name: number for number in numbers_of(records)}
    phases = list(records)
    rows = [_row(["", *(f"<b>{phase} [ml]</b>" for phase in phases)])]
    volumes = [numbers[{"ED": "EDV", "ES": "ESV"}[phase]] for phase in phases]
    rows.append(_row([_("<b>LV in 3D</b>"), *(f"<b>{_value(number)}</b>" for number in volumes)]))
    rows.append(_row([_("LV, biplane"), *(f"{number.discs:.0f}" for number in volumes)]))
    if "EF" in numbers:
        ejection = numbers["EF"]
        told = _("<b>{value}</b>, biplane {discs:.0f} %").format(value=_value(ejection), discs=ejection.discs)
        rows.append(f"<tr><td>{_('<b>EF in 3D</b>')}&nbsp;&nbsp;</td><td colspan={len(phases)}>{told}</td></tr>")
    for short in list(CHAMBERS.values())[1:]:
        known = [numbers[f"{short} at {phase}"] for phase in phases if f"{short} at {phase}" in numbers]
        if known:
            star = "" if known[0].seen else "*"
            rows.append(_row([f"{short}{star}", *map(_value, known)], "" if known[0].seen else _UNSEEN))
    unseen = ", ".join(next(iter(records.values()))["prior_only"])
    note = _("In brackets: 90 % interval. * Prior only: no picture shows {chambers}.").format(chambers=unseen)
    return f"<table cellspacing=0 cellpadding=1>{''.join(rows)}</table><small>{escape(note)}</small>"


def told_light(records: Records) -> str:
    """The light and why it is so, as rich text."""
    light = light_of_heart(records)
    lamp = f'<span style="color:{LAMPS[light.color]}">&#9679;</span> <b>{light.color}</b>'
    # What no picture shows is told below the table.
    reasons = [reason for reason in light.reasons if "no picture shows" not in reason]
    more = (
        [_("and {count} more, in the tooltip").format(count=len(reasons) - _REASONS)] if len(reasons) > _REASONS else []
    )
    return "<br>".join([lamp, *map(escape, reasons[:_REASONS]), *more])


def reasons_in_full(records: Records) -> str:
    """All reasons of the light, as rich text."""
    return "<html>" + "".join(f"<p>{escape(reason)}</p>" for reason in light_of_heart(records).reasons) + "</html>"


def _value(number: Number) -> str:
    unit = " %" if number.unit == "%" else ""
    between = "" if number.interval is None else f" ({number.interval[0]:.0f}–{number.interval[1]:.0f})"
    return f"{number.value:.0f}{unit}{between}"


def _row(cells: list[str], color: str = "") -> str:
    style = f' style="color:{color}"' if color else ""
    return "<tr>" + "".join(f"<td{style}>{cell}&nbsp;&nbsp;&nbsp;</td>" for cell in cells) + "</tr>"
