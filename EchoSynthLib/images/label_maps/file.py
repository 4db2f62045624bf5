"""What is a label map and what is an echo image: decided here for every command, by name, header and content.

A label map taken for an image would be segmented as if it were an ultrasound image, so doubt goes against the image: an
echo has hundreds of gray levels, a label map or a drawing has few, in large areas.
"""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from EchoSynthLib.errors import InputError
from EchoSynthLib.images.formats import existing_file, kind_of, stem_of, suffix_of
from EchoSynthLib.images.frame import EchoCine, EchoFrame

CODES = "0 other, 1 LV cavity, 2 myocardium, 3 left atrium"
FEW_LEVELS, MOST_CODES = 8, 32
"""So few values are no echo; so many may be codes, if they fill areas."""
WHOLE = 1e-3
"""How far a code may be off a whole number: what arithmetic on floats leaves."""

# The likelier truth first, where an image has several.
_WORDS = ("gt", "ground_?truth", "labels?", "label_?map", "masks?", "annotations?", "segmentations?", "seg")
_NAME = re.compile(rf"(?:(?<=.)[ ._-])?(?<![^ ._-])(?:{'|'.join(_WORDS)})$", re.IGNORECASE)
_SEGMENT = re.compile(r"Segment\d+_")
_NIFTI, _LABEL_INTENT = (".nii", ".hdr", ".img"), "1002"  # NIFTI_INTENT_LABEL
_DRAWN = 0.7
"""How much of a drawing has its most frequent levels. Of 241 echo and other ultrasound files, none is over 0.57."""


def label_ending(path: str | Path) -> str:
    """The end of a file's name that marks a label map, as `_gt`, `-label` or `.seg`; "" where there is none."""
    if kind_of(Path(path)) in ("video", "dicom"):
        return ""
    found = _NAME.search(stem_of(path))
    return found.group() if found else ""


def label_rank(path: Path) -> int:
    """Which of several label maps of one image to take: the lowest."""
    word = label_ending(path).lstrip(" ._-")
    return next((n for n, known in enumerate(_WORDS) if re.fullmatch(known, word, re.IGNORECASE)), len(_WORDS))


def is_marked_label_map(path: Path) -> bool:
    """Whether a file's name or its header's texts mark a label map or a segmentation; its values are not looked at."""
    return bool(label_ending(path)) or is_slicer_segmentation(path) or _is_nifti_label(path)


def _is_nifti_label(path: Path) -> bool:
    from EchoSynthLib.images.readers.itk import itk_metadata

    try:
        return suffix_of(path).startswith(_NIFTI) and itk_metadata(path).get("intent_code") == _LABEL_INTENT
    except InputError:
        return False


def is_slicer_segmentation(path: Path) -> bool:
    """Whether a file is a segmentation of 3D Slicer, whatever its name: its values are no codes."""
    from EchoSynthLib.images.readers.itk import itk_metadata

    if suffix_of(path) not in (".nrrd", ".nhdr"):
        return False
    if stem_of(path).lower().endswith(".seg"):
        return True
    try:
        return any(map(_SEGMENT.match, itk_metadata(path)))
    except InputError:
        return False


def refuse_slicer_segmentation(path: Path) -> None:
    """InputError where a file is a segmentation of 3D Slicer."""
    if is_slicer_segmentation(path):
        raise InputError(
            f"{path} is a 3D Slicer segmentation: its values are numbered by Slicer and tell no structure. "
            f"Export it to a label map with the codes 1 LV cavity, 2 myocardium, 3 left atrium, and give that file."
        )


def is_label_map(path: str | Path) -> bool:
    """Whether a file is a label map rather than an image: by its name, its header, or because it holds few codes.

    True does not say that the codes are those expected, nor that it is no segmentation of 3D Slicer: `read_label_map`
    names what is wrong.

    Raises:
        InputError: there is no such file.
    """
    from EchoSynthLib.images.label_maps.read import is_one_hot, load_values

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
    from EchoSynthLib.images.read import read_image

    try:
        return kind_of(path) == "picture" and is_drawn(read_image(path).pixels)
    except InputError:
        return False


def read_echo(path: str | Path) -> EchoFrame | EchoCine:
    """An echo frame or cine as `read_image` gives it, of a file that a task takes for an ultrasound image.

    Raises:
        InputError: see `read_image`; also a label map or a segmentation, told by its name, its header or its content.
    """
    from EchoSynthLib.images.read import read_image

    path = existing_file(path)
    refuse_slicer_segmentation(path)
    if is_marked_label_map(path):
        mark = f"name ({label_ending(path)})" if label_ending(path) else "header (intent)"
        raise InputError(
            f"{path} is a label map by its {mark}; expected was an ultrasound image. Give the image that it was drawn "
            f"on; if it is one itself, rename it."
        )
    image = read_image(path)
    refuse_drawing(image)
    return image


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


def snapped(values: NDArray) -> NDArray:
    """The values, those nearly whole made whole."""
    if values.dtype.kind != "f":
        return values
    nearest = np.rint(values)
    return np.where(np.abs(values - nearest) <= WHOLE, nearest, values)


def _is_blurred(values: NDArray) -> bool:
    """Whether floats are codes that an interpolation or a network made soft: mostly small whole numbers."""
    low, high = float(values.min()), float(values.max())
    if low < -WHOLE or high > FEW_LEVELS or high == low:
        return False
    labelled = values[values > WHOLE]
    return bool(labelled.size and np.mean(np.abs(labelled - np.rint(labelled)) <= WHOLE) > 0.5)


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
