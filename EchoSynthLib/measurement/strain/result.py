"""What strain tells of a beat: curves, peaks, displacement, and how far to rely on them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from EchoSynthLib.measurement.reliability.tracking import TrackingEvidence
from EchoSynthLib.measurement.reliability.traffic_light import Finding, Light
from EchoSynthLib.measurement.strain.beat import Beat
from EchoSynthLib.measurement.strain.curves import StrainCurve, as_list
from EchoSynthLib.measurement.strain.displacement import Displacement
from EchoSynthLib.measurement.strain.segments import Segment
from EchoSynthLib.types import Spacing

GLOBAL = "global"
"""Name of the curve of the whole contour, beside those of the segments."""
_UNJUDGED = Light("red", ("its tracking was not judged",))


@dataclass(frozen=True, eq=False)
class StrainResult:
    """Strain of the left ventricle in one apical view.

    Attributes:
        view: '2CH' or '4CH'.
        segments: the six, from the left mitral hinge of the image over the apex to the right one.
        longitudinal: of the endocardium, by name: `GLOBAL`, then that of each segment.
        midwall: the same of the middle of the wall; empty where the label map has no wall.
        radial: of the wall's thickness, likewise.
        displacement: of hinges and segments.
        area: (T,) of the cavity within the moved contour, mm2 or px2.
        layers: (T, 3, 97, 2) endocardium, middle and outer border of the wall in each frame, in pixels (row, column);
            of a label map without a wall (T, 1, 97, 2). Points 0, 16, ... 96 are where segments begin and end.
        beat: its end-diastole and end-systole.
        reference: number of the frame that the label map belongs to.
        findings: what speaks against the label map.
        spacing: (row, column) in mm, or None.
        frame_time: milliseconds, or None.
        warnings: what a reader has to know.
        lights: how far to rely on each segment, by name.
        light: the same of the global strain.
        evidence: of each segment's tracking, by name.
    """

    view: str
    segments: tuple[Segment, ...]
    longitudinal: Mapping[str, StrainCurve]
    midwall: Mapping[str, StrainCurve]
    radial: Mapping[str, StrainCurve]
    displacement: Displacement
    area: NDArray[np.float64]
    layers: NDArray[np.float64]
    beat: Beat
    reference: int
    findings: tuple[Finding, ...]
    spacing: Spacing | None
    frame_time: float | None
    warnings: tuple[str, ...] = ()
    lights: Mapping[str, Light] = field(default_factory=dict)
    light: Light = _UNJUDGED
    evidence: Mapping[str, TrackingEvidence] = field(default_factory=dict)

    @property
    def gls(self) -> float:
        """Global longitudinal strain in %: of the whole endocardial contour, at end-systole."""
        return self.longitudinal[GLOBAL].end_systolic

    @property
    def endocardium(self) -> NDArray[np.float64]:
        """(T, 97, 2) in pixels (row, column)."""
        return np.asarray(self.layers[:, 0])

    @property
    def kinds(self) -> dict[str, Mapping[str, StrainCurve]]:
        """The curves by what they are of, those that there are."""
        found = {"longitudinal": self.longitudinal, "midwall": self.midwall, "radial": self.radial}
        return {kind: curves for kind, curves in found.items() if curves}

    @property
    def times_ms(self) -> NDArray[np.float64] | None:
        """(T,) from end-diastole on."""
        if self.frame_time is None:
            return None
        return np.array([(frame - self.beat.end_diastole) * self.frame_time for frame in range(len(self.area))])

    def to_record(self) -> dict[str, Any]:
        """JSON-able: what was found, without the contours' points."""
        return {
            "view": self.view,
            "segments": [segment._asdict() for segment in self.segments],
            "frames": len(self.area),
            "reference": self.reference,
            "end_diastole": self.beat.end_diastole,
            "end_systole": self.beat.end_systole,
            "beat_end": self.beat.end,
            "frame_time_ms": self.frame_time,
            "spacing_mm": None if self.spacing is None else [float(side) for side in self.spacing],
            "gls_percent": round(self.gls, 2),
            "light": self.light.to_dict(),
            "lights": {name: light.to_dict() for name, light in self.lights.items()},
            "tracking": {name: vars(evidence) for name, evidence in self.evidence.items()},
            "strain_percent": {
                kind: {name: curve.to_dict() for name, curve in curves.items()} for kind, curves in self.kinds.items()
            },
            "displacement": self.displacement.to_record(),
            "lv_area": as_list(self.area),
        }
