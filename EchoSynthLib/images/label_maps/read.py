"""Label maps, with their codes exactly as they are stored."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from EchoSynthLib.anatomy.heart2d.turned import warning_if_heart_turned
from EchoSynthLib.errors import InputError
from EchoSynthLib.images.formats import existing_file, kind_of, suffix_of
from EchoSynthLib.images.frame import EchoCine, EchoFrame, doubt_of_depth, frame_or_cine, is_real_spacing
from EchoSynthLib.images.label_maps.codes import CODES, LARGEST_CODE, MOST_CODES, is_one_hot, snapped
from EchoSynthLib.images.label_maps.marks import refuse_slicer_segmentation
from EchoSynthLib.images.readers.array import load_array
from EchoSynthLib.images.readers.itk import load_itk
from EchoSynthLib.images.readers.picture import load_codes
from EchoSynthLib.images.readers.stored import ItkImage

_EXPECTED = "a label map as NIfTI, MHD/MHA, NRRD, PNG, BMP, TIFF or NPY"


def read_label_map(path: str | Path) -> tuple[NDArray[np.uint8], EchoFrame | EchoCine]:
    """Read a label map without changing a code; floats that are off a whole number by arithmetic are made whole.

    Returns:
        The label map, (H, W) uint8 or (T, H, W) where the file holds several frames, and the same as a frame or cine
        that carries spacing and geometry, to be given to the writers as `like`, and remarks on what is doubtful: a
        place in space that is not usable, a heart that is upside down.

    Raises:
        InputError: unreadable; lossy or in color; other values than the codes 0 to 3, which are named with what they
            may mean; channels of one structure each; a Slicer segmentation, whose values are not codes.
    """
    path = existing_file(path)
    refuse_slicer_segmentation(path)
    values, header = load_values(path)
    codes = _as_codes(values, path)
    geometry = header.geometry if header else None
    spacing = geometry.pixel_spacing if geometry else None
    trusted = header is not None and header.spacing_trusted and spacing is not None and is_real_spacing(spacing)
    time = header.frame_time_ms if header else None
    labels = frame_or_cine(EchoCine(codes, spacing, trusted, str(path), time, geometry))
    doubts = (doubt_of_depth(labels), warning_if_heart_turned(codes))
    labels = replace(labels, remarks=(*(header.remarks if header else ()), *(text for text in doubts if text)))
    return labels.pixels, labels


def load_values(path: Path) -> tuple[NDArray, ItkImage | None]:
    """The numbers of a file as they are stored, (T, H, W) or with channels last, and its header where it has one.

    Raises:
        InputError: unreadable, or of a format that does not keep numbers.
    """
    kind = kind_of(path)
    if kind == "itk":
        image = load_itk(path)
        return image.values, image
    if kind == "array":
        array = load_array(path)
        has_channels = array.ndim == 3 and array.shape[-1] in (1, 3, 4)
        return (array[np.newaxis] if array.ndim == 2 or has_channels else array), None
    if kind == "picture" and suffix_of(path) not in (".jpg", ".jpeg"):
        return load_codes(path), None
    raise InputError(f"{path} is of a kind that does not keep codes exact; expected was {_EXPECTED}.")


def _as_codes(values: NDArray, path: Path) -> NDArray[np.uint8]:
    if values.ndim == 4 and values.shape[-1] == 1:
        values = values[..., 0]
    if values.ndim == 4 and is_one_hot(np.moveaxis(values, -1, 0)):
        _refuse_one_hot(path, values.shape[-1])
    if values.ndim == 4:
        raise InputError(f"{path} holds {values.shape[-1]} numbers a pixel, as colors do; a label map holds one code.")
    if values.ndim != 3 or values.size == 0:
        raise InputError(f"{path} has shape {values.shape}; a label map holds one code a pixel, (rows, columns).")
    if values.dtype.kind not in "biuf":
        raise InputError(f"{path} holds values of type {values.dtype}; a label map holds whole numbers.")
    found = np.unique(snapped(values))
    _refuse_other_values(found, path)
    codes = snapped(values).astype(np.uint8)
    if len(codes) in (LARGEST_CODE, LARGEST_CODE + 1) and is_one_hot(codes):
        _refuse_one_hot(path, len(codes))
    return codes


def _refuse_other_values(found: NDArray, path: Path) -> None:
    """InputError where sorted, different values are not the codes; what they may mean is told."""
    fractions = found[found != np.rint(found)]
    wrong = [value for value in found.tolist() if not 0 <= value <= LARGEST_CODE]
    if not fractions.size and not wrong:
        return
    if fractions.size and np.isfinite(found).all() and found[0] >= 0 and found[-1] <= 1:
        raise InputError(
            f"{path} holds fractions such as {_listed(fractions[:1])} between 0 and 1: a soft mask or probabilities. "
            f"Decide for one code a pixel first (a threshold, or the likeliest structure); codes are {CODES}."
        )
    blurred = bool(fractions.size) and found[0] >= 0 and found[-1] <= MOST_CODES
    if len(found) > MOST_CODES and not blurred:
        raise InputError(f"{path} holds {len(found)} different values and is an image, not a label map ({CODES}).")
    if fractions.size or found[0] < 0:
        named = fractions if fractions.size else found[found < 0]
        remedy = "Resample label maps with the nearest neighbor" if fractions.size else "Map them to these"
        raise InputError(f"{path} holds the values {_listed(named)}; codes are whole numbers: {CODES}. {remedy}.")
    hint = "Remove them, or map them to these"
    if found[-1] == 255 and set(found.tolist()) <= {0, 85, 170, 255} and len(found) > 2:
        hint = "They look like the codes 0 to 3 stretched to gray levels: divide them by 85"
    elif found[-1] == 255 and len(found) == 2:
        hint = "It looks like the mask of one structure: write its code instead of 255"
    raise InputError(
        f"{path} holds the codes {_listed(np.asarray(wrong))}; expected were {CODES}. {hint}, and give that file."
    )


def _refuse_one_hot(path: Path, channels: int) -> None:
    first = "0" if channels > LARGEST_CODE else "1"
    raise InputError(
        f"{path} holds {channels} masks that never overlap, one for each structure (one-hot), not frames of codes. "
        f"Write the number of the mask, from {first}, as the code of its pixels; codes are {CODES}."
    )


def _listed(values: NDArray) -> str:
    return ", ".join(f"{value:.7g}" for value in values[:5].tolist()) + (" ..." if len(values) > 5 else "")
