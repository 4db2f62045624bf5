"""The functions a Python user calls: arrays in, arrays and a record out, on the fast path."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from EchoSynthLib import zoo
from EchoSynthLib.anatomy.cines import check_label_maps, reshaped, varied
from EchoSynthLib.anatomy.labels import check_view
from EchoSynthLib.anatomy.sector import Sector
from EchoSynthLib.errors import InputError
from EchoSynthLib.images.gray import to_gray8
from EchoSynthLib.measurement.given import measure as measure

if TYPE_CHECKING:
    from EchoSynthLib.segmentation.contour.pipeline import ContourFound, ContourPipeline
    from EchoSynthLib.segmentation.unet.pipeline import SegmenterPipeline
    from EchoSynthLib.synthesis.beam_flow.pipeline import BeamFlowPipeline

Progress = Callable[[int, int, str], None]
Record = dict[str, Any]


@dataclass(frozen=True)
class Segmentation:
    """What `segment_detailed` gives.

    Attributes:
        label_map: (H, W) uint8, 0 other, 1 LV cavity, 2 myocardium, 3 left atrium.
        confidence: (H, W) float32 in [0, 1], probability of the code shown at each pixel.
        view_probabilities: of '2CH' and '4CH'.
        record: how it was made.
    """

    label_map: NDArray[np.uint8]
    confidence: NDArray[np.float32]
    view_probabilities: dict[str, float]
    record: Record


def segment(
    image: ArrayLike,
    spacing: tuple[float, float] | None = None,
    *,
    view: str = "auto",
    model: str = "segmenter",
    progress: Progress | None = None,
) -> tuple[NDArray[np.uint8], Record]:
    """Label map (H, W) in CAMUS codes of one echocardiogram, and a record; see `segment_detailed`."""
    found = segment_detailed(image, spacing, view=view, model=model, progress=progress)
    return found.label_map, found.record


def segment_detailed(
    image: ArrayLike,
    spacing: tuple[float, float] | None = None,
    *,
    view: str = "auto",
    model: str = "segmenter",
    progress: Progress | None = None,
) -> Segmentation:
    """Segment one echocardiogram: LV cavity, myocardium and left atrium.

    Args:
        image: (H, W), or (H, W, 3) in colour; uint8, another integer type, or float in [0, 1]; row 0 at the transducer.
        spacing: (row, column) millimetres; kept in the record only, the network sees the frame as it is.
        view: '2CH', '4CH', or 'auto' to let the model tell it.
        model: name of the model folder.
        progress: called when done.

    Raises:
        InputError: the image or the view cannot be used.
        ModelError: the model is missing or damaged.
    """
    started = time.perf_counter()
    told = None if view == "auto" else check_view(view)
    _check_spacing(spacing)
    grey = to_gray8(image)
    folder = zoo.find(model)
    found = _segmenter(model, folder.sha256)(grey)
    probabilities = found.view_probabilities
    if progress is not None:
        progress(1, 1, "segmenting")
    record = _record("segment", folder, started)
    record |= {
        "view": told or max(probabilities, key=lambda name: probabilities[name]),
        "view_source": "model" if told is None else "user",
        "view_probabilities": probabilities,
        "shape": list(grey.shape),
        "spacing_mm": None if spacing is None else [float(s) for s in spacing],
        "mean_confidence": float(found.confidence[found.label_map > 0].mean()) if found.label_map.any() else 0.0,
    }
    return Segmentation(found.label_map, found.confidence, probabilities, record)


def contour(
    image: ArrayLike,
    spacing: tuple[float, float] | None = None,
    *,
    model: str = "contour",
    heads: str = "both",
    progress: Progress | None = None,
) -> tuple[NDArray[np.float64], NDArray[np.float64], Record]:
    """Seven points (7, 2) and open curve (n, 2) (row, column) of the endocardium; see `contour_detailed`."""
    found, record = contour_detailed(image, spacing, model=model, heads=heads, progress=progress)
    return found.points, found.curve, record


def contour_detailed(
    image: ArrayLike,
    spacing: tuple[float, float] | None = None,
    *,
    model: str = "contour",
    heads: str = "both",
    progress: Progress | None = None,
) -> tuple[ContourFound, Record]:
    """Find the endocardium of the left ventricle in one apical echocardiogram.

    Args:
        image: (H, W), or (H, W, 3) in colour; uint8, another integer type, or float in [0, 1]; row 0 at the transducer.
        spacing: (row, column) millimetres; the curve's points lie evenly in them, and spreads are told in them too.
        model: name of the model folder.
        heads: 'both' refines the curve through the points on the distance map, 'points' draws it through them alone;
            'mask' derives it from a label map instead, and `model` is then a segmenter's folder.
        progress: called when done.

    Returns:
        Points, curve and what is known of their doubt; and the record.

    Raises:
        InputError: the image, spacing or heads cannot be used, or the label map found shows no endocardium.
        ModelError: the model is missing or damaged.
    """
    from EchoSynthLib.segmentation.contour.pipeline import ContourFound

    started = time.perf_counter()
    _check_spacing(spacing)
    grey = to_gray8(image)
    folder = zoo.find(model)
    wanted = "segmentation.unet" if heads == "mask" else "segmentation.contour"
    if folder.config.get("system") != wanted:
        raise InputError(
            f"The heads {heads!r} need a model of the system {wanted}, and {model!r} is one of "
            f"{folder.config.get('system')}; give the name of such a model, see `echosynth models`."
        )
    if heads == "mask":
        found = ContourFound.of_mask(_segmenter(model, folder.sha256)(grey).label_map, spacing)
    else:
        found = _contour(model, folder.sha256)(grey, spacing, heads=heads)
    if progress is not None:
        progress(1, 1, "contouring")
    record = _record("contour", folder, started)
    record |= {
        "heads": heads,
        "shape": list(grey.shape),
        "spacing_mm": None if spacing is None else [float(s) for s in spacing],
        **found.summary(spacing),
    }
    return found, record


def synthesize(
    label_map: ArrayLike,
    count: int = 1,
    seed: int = 0,
    view: str = "4CH",
    steps: int | None = None,
    *,
    sector: Sector | ArrayLike | None = None,
    spacing: tuple[float, float] | None = None,
    quality: str | None = None,
    model: str = "beam-flow",
    progress: Progress | None = None,
) -> tuple[NDArray[np.uint8], Record]:
    """Draw echocardiograms that follow a label map.

    Args:
        label_map: (H, W) in CAMUS codes 0 to 3, row 0 at the transducer; or (T, H, W), the frames of a cine.
        count: how many images, or cines; number i depends on (seed, i) alone, and all frames of a cine share its noise.
        seed: of everything random.
        view: '2CH' or '4CH'.
        steps: network evaluations of the structure stage; None for the model's default.
        sector: the ultrasound sector as a `Sector` or a mask (H, W), the same for all frames; a typical one that holds
            the label map is fitted where it is None.
        spacing: (row, column) millimetres; gives the depth, and the aspect of the pixels where the sector is fitted.
        quality: acoustic window: 'good', 'medium', 'poor', or None for any.
        model: name of the model folder.
        progress: progress(done, total, message) after each step; may raise `Cancelled`.

    Returns:
        Images (count, H, W), or cines (count, T, H, W), uint8 on the label map's own grid, 0 outside the sector; and
        the record.

    Raises:
        InputError: label map, sector or a parameter cannot be used.
        ModelError: the model is missing or damaged.
    """
    started = time.perf_counter()
    labels = check_label_maps(label_map)
    told = check_view(view)
    _check_spacing(spacing)
    frames = labels if labels.ndim == 3 else labels[np.newaxis]
    area, cut, source = _sector(sector, frames.max(axis=0), spacing)
    folder = zoo.find(model)
    pipeline = _beam_flow(model, folder.sha256)
    depth = None if spacing is None else area.radius_far * float(spacing[0])
    drawn = [
        pipeline(
            frame,
            area,
            view=told,
            quality=quality,
            depth_mm=depth,
            count=count,
            seed=seed,
            steps=steps,
            progress=_progress_of_frame(progress, index, len(frames)),
        )
        for index, frame in enumerate(frames)
    ]
    images = np.stack(drawn, axis=1) if labels.ndim == 3 else drawn[0]
    if cut is not None:
        images *= cut
    record = _record("synthesize", folder, started)
    record |= {
        "synthetic": True,
        "seed": int(seed),
        "count": int(count),
        "solver": "flow map",
        "steps": int(pipeline.config["default_steps"] if steps is None else steps),
        "guidance": float(pipeline.config["guidance"]),
        "view": told,
        "quality": quality,
        "sector": area.to_dict(),
        "sector_source": source,
        "depth_mm": depth,
        "shape": list(labels.shape),
    }
    return images, record


def variations(
    label_map: ArrayLike,
    count: int = 5,
    seed: int = 0,
    *,
    strength: float = 1.0,
    ejection_fraction: float | None = None,
    wall_thickness: float = 1.0,
    sector: Sector | ArrayLike | None = None,
    spacing: tuple[float, float] | None = None,
) -> NDArray[np.uint8]:
    """Plausible variations of a label map: reshaped where that is asked for, then deformed.

    Args:
        label_map: (H, W) in CAMUS codes, or (T, H, W), a cine whose frames are all reshaped and deformed alike.
        count: how many; variation i depends on (seed, i) alone.
        seed: of the deformations.
        strength: factor on the deformations' ranges, 0 (the reshaping alone) to 1.5.
        ejection_fraction: part of the cavity's volume that leaves it, -1 to 0.8; below 0 the cavity dilates.
        wall_thickness: factor on the myocardium's thickness, 0.3 to 2.
        sector: the ultrasound sector as a `Sector` or a mask (H, W); where given, nothing is labelled outside it.
        spacing: (row, column) pixel size, where pixels are not square.

    Returns:
        (count, H, W) or (count, T, H, W) uint8.

    Raises:
        InputError: the label map or a parameter cannot be used, or this heart cannot take the shape asked for.
    """
    labels = check_label_maps(label_map)
    _check_spacing(spacing)
    if isinstance(count, bool) or not isinstance(count, int | np.integer) or count < 1:
        raise InputError(f"At least one variation must be asked for, a whole number; given was {count!r}.")
    mask = sector.mask(labels.shape[-2:]) if isinstance(sector, Sector) else sector
    heart = reshaped(
        labels,
        ejection_fraction=ejection_fraction,
        wall_thickness=wall_thickness,
        spacing=spacing,
        sector_mask=mask,
    )
    return np.stack([varied(heart, seed, index, strength=strength, sector_mask=mask) for index in range(count)])


def _progress_of_frame(progress: Progress | None, index: int, frames: int) -> Progress | None:
    """What reports the steps of frame `index` as a part of the whole cine's."""
    if progress is None or frames == 1:
        return progress

    def of_frame(done: int, total: int, message: str = "") -> None:
        progress(index * total + done, frames * total, f"{message}, frame {index + 1} of {frames}")

    return of_frame


def _check_spacing(spacing: tuple[float, float] | None) -> None:
    if spacing is None:
        return
    if len(spacing) != 2 or not all(math.isfinite(step) and step > 0 for step in spacing):
        raise InputError(
            f"spacing is (row, column) in millimetres, two positive numbers, or None; given was {spacing!r}."
        )


def _sector(
    given: Sector | ArrayLike | None, labels: NDArray[np.uint8], spacing: tuple[float, float] | None
) -> tuple[Sector, NDArray[np.bool_] | None, str]:
    from EchoSynthLib.anatomy.sector_fit import default_sector, fit_sector_mask

    if given is None:
        return default_sector(labels.shape, labels, spacing), None, "typical sector fitted around the label map"
    if isinstance(given, Sector):
        return given, None, "given as geometry"
    mask = np.asarray(given)
    if mask.shape != labels.shape:
        raise InputError(
            f"The sector mask has shape {mask.shape}, the label map {labels.shape}; "
            "give a mask on the label map's grid."
        )
    return fit_sector_mask(mask, spacing), mask > 0, "fitted to the given mask"


@lru_cache(maxsize=4)
def _segmenter(model: str, sha256: str) -> SegmenterPipeline:
    from EchoSynthLib.segmentation.unet.pipeline import SegmenterPipeline

    folder = zoo.find(model)
    return SegmenterPipeline.from_folder(folder.path, folder.config)


@lru_cache(maxsize=4)
def _contour(model: str, sha256: str) -> ContourPipeline:
    from EchoSynthLib.segmentation.contour.pipeline import ContourPipeline

    folder = zoo.find(model)
    return ContourPipeline.from_folder(folder.path, folder.config)


@lru_cache(maxsize=4)
def _beam_flow(model: str, sha256: str) -> BeamFlowPipeline:
    from EchoSynthLib.synthesis.beam_flow.pipeline import BeamFlowPipeline

    folder = zoo.find(model)
    return BeamFlowPipeline.from_folder(folder.path, folder.config)


def _record(task: str, folder: zoo.ModelFolder, started: float) -> Record:
    from EchoSynthLib import __version__

    return {
        "task": task,
        "echosynth_version": __version__,
        "model": folder.name,
        "model_sha256": folder.sha256,
        "seconds": round(time.perf_counter() - started, 4),
    }
