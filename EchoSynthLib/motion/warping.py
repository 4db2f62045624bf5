"""Pictures and label maps, read where a displacement leads."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from EchoSynthLib.anatomy import deformation
from EchoSynthLib.array_like import as_array
from EchoSynthLib.errors import InputError


def warp(array: ArrayLike, displacement: ArrayLike, *, labels: bool = False) -> NDArray[Any]:
    """An image or label map, or each of a cine, read at x + displacement(x).

    Args:
        array: of the moving frame: gray or labels (H, W), or each of (T, H, W); color (H, W, 3), or each of
            (T, H, W, 3). Without `labels`, a last axis of 1, 3 or 4 holds channels.
        displacement: (2, H, W) pixels, or (T, 2, H, W), one for each frame; of one alone, every frame takes it.
        labels: take the nearest pixel's code instead of a mixture.

    Returns:
        An array of the same type on the displacement's grid; beyond the moving frame lies 0.

    Raises:
        InputError: the shapes do not fit, or the values cannot be interpolated.
    """
    values, fields = as_array(array, "An image"), as_array(displacement, "A displacement")
    read = deformation.warp_labels if labels else deformation.warp
    # A picture with alpha is no cine whose frames are four pixels wide.
    is_color = not labels and values.ndim in (3, 4) and values.shape[-1] in (1, 3, 4)
    planes = [values[..., channel] for channel in range(values.shape[-1])] if is_color else [values]
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
