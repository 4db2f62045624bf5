"""From an image to what it shows: label map, contour."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from EchoSynthLib.anatomy.labels import check_spacing
from EchoSynthLib.anatomy.sector.upright import warning_if_turned
from EchoSynthLib.anatomy.views import taken_view
from EchoSynthLib.errors import InputError
from EchoSynthLib.image_trust import ImageTrust, trust_of, trusted
from EchoSynthLib.images.contrast import has_contrast
from EchoSynthLib.images.gray import to_gray8
from EchoSynthLib.records import new_record, with_warnings
from EchoSynthLib.segmentation import Contourer, Segmenter
from EchoSynthLib.segmentation.results import ContourResult, SegmentationResult, nothing_in
from EchoSynthLib.systems import find_model, load_pipeline
from EchoSynthLib.types import Progress, Record, Spacing

NO_CONTRAST = (
    "The image has no contrast: all of it is of nearly one gray level, so it shows no heart. "
    "Expected was an echocardiogram; look at the file, and at the gray levels that it was saved with."
)


def segment(
    image: ArrayLike,
    spacing: Spacing | None = None,
    *,
    view: str = "auto",
    model: str = "segmenter",
    strict: bool = False,
    progress: Progress | None = None,
) -> tuple[NDArray[np.uint8], Record]:
    """Label map (H, W) in CAMUS codes of one echocardiogram, and a record; see `segment_detailed`."""
    found = segment_detailed(image, spacing, view=view, model=model, strict=strict, progress=progress)
    return found.label_map, found.record


def segment_detailed(
    image: ArrayLike,
    spacing: Spacing | None = None,
    *,
    view: str = "auto",
    model: str = "segmenter",
    strict: bool = False,
    progress: Progress | None = None,
) -> SegmentationResult:
    """Segment one echocardiogram: LV cavity, myocardium and left atrium.

    Args:
        image: (H, W), or (H, W, 3) in color; uint8, another integer type, or float in [0, 1]; row 0 at the transducer.
        spacing: (row, column) millimeters; kept in the record only, the network sees the frame as it is.
        view: '2CH' or '4CH', by any of their names, or 'auto' to let the model tell it.
        model: name of the model folder.
        strict: refuse an image that is not trusted, see `es.trust`; without it the record warns.
        progress: called when done.

    Returns:
        `label_map` (H, W) uint8, `confidence` (H, W) in [0, 1], `view_probabilities` and `record`.

    Raises:
        InputError: the image or the view cannot be used, the image has no contrast, or is not trusted and `strict`.
        ModelError: the model is missing or damaged.
    """
    gray = _gray_of(image)
    seen = trust_of(gray, strict=strict)
    found = segmented(gray, spacing, view, model)
    found = replace(found, record=_warned(found.record, gray, seen))
    if progress is not None:
        progress(1, 1, "segmenting")
    return found


def segmented(
    gray: NDArray[np.uint8],
    spacing: Spacing | None,
    view: str,
    model: str,
    threads: int | None = None,
    blank: bool = False,
) -> SegmentationResult:
    """One frame (H, W) uint8, segmented with `threads` threads; where it is `blank`, it is not looked at.

    Raises:
        InputError, ModelError: as in `segment_detailed`.
    """
    started = time.perf_counter()
    told = None if str(view).casefold() == "auto" else taken_view(view, "segmentation").name
    spacing = check_spacing(spacing)
    folder = find_model(model, "segmentation", "Segmenting")
    segmenter: Segmenter = load_pipeline(folder, threads=threads)
    found = nothing_in((gray.shape[0], gray.shape[1])) if blank else segmenter(gray)
    probabilities = found.view_probabilities
    record = new_record("segment", model=folder, started=started)
    record |= {
        "view": told or likelier_view(probabilities),
        "view_source": "model" if told is None else "user",
        "view_probabilities": probabilities,
        "shape": list(gray.shape),
        "spacing_mm": None if spacing is None else [float(s) for s in spacing],
        "mean_confidence": found.mean_confidence,
    }
    return replace(found, record=record)


def contour(
    image: ArrayLike,
    spacing: Spacing | None = None,
    *,
    model: str = "contour",
    heads: str = "both",
    strict: bool = False,
    progress: Progress | None = None,
) -> tuple[NDArray[np.float64], NDArray[np.float64], Record]:
    """Seven points (7, 2) and open curve (n, 2) (row, column) of the endocardium; see `contour_detailed`."""
    found, record = contour_detailed(image, spacing, model=model, heads=heads, strict=strict, progress=progress)
    return found.points, found.curve, record


def contour_detailed(
    image: ArrayLike,
    spacing: Spacing | None = None,
    *,
    model: str = "contour",
    heads: str = "both",
    strict: bool = False,
    progress: Progress | None = None,
) -> tuple[ContourResult, Record]:
    """Find the endocardium of the left ventricle in one apical echocardiogram.

    Args:
        image: (H, W), or (H, W, 3) in color; uint8, another integer type, or float in [0, 1]; row 0 at the transducer.
        spacing: (row, column) millimeters; the curve's points lie evenly in them, and spreads are told in them too.
        model: name of the model folder.
        heads: 'both' refines the curve through the points on the distance map, 'points' draws it through them alone;
            'mask' derives it from a label map instead, and `model` is then a segmenter's folder.
        strict: refuse an image that is not trusted, see `es.trust`; without it the record warns.
        progress: called when done.

    Returns:
        Points, curve and what is known of their doubt; and the record.

    Raises:
        InputError: the image, spacing or heads cannot be used, the label map found shows no endocardium, or the image
            is not trusted and `strict`.
        ModelError: the model is missing or damaged.
    """
    started = time.perf_counter()
    spacing = check_spacing(spacing)
    gray = _gray_of(image)
    of_mask = isinstance(heads, str) and heads == "mask"
    folder = find_model(model, "segmentation" if of_mask else "contour", f"The choice of heads {heads!r}")
    seen = trust_of(gray, strict=strict)
    if of_mask:
        segmenter: Segmenter = load_pipeline(folder)
        found = ContourResult.of_mask(segmenter(gray).label_map, spacing)
    else:
        contourer: Contourer = load_pipeline(folder)
        found = contourer(gray, spacing, heads=heads)
    if progress is not None:
        progress(1, 1, "contouring")
    record = new_record("contour", model=folder, started=started)
    record |= {
        "heads": heads,
        "shape": list(gray.shape),
        "spacing_mm": None if spacing is None else [float(s) for s in spacing],
        **found.summary(spacing),
    }
    return found, _warned(record, gray, seen)


def _gray_of(image: ArrayLike) -> NDArray[np.uint8]:
    """The image as gray levels (H, W); InputError where it is none, or has no contrast."""
    gray = to_gray8(image)
    if not has_contrast(gray):
        raise InputError(NO_CONTRAST)
    return gray


def _warned(record: Record, gray: NDArray[np.uint8], seen: ImageTrust | None) -> Record:
    """The record with how far to trust the image (H, W), and a warning more where it seems to be turned."""
    turned = warning_if_turned(gray)
    return with_warnings(trusted(record, seen), [turned] if turned else [])


def likelier_view(probabilities: Mapping[str, float]) -> str:
    """The view of the highest probability."""
    return max(probabilities, key=lambda view: probabilities[view])


def mean_views(frames: Sequence[Mapping[str, float]]) -> dict[str, float]:
    """The mean over frames of their view probabilities."""
    return {view: float(np.mean([frame[view] for frame in frames])) for view in frames[0]}
