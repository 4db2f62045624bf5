"""Two frames to the motion between them: one folder for each system of the kind `motion`, and what Python users call.

What lies where in another picture of the same heart, and what that does to pictures and label maps.
"""

from __future__ import annotations

import time
from typing import Any, Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

from EchoSynthLib.anatomy import deformation
from EchoSynthLib.anatomy.labels import check_spacing
from EchoSynthLib.array_like import as_array
from EchoSynthLib.errors import InputError
from EchoSynthLib.images.contrast import has_contrast
from EchoSynthLib.images.gray import to_gray8
from EchoSynthLib.records import new_record
from EchoSynthLib.systems import find_model, load_pipeline
from EchoSynthLib.types import Progress, Record, Spacing


class Registrar(Protocol):
    """A pipeline of the kind `motion`; calls may run side by side."""

    def __call__(self, moving: NDArray[np.uint8], fixed: NDArray[np.uint8]) -> NDArray[np.float32]:
        """The displacement (2, H, W) in pixels, (row, column): what lies at x in `fixed` lies at x + u(x) in `moving`.

        Args:
            moving, fixed: gray frames (H, W) of one size, row 0 at the transducer.
        """
        ...


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
    record = new_record("register", model=folder, started=started) | _summary(displacement, spacing)
    return displacement, record | {"supervision": folder.config.get("supervision")}


def warp(array: ArrayLike, displacement: ArrayLike, *, labels: bool = False) -> NDArray[Any]:
    """An image or label map, or each of a cine, read at x + displacement(x).

    Args:
        array: of the moving frame: gray or labels (H, W), or each of (T, H, W); color (H, W, 3), or each of
            (T, H, W, 3). Without `labels`, a last axis of 3 is color.
        displacement: (2, H, W) pixels, or (T, 2, H, W), one for each frame; of one alone, every frame takes it.
        labels: take the nearest pixel's code instead of a mixture.

    Returns:
        An array of the same type on the displacement's grid; beyond the moving frame lies 0.

    Raises:
        InputError: the shapes do not fit, or the values cannot be interpolated.
    """
    values, fields = as_array(array, "An image"), as_array(displacement, "A displacement")
    read = deformation.warp_labels if labels else deformation.warp
    is_color = not labels and values.ndim in (3, 4) and values.shape[-1] == 3
    planes = [values[..., channel] for channel in range(3)] if is_color else [values]
    frames = planes[0].ndim == 3
    if planes[0].ndim not in (2, 3) or not values.size or not _fit(len(values) if frames else None, fields):
        raise InputError(
            "A frame (H, W) or (H, W, 3) takes a displacement (2, H, W), and frames (T, H, W) or (T, H, W, 3) one or T "
            f"of them; given were shapes {values.shape} and {fields.shape}."
        )
    each = fields if fields.ndim == 4 else [fields] * len(values)
    warped = [
        np.stack([read(frame, field) for frame, field in zip(plane, each, strict=True)])
        if frames
        else read(plane, fields)
        for plane in planes
    ]
    return np.stack(warped, axis=-1) if is_color else warped[0]


def _fit(frames: int | None, fields: NDArray[Any]) -> bool:
    """Whether there is one displacement, or one for each of so many frames."""
    return fields.ndim == 3 or (fields.ndim == 4 and len(fields) == frames)


def _summary(displacement: NDArray[np.float32], spacing: Spacing | None) -> Record:
    length = np.linalg.norm(displacement, axis=0)
    told: Record = {
        "shape": list(displacement.shape[1:]),
        "spacing_mm": None if spacing is None else [float(side) for side in spacing],
        "mean_motion_px": round(float(length.mean()), 3),
        "largest_motion_px": round(float(length.max()), 3),
        "folded_share": round(deformation.folding_share(displacement), 6),
    }
    if spacing is not None:
        length = np.linalg.norm(displacement * np.array(spacing)[:, None, None], axis=0)
        told |= {
            "mean_motion_mm": round(float(length.mean()), 3),
            "largest_motion_mm": round(float(length.max()), 3),
        }
    return told
