"""How far a heart that was made from views can be relied upon."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from EchoSynthLib.anatomy.structures import LEFT_VENTRICLE
from EchoSynthLib.anatomy.views import FOUR_CHAMBER, TWO_CHAMBER
from EchoSynthLib.measurement.reliability.foreshortening import length_findings
from EchoSynthLib.measurement.reliability.traffic_light import Finding, Light, light_of

AGREEMENT_FROM: Mapping[str, float] = {"LV cavity": 0.91, "LV cavity+myocardium": 0.945, "left atrium": 0.90}
AGREEMENT_AT_LEAST: Mapping[str, float] = {"LV cavity": 0.86, "LV cavity+myocardium": 0.91, "left atrium": 0.82}
"""Dice of the heart cut by a picture's plane with its label map. Of 25 of CAMUS' training patients at
both phases nine pictures of ten have the first, and none is below the second."""
LARGEST_INTERVAL = 0.35
"""Of the left ventricle's volume: what its 90 % interval is wide at most, of a volume that is of use. Of drawn hearts
half have 0.16 or less, and one in ten has more than 0.27."""

LOOKED_AT = "how well each picture agrees with the heart, and their lengths"


def heart_light(
    agreement: Mapping[str, Mapping[str, float]],
    lengths_mm: Mapping[str, float],
    volumes_ml: Mapping[str, float] = {},
    intervals_ml: Mapping[str, tuple[float, float]] = {},
    *,
    prior_only: Iterable[str] = (),
) -> Light:
    """The light of one heart.

    Args:
        agreement: Dice by view and structure; see `reconstruction.results.view_agreement`.
        lengths_mm: of the ventricle's long axis in each picture that has one, by view.
        volumes_ml, intervals_ml: of chambers, where they are known.
        prior_only: structures that no picture shows: they are told, and have no part in the color.
    """
    findings = [
        finding
        for view, found in agreement.items()
        for structure, dice in found.items()
        for finding in _disagreement(view, structure, dice)
    ]
    two, four = lengths_mm.get(TWO_CHAMBER.name), lengths_mm.get(FOUR_CHAMBER.name)
    if two and four:
        findings += length_findings(two, four, "this moment")
    name = LEFT_VENTRICLE.name
    if name in intervals_ml and volumes_ml.get(name, 0) > 0:
        low, high = intervals_ml[name]
        if high - low > LARGEST_INTERVAL * volumes_ml[name]:
            reason = f"the left ventricle may have {low:.0f} to {high:.0f} ml: the pictures leave that much open"
            findings.append(Finding("yellow", reason))
    for view, found in agreement.items():
        if "left atrium" not in found:
            reason = f"{view} shows no left atrium; the heart's is what hearts of that size mostly have"
            findings.append(Finding("yellow", reason))
    light = light_of(findings, LOOKED_AT)
    unseen = list(prior_only)
    if unseen:
        seen = f"{', '.join(unseen)}: no picture shows them, they are what hearts of that size mostly have"
        return Light(light.color, (*light.reasons, seen))
    return light


def _disagreement(view: str, structure: str, dice: float) -> list[Finding]:
    usual, least = AGREEMENT_FROM.get(structure, 0.0), AGREEMENT_AT_LEAST.get(structure, 0.0)
    if dice >= usual:
        return []
    reason = f"the heart's {structure} agrees with {view} by a Dice of {dice:.2f} (usual is {usual:.2f} or more)"
    return [Finding("red" if dice < least else "yellow", f"{reason}: label map, view or moment may be wrong")]
