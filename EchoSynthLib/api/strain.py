"""Strain as Python users call it."""

from __future__ import annotations

import time
from collections.abc import Mapping

import numpy as np
from numpy.typing import ArrayLike, NDArray

from EchoSynthLib.anatomy.views import FOUR_CHAMBER
from EchoSynthLib.measurement.strain import StrainResult, measure_strain
from EchoSynthLib.records import new_record, seconds_since, with_warnings
from EchoSynthLib.types import Record, Spacing


def strain(
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
) -> tuple[StrainResult, Record]:
    """Measure strain of the left ventricle: how much its wall has shortened and thickened since end-diastole.

        displacements, _ = es.track(cine, frame_time=20)
        result, record = es.strain(label_map, displacements, (0.3, 0.3), frame_time=20, view="4CH")
        print(result.gls, result.longitudinal["apical septal"].peak_systolic, result.light.color)

    Strain is Lagrangian, (L - L0) / L0 in %, L0 at end-diastole, of the endocardial contour from mitral hinge over apex
    to mitral hinge, of its six segments, and of the middle of the wall; radial strain is that of the wall's thickness
    (Voigt et al., Eur Heart J Cardiovasc Imaging 16:1-11, 2015).

    Args:
        label_map: (H, W) in CAMUS codes, of the reference frame.
        displacements: (T, 2, H, W) pixels, of `track`, 0 in the reference frame; NaN in a frame that was not tracked.
            One field (2, H, W), of `register`, leads from end-diastole to end-systole.
        spacing: (row, column) millimeters; without it pixels are taken for square, and displacement is told in pixels.
        frame_time: milliseconds from frame to frame; without it there are neither speeds nor times.
        view: '2CH' or '4CH', which names the segments: the left wall is the inferior, or the inferoseptal one.
        reference: number of the frame that the label map belongs to.
        end_diastole: number of the frame whose lengths are L0; None for the reference.
        end_systole: frame number; None for the smallest cavity within the moved contour until the next end-diastole.
        quality: maps (T, H, W) that `tracking_quality` gives, which the traffic light looks at; without it the light
            looks at the strain's size and the label map's shape alone.

    Returns:
        The result, and the record, which holds its numbers.

    Raises:
        InputError: the label map shows no ventricle with base and wall, or something given cannot be used.
    """
    started = time.perf_counter()
    result = measure_strain(
        label_map,
        displacements,
        spacing,
        frame_time,
        view=view,
        reference=reference,
        end_diastole=end_diastole,
        end_systole=end_systole,
        quality=quality,
    )
    record = new_record("strain") | result.to_record()
    return result, with_warnings(record | {"seconds": seconds_since(started)}, result.warnings)
