"""Green, yellow or red, with the reasons in words: how far a measurement can be relied upon."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

COLOURS = ("green", "yellow", "red")
"""From best to worst. Green: as it should be. Yellow: look at it. Red: do not use it before it is corrected."""


@dataclass(frozen=True)
class Finding:
    """Something that speaks against relying on a result: 'yellow' or 'red', and why."""

    colour: str
    reason: str


@dataclass(frozen=True)
class Light:
    """A colour and the reasons for it; a green light says what it rests on."""

    colour: str
    reasons: tuple[str, ...]

    def to_dict(self) -> dict[str, object]:
        """JSON-able."""
        return {"colour": self.colour, "reasons": list(self.reasons)}


def light_of(findings: Iterable[Finding], looked_at: str) -> Light:
    """The worst colour among findings, and their reasons; green where there are none, from what was looked at."""
    found = sorted(findings, key=lambda finding: -COLOURS.index(finding.colour))
    if not found:
        return Light("green", (f"nothing speaks against it, judged by {looked_at}",))
    return Light(found[0].colour, tuple(finding.reason for finding in found))


def worst(lights: Iterable[Light]) -> Light:
    """The worst of several lights, with the reasons of all that are not green."""
    given = list(lights)
    colour = max((light.colour for light in given), key=COLOURS.index)
    if colour == "green":
        return given[0]
    reasons = [reason for light in given if light.colour != "green" for reason in light.reasons]
    return Light(colour, tuple(dict.fromkeys(reasons)))
