"""Registration: where each point of one picture lies in another of the same heart."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from EchoSynthLib.anatomy import deformation
from EchoSynthLib.anatomy.labels import LARGEST_PIXEL_MM, SMALLEST_PIXEL_MM, check_spacing
from EchoSynthLib.arguments import real_number, whole_number
from EchoSynthLib.array_like import as_array
from EchoSynthLib.errors import InputError, ModelError
from EchoSynthLib.image_trust import trust_of, trusted
from EchoSynthLib.images.contrast import has_contrast
from EchoSynthLib.images.gray import cine_to_gray8, to_gray8
from EchoSynthLib.motion.following import off_grid, on_grid
from EchoSynthLib.motion.refinement import refined
from EchoSynthLib.progress import silent
from EchoSynthLib.records import new_record
from EchoSynthLib.systems import find_model, load_pipeline
from EchoSynthLib.types import Progress, Record
from EchoSynthLib.zoo import ModelFolder

if TYPE_CHECKING:
    from EchoSynthLib.motion import Registrar

MOST_STEPS = 10_000
"""Of refinement; what could still move has long come to rest."""


def register(
    moving: ArrayLike,
    fixed: ArrayLike,
    spacing: Sequence[float] | None = None,
    *,
    refine: int = 0,
    model: str = "motion",
    strict: bool = False,
    progress: Progress | None = None,
) -> tuple[NDArray[np.float32], Record]:
    """Find where each point of one echocardiogram lies in another of the same heart and view.

    Args:
        moving, fixed: (H, W), or (H, W, 3) in color, of one size; gray levels as `segment` takes them. Volumes
            (D, H, W) take a model for volumes.
        spacing: (row, column) millimeters, of volumes (slice, row, column); for the record, which tells the motion in
            them.
        refine: steps of refinement on the two pictures, see `refinement.refined`; some 30 to the second.
        model: name of the model folder.
        strict: refuse frames that are not trusted, see `es.trust`; without it the record warns.
        progress: progress(done, total, message) after each step; may raise `Cancelled`.

    Returns:
        displacement (2, H, W) float32 in pixels, (row, column): what lies at x in `fixed` lies at x + displacement(x)
        in `moving`, so that `warp(moving, displacement)` looks like `fixed`; of volumes (3, D, H, W) in voxels, (slice,
        row, column). And the record, with the mean and the largest motion, and the share of pixels at which the
        displacement folds; where it was refined with the likeness, 0 to 1, before and after.

    Raises:
        InputError: an image, the spacing or `refine` cannot be used, an image has no contrast or is not trusted and
            `strict`, or both differ in size.
        ModelError: the model is missing, damaged, or none for images of so many dimensions.
    """
    started = time.perf_counter()
    refine = whole_number(refine, "refine, the number of steps,", 0, MOST_STEPS)
    frames = {"moving": _gray(moving), "fixed": _gray(fixed)}
    _check_sides(spacing, frames["fixed"].ndim)
    for name, frame in frames.items():
        planes = frame if frame.ndim == 3 else frame[None]
        if not any(has_contrast(plane) for plane in planes):
            raise InputError(f"The {name} image has no contrast, so nothing in it can be found in another.")
    if frames["moving"].shape != frames["fixed"].shape:
        raise InputError(
            f"Two frames to register have one size; given were {frames['moving'].shape} and {frames['fixed'].shape}. "
            "Bring them onto one grid first."
        )
    judged = None
    if frames["fixed"].ndim == 2:
        # Two frames of one heart are judged as a cine of two; of volumes no single plane is a view.
        judged = trust_of(np.stack([*frames.values()]), strict=strict)
    folder, registrar = registrar_of(model, "Registering", frames["fixed"].ndim)
    tell = progress or silent
    about: Record = {"supervision": folder.config.get("supervision")}
    if refine:
        seen = [on_grid(frame, registrar.grid) for frame in frames.values()]
        found, likeness = refined(seen[0], seen[1], registrar(seen[0], seen[1]), refine, tell)
        displacement = off_grid(found, frames["fixed"].shape)
        about |= {"refine": refine, "likeness": likeness}
    else:
        displacement = registrar(frames["moving"], frames["fixed"])
        tell(1, 1, "registering")
    record = new_record("register", model=folder, started=started)
    return displacement, trusted(record | motion_in_words(displacement[None], spacing) | about, judged)


def registrar_of(
    model: str, what: str, dimensions: int = 2, threads: int | None = None
) -> tuple[ModelFolder, Registrar]:
    """A model of that name, and its pipeline, for pictures of so many dimensions; `what` needs it.

    Raises:
        InputError: it is of another kind.
        ModelError: there is none, it is damaged, or it is for pictures of other dimensions.
    """
    folder = find_model(model, "motion", what)
    registrar: Registrar = load_pipeline(folder, threads=threads)
    if len(registrar.grid) != dimensions:
        names = {2: "frames (H, W)", 3: "volumes (D, H, W)"}
        raise ModelError(
            f"{what} {names[dimensions]} needs a model for them, and {model!r} is one for "
            f"{names[len(registrar.grid)]}. "
            + ("None for volumes comes with EchoSynth: train motion-volumes. " if dimensions == 3 else "")
            + "Give the name of one that you trained or imported, see `echosynth models`."
        )
    return folder, registrar


def _gray(image: ArrayLike) -> NDArray[np.uint8]:
    """(H, W) of a frame, (D, H, W) of a volume."""
    values = as_array(image, "An image")
    color = values.ndim == 3 and values.shape[-1] in (1, 3, 4)
    return cine_to_gray8(values) if values.ndim == 3 and not color else to_gray8(values)


def _check_sides(spacing: Sequence[float] | None, dimensions: int) -> None:
    if dimensions == 2 or spacing is None:
        check_spacing(spacing)  # type: ignore[arg-type]  # which tells what else it is
    elif np.shape(spacing) != (3,) or not all(
        SMALLEST_PIXEL_MM <= real_number(side) <= LARGEST_PIXEL_MM for side in spacing
    ):
        raise InputError(
            f"spacing of a volume is (slice, row, column) in millimeters, three positive numbers, or None; given was "
            f"{spacing!r:.120}."
        )


def motion_in_words(displacements: NDArray[np.float32], spacing: Sequence[float] | None) -> Record:
    """What a record says of displacements (n, d, *grid): size, mean and largest motion, share of folds."""
    dimensions = displacements.shape[1]
    told: Record = {
        "shape": list(displacements.shape[2:]),
        "spacing_mm": None if spacing is None else [float(side) for side in spacing],
    }
    units = {"px": np.ones(dimensions)} | ({} if spacing is None else {"mm": np.array(spacing, float)})
    for unit, sides in units.items():
        lengths = [np.linalg.norm(field * sides.reshape(-1, *[1] * dimensions), axis=0) for field in displacements]
        told[f"mean_motion_{unit}"] = round(float(np.mean([length.mean() for length in lengths])), 3)
        told[f"largest_motion_{unit}"] = round(max(float(length.max()) for length in lengths), 3)
    told["folded_share"] = round(float(np.mean([deformation.folding_share(field) for field in displacements])), 6)
    return told
