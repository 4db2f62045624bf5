"""What is a label map and what is an echo image: decided here for every command, by name, header and content.

A label map taken for an image would be segmented as if it were an ultrasound image, so doubt goes against the image: an
echo has hundreds of gray levels, a label map or a drawing has few, in large areas.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from EchoSynthLib.errors import InputError
from EchoSynthLib.images.formats import existing_file, kind_of
from EchoSynthLib.images.frame import EchoCine, EchoFrame
from EchoSynthLib.images.label_maps.codes import FEW_LEVELS, MOST_CODES, WHOLE, is_one_hot, snapped
from EchoSynthLib.images.label_maps.marks import is_marked_label_map
from EchoSynthLib.images.label_maps.read import load_values
from EchoSynthLib.images.read import read_image

_DRAWN = 0.7
"""How much of a drawing has its most frequent levels. Of 241 echo and other ultrasound files, none is over 0.57."""


def is_label_map(path: str | Path) -> bool:
    """Whether a file is a label map rather than an image: by its name, its header, or because it holds few codes.

    True does not say that the codes are those expected, nor that it is no segmentation of 3D Slicer: `read_label_map`
    names what is wrong.

    Raises:
        InputError: there is no such file.
    """
    path = existing_file(path)
    if is_marked_label_map(path):
        return True
    try:
        values, _ = load_values(path)
    except InputError:
        return _is_picture_of_labels(path)
    if values.ndim == 4 and values.shape[-1] == 1:
        values = values[..., 0]
    if values.ndim == 4:
        return values.dtype.kind in "biuf" and is_one_hot(np.moveaxis(values, -1, 0))
    return values.ndim == 3 and values.dtype.kind in "biuf" and holds_codes(values)


def _is_picture_of_labels(path: Path) -> bool:
    """Whether a picture that keeps no codes, being lossy, in color or of a doubtful palette, shows a label map."""
    try:
        return kind_of(path) == "picture" and is_drawn(read_image(path).pixels)
    except InputError:
        return False


def refuse_drawing(image: EchoFrame | EchoCine) -> None:
    """InputError where the gray levels of an image are those of a label map, a mask or a drawing."""
    levels = np.flatnonzero(_histogram(image.pixels))
    if not is_drawn(image.pixels):
        return
    shown = ", ".join(map(str, levels[:FEW_LEVELS])) + (", ..." if len(levels) > FEW_LEVELS else "")
    raise InputError(
        f"{image.source or 'The image'} is no ultrasound image but a label map, a mask or a drawing: nearly all of it "
        f"has one of few gray levels ({len(levels)} in all: {shown}). Give the image that it was drawn on."
    )


def is_drawn(pixels: NDArray[np.uint8]) -> bool:
    """Whether (H, W) or (T, H, W) gray levels, or codes, are those of a drawing; of one level alone nothing is said."""
    counts = _histogram(pixels)
    levels = np.count_nonzero(counts)
    if levels <= 1:
        return False
    if levels <= FEW_LEVELS:
        return True
    background = int(counts.argmax())
    # In an echo of low gain neighbors differ by less.
    step = min(3, max(1, round(3 * int(np.flatnonzero(counts)[-1]) / 128)))
    return (
        _share(counts, 4, (background, background + 1)) > _DRAWN
        or (levels <= MOST_CODES and _changes(pixels, 1) < 0.1)
        # Lossy compression spreads each level over its neighbors.
        or (_share(counts, 12, (max(background - 4, 0), background + 5)) > _DRAWN and _changes(pixels, step) < 0.25)
    )


def _share(counts: NDArray[np.int64], levels: int, background: tuple[int, int]) -> float:
    """The part of all pixels, but for those of the background's levels, that has the most frequent `levels`."""
    shown = counts.copy()
    shown[slice(*background)] = 0
    return float(np.sort(shown)[-levels:].sum() / max(shown.sum(), 1))


def holds_codes(values: NDArray) -> bool:
    """Whether (T, H, W) numbers of any type are codes, or codes that were blurred or stretched, rather than an echo."""
    if values.size == 0 or (values.dtype.kind == "f" and not np.isfinite(values).all()):
        return False
    if values.dtype.kind == "f" and _is_blurred(values):
        return True
    # One frame shows most images to be none of codes; looking at all takes long.
    if len(np.unique(snapped(values[0]))) > 256:
        return False
    whole = snapped(values)
    if whole.dtype.kind == "f" and (whole != np.rint(whole)).any():
        few = len(np.unique(whole[0, ::4].round(3))) <= FEW_LEVELS
        return few and len(np.unique(whole.round(3))) <= FEW_LEVELS
    low, high = int(whole.min()), int(whole.max())
    if low >= 0 and high <= 255:
        return is_drawn(whole.astype(np.uint8))
    return len(np.unique(whole)) <= FEW_LEVELS


def _is_blurred(values: NDArray) -> bool:
    """Whether floats are codes that an interpolation or a network made soft: mostly small whole numbers."""
    low, high = float(values.min()), float(values.max())
    if low < -WHOLE or high > FEW_LEVELS or high == low:
        return False
    labeled = values[values > WHOLE]
    return bool(labeled.size and np.mean(np.abs(labeled - np.rint(labeled)) <= WHOLE) > 0.5)


def _histogram(pixels: NDArray[np.uint8]) -> NDArray[np.int64]:
    frames = pixels.reshape(-1, pixels.shape[-2] * pixels.shape[-1])
    counts = np.zeros(256, np.int64)
    for frame in frames:
        counts += np.bincount(frame, minlength=256)
    return counts


def _changes(pixels: NDArray[np.uint8], step: int) -> float:
    """How much of the neighbors in the first frame differ by `step` levels or more, where they are not background."""
    frame = pixels.reshape(-1, *pixels.shape[-2:])[0].astype(np.int16)
    apart = np.abs(frame - np.bincount(frame.ravel()).argmax()) >= (step if step == 1 else 4)
    inside = apart[:, 1:] | apart[:, :-1]
    return float((np.abs(np.diff(frame, axis=1)) >= step)[inside].mean()) if inside.any() else 1.0
