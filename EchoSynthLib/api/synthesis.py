"""From a label map to echocardiograms, and to its variations."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from EchoSynthLib.anatomy.cine import check_label_maps, reshaped, varied
from EchoSynthLib.anatomy.heart3d.cut import Cut
from EchoSynthLib.anatomy.labels import check_sector_mask, check_spacing
from EchoSynthLib.anatomy.sector.geometry import Sector
from EchoSynthLib.anatomy.views import FOUR_CHAMBER, taken_view
from EchoSynthLib.api.cuts import TISSUE, by_tissue, cuts_of, traced_for
from EchoSynthLib.arguments import whole_number
from EchoSynthLib.array_like import as_mask
from EchoSynthLib.capabilities import Capabilities
from EchoSynthLib.errors import InputError
from EchoSynthLib.records import new_record, with_warnings
from EchoSynthLib.synthesis import Synthesizer
from EchoSynthLib.systems import find_model, load_pipeline, told_of_device
from EchoSynthLib.types import Progress, Record, Spacing


def synthesize(
    label_map: ArrayLike | Cut | Sequence[Cut],
    count: int = 1,
    seed: int = 0,
    view: str = FOUR_CHAMBER.name,
    steps: int | None = None,
    *,
    sector: Sector | ArrayLike | None = None,
    spacing: Spacing | None = None,
    quality: str | None = None,
    model: str | None = None,
    solver: str | None = None,
    device: str = "auto",
    progress: Progress | None = None,
) -> tuple[NDArray[np.uint8], Record]:
    """Draw echocardiograms that follow a label map.

    Args:
        label_map: (H, W) in CAMUS codes 0 to 3, row 0 at the transducer; or (T, H, W), the frames of a cine. Or a cut
            of a heart in 3D, or a sequence of its frames (`cut.at(phase)`), whose speckle moves with the tissue: it
            brings sector, spacing and view with it, which are not given.
        count: how many images, or cines; number i depends on (seed, i) alone, and all frames of a cine share its noise.
        seed: of everything random.
        view: '2CH' or '4CH', by any of their names (see `EchoSynthLib.anatomy.views`).
        steps: of the fast generator's structure stage, or of a diffusion model's solver; None for the model's default.
        sector: the ultrasound sector as a `Sector` or a mask (H, W), the same for all frames; a typical one that holds
            the label map is fitted where it is None.
        spacing: (row, column) millimeters; gives the depth, and the aspect of the pixels where the sector is fitted.
        quality: acoustic window: 'good', 'medium', 'poor', or None for any; not every model knows of it.
        model: name of the model folder; a diffusion model is run by torch. None for `beam-flow`; a cut of any view is
            drawn by tissue instead (`"tissue"`), without a model, and by one where it is named.
        solver: of a diffusion model, one of the `solvers` in its config.json; None for the model's default.
        device: where torch runs a model that it runs: 'cpu', 'cuda', 'cuda:1', 'mps'; 'auto' takes a GPU if any.
            On other models it has no effect, and the record warns of it.
        progress: progress(done, total, message) after each step; may raise `Cancelled`.

    Returns:
        Images (count, H, W), or cines (count, T, H, W), uint8 on the label map's own grid, 0 outside the sector; and
        the record, which tells process, solver, steps and network evaluations for each image.

    Raises:
        InputError: label map, sector or a parameter cannot be used, or the model has no choice of it.
        ModelError: the model is missing or damaged.
        EchoSynthError: a diffusion model is chosen, and what it runs on is not installed.
    """
    started = time.perf_counter()
    count, seed = whole_number(count, "count", 1), whole_number(seed, "seed", 0)
    frames_of_heart = cuts_of(label_map)
    given: Any = label_map
    if frames_of_heart is not None:
        _check_brought(sector=sector, spacing=spacing)
        if model is None or _is_tissue(model):
            _check_brought(steps=steps, quality=quality, solver=solver)
            images, record = by_tissue(frames_of_heart, count, seed, progress=progress)
            return images[:, 0] if isinstance(label_map, Cut) else images, record
        sector, spacing = frames_of_heart[0].sector, frames_of_heart[0].spacing
        traced, view = traced_for(frames_of_heart)
        given = traced[0] if isinstance(label_map, Cut) else traced
    elif _is_tissue(model):
        raise InputError("By tissue a cut of a heart is drawn; a label map needs a model: give its name, or None.")
    model = "beam-flow" if model is None else model
    labels = check_label_maps(given)
    told = taken_view(view, "synthesis").name
    spacing = check_spacing(spacing)
    frames = labels if labels.ndim == 3 else labels[np.newaxis]
    area, cut, source = _sector(sector, frames.max(axis=0), spacing)
    folder = find_model(model, "synthesis", "Drawing images")
    depth = None if spacing is None else area.radius_far * float(spacing[0])
    options = Capabilities.of(folder).chosen(steps=steps, solver=solver, quality=quality)
    # A lone image is drawn by all cores, several by one each, which takes less time together; they are the same.
    without_effect = told_of_device(folder, device)
    threads = None if count * len(frames) == 1 else 1
    synthesizer: Synthesizer = load_pipeline(folder, threads=threads, device="auto" if without_effect else device)
    tell = _with_frames(progress, len(frames))
    images, about = synthesizer(
        labels, area, view=told, depth_mm=depth, count=count, seed=seed, progress=tell, **options
    )
    if cut is not None:
        images *= cut
    record = new_record("synthesize", model=folder, synthetic=True, started=started)
    record |= {
        "seed": int(seed),
        "count": int(count),
        **about,
        "view": told,
        "quality": quality,
        "sector": area.to_dict(),
        "sector_source": source,
        "depth_mm": depth,
        "shape": list(labels.shape),
    }
    return images, with_warnings(record, without_effect)


def variations(
    label_map: ArrayLike,
    count: int = 5,
    seed: int = 0,
    *,
    strength: float = 1.0,
    ejection_fraction: float | None = None,
    wall_thickness: float = 1.0,
    sector: Sector | ArrayLike | None = None,
    spacing: Spacing | None = None,
) -> NDArray[np.uint8]:
    """Plausible variations of a label map: reshaped where that is asked for, then deformed.

    Args:
        label_map: (H, W) in CAMUS codes, or (T, H, W), a cine whose frames are all reshaped and deformed alike.
        count: how many; variation i depends on (seed, i) alone.
        seed: of the deformations.
        strength: factor on the deformations' ranges, 0 (the reshaping alone) to 1.5.
        ejection_fraction: part of the cavity's volume that leaves it, -1 to 0.8; below 0 the cavity dilates.
        wall_thickness: factor on the myocardium's thickness, 0.3 to 2.
        sector: the ultrasound sector as a `Sector` or a mask (H, W); where given, nothing is labeled outside it.
        spacing: (row, column) pixel size, where pixels are not square.

    Returns:
        (count, H, W) or (count, T, H, W) uint8.

    Raises:
        InputError: the label map or a parameter cannot be used, or this heart cannot take the shape asked for.
    """
    labels = check_label_maps(label_map)
    spacing = check_spacing(spacing)
    whole_number(count, "The count of variations", 1, 100_000)
    mask = sector.mask(labels.shape[-2:]) if isinstance(sector, Sector) else sector
    if mask is not None:
        mask = check_sector_mask(mask, labels.shape[-2:])
    heart = reshaped(
        labels,
        ejection_fraction=ejection_fraction,
        wall_thickness=wall_thickness,
        spacing=spacing,
        sector_mask=mask,
    )
    return np.stack([varied(heart, seed, index, strength=strength, sector_mask=mask) for index in range(count)])


def _is_tissue(model: object) -> bool:
    return isinstance(model, str) and model == TISSUE


def _check_brought(**given: object) -> None:
    told = sorted(name for name, value in given.items() if value is not None)
    if told:
        raise InputError(
            f"A cut of a heart has a sector and a spacing of its own, and by tissue it is drawn without steps, quality "
            f"and solver; leave out {' and '.join(told)}."
        )


def _sector(
    given: Sector | ArrayLike | None, labels: NDArray[np.uint8], spacing: Spacing | None
) -> tuple[Sector, NDArray[np.bool_] | None, str]:
    from EchoSynthLib.anatomy.sector.fit import default_sector, fit_sector_mask

    if given is None:
        return default_sector(labels.shape, labels, spacing), None, "typical sector fitted around the label map"
    if isinstance(given, Sector):
        return given, None, "given as geometry"
    mask = as_mask(given, "A sector mask")
    if mask.shape != labels.shape:
        raise InputError(
            f"A sector mask lies on the label map's grid {labels.shape}; given was one of shape {mask.shape}."
        )
    return fit_sector_mask(mask, spacing), mask, "fitted to the given mask"


def _with_frames(progress: Progress | None, frames: int) -> Progress | None:
    """What reports steps with the number of the frame that they have come to."""
    if progress is None or frames == 1:
        return progress

    def told(done: int, total: int, message: str = "") -> None:
        frame = min(done * frames // total + 1, frames)
        progress(done, total, f"{message}, frame {frame} of {frames}")

    return told
