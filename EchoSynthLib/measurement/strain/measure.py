"""From a label map and where its pixels go to strain."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import ArrayLike, NDArray

from EchoSynthLib.anatomy.views import FOUR_CHAMBER, taken_view
from EchoSynthLib.arguments import positive_number
from EchoSynthLib.measurement.frame import measure_frame
from EchoSynthLib.measurement.reliability.evidence import Evidence
from EchoSynthLib.measurement.strain.beat import beat_of
from EchoSynthLib.measurement.strain.curves import StrainCurve
from EchoSynthLib.measurement.strain.displacement import Displacement
from EchoSynthLib.measurement.strain.doubts import doubts_of
from EchoSynthLib.measurement.strain.given import checked_displacements, checked_quality
from EchoSynthLib.measurement.strain.judged import judged
from EchoSynthLib.measurement.strain.lengths import enclosed_area, lagrangian, segment_lengths, segment_thickness
from EchoSynthLib.measurement.strain.result import GLOBAL, StrainResult
from EchoSynthLib.measurement.strain.segments import segments_of
from EchoSynthLib.measurement.strain.tracked import moved
from EchoSynthLib.measurement.strain.wall import Wall
from EchoSynthLib.types import Spacing

Values = NDArray[np.float64]

_SHORTENS, _THICKENS = -1, 1


def measure_strain(
    label_map: ArrayLike,
    displacements: ArrayLike,
    spacing: Spacing | None = None,
    frame_time: float | None = None,
    *,
    view: str = FOUR_CHAMBER.name,
    reference: int = 0,
    end_diastole: int | None = None,
    end_systole: int | None = None,
    quality: Mapping[str, NDArray[np.floating]] | None = None,
    evidence: Evidence | None = None,
) -> StrainResult:
    """Strain, displacement and how far to rely on them; for arguments and errors see `EchoSynthLib.strain`.

    Args:
        evidence: what networks see in the reference frame's image, from which its label map is judged.
    """
    known_view = taken_view(view, "measurement").name
    segments = segments_of(known_view)
    frame = measure_frame(label_map, spacing, evidence=evidence)
    fields, reference = checked_displacements(displacements, frame.labels.shape, reference)
    maps = checked_quality(quality, fields)
    frame_time = positive_number(frame_time, "frame_time", "milliseconds")
    wall = Wall.of(frame.labels, spacing)
    layers = moved(wall, fields)
    area = enclosed_area(layers[:, 0], wall.step)
    beat = beat_of(area, reference if end_diastole is None else end_diastole, end_systole, frame_time)
    names = [segment.name for segment in segments]

    def curves(sizes: Values, weights: Values, sign: int) -> dict[str, StrainCurve]:
        """Curves of sizes (T, 6) of the segments, and of their sum or mean."""
        together = (sizes * weights).sum(axis=1, keepdims=True)
        every = np.concatenate([together, sizes], axis=1)
        strains = lagrangian(every, every[beat.end_diastole])
        return {
            name: StrainCurve.of(values, beat, sign, frame_time)
            for name, values in zip([GLOBAL, *names], strains.T, strict=True)
        }

    endocardial = segment_lengths(layers[:, 0], wall.step)
    longitudinal = curves(endocardial, np.ones(6), _SHORTENS)
    midwall, radial = {}, {}
    if wall.has_wall:
        middle, thickness = segment_lengths(layers[:, 1], wall.step), segment_thickness(layers, wall.step)
        midwall = curves(middle, np.ones(6), _SHORTENS)
        radial = curves(thickness, middle[beat.end_diastole] / middle[beat.end_diastole].sum(), _THICKENS)
    result = StrainResult(
        view=known_view,
        segments=segments,
        longitudinal=longitudinal,
        midwall=midwall,
        radial=radial,
        displacement=Displacement.of(layers[:, 0], beat.end_diastole, wall.step, frame_time, spacing is not None),
        area=area,
        layers=layers,
        beat=beat,
        reference=reference,
        findings=tuple(finding for finding in frame.findings if finding.structure in ("", "LV")),
        spacing=spacing,
        frame_time=frame_time,
        warnings=tuple(doubts_of(area, beat, spacing, frame_time, has_wall=wall.has_wall)),
    )
    return judged(result, {name: found[beat.end_systole] for name, found in maps.items()})
