"""What strain is measured of, checked."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from EchoSynthLib.anatomy.deformation import check_length
from EchoSynthLib.array_like import as_array
from EchoSynthLib.errors import InputError

QUALITY = ("forward_backward_px", "ncc", "jacobian")
"""Maps of a tracking's quality that are looked at."""


def checked_displacements(
    displacements: ArrayLike, shape: tuple[int, ...], reference: Any
) -> tuple[NDArray[np.floating], int]:
    """(T, 2, H, W) of a label map (H, W), and the number of its frame; of one field (2, H, W), two frames.

    Raises:
        InputError: another shape, no numbers, or a reference that there is not or that does not stay in place.
    """
    fields = as_array(displacements, "Displacements")
    if fields.dtype.kind not in "fiu":
        raise InputError(f"Displacements are numbers of pixels; given was an array of {fields.dtype}.")
    if fields.shape == (2, *shape):
        fields = np.stack([np.zeros_like(fields), fields])
    if fields.ndim != 4 or fields.shape[1:] != (2, *shape) or len(fields) < 2:
        raise InputError(
            f"A label map {shape} takes displacements (T, 2, {shape[0]}, {shape[1]}) of two frames or more, as `track` "
            f"gives them, or one (2, {shape[0]}, {shape[1]}) of `register`; given was shape {fields.shape}."
        )
    whole = isinstance(reference, int | np.integer) and not isinstance(reference, bool)
    if not whole or not 0 <= reference < len(fields):
        raise InputError(
            f"The reference is the number of the label map's frame, from 0 to {len(fields) - 1}; given was "
            f"{reference!r}."
        )
    if np.any(fields[reference] != 0):
        largest = float(np.abs(fields[reference]).max())
        raise InputError(
            f"In the label map's own frame nothing is displaced, but in frame {reference} the displacement is up to "
            f"{largest:.3g} pixels; give the reference that was tracked from."
        )
    check_length(fields)
    return fields if fields.dtype.kind == "f" else fields.astype(np.float64), int(reference)


def checked_quality(
    quality: Mapping[str, Any] | None, displacements: NDArray[np.floating]
) -> dict[str, NDArray[np.floating]]:
    """The maps that are looked at, each (T, H, W).

    Raises:
        InputError: maps of another name or shape.
    """
    frames, _, rows, columns = displacements.shape
    if quality is not None and not isinstance(quality, Mapping):
        raise InputError(
            f"The quality of a tracking is what `tracking_quality` gives, maps by name ({', '.join(QUALITY)}), or "
            f"None; given was a {type(quality).__name__}."
        )
    found = {}
    for name, given in (quality or {}).items():
        if name not in QUALITY:
            raise InputError(f"The quality of a tracking has {', '.join(QUALITY)}; given was {name!r}.")
        values = as_array(given, f"The quality {name}")
        if values.dtype.kind not in "fiu":
            raise InputError(f"The quality {name} holds numbers; given was an array of {values.dtype}.")
        if values.shape != (frames, rows, columns):
            raise InputError(
                f"The quality {name} is (T, H, W) = ({frames}, {rows}, {columns}), as the displacements; given was "
                f"shape {values.shape}."
            )
        found[name] = values
    return found
