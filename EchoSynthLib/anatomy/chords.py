"""A ventricle as an observer traces it for the method of discs: a long axis and the chords across it.

As in EchoNet-Dynamic (Ouyang et al., Nature 580:252-256, 2020): lines (x1, y1, x2, y2) in pixels, x to the right and y
down, pixel centers at whole numbers. The first line is the long axis, the others are square to it, from the apex on.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray

from EchoSynthLib.anatomy.discs import Discs, ventricular_axis
from EchoSynthLib.anatomy.labels import check_label_map
from EchoSynthLib.anatomy.masks import fill_polygon
from EchoSynthLib.anatomy.structures import CamusCode
from EchoSynthLib.errors import InputError
from EchoSynthLib.types import Mask, Spacing

FEWEST_LINES = 4
"""A long axis, and three chords, between which there is an area."""


def traced(label_map: ArrayLike, spacing: Spacing | None = None) -> NDArray[np.float64]:
    """The lines (21, 4) that stand for the cavity of a label map: its long axis from the apex on, and 20 chords.

    A chord is as long as its disc is wide in the mean, and lies about the disc's middle; the axis is as long as all
    discs together. The volume of the lines is that of the label map by discs.

    Args:
        label_map: (H, W) in CAMUS codes with a cavity.
        spacing: (row, column) pixel size in mm; None for square pixels.

    Raises:
        InputError: there is no cavity.
    """
    labels = check_label_map(label_map)
    cavity = labels == CamusCode.LV_CAVITY
    if not cavity.any():
        raise InputError(f"The label map has no left ventricle ({CamusCode.LV_CAVITY}), whose tracing was asked for.")
    axis = ventricular_axis(labels, spacing)
    discs = Discs.along(cavity, axis)
    step = np.array(axis.spacing)
    across = discs.across
    along = discs.base + discs.thickness * (np.arange(len(discs.widths(cavity))) + 0.5)
    middles = along[:, None] * discs.axis + discs.middles(cavity)[:, None] * across
    halves = discs.widths(cavity)[:, None] / 2 * across
    aside = float(axis.base * step @ across) * across
    ends = [np.stack([aside + (discs.base + discs.length) * discs.axis, aside + discs.base * discs.axis])]
    ends += [np.stack([middle - half, middle + half]) for middle, half in zip(middles[::-1], halves[::-1], strict=True)]
    return (np.stack(ends) / step)[:, :, ::-1].reshape(-1, 4)


def cavity_of(lines: ArrayLike, shape: tuple[int, int]) -> Mask:
    """The cavity (H, W) within the ends of the chords; `lines` as `traced` gives them.

    Raises:
        InputError: they are no such lines.
    """
    chords = check_lines(lines)[1:].reshape(-1, 2, 2)[:, :, ::-1]
    return fill_polygon(np.concatenate([chords[:, 0], chords[::-1, 1]]), shape)


def volume_of(lines: ArrayLike, spacing: Spacing | None = None) -> float:
    """V = pi / 4 * sum(d_i^2) * L / N of N chords d_i across an axis of length L; mm^3, or cubic pixels.

    Raises:
        InputError: they are no such lines.
    """
    ends = check_lines(lines).reshape(-1, 2, 2)[:, :, ::-1] * np.array(spacing or (1.0, 1.0))
    lengths = np.linalg.norm(ends[:, 1] - ends[:, 0], axis=1)
    return float(math.pi / 4 * (lengths[1:] ** 2).sum() * lengths[0] / (len(lengths) - 1))


def check_lines(lines: ArrayLike) -> NDArray[np.float64]:
    """The lines (n, 4) as floats; InputError where they are none."""
    found = np.asarray(lines, dtype=np.float64)
    if found.ndim != 2 or found.shape[1:] != (4,) or len(found) < FEWEST_LINES or not np.isfinite(found).all():
        raise InputError(
            f"A tracing is a long axis and {FEWEST_LINES - 1} chords or more, (n, 4) finite numbers; given was an "
            f"array of shape {found.shape}."
        )
    return found
