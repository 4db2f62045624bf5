"""What is done to one label map, done to each frame of a cine of them."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike, NDArray

from EchoSynthLib.anatomy.heart2d.contraction import contract
from EchoSynthLib.anatomy.heart2d.reshaping import change_wall_thickness
from EchoSynthLib.anatomy.labels import check_label_map
from EchoSynthLib.anatomy.variations import vary
from EchoSynthLib.arguments import real_number
from EchoSynthLib.array_like import as_array
from EchoSynthLib.errors import InputError
from EchoSynthLib.types import LabelMap, Progress, Spacing


def each_frame(
    label_map: ArrayLike, change: Callable[[NDArray], LabelMap], progress: Progress | None = None
) -> LabelMap:
    """`change` of a label map (H, W), or of each frame of a cine (T, H, W).

    `progress(done, total, message)` is called before each frame and may raise; an `InputError` names the frame.
    """
    values = as_array(label_map, "A label map")
    is_cine = values.ndim == 3 and len(values) > 0
    frames = values if is_cine else values[np.newaxis]
    changed = []
    for index, frame in enumerate(frames):
        name = f"frame {index + 1} of {len(frames)}" if is_cine else ""
        if progress is not None:
            progress(index, len(frames), name)
        try:
            changed.append(change(frame))
        except InputError as error:
            if not is_cine:
                raise
            raise InputError(f"Frame {index + 1} of {len(frames)}: {error}") from error
    return np.stack(changed) if is_cine else changed[0]


def check_label_maps(label_map: ArrayLike) -> LabelMap:
    """A label map (H, W), or a cine (T, H, W) of them, in CAMUS codes as uint8; see `check_label_map`."""
    return each_frame(label_map, check_label_map)


def reshaped(
    label_map: ArrayLike,
    *,
    ejection_fraction: float | None = None,
    wall_thickness: float = 1.0,
    spacing: Spacing | None = None,
    sector_mask: ArrayLike | None = None,
    progress: Progress | None = None,
) -> LabelMap:
    """A label map, or each frame of a cine, contracted (see `contract`), then with another thickness of its wall.

    Args:
        label_map: (H, W) or (T, H, W) in CAMUS codes.
        ejection_fraction: -1 to 0.8, in each frame alike; None leaves the cavity as it is.
        wall_thickness: factor, 0.3 to 2; 1 leaves the wall as it is.
        spacing: (row, column) pixel size, where pixels are not square.
        sector_mask: (H, W); where given, the wall does not grow out of it.
        progress: see `each_frame`.

    Raises:
        InputError: see `contract` and `change_wall_thickness`.
    """

    def change(frame: NDArray) -> LabelMap:
        labels = check_label_map(frame)
        if ejection_fraction is not None:
            labels = contract(labels, ejection_fraction, spacing)
        if real_number(wall_thickness) != 1:
            labels = change_wall_thickness(labels, wall_thickness, spacing, sector_mask)
        return labels

    return each_frame(label_map, change, progress)


def varied(
    label_map: ArrayLike,
    seed: int,
    index: int,
    *,
    strength: float = 1.0,
    sector_mask: ArrayLike | None = None,
    progress: Progress | None = None,
) -> LabelMap:
    """The variation `index` of a label map (H, W), or of a cine (T, H, W) with one deformation for all frames.

    Arguments and errors as in `vary`, whose deformation depends on seed, index and shape alone; `progress` as in
    `each_frame`.
    """
    return each_frame(
        label_map, lambda frame: vary(frame, seed, index, strength=strength, sector_mask=sector_mask), progress
    )
