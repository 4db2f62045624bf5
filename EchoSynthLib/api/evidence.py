"""What networks see in an image, from which any label map on it can be judged; arithmetic on it is in `measurement`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from EchoSynthLib import zoo
from EchoSynthLib.anatomy.sector.geometry import Sector
from EchoSynthLib.api.analysis import NO_CONTRAST, segmented
from EchoSynthLib.errors import InputError
from EchoSynthLib.image_trust import trust_of
from EchoSynthLib.images.contrast import has_contrast
from EchoSynthLib.images.frame import Region, tissue_in
from EchoSynthLib.images.gray import to_gray8
from EchoSynthLib.measurement.given import Given
from EchoSynthLib.measurement.reliability.agreement import agreement as agreement_of
from EchoSynthLib.measurement.reliability.evidence import Evidence
from EchoSynthLib.parallel.threads import on_each_core
from EchoSynthLib.segmentation.results import SegmentationResult
from EchoSynthLib.systems import load_pipeline
from EchoSynthLib.types import Spacing

SEGMENTER = "segmenter"
SECOND_MODEL = "contour"
"""Draws the endocardium a second time where it is there, for the traffic light; the numbers come from the label map."""


def evidence_of(
    image: ArrayLike,
    spacing: Spacing | None = None,
    *,
    region: Region | None = None,
    model: str = SEGMENTER,
    threads: int | None = None,
) -> Evidence:
    """What networks see in one image (H, W), whatever label map lies on it.

    Args:
        image: (H, W) or (H, W, 3), row 0 at the transducer.
        spacing: (row, column) in mm where they are trusted.
        region: (row0, row1, column0, column1) where the ultrasound lies, half-open; None for all of the image.
        model: name of the segmenter.
        threads: of each network; None for all cores. With 1, calls may run side by side.

    Raises:
        InputError: the image cannot be used, or shows nothing.
        ModelError: a model is damaged, or the segmenter is missing.
    """
    gray = to_gray8(image)
    rows, columns = tissue_in(gray.shape, region)
    tissue = gray[rows, columns]
    if not has_contrast(tissue):
        raise InputError(NO_CONTRAST)

    def seen_in(picture: NDArray[np.uint8]) -> SegmentationResult:
        return segmented(picture, spacing, "auto", model, threads)

    found, trust = seen_in(tissue), trust_of(tissue)
    seen = Evidence(
        found.label_map,
        found.confidence,
        agreement_of(tissue, found.label_map, lambda picture: seen_in(picture).label_map),
        found.view_probabilities,
        load_pipeline(SECOND_MODEL, threads=threads)(tissue, spacing) if zoo.has(SECOND_MODEL) else None,
        _sector_in(tissue, spacing),
        None if trust is None else trust.score,
        trust.reasons[0] if trust is not None and trust.reasons else "",
    )
    return seen.placed((gray.shape[0], gray.shape[1]), (rows.start, columns.start))


def evidence_of_each(frames: Sequence[Given], model: str = SEGMENTER) -> Iterator[Evidence]:
    """What networks see in each of several frames that all show something, see `evidence_of`; in their order."""
    threads = None if len(frames) == 1 else 1

    def one(frame: Given) -> Evidence:
        assert frame.image is not None
        return evidence_of(frame.image, frame.spacing, region=frame.region, model=model, threads=threads)

    return on_each_core(one, frames)


def _sector_in(tissue: NDArray[np.uint8], spacing: Spacing | None) -> Sector | None:
    from EchoSynthLib.anatomy.sector.fit import fit_sector

    try:
        return fit_sector(tissue, spacing)
    except InputError:  # an image that was cropped to the heart shows none
        return None
