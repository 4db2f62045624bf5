"""Writing images, label maps and records, each whole or not at all."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from EchoSynthLib.errors import InputError
from EchoSynthLib.files import printable
from EchoSynthLib.images.formats import suffix_of
from EchoSynthLib.images.frame import EchoCine, EchoFrame, Geometry
from EchoSynthLib.images.gray import cine_to_gray8, to_gray8
from EchoSynthLib.images.writers.arrays import writing_array
from EchoSynthLib.outputs import replacing
from EchoSynthLib.types import Spacing

ITK_WRITABLE = (".nii", ".nii.gz", ".mha", ".nrrd")
WRITABLE_VIDEOS = (".avi", ".mp4")
LOSSLESS = (*ITK_WRITABLE, ".png", ".npy")

Like = EchoFrame | EchoCine | Geometry | None


def write_image(
    path: str | Path,
    array: ArrayLike,
    like: Like = None,
    spacing: Spacing | None = None,
    attributes: Mapping[str, object] | None = None,
) -> Path:
    """Write an image (H, W) or a cine (T, H, W) as 8-bit gray levels; the suffix chooses the format.

    Args:
        path: .nii, .nii.gz, .mha, .nrrd or .npy for images and cines, .png for images, .avi and .mp4 (lossy) for cines.
            The folder must exist.
        array: uint8, or what `to_gray8` makes uint8 of.
        like: where it came from: its geometry is copied, and a cine's frame time.
        spacing: (row, column) in mm, for the case that nothing comes from `like`.
        attributes: what it says of itself (`synthetic`, `model`, `seed`, ...): text chunks in PNG, header fields in MHA
            and NRRD, the comment in videos, each under `EchoSynth.`; as many as fit the 79 characters of `descrip` in
            NIfTI. NPY has no room for them.

    Returns:
        The path written.

    Raises:
        InputError: the array is no image, the format cannot hold it, or its size is not that of `like`.
        OutputError: it could not be written; nothing is left behind.
    """
    values = np.asarray(array)
    pixels = cine_to_gray8(values) if values.ndim == 3 and values.shape[-1] not in (3, 4) else to_gray8(values)
    _write(Path(path), pixels, like, spacing, attributes, (*LOSSLESS, *WRITABLE_VIDEOS))
    return Path(path)


def write_label_map(
    path: str | Path,
    label_map: ArrayLike,
    like: Like = None,
    spacing: Spacing | None = None,
    attributes: Mapping[str, object] | None = None,
) -> Path:
    """Write a label map (H, W) or (T, H, W), every code exact; PNG holds the codes as gray levels.

    Arguments, return and errors as in `write_image`; the formats are the lossless ones, and the codes whole numbers in
    0..255.
    """
    codes = np.asarray(label_map)
    if codes.ndim not in (2, 3) or codes.size == 0:
        raise InputError(f"A label map is (rows, columns) or (frames, rows, columns); given was shape {codes.shape}.")
    exact = codes.astype(np.uint8) if codes.dtype.kind in "biuf" else codes
    if codes.dtype.kind not in "biuf" or not np.array_equal(exact, codes):
        raise InputError(
            f"The codes of a label map are whole numbers in 0..255; given was {codes.dtype} with other values."
        )
    _write(Path(path), exact, like, spacing, attributes, LOSSLESS)
    return Path(path)


def write_map(
    path: str | Path,
    values: ArrayLike,
    like: Like = None,
    spacing: Spacing | None = None,
    attributes: Mapping[str, object] | None = None,
) -> Path:
    """Write a map of real numbers (a confidence, say), (H, W) or (T, H, W), as float32 in NIfTI, MHA, NRRD or NPY.

    Arguments, return and errors as in `write_image`.
    """
    numbers = np.asarray(values, dtype=np.float32)
    if numbers.ndim not in (2, 3) or numbers.size == 0:
        raise InputError(f"A map is (rows, columns) or (frames, rows, columns); given was shape {numbers.shape}.")
    _write(Path(path), numbers, like, spacing, attributes, (*ITK_WRITABLE, ".npy"))
    return Path(path)


def write_record(path: str | Path, record: Mapping[str, Any]) -> Path:
    """Write a record as JSON; numpy's values become plain ones, and NaN and infinity, which JSON lacks, null.

    Raises:
        InputError: a value that JSON cannot hold.
        OutputError: it could not be written; nothing is left behind.
    """
    text = json.dumps(plain(record), indent=2, ensure_ascii=False, allow_nan=False)
    with replacing(path) as partial:
        # What UTF-8 cannot hold of a file's name, JSON writes in the same way as Python does here.
        partial.write_text(printable(text) + "\n", encoding="utf-8")
    return Path(path)


def _write(
    path: Path,
    array: NDArray,
    like: Like,
    spacing: Spacing | None,
    attributes: Mapping[str, object] | None,
    formats: tuple[str, ...],
) -> None:
    suffix = suffix_of(path)
    if suffix not in formats:
        raise InputError(f"{path} cannot hold this; choose a name that ends in one of {', '.join(formats)}.")
    geometry = _geometry(array, like, spacing)
    texts = {str(key): printable(" ".join(str(value).split())) for key, value in (attributes or {}).items()}
    with replacing(path) as partial:
        if suffix in ITK_WRITABLE:
            from EchoSynthLib.images.writers.itk import write_itk

            write_itk(partial, array, geometry, texts)
        elif suffix in WRITABLE_VIDEOS:
            from EchoSynthLib.images.writers.video import write_video

            write_video(partial, array, like.frame_time_ms if isinstance(like, EchoCine) else None, texts)
        elif suffix == ".png":
            _write_png(partial, array, texts)
        else:
            with writing_array(partial, array.shape, array.dtype) as append:
                append(array)


def _geometry(array: NDArray, like: Like, spacing: Spacing | None) -> Geometry:
    if like is None or isinstance(like, Geometry):
        return (like or Geometry.flat(spacing)).for_array(array.ndim)
    if like.pixels.shape[-2:] != array.shape[-2:]:
        raise InputError(
            f"The array has {array.shape[-2:]} pixels, its source {like.source or 'frame'} {like.pixels.shape[-2:]}: "
            f"the geometry cannot be copied. Resample to the source's grid, or give a spacing instead."
        )
    return (like.geometry or Geometry.flat(like.spacing or spacing)).for_array(array.ndim)


def _write_png(path: Path, array: NDArray, attributes: Mapping[str, str]) -> None:
    from PIL import Image
    from PIL.PngImagePlugin import PngInfo

    if array.ndim != 2:
        raise InputError(f"PNG holds one frame; given were {len(array)}. Choose NIfTI, NRRD, AVI or MP4 for a cine.")
    info = PngInfo()
    for key, value in attributes.items():
        info.add_text(f"EchoSynth.{key}", value)
    Image.fromarray(array).save(path, pnginfo=info)


def plain(value: Any) -> Any:
    """A value as JSON can hold it; InputError where it cannot."""
    if value is None or isinstance(value, (bool, str)):
        return value
    if isinstance(value, (np.ndarray, np.generic)):
        return plain(value.tolist())
    if isinstance(value, int):
        return int(value)
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [plain(item) for item in value]
    if isinstance(value, Path):
        return str(value)
    raise InputError(
        f"A record cannot hold {value!r} of type {type(value).__name__}; give numbers, text, lists and dictionaries."
    )
