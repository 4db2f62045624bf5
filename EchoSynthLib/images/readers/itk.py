"""NIfTI, MetaImage and NRRD: the formats that ITK writes, read from their bytes, for users have more than it reads."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from EchoSynthLib.images.formats import reading, suffix_of
from EchoSynthLib.images.frame import EchoCine, EchoFrame, frame_or_cine, is_real_spacing
from EchoSynthLib.images.gray import JOINED, are_colors, cine_to_gray8
from EchoSynthLib.images.readers.metaimage import load_metaimage, metaimage_metadata
from EchoSynthLib.images.readers.nifti import load_nifti, nifti_metadata
from EchoSynthLib.images.readers.nrrd import load_nrrd, nrrd_metadata
from EchoSynthLib.images.readers.stored import ItkImage

_EXPECTED = "a NIfTI, MHD/MHA or NRRD image of one frame or several"
_NRRD, _METAIMAGE = (".nrrd", ".nhdr"), (".mha", ".mhd")


def read_itk(path: Path) -> EchoFrame | EchoCine:
    """A frame or cine from a NIfTI, MetaImage or NRRD file; its spacing is trusted if the header holds a real one."""
    image = _with_colors(load_itk(path))
    with reading(path, _EXPECTED):
        pixels = cine_to_gray8(image.values)
    spacing = image.geometry.pixel_spacing
    return frame_or_cine(
        EchoCine(
            pixels,
            spacing,
            image.spacing_trusted and is_real_spacing(spacing),
            str(path),
            image.frame_time_ms,
            image.geometry,
            remarks=image.remarks,
        )
    )


def _with_colors(image: ItkImage) -> ItkImage:
    """The image, slices that are the red, green and blue of one picture joined to it."""
    if image.geometry.dimension != 3 or not are_colors(image.values):
        return image
    values = np.moveaxis(image.values, 0, -1)[np.newaxis]
    return replace(image, values=values, remarks=(*image.remarks, JOINED))


def load_itk(path: Path) -> ItkImage:
    """The values of a file as they are stored, frames first.

    Raises:
        InputError: unreadable, incomplete, or a volume over time.
    """
    suffix = suffix_of(path)
    load = load_nrrd if suffix in _NRRD else load_metaimage if suffix in _METAIMAGE else load_nifti
    # What overflows in a damaged header is found not to be finite, and told then.
    with reading(path, _EXPECTED), np.errstate(all="ignore"):
        return load(path)


def itk_metadata(path: Path) -> dict[str, str]:
    """What the header says beside size and place.

    Raises:
        InputError: unreadable.
    """
    suffix = suffix_of(path)
    tell = nrrd_metadata if suffix in _NRRD else metaimage_metadata if suffix in _METAIMAGE else nifti_metadata
    with reading(path, _EXPECTED):
        return tell(path)
