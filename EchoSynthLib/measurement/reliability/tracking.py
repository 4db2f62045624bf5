"""How far a tracked piece of the wall can be relied upon, and what is measured of several."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from EchoSynthLib.measurement.reliability.traffic_light import Finding, Light, light_of

FORWARD_BACKWARD_UP_TO, FORWARD_BACKWARD_AT_MOST = 0.045, 0.055
"""Of the long axis: how far a point that is carried to end-systole and back may end from where it began. In 120 pairs
of CAMUS' training patients nine segments of ten keep to the first; in the fifth of the pairs whose worst segment
exceeds the second, the global strain is off by 3.6 points in the mean, in the others by 2.5."""
CORRELATION_FROM, CORRELATION_AT_LEAST = 0.44, 0.22
"""Of the gray levels around a point with those around its place at end-systole: nine segments of ten there have the
first and all but one in a hundred the second. By itself it tells little of the error."""
JACOBIAN_FROM = 0.0
"""What a piece of tissue is larger at end-systole; 0 or less where the motion folds."""
LARGEST_SHORTENING, LARGEST_STRETCH = 45.0, 10.0
"""Longitudinal strain of a segment in %. Conventions: beyond lies rather an error of the tracking than a heart."""
LARGEST_GLOBAL_SHORTENING, LEAST_GLOBAL_SHORTENING = 35.0, 3.0
"""Global longitudinal strain in %, without its sign. Conventions, too: healthy ventricles have about 20."""
MOST_WITHOUT = 2
"""Segments of a view whose tracking fails, with which there is a global strain still (Lang et al., J Am Soc
Echocardiogr 28:1-39, 2015)."""

LOOKED_AT = "the tracking's forward-backward error, correlation and Jacobian"
NOT_LOOKED_AT = "the size of its strain alone: no quality of the tracking was given"


@dataclass(frozen=True)
class TrackingEvidence:
    """What tells how well a segment was tracked to end-systole; None where nobody looked.

    Attributes:
        forward_backward: median over the segment's points of how far they miss themselves, over the long axis' length.
        correlation: median of the correlation of the gray levels around them.
        jacobian: smallest of how many times larger their surroundings are.
    """

    forward_backward: float | None = None
    correlation: float | None = None
    jacobian: float | None = None

    @property
    def looked_at(self) -> bool:
        """Whether there is any."""
        return any(value is not None for value in vars(self).values())


def segment_light(evidence: TrackingEvidence, strain: float) -> Light:
    """How far to rely on a segment.

    Args:
        evidence: of its tracking.
        strain: longitudinal, at end-systole, in %.
    """
    looked_at = LOOKED_AT if evidence.looked_at else NOT_LOOKED_AT
    return light_of([*_tracking_findings(evidence), *_strain_findings(strain)], looked_at)


def global_light(segments: Mapping[str, Light], findings: Sequence[Finding] = ()) -> Light:
    """How far to rely on the strain of the whole contour.

    Args:
        segments: light of each segment.
        findings: what else speaks against it, such as what the label map shows.
    """
    told = list(findings)
    failed = [name for name, light in segments.items() if light.color == "red"]
    doubtful = [name for name, light in segments.items() if light.color != "green"]
    if len(failed) > MOST_WITHOUT:
        reason = (
            f"{len(failed)} segments were not tracked ({', '.join(failed)}): of more than {MOST_WITHOUT} there is no"
        )
        told.append(Finding("red", f"{reason} global strain"))
    elif failed or len(doubtful) > MOST_WITHOUT:
        told.append(Finding("yellow", f"the tracking is doubtful in {', '.join(doubtful)}"))
    looked_at = next(iter(segments.values())).reasons[0].partition("judged by ")[2] if not doubtful else ""
    return light_of(told, f"that of its segments: {looked_at}" if looked_at else "that of most of its segments")


def global_strain_findings(strain: float) -> list[Finding]:
    """What speaks against a global longitudinal strain, at end-systole, in %, by its size."""
    if -LARGEST_GLOBAL_SHORTENING <= strain <= -LEAST_GLOBAL_SHORTENING:
        return []
    reason = (
        f"a global longitudinal strain of {strain:.1f} % is hardly a heart's (usual are "
        f"{-LARGEST_GLOBAL_SHORTENING:g} to {-LEAST_GLOBAL_SHORTENING:g} %); does the cine show a systole?"
    )
    return [Finding("yellow", reason, "LV")]


def _tracking_findings(evidence: TrackingEvidence) -> list[Finding]:
    found = []
    missed, alike, grown = evidence.forward_backward, evidence.correlation, evidence.jacobian
    if missed is not None and missed > FORWARD_BACKWARD_UP_TO:
        reason = (
            f"carried to end-systole and back, its points miss themselves by {100 * missed:.1f} % of the long axis "
            f"(above {100 * FORWARD_BACKWARD_UP_TO:g} %)"
        )
        found.append(Finding("red" if missed > FORWARD_BACKWARD_AT_MOST else "yellow", reason, "LV"))
    if alike is not None and alike < CORRELATION_FROM:
        reason = (
            f"what is followed looks otherwise at end-systole: the correlation is {alike:.2f} "
            f"(below {CORRELATION_FROM:g})"
        )
        found.append(Finding("red" if alike < CORRELATION_AT_LEAST else "yellow", reason, "LV"))
    if grown is not None and grown <= JACOBIAN_FROM:
        found.append(Finding("red", "the motion folds there: tissue would pass through tissue", "LV"))
    return found


def _strain_findings(strain: float) -> list[Finding]:
    if np.isfinite(strain) and -LARGEST_SHORTENING <= strain <= LARGEST_STRETCH:
        return []
    reason = (
        f"a longitudinal strain of {strain:.0f} % is hardly a heart's "
        f"(usual are {-LARGEST_SHORTENING:g} to {LARGEST_STRETCH:g} %)"
    )
    return [Finding("yellow", reason, "LV")]


def evidence_at(
    maps: Mapping[str, NDArray[np.floating]], places: Sequence[NDArray[np.float64]], axis_length: float
) -> list[TrackingEvidence]:
    """The evidence of several pieces of the wall, from maps of the tracking's quality.

    Args:
        maps: `forward_backward_px`, `ncc`, `jacobian`, each (H, W) on the reference frame's grid; any may lack.
        places: of each piece its points (n, 2), (row, column).
        axis_length: of the ventricle's long axis, in pixels.
    """
    return [
        TrackingEvidence(
            forward_backward=_scaled(_told(np.nanmedian, maps.get("forward_backward_px"), points), axis_length),
            correlation=_told(np.nanmedian, maps.get("ncc"), points),
            jacobian=_told(np.nanmin, maps.get("jacobian"), points),
        )
        for points in places
    ]


def _told(
    summary: Callable[[NDArray[np.float64]], Any], shown: NDArray[np.floating] | None, points: NDArray[np.float64]
) -> float | None:
    """A summary of a map (H, W) at the pixels nearest to points (n, 2); None where it is not known there."""
    if shown is None:
        return None
    row, column = np.clip(np.rint(points).astype(int), 0, np.array(shown.shape) - 1).T
    values = shown[row, column].astype(np.float64)
    return float(summary(values)) if np.isfinite(values).any() else None


def _scaled(value: float | None, unit: float) -> float | None:
    return None if value is None else value / unit
