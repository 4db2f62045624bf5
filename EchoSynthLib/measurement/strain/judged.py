"""How far to rely on strain, by how well the wall was tracked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from EchoSynthLib.measurement.reliability.tracking import (
    TrackingEvidence,
    evidence_at,
    global_light,
    global_strain_findings,
    segment_light,
)
from EchoSynthLib.measurement.strain.result import StrainResult
from EchoSynthLib.measurement.strain.wall import EDGES


def judged(result: StrainResult, maps: Mapping[str, NDArray[np.floating]]) -> StrainResult:
    """The same with the lights that the quality of its tracking gives it.

    Looked at is end-systole, where the motion is largest and on which the numbers rest.

    Args:
        result: what was measured.
        maps: `forward_backward_px`, `ncc`, `jacobian`, each (H, W) of end-systole on the reference frame's grid, as
            `tracking_quality` gives them; any may lack.
    """
    names = [segment.name for segment in result.segments]
    layers = result.layers[result.reference]
    inner = layers[0]
    axis_length = float(np.linalg.norm(inner[len(inner) // 2] - (inner[0] + inner[-1]) / 2))
    places = [layers[:, first : last + 1].reshape(-1, 2) for first, last in pairwise(EDGES)]
    evidence: dict[str, TrackingEvidence] = dict(zip(names, evidence_at(maps, places, axis_length), strict=True))
    lights = {name: segment_light(evidence[name], result.longitudinal[name].end_systolic) for name in names}
    findings = [*result.findings, *global_strain_findings(result.gls)]
    return replace(result, evidence=evidence, lights=lights, light=global_light(lights, findings))
