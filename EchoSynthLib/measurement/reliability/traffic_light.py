"""Green, yellow or red, with the reasons in words: how far a measurement can be relied upon."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

COLORS = ("green", "yellow", "red")
"""From best to worst. Green: as it should be. Yellow: look at it. Red: do not use it before it is corrected."""

STRUCTURES = ("LV", "LA")
"""What has a light of its own: the ventricle with its wall, and the atrium."""

BY_HAND = "changed by hand"
"""What a light says of a label map or a contour that no model made, though it be green."""


@dataclass(frozen=True)
class Finding:
    """Something that speaks against relying on a result.

    Attributes:
        color: 'yellow' or 'red'.
        reason: why.
        structure: what alone it concerns, of `STRUCTURES`; '' where it is everything.
        own: color of that structure's own light, where it is another one than that of all together.
    """

    color: str
    reason: str
    structure: str = ""
    own: str = ""


@dataclass(frozen=True)
class Light:
    """A color and the reasons for it; a green light says what it rests on."""

    color: str
    reasons: tuple[str, ...]

    def to_dict(self) -> dict[str, object]:
        """JSON-able."""
        return {"color": self.color, "reasons": list(self.reasons)}


def light_of(findings: Iterable[Finding], looked_at: str) -> Light:
    """The worst color among findings, and their reasons; green where there are none, from what was looked at."""
    found = sorted(findings, key=lambda finding: -COLORS.index(finding.color))
    if not found:
        return Light("green", (f"nothing speaks against it, judged by {looked_at}",))
    return Light(found[0].color, tuple(finding.reason for finding in found))


def lights_of(findings: Iterable[Finding], looked_at: str) -> dict[str, Light]:
    """The light of each of `STRUCTURES`, from what concerns it or everything."""
    found = list(findings)
    own = {
        structure: [
            replace(finding, color=finding.own or finding.color)
            for finding in found
            if finding.structure in ("", structure)
        ]
        for structure in STRUCTURES
    }
    return {structure: light_of(concerned, looked_at) for structure, concerned in own.items()}


def worst(lights: Iterable[Light]) -> Light:
    """The worst of several lights, with the reasons of all that are not green; of green ones, a hand's is told."""
    given = list(lights)
    color = max((light.color for light in given), key=COLORS.index)
    if color == "green":
        return next((light for light in given if BY_HAND in light.reasons[0]), given[0])
    reasons = [reason for light in given if light.color != "green" for reason in light.reasons]
    return Light(color, tuple(dict.fromkeys(reasons)))
