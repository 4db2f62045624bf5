"""The frames of a cine, each registered to one of them, on the grid that the network looks at."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

from EchoSynthLib.anatomy import deformation
from EchoSynthLib.arguments import whole_number
from EchoSynthLib.errors import InputError
from EchoSynthLib.images.contrast import has_contrast
from EchoSynthLib.images.grid import from_grid, to_grid, volume_from_grid, volume_to_grid
from EchoSynthLib.parallel.threads import on_each_core
from EchoSynthLib.types import Progress

if TYPE_CHECKING:
    from EchoSynthLib.motion import Registrar

STEPS, STEP = 15, 0.6
"""Of the iteration that turns a displacement around: their number, and what each goes of the way that is left."""
AGREEING_PX = 2.0
"""Standard deviation, in the network's pixels, over which both directions' difference is evened out."""
STEADY_RATE = 30.0
"""Frames a second below which a beat's fast phases fall between the frames."""


def checked_frames(frames: NDArray[np.uint8], reference: Any) -> list[int]:
    """The numbers of the frames (T, H, W) without contrast.

    Raises:
        InputError: the reference is none of the others, or there is no other.
    """
    whole_number(reference, "The reference, the number of a frame,", 0, len(frames) - 1)
    blank = [index for index, frame in enumerate(frames) if not has_contrast(frame)]
    if reference in blank:
        raise InputError(
            f"The reference frame {reference} has no contrast, so there is nothing in it to follow; take another."
        )
    if len(frames) - len(blank) < 2:
        raise InputError(
            f"Following takes two frames or more that show something; of the {len(frames)} given the reference alone "
            "does. Give a cine."
        )
    return blank


def doubts_of_time(frame_time: float | None, assumed: float) -> list[str]:
    """Warnings of a frame time that is not known, or too long for a beat."""
    if frame_time is None:
        return [
            f"the frame time is not known: {assumed:g} ms were assumed to steady the motion, and nothing is told of "
            "speeds and rates"
        ]
    rate = 1000 / frame_time
    if rate >= STEADY_RATE:
        return []
    return [
        f"{rate:.3g} frames a second are fewer than {STEADY_RATE:g}: end-systole may lie between two frames and fast "
        "phases are missed, so that peaks of motion and strain come out too low, and rates much too low"
    ]


def on_grid(picture: NDArray[np.uint8], grid: tuple[int, ...]) -> NDArray[np.uint8]:
    """A frame (H, W) or volume (D, H, W) as the network looks at it."""
    if len(grid) == 3:
        return np.rint(volume_to_grid(picture, (grid[0], grid[1], grid[2]))).astype(np.uint8)
    return np.rint(to_grid(picture, (grid[0], grid[1]))).astype(np.uint8)


def off_grid(field: NDArray[np.float32], shape: tuple[int, ...]) -> NDArray[np.float32]:
    """A displacement (d, *grid) in pixels of the grid as (d, *shape) in pixels of the picture."""
    scale = (np.array(shape) / np.array(field.shape[1:])).astype(np.float32)
    field = field * scale.reshape(-1, *[1] * len(shape))
    if len(shape) == 3:
        return volume_from_grid(field, (shape[0], shape[1], shape[2]))
    return from_grid(field, (shape[0], shape[1]))


def registered(
    registrar: Registrar,
    frames: NDArray[np.uint8],
    pairs: Sequence[tuple[int, int]],
    tell: Progress,
    message: str,
) -> list[NDArray[np.float32]]:
    """The displacement (2, *grid) of each pair of frame numbers (moving, fixed), on all cores."""
    tell(0, len(pairs), message)
    found = []
    for one in on_each_core(lambda pair: registrar(frames[pair[0]], frames[pair[1]]), pairs):
        found.append(one)
        tell(len(found), len(pairs), message)
    return found


def turned(field: NDArray[np.float32]) -> NDArray[np.float32]:
    """The displacement that leads back, as far as there is one: where the field folds it stays between both sides.

    By the iteration w <- w - (w + u(y + w)) that `deformation.inverse` has, in shorter steps, which also come to an end
    where the field spreads by more than a pixel from one pixel to the next.
    """
    back = -field
    for _ in range(STEPS):
        back = back - np.float32(STEP) * deformation.compose(field, back)
    return back.astype(np.float32)


def agreed(forward: NDArray[np.float32], backward: NDArray[np.float32]) -> NDArray[np.float32]:
    """The displacement halfway between `forward` and what `backward`, found with the roles exchanged, says of it.

    A network that has learned how far hearts move overdoes one way as much as the other; the mean of both does not
    (Christensen and Johnson, IEEE TMI 20:568-582, 2001, on consistent registration).
    """
    difference = turned(backward) - forward
    return forward + gaussian_filter(difference, (0, AGREEING_PX, AGREEING_PX)) / 2
