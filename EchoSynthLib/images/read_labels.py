"""Label maps, with their codes exactly as they are stored."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from EchoSynthLib.errors import InputError
from EchoSynthLib.images.formats import existing_file, kind_of, suffix_of
from EchoSynthLib.images.frame import EchoCine, EchoFrame, Geometry, frame_or_cine, is_real_spacing
from EchoSynthLib.images.read import load_array
from EchoSynthLib.images.read_itk import load_itk
from EchoSynthLib.images.read_picture import load_codes
from EchoSynthLib.images.stored import ItkImage

MOST_CODES = 32
_EXPECTED = "a label map as NIfTI, MHD/MHA, NRRD, PNG, BMP, TIFF or NPY"


def read_label_map(path: str | Path) -> tuple[NDArray[np.uint8], EchoFrame | EchoCine]:
    """Read a label map without changing a code.

    Returns:
        The label map, (H, W) uint8 or (T, H, W) where the file holds several frames, and the same as a frame or cine
        that carries spacing and geometry, to be given to the writers as `like`.

    Raises:
        InputError: unreadable; lossy or in colour; codes that are no whole numbers in 0..255; more than 32 of them,
            which is an image and no label map; a Slicer segmentation, whose values are not codes.
    """
    path = existing_file(path)
    values, geometry = _load(path)
    codes = _as_codes(values, path)
    spacing = geometry.pixel_spacing if geometry else None
    trusted = spacing is not None and is_real_spacing(spacing)
    labels = frame_or_cine(EchoCine(codes, spacing, trusted, str(path), None, geometry))
    return labels.pixels, labels


def _load(path: Path) -> tuple[NDArray, Geometry | None]:
    kind = kind_of(path)
    if kind == "itk":
        image = load_itk(path)
        _refuse_segmentation(image, path)
        return image.values, image.geometry
    if kind == "array":
        array = load_array(path)
        return (array[np.newaxis] if array.ndim == 2 else array), None
    if kind == "picture" and suffix_of(path) not in (".jpg", ".jpeg"):
        return load_codes(path), None
    raise InputError(f"{path} is of a kind that does not keep codes exact; expected was {_EXPECTED}.")


def _refuse_segmentation(image: ItkImage, path: Path) -> None:
    if any(key.startswith("Segment0_") for key in image.metadata):
        raise InputError(
            f"{path} is a 3D Slicer segmentation: its values are numbered by Slicer and tell no structure. "
            f"Export it to a label map with the codes 1 LV cavity, 2 myocardium, 3 left atrium, and give that file."
        )


def _as_codes(values: NDArray, path: Path) -> NDArray[np.uint8]:
    if values.ndim != 3 or values.size == 0:
        raise InputError(f"{path} has shape {values.shape}; a label map holds one code a pixel, (rows, columns).")
    if values.dtype.kind not in "biuf":
        raise InputError(f"{path} holds values of type {values.dtype}; a label map holds whole numbers.")
    found = np.unique(values)
    if len(found) > MOST_CODES:
        raise InputError(
            f"{path} holds {len(found)} different values and is an image, not a label map "
            f"(which has few: 0 other, 1 LV cavity, 2 myocardium, 3 left atrium)."
        )
    wrong = [value for value in found.tolist() if not (0 <= value <= 255 and value == int(value))]
    if wrong:
        raise InputError(f"{path} holds the values {_listed(wrong)}; codes are whole numbers in 0..255.")
    return values.astype(np.uint8)


def _listed(values: list[float]) -> str:
    return ", ".join(f"{value:g}" for value in values[:5]) + (" ..." if len(values) > 5 else "")
