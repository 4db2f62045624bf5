"""Green, yellow or red, with the reasons in words: how far a measurement can be relied upon."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np

COLOURS = ("green", "yellow", "red")
"""From best to worst. Green: as it should be. Yellow: look at it. Red: do not use it before it is corrected."""

GREEN_FROM, RED_BELOW = 0.935, 0.88
"""Limits of the expected Dice, mean over the structures. From 0.935 on, 87 % of the better half of the frames of CAMUS'
training patients are green, and 79 % of the worst tenth are not. Frames below 0.88 that were degraded on purpose had a
median Dice of 0.78. Nothing was tuned on val."""

AGREEMENT_FROM = 0.96
"""The lowest agreement of all but the last 1 % of the better half of the same frames."""


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


def certainty_findings(expected: Mapping[str, float], agreement: float | None) -> list[Finding]:
    """What the segmenter's own doubt says.

    Args:
        expected: expected Dice of each structure, see `certainty.expected_dice`.
        agreement: see `certainty.agreement`; None where it was not asked for.
    """
    findings = []
    mean = float(np.mean(list(expected.values())))
    if mean < GREEN_FROM:
        weakest = min(expected, key=lambda name: expected[name])
        findings.append(
            Finding(
                "red" if mean < RED_BELOW else "yellow",
                f"the segmenter is unsure: it expects a Dice of {mean:.2f} (below {GREEN_FROM:g}), "
                f"and {expected[weakest]:.2f} for the {weakest}",
            )
        )
    if agreement is not None and agreement < AGREEMENT_FROM:
        findings.append(
            Finding(
                "yellow",
                f"the segmentation changes when the picture is moved and exposed otherwise: "
                f"the Dice between them is {agreement:.2f} (below {AGREEMENT_FROM:g})",
            )
        )
    return findings
