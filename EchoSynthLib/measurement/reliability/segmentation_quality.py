"""What the models themselves say against a segmentation: numbers for the table and findings for the traffic light."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from EchoSynthLib.measurement.reliability.agreement import expected_dice
from EchoSynthLib.measurement.reliability.thresholds import (
    AGREEMENT_FROM,
    CONTOUR_AGREEMENT_FROM,
    GREEN_FROM,
    LIKENESS_FROM,
    OWN_FROM,
    RED_BELOW,
    SPREAD_UP_TO,
    UNLIKE_BELOW,
)
from EchoSynthLib.measurement.reliability.traffic_light import BY_HAND, Finding


@dataclass(frozen=True)
class QualityEvidence:
    """How far further looks at the same image agree with a label map; None where nobody looked.

    Attributes:
        agreement: see `agreement.agreement`.
        contour_agreement, spread: see `agreement.contour_agreement` and `agreement.relative_spread`.
        likeness: see `Evidence.likeness`; 1 of a label map that the segmenter made itself.
        by_hand: whether its endocardium was drawn by hand.
    """

    agreement: float | None = None
    contour_agreement: float | None = None
    spread: float | None = None
    likeness: float | None = None
    by_hand: bool = False

    @property
    def of_another_hand(self) -> bool:
        """Whether the label map is known not to be the segmenter's own."""
        return self.likeness is not None and self.likeness < OWN_FROM

    @property
    def whose(self) -> str:
        """What is to be told of where it comes from; '' where it is not known to be of another hand."""
        if self.by_hand:
            return f"; its endocardium was {BY_HAND}"
        return f"; it was {BY_HAND}, or is not the segmenter's" if self.of_another_hand else ""


@dataclass(frozen=True)
class SegmentationQuality:
    """Numbers by name, what of them speaks against relying on the label map, and what was looked at."""

    values: dict[str, float]
    findings: list[Finding]
    looked_at: str


def quality_of(
    labels: NDArray[np.uint8], confidence: NDArray[np.floating] | None, evidence: QualityEvidence
) -> SegmentationQuality:
    """How good a label map (H, W) is, by the segmenter's confidence (H, W) in [0, 1] and further looks."""
    named = {
        "contour agreement": evidence.contour_agreement,
        "landmark spread": evidence.spread,
        "agreement": evidence.agreement,
        "segmenter agreement": evidence.likeness,
    }
    values = {name: value for name, value in named.items() if value is not None}
    looked_at = ["its shape"] if evidence.contour_agreement is None else ["the contour model", "its shape"]
    if confidence is None:
        return SegmentationQuality(values, _of_evidence(evidence), " and ".join(looked_at) + evidence.whose)
    expected = expected_dice(labels, confidence)
    values |= {f"expected Dice, {name}": value for name, value in expected.items()}
    looked_at = ["the segmenter's confidence", *looked_at]
    findings = _of_expected(expected) + _of_evidence(evidence)
    return SegmentationQuality(values, findings, " and ".join(looked_at) + evidence.whose)


def _of_expected(expected: Mapping[str, float]) -> list[Finding]:
    mean = float(np.mean(list(expected.values())))
    if mean >= GREEN_FROM:
        return []
    weakest = min(expected, key=lambda name: expected[name])
    reason = (
        f"the segmenter is unsure: a Dice of {mean:.3f} is expected (below {GREEN_FROM:g}), "
        f"and {expected[weakest]:.3f} for the {weakest}"
    )
    return [Finding("red" if mean < RED_BELOW else "yellow", reason)]


def _of_evidence(evidence: QualityEvidence) -> list[Finding]:
    found = []
    alike, spread, steady = evidence.contour_agreement, evidence.spread, evidence.agreement
    # A contour that is dragged on and on must not be judged more kindly once it is far off.
    least = LIKENESS_FROM if evidence.of_another_hand and not evidence.by_hand else CONTOUR_AGREEMENT_FROM
    if alike is not None and alike < least:
        reason = (
            f"the contour model draws the endocardium elsewhere: the Dice of both cavities is {alike:.2f} "
            f"(below {least:g})"
        )
        found.append(Finding("yellow", reason, "LV"))
    if spread is not None and spread > SPREAD_UP_TO:
        reason = (
            f"the places of the endocardium's landmarks are uncertain: their spread is {100 * spread:.0f} % of the "
            f"square root of the cavity's area (above {100 * SPREAD_UP_TO:.0f} %)"
        )
        found.append(Finding("yellow", reason, "LV"))
    if steady is not None and steady < AGREEMENT_FROM:
        reason = (
            f"the segmentation changes when the picture is moved and exposed otherwise: "
            f"the Dice between them is {steady:.2f} (below {AGREEMENT_FROM:g})"
        )
        found.append(Finding("yellow", reason))
    like = evidence.likeness
    if like is not None and like < LIKENESS_FROM:
        reason = (
            f"the segmenter draws it otherwise: the Dice of both label maps is {like:.2f} (below {LIKENESS_FROM:g})"
        )
        found.append(Finding("red" if like < UNLIKE_BELOW else "yellow", reason))
    return found
