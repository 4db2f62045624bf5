"""Everything that is measured in one label map."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike, NDArray

from EchoSynthLib.anatomy.discs import LongAxis
from EchoSynthLib.anatomy.heart2d.endocardium import Endocardium, endocardium_of_mask
from EchoSynthLib.anatomy.labels import check_label_map, check_spacing
from EchoSynthLib.anatomy.structures import CamusCode
from EchoSynthLib.arguments import real_number
from EchoSynthLib.array_like import as_array
from EchoSynthLib.errors import InputError
from EchoSynthLib.measurement.chambers import (
    Chamber,
    area_length_volume,
    areas,
    disc_volume,
    largest_parts,
    long_axis_of_atrium,
    long_axis_of_ventricle,
)
from EchoSynthLib.measurement.contour_editing import with_endocardium
from EchoSynthLib.measurement.quantities import THICKNESS_SEGMENTS, Measurement, measurement
from EchoSynthLib.measurement.reliability.agreement import (
    SecondContour,
    confidence_at,
    contour_agreement,
    relative_spread,
)
from EchoSynthLib.measurement.reliability.cut_off import cut_off_findings
from EchoSynthLib.measurement.reliability.evidence import Evidence
from EchoSynthLib.measurement.reliability.plausibility import plausibility_findings
from EchoSynthLib.measurement.reliability.segmentation_quality import QualityEvidence, SegmentationQuality, quality_of
from EchoSynthLib.measurement.reliability.traffic_light import Finding, Light, light_of, lights_of
from EchoSynthLib.measurement.thickness import WallThickness, wall_thickness
from EchoSynthLib.types import Spacing

_AROUND = 3  # pixels around everything labeled that are looked at
_BAND = 0.2  # of the square root of its area: the band around each structure whose confidence counts, and more
_END_POINT = 0.05  # of the long axis: radius of the disc around its ends whose confidence is told


@dataclass(frozen=True, eq=False)
class FrameMeasures:
    """What one label map shows.

    Attributes:
        labels: (H, W) uint8, as it was measured.
        spacing: (row, column) in mm, or None.
        ventricle, atrium: the chambers, in mm or pixels; None where there is none, or an atrium is cut off.
        ventricular_axis, atrial_axis: their long axes, in pixels.
        endocardium: the curve that the wall was measured along, in pixels; None where there is none.
        thickness: of the wall, in mm or pixels.
        values: every measurement by name, in mm, mm^2 and mm^3, or in pixels; also volumes that have no unit. Of an
            atrium that is cut off there is the area alone.
        doubts: what the models and the edges of the picture say against relying on it.
        alone: whether only an endocardium was drawn, so that neither wall nor atrium is missed.
        looked_at: what speaks against it was looked for in, in words.
        exchanged: what speaks against it where it was given as another view than a model sees.
        view: '2CH' or '4CH' where it is known, from the caller or else from what a model sees.
        seen_view: what a model sees, None where none was asked.
        number: of the frame in its cine, from 0; None for an image alone.
        trust: how far the image below shows what the models know, in [0, 1]; None where nobody judged.
        distrust: why it does not, in words; '' where it is trusted.
    """

    labels: NDArray[np.uint8]
    spacing: Spacing | None
    ventricle: Chamber | None
    atrium: Chamber | None
    ventricular_axis: LongAxis | None
    atrial_axis: LongAxis | None
    endocardium: Endocardium | None
    thickness: WallThickness | None
    values: dict[str, float]
    doubts: tuple[Finding, ...] = ()
    alone: bool = False
    looked_at: str = ""
    exchanged: tuple[Finding, ...] = ()
    view: str | None = None
    seen_view: str | None = None
    number: int | None = None
    trust: float | None = None
    distrust: str = ""

    @cached_property
    def findings(self) -> tuple[Finding, ...]:
        """What speaks against relying on it; looked for when it is first asked for: of a cine, few frames are."""
        box, _ = _box(self.labels)
        length, mean = self.values.get("LV length"), self.values.get("wall thickness, mean")
        implausible = plausibility_findings(self.labels[box], self.spacing, length, mean, self.alone)
        return (*self.doubts, *implausible, *self.exchanged)

    @cached_property
    def light(self) -> Light:
        """How far to rely on it."""
        return light_of(self.findings, self.looked_at)

    @cached_property
    def lights(self) -> dict[str, Light]:
        """How far to rely on what is told of the ventricle ('LV') and of the atrium ('LA')."""
        return lights_of(self.findings, self.looked_at)

    def seen_as(self, view: str) -> FrameMeasures:
        """The same, given as this view: no green light where a model sees the other one."""
        told = replace(self, view=view, exchanged=())
        if self.seen_view is None or self.seen_view == view:
            return told
        reason = f"it was given as {view}, but the model sees {self.seen_view}; are the views exchanged?"
        return replace(told, exchanged=(Finding("yellow", reason),))

    def table(self, where: str = "") -> list[Measurement]:
        """The measurements with their units."""
        found = (measurement(name, value, self.spacing, where) for name, value in self.values.items())
        return [entry for entry in found if entry is not None]


def measure_frame(
    label_map: ArrayLike,
    spacing: Spacing | None = None,
    *,
    confidence: NDArray[np.floating] | None = None,
    agreement: float | None = None,
    contour: Endocardium | None = None,
    second_contour: SecondContour | None = None,
    evidence: Evidence | None = None,
    view: str | None = None,
    number: int | None = None,
) -> FrameMeasures:
    """Measure one label map.

    Args:
        label_map: (H, W) in CAMUS codes, row 0 at the transducer; one with nothing labeled gives a red light.
        spacing: (row, column) in mm where it can be trusted, else None.
        confidence: (H, W) in [0, 1], the segmenter's.
        agreement: see `agreement.agreement`.
        contour: an endocardium that replaces the label map's, such as one drawn by hand; its basal points and its apex
            make the long axis. In a label map with nothing labeled it is measured alone, and neither wall nor atrium
            is missed.
        second_contour: what the contour model draws in the same image; it changes no length, area or volume;
            the traffic light looks at it.
        evidence: what networks see in the image below; stands for confidence, agreement and second contour where these
            are not given, and tells the view and the edge of the sector.
        view: '2CH' or '4CH', what a model saw that made the label map, where there is no evidence.
        number: of the frame in its cine, from 0.

    Raises:
        InputError: the label map, the spacing or the confidence cannot be used.
    """
    given = _checked(label_map)
    spacing = check_spacing(spacing)
    confidence = None if confidence is None else _confidence(confidence, given.shape)
    _check_doubts(agreement, contour, second_contour)
    labels = given if contour is None else with_endocardium(given, contour)
    judged, alone = labels, contour is not None and not given.any()
    if evidence is not None:
        if evidence.label_map.shape != given.shape:
            raise InputError(
                f"The image has {evidence.label_map.shape} pixels and its label map {given.shape}; they share one grid."
            )
        confidence = evidence.confidence if confidence is None else confidence
        agreement = evidence.agreement if agreement is None else agreement
        second_contour = second_contour or evidence.second_contour
        view = evidence.view
        if contour is not None and alone:
            # An endocardium alone is judged inside the wall and above the atrium that the segmenter sees.
            judged = with_endocardium(evidence.label_map, contour)
    box, corner = _box(labels)
    moved = None if contour is None else _shifted(contour, -corner)
    by_hand = contour is not None and not _is_of(second_contour, contour)
    # The contour model's own endocardium says nothing about how well both models agree; one drawn by hand is judged.
    compared = labels if by_hand else given
    quality_evidence = replace(_quality_evidence(compared, labels, agreement, second_contour), by_hand=by_hand)
    if evidence is not None:
        quality_evidence = replace(quality_evidence, likeness=evidence.likeness(judged))
    wide, _ = _box(judged, _BAND)
    quality = quality_of(judged[wide], None if confidence is None else confidence[wide], quality_evidence)
    cut_off = cut_off_findings(labels, None if evidence is None else evidence.sector)
    found = _measure(labels[box], spacing, moved, quality, cut_off)
    placed = _placed(found, labels, corner)
    if evidence is not None:
        placed = replace(placed, trust=evidence.trust, distrust=evidence.distrust)
        if evidence.distrust:
            untrusted = Finding("red", f"the image is not trusted: {evidence.distrust}")
            placed = replace(placed, doubts=(untrusted, *placed.doubts))
    if confidence is not None:
        placed.values.update(_end_points(placed.ventricular_axis, confidence))
    return replace(placed, alone=alone, view=view, seen_view=view, number=number)


def _confidence(confidence: ArrayLike, shape: tuple[int, ...]) -> NDArray[np.floating]:
    values = as_array(confidence, "A confidence")
    if values.shape != shape:
        raise InputError(f"The confidence has shape {values.shape} and the label map {shape}; they share one grid.")
    if values.dtype.kind not in "biuf":
        raise InputError(f"A confidence holds numbers from 0 to 1; given was an array of type {values.dtype}.")
    return values


def _check_doubts(agreement: object, contour: object, second_contour: object) -> None:
    if agreement is not None and math.isnan(real_number(agreement)):
        raise InputError(f"An agreement is a number from 0 to 1, or None; given was {agreement!r:.120}.")
    if contour is not None and not isinstance(contour, Endocardium):
        raise InputError(f"A contour is an Endocardium, or None; given was {contour!r:.120}.")
    if second_contour is not None and not all(hasattr(second_contour, name) for name in ("curve", "spread")):
        raise InputError(
            f"A second contour is what es.contour_detailed finds, or None; given was {second_contour!r:.120}."
        )


def _checked(label_map: ArrayLike) -> NDArray[np.uint8]:
    values = as_array(label_map, "A label map")
    # A frame in which nothing was found is a finding, not a mistake of the caller's.
    empty = values.ndim == 2 and values.size > 0 and values.dtype.kind in "biuf" and not values.any()
    return np.zeros(values.shape, np.uint8) if empty else check_label_map(values)


def _measure(
    labels: NDArray[np.uint8],
    spacing: Spacing | None,
    contour: Endocardium | None,
    quality: SegmentationQuality,
    cut_off: list[Finding],
) -> FrameMeasures:
    # Crumbs beside a chamber have no part in its axis and its volume; the light tells of them.
    whole = largest_parts(labels)
    axes = (long_axis_of_ventricle(whole, spacing, contour), long_axis_of_atrium(whole, spacing))
    ventricle, atrium = (
        None if axis is None else Chamber.of(whole == code, axis)
        for code, axis in zip((CamusCode.LV_CAVITY, CamusCode.LEFT_ATRIUM), axes, strict=True)
    )
    endocardium = contour or _endocardium(labels, spacing)
    thickness = None if endocardium is None else wall_thickness(labels, endocardium, spacing)
    if thickness is not None and not thickness.covered:
        thickness = None
    values = _values(labels, spacing, ventricle, atrium, thickness)
    if any(finding.structure == "LA" for finding in cut_off):
        # A part of an atrium has neither its length nor its volume.
        atrium = None
        values = {name: value for name, value in values.items() if not name.startswith(("LA length", "LA volume"))}
    values |= quality.values
    doubts = (*quality.findings, *cut_off)
    chambers = (ventricle, atrium, *axes)
    return FrameMeasures(
        labels, spacing, *chambers, endocardium, thickness, values, doubts, looked_at=quality.looked_at
    )


def _quality_evidence(
    compared: NDArray[np.uint8], labels: NDArray[np.uint8], agreement: float | None, second: SecondContour | None
) -> QualityEvidence:
    """What is said of a label map (H, W); its cavity in `compared` is what a second contour is compared with."""
    if second is None or not (labels == CamusCode.LV_CAVITY).any():
        return QualityEvidence(agreement)
    alike = contour_agreement(compared, second) if (compared == CamusCode.LV_CAVITY).any() else None
    return QualityEvidence(agreement, alike, relative_spread(labels, second))


def _is_of(second: SecondContour | None, contour: Endocardium) -> bool:
    """Whether an endocardium is the one that the contour model drew."""
    return second is not None and np.array_equal(second.curve, contour.curve)


def _values(
    labels: NDArray[np.uint8],
    spacing: Spacing | None,
    ventricle: Chamber | None,
    atrium: Chamber | None,
    thickness: WallThickness | None,
) -> dict[str, float]:
    area = areas(labels, spacing)
    values: dict[str, float] = {}
    for name, chamber in (("LV", ventricle), ("LA", atrium)):
        if chamber is not None:
            values[f"{name} length"] = chamber.length
            values[f"{name} area"] = chamber.area
            values[f"{name} volume, discs"] = disc_volume(chamber)
            values[f"{name} volume, area-length"] = area_length_volume(chamber)
    if area["myocardium"]:
        values["myocardium area"] = area["myocardium"]
    if thickness is not None:
        values["wall thickness, mean"] = thickness.mean
        values["wall thickness, smallest"], values["wall thickness, largest"] = thickness.extremes
        values |= {
            f"wall thickness, {name}": float(value)
            for name, value in zip(THICKNESS_SEGMENTS, thickness.segments, strict=True)
            if math.isfinite(value)
        }
    return values


def _endocardium(labels: NDArray[np.uint8], spacing: Spacing | None) -> Endocardium | None:
    try:
        return endocardium_of_mask(labels, spacing)
    except InputError:  # no base or no wall: there is no thickness then, and the light says what is missing
        return None


def _end_points(axis: LongAxis | None, confidence: NDArray[np.floating]) -> dict[str, float]:
    if axis is None:
        return {}
    radius = _END_POINT * float(np.linalg.norm(axis.end - axis.base))
    return {
        "confidence, mitral plane": confidence_at(axis.base, confidence, radius),
        "confidence, apex": confidence_at(axis.end, confidence, radius),
    }


def _box(labels: NDArray[np.uint8], band: float = 0.0) -> tuple[tuple[slice, slice], NDArray[np.float64]]:
    """The part of the map that holds everything labeled with a margin, and where it begins."""
    marked = [np.flatnonzero(labels.any(axis=axis)) for axis in (1, 0)]
    if not marked[0].size:
        return (slice(None), slice(None)), np.zeros(2)
    margin = _AROUND + int(band * math.sqrt(np.count_nonzero(labels)) if band else 0)
    first = [max(0, int(side[0]) - margin) for side in marked]
    box = (slice(first[0], int(marked[0][-1]) + margin), slice(first[1], int(marked[1][-1]) + margin))
    return box, np.array(first, dtype=np.float64)


def _shifted(contour: Endocardium, by: NDArray[np.float64]) -> Endocardium:
    return Endocardium(contour.points + by, contour.curve + by)


def _placed(found: FrameMeasures, labels: NDArray[np.uint8], corner: NDArray[np.float64]) -> FrameMeasures:
    """The measures of a part of a map, in the pixels of the whole."""
    axes = (
        None if axis is None else replace(axis, base=axis.base + corner, end=axis.end + corner)
        for axis in (found.ventricular_axis, found.atrial_axis)
    )
    ventricular, atrial = axes
    contour = None if found.endocardium is None else _shifted(found.endocardium, corner)
    return replace(found, labels=labels, ventricular_axis=ventricular, atrial_axis=atrial, endocardium=contour)
