"""Reading an echo frame or cine from any of the files that users have."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from EchoSynthLib.anatomy.sector.upright import warning_if_turned
from EchoSynthLib.errors import InputError
from EchoSynthLib.images.formats import READABLE, existing_file, kind_of
from EchoSynthLib.images.frame import EchoCine, EchoFrame, doubt_of_depth
from EchoSynthLib.images.readers.array import read_array
from EchoSynthLib.images.readers.dicom import read_dicom
from EchoSynthLib.images.readers.itk import read_itk
from EchoSynthLib.images.readers.picture import read_picture
from EchoSynthLib.images.readers.video import read_video


def read_image(path: str | Path) -> EchoFrame | EchoCine:
    """Read an echo frame, or a cine where the file holds several.

    NIfTI, MHD/MHA and NRRD (a third axis is taken as the frames), PNG, JPEG, BMP and TIFF, DICOM (with any name), AVI
    and MP4, and NPY: (H, W), (H, W, 3), (T, H, W) or (T, H, W, 3). Rows stay in the order of the file. Gray levels
    follow `to_gray8`. The remarks tell what was not usable in the file, and that the picture seems to be turned.

    Raises:
        InputError: the file is missing, damaged, incomplete, or holds something else than a 2D image or cine.
    """
    path = existing_file(path)
    kind = kind_of(path)
    if kind is None:
        raise InputError(f"{path} is of a kind that cannot be read; expected was {READABLE}.")
    try:
        return _looked_at(_READERS[kind](path))
    except InputError as error:
        if path.name in str(error):
            raise
        # What is said of arrays alone, that an image is too small for example.
        raise InputError(f"{path}: {error}") from error


def _looked_at(image: EchoFrame | EchoCine) -> EchoFrame | EchoCine:
    row0, row1, column0, column1 = image.region or (0, None, 0, None)
    turned = warning_if_turned(image.pixels[..., row0:row1, column0:column1])
    doubts = tuple(text for text in (doubt_of_depth(image), turned) if text)
    return replace(image, remarks=(*image.remarks, *doubts)) if doubts else image


_READERS: dict[str, Callable[[Path], EchoFrame | EchoCine]] = {
    "itk": read_itk,
    "picture": read_picture,
    "dicom": read_dicom,
    "video": read_video,
    "array": read_array,
}
