"""DICOM ultrasound, single and multi-frame, through pydicom."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from EchoSynthLib.errors import InputError
from EchoSynthLib.files import in_utf8
from EchoSynthLib.images.dicom_calibration import (
    frame_time_ms,
    pixel_spacing,
    region_spacing,
    tissue_box,
    tissue_region,
)
from EchoSynthLib.images.formats import reading
from EchoSynthLib.images.frame import EchoCine, EchoFrame, frame_or_cine
from EchoSynthLib.images.gray import cine_to_gray8

if TYPE_CHECKING:
    from pydicom import Dataset

_EXPECTED = "a DICOM file with an image"


def read_dicom(path: Path) -> EchoFrame | EchoCine:
    """A frame or cine of a DICOM file, whole, with the box of its 2D tissue region where the scanner tells it.

    Stored values are taken as they are (no window): ultrasound is stored as it is shown. More than 8 stored bits are
    scaled by `to_gray8`; MONOCHROME1 is inverted; colour becomes luma. The spacing is that of the tissue region, else
    PixelSpacing.

    Raises:
        InputError: not DICOM, no pixel data, incomplete, or a transfer syntax that cannot be decoded, which it names.
    """
    # pydicom remarks on every liberty that a scanner took with the standard; the user can do nothing about them.
    with reading(path, _EXPECTED), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        dataset = _dataset(path)
        pixels = _gray(dataset, path)
        region = tissue_region(dataset)
        spacing = (region_spacing(region) if region else None) or pixel_spacing(dataset)
        box = tissue_box(region, pixels.shape[1:]) if region else None
        return frame_or_cine(
            EchoCine(pixels, spacing, spacing is not None, str(path), frame_time_ms(dataset), None, box)
        )


def _dataset(path: Path) -> Dataset:
    import pydicom
    from pydicom.errors import InvalidDicomError

    try:
        dataset = pydicom.dcmread(path)
    except InvalidDicomError as error:
        raise InputError(f"{path} is not a DICOM file: the mark DICM is missing; expected was {_EXPECTED}.") from error
    if "PixelData" not in dataset:
        raise InputError(
            f"{path} holds no image (modality {dataset.get('Modality', 'unknown')}); expected was {_EXPECTED}."
        )
    return dataset


def _gray(dataset: Dataset, path: Path) -> NDArray[np.uint8]:
    """(T, H, W) uint8."""
    meaning = str(dataset.get("PhotometricInterpretation", ""))
    values = _decoded(dataset, path)
    if meaning == "PALETTE COLOR":
        values = _looked_up(values, dataset)
    colour = (values.ndim > 2 and int(dataset.get("SamplesPerPixel", 1)) == 3) or meaning == "PALETTE COLOR"
    if values.ndim == (3 if colour else 2):
        values = values[np.newaxis]
    stored = int(dataset.get("BitsStored", 8))
    gray = cine_to_gray8(values, full_range=2**stored - 1 if not colour and stored > 8 else None)
    return 255 - gray if meaning == "MONOCHROME1" else gray


def _looked_up(values: NDArray, dataset: Dataset) -> NDArray[np.uint8]:
    from pydicom.pixels import apply_color_lut

    colours = apply_color_lut(values, dataset)
    return (colours >> 8).astype(np.uint8) if colours.max() > 255 else colours.astype(np.uint8)


def _decoded(dataset: Dataset, path: Path) -> NDArray:
    """The stored values, colour as RGB; by SimpleITK's own decoders where pydicom has none for the transfer syntax."""
    from pydicom.pixels import get_decoder, pixel_array

    syntax = dataset.file_meta.TransferSyntaxUID
    try:
        known = get_decoder(syntax).is_available
    except NotImplementedError:
        known = False
    if known:
        return pixel_array(dataset)
    try:
        return _decoded_by_itk(path)
    except RuntimeError as error:
        raise InputError(
            f"{path} is compressed as {syntax.name} ({syntax}), which cannot be decoded here. Convert it to an "
            f"uncompressed, RLE, JPEG or JPEG 2000 transfer syntax, or export it as AVI or MP4."
        ) from error


def _decoded_by_itk(path: Path) -> NDArray:
    import SimpleITK

    SimpleITK.ProcessObject.SetGlobalWarningDisplay(False)
    with in_utf8(path) as name:
        values = SimpleITK.GetArrayFromImage(SimpleITK.ReadImage(str(name), imageIO="GDCMImageIO"))
    return values[0] if values.shape[0] == 1 else values
