"""Registration: where each point of one picture lies in another of the same heart."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from EchoSynthLib.anatomy import deformation
from EchoSynthLib.anatomy.labels import check_spacing
from EchoSynthLib.errors import InputError
from EchoSynthLib.images.contrast import has_contrast
from EchoSynthLib.images.gray import to_gray8
from EchoSynthLib.records import new_record
from EchoSynthLib.systems import find_model, load_pipeline
from EchoSynthLib.types import Progress, Record, Spacing

if TYPE_CHECKING:
    from EchoSynthLib.motion import Registrar


def register(
    moving: ArrayLike,
    fixed: ArrayLike,
    spacing: Spacing | None = None,
    *,
    model: str = "motion",
    progress: Progress | None = None,
) -> tuple[NDArray[np.float32], Record]:
    """Find where each point of one echocardiogram lies in another of the same heart and view.

    Args:
        moving, fixed: (H, W), or (H, W, 3) in color, of one size; gray levels as `segment` takes them.
        spacing: (row, column) millimeters; for the record, which tells the motion in them.
        model: name of the model folder.
        progress: called when done.

    Returns:
        displacement (2, H, W) float32 in pixels, (row, column): what lies at x in `fixed` lies at x + displacement(x)
        in `moving`, so that `warp(moving, displacement)` looks like `fixed`; and the record, with the mean and the
        largest motion, and the share of pixels at which the displacement folds.

    Raises:
        InputError: an image or the spacing cannot be used, an image has no contrast, or both differ in size.
        ModelError: the model is missing or damaged.
    """
    started = time.perf_counter()
    check_spacing(spacing)
    frames = {"moving": to_gray8(moving), "fixed": to_gray8(fixed)}
    for name, frame in frames.items():
        if not has_contrast(frame):
            raise InputError(f"The {name} image has no contrast, so nothing in it can be found in another.")
    if frames["moving"].shape != frames["fixed"].shape:
        raise InputError(
            f"Two frames to register have one size; given were {frames['moving'].shape} and {frames['fixed'].shape}. "
            "Bring them onto one grid first."
        )
    folder = find_model(model, "motion", "Registering")
    registrar: Registrar = load_pipeline(folder)
    displacement = registrar(frames["moving"], frames["fixed"])
    if progress is not None:
        progress(1, 1, "registering")
    record = new_record("register", model=folder, started=started) | motion_in_words(displacement[None], spacing)
    return displacement, record | {"supervision": folder.config.get("supervision")}


def motion_in_words(displacements: NDArray[np.float32], spacing: Spacing | None) -> Record:
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
