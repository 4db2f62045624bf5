"""Hints that a view is foreshortened: cut beside the apex, it shows the ventricle shorter than it is."""

from __future__ import annotations

from EchoSynthLib.anatomy.views import FOUR_CHAMBER, TWO_CHAMBER
from EchoSynthLib.measurement.chambers import ejected
from EchoSynthLib.measurement.frame import FrameMeasures
from EchoSynthLib.measurement.reliability.traffic_light import Finding

SHORTENING = (0.02, 0.30)
"""Of the long axis from end-diastole to end-systole: the middle 98 % over CAMUS' training references."""
LENGTH_DIFFERENCE = 0.10
"""Between the long axes of both views, over the longer. A convention, without a published study behind it that we know:
in CAMUS' training references, with the pixel size assumed for 2CH, 21 % of the pairs exceed it at ED, 28 % at ES."""


def shortening_findings(diastole: FrameMeasures, systole: FrameMeasures, where: str) -> list[Finding]:
    """What a long axis says that hardly shortens from ED to ES, or lengthens, or shortens more than hearts do."""
    if diastole.ventricle is None or systole.ventricle is None:
        return []
    shortening = ejected(diastole.ventricle.length, systole.ventricle.length)
    low, high = SHORTENING
    if low <= shortening <= high:
        return []
    phase = "ED" if shortening < low else "ES"
    reason = (
        f"{where} may be foreshortened at {phase}: its long axis shortens by {100 * shortening:.0f} % "
        f"(usual are {100 * low:.0f} to {100 * high:.0f} %)"
    )
    return [Finding("yellow", reason)]


def length_findings(two: float, four: float, phase: str) -> list[Finding]:
    """What the lengths of the long axes in 2CH and 4CH say, in mm, at one phase."""
    difference = abs(two - four) / max(two, four)
    if difference <= LENGTH_DIFFERENCE:
        return []
    shorter = (TWO_CHAMBER if two < four else FOUR_CHAMBER).name
    reason = (
        f"{shorter} may be foreshortened at {phase}: its long axis is {100 * difference:.0f} % shorter than in the "
        f"other view ({min(two, four):.0f} mm against {max(two, four):.0f} mm; up to "
        f"{100 * LENGTH_DIFFERENCE:.0f} % is usual)"
    )
    return [Finding("yellow", reason)]
