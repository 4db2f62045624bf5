"""The pixels of a DICOM data set, decoded and in gray."""

from __future__ import annotations

import io
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from EchoSynthLib.errors import InputError
from EchoSynthLib.files import in_utf8
from EchoSynthLib.images.dicom.numbers import number
from EchoSynthLib.images.gray import cine_to_gray8
from EchoSynthLib.images.readers.video_frames import decoded

if TYPE_CHECKING:
    from pydicom import Dataset
    from pydicom.uid import UID

_VIDEOS = "1.2.840.10008.1.2.4.10"  # MPEG-2, MPEG-4 and HEVC, .100 to .108
_MOST_LOST = 0.1  # of the frames of a video
_BASELINE, _EXTENDED = "1.2.840.10008.1.2.4.50", "1.2.840.10008.1.2.4.51"


def gray_frames(dataset: Dataset, path: Path) -> NDArray[np.uint8]:
    """(T, H, W) uint8.

    Stored values are taken as they are (no window): ultrasound is stored as it is shown. More than 8 stored bits are
    scaled by `to_gray8`; MONOCHROME1 is inverted; color becomes luma.

    Raises:
        InputError: a transfer syntax that cannot be decoded, which it names.
    """
    if str(dataset.file_meta.TransferSyntaxUID).startswith(_VIDEOS):
        return _video(dataset, path)
    meaning = str(dataset.PhotometricInterpretation)
    values = _decoded(dataset, path)
    if meaning == "PALETTE COLOR":
        values = _looked_up(values, dataset)
    color = (values.ndim > 2 and dataset.SamplesPerPixel == 3) or meaning == "PALETTE COLOR"
    if values.ndim == (3 if color else 2):
        values = values[np.newaxis]
    inverted = meaning == "MONOCHROME1"
    stored = int(number(dataset, "BitsStored", []) or 8)
    if color or stored <= 8:
        gray = cine_to_gray8(values)
    else:
        signed = int(number(dataset, "PixelRepresentation", []) == 1)
        gray = cine_to_gray8(_without_padding(values, dataset, inverted), full_range=2 ** (stored - signed) - 1)
    return 255 - gray if inverted else gray


def _without_padding(values: NDArray, dataset: Dataset, inverted: bool) -> NDArray:
    """Pixels that mark what no beam reached become black, or they would stretch the scale."""
    padding = number(dataset, "PixelPaddingValue", [])
    if padding is None:
        return values
    outside = values == padding
    if outside.all() or not outside.any():
        return values
    inside = values[~outside]
    return np.where(outside, inside.max() if inverted else inside.min(), values)


def _looked_up(values: NDArray, dataset: Dataset) -> NDArray[np.uint8]:
    from pydicom.pixels import apply_color_lut

    colors = apply_color_lut(values, dataset)
    return (colors >> 8).astype(np.uint8) if colors.max() > 255 else colors.astype(np.uint8)


def _decoded(dataset: Dataset, path: Path) -> NDArray:
    """The stored values, color as RGB; by SimpleITK's own decoders where pydicom has none for the transfer syntax."""
    from pydicom.pixels import get_decoder, pixel_array

    syntax = dataset.file_meta.TransferSyntaxUID
    stored = int(number(dataset, "BitsStored", []) or 8)
    if syntax in (_BASELINE, _EXTENDED) and stored == 8 and dataset.SamplesPerPixel == 3:
        return _color_jpegs(dataset)
    try:
        # Pillow, which pydicom asks, knows JPEG of 8 bits alone.
        known = get_decoder(syntax).is_available and not (syntax == _EXTENDED and stored > 8)
    except NotImplementedError:
        known = False
    if known:
        return pixel_array(dataset)
    try:
        return _decoded_by_itk(path)
    except RuntimeError as error:
        raise _not_decoded(path, syntax) from error


def _video(dataset: Dataset, path: Path) -> NDArray[np.uint8]:
    """(T, H, W) of an MPEG-2, MPEG-4 or HEVC stream, whose pieces together are one file."""
    import av
    from pydicom.encaps import generate_frames

    syntax = dataset.file_meta.TransferSyntaxUID
    try:
        stream = b"".join(generate_frames(dataset.PixelData, number_of_frames=1))
        with av.open(io.BytesIO(stream)) as container:
            frames = decoded(container, container.streams.video[0]).pixels
    except (av.FFmpegError, IndexError) as error:
        raise _not_decoded(path, syntax) from error
    announced = int(dataset.NumberOfFrames)
    if not frames or len(frames) < (1 - _MOST_LOST) * announced:
        raise InputError(
            f"{path} is incomplete or damaged: of {announced} frames {len(frames)} can be read. Export it again."
        )
    return np.stack(frames)


def _not_decoded(path: Path, syntax: UID) -> InputError:
    return InputError(
        f"{path} is compressed as {syntax.name} ({syntax}), which cannot be decoded here. Convert it to an "
        f"uncompressed, RLE, JPEG or JPEG 2000 transfer syntax, or export it as AVI or MP4."
    )


def _color_jpegs(dataset: Dataset) -> NDArray[np.uint8]:
    """(T, H, W, 3) RGB: a JPEG stream says of itself whether it holds YCbCr, and headers contradict it often.

    It says so by its JFIF or Adobe marker, else by the numbers of its components: 1, 2, 3 are YCbCr. Only where it does
    not say anything, the header decides.
    """
    from PIL import Image
    from pydicom.encaps import generate_frames

    frames = []
    for stream in generate_frames(dataset.PixelData, number_of_frames=int(dataset.NumberOfFrames)):
        with Image.open(io.BytesIO(stream)) as picture:
            if not _tells_its_colors(picture) and dataset.PhotometricInterpretation == "RGB":
                picture.draft("YCbCr", None)  # no conversion: the three are red, green and blue
                picture.load()
                frames.append(np.asarray(picture))
            else:
                frames.append(np.asarray(picture.convert("RGB")))
    return np.stack(frames)


def _tells_its_colors(picture: Any) -> bool:
    numbers = tuple(layer[0] for layer in picture.layer)
    return "jfif" in picture.info or "adobe" in picture.info or numbers in ((1, 2, 3), tuple(b"RGB"))


def _decoded_by_itk(path: Path) -> NDArray:
    import SimpleITK

    SimpleITK.ProcessObject.SetGlobalWarningDisplay(False)
    with in_utf8(path) as name:
        values = SimpleITK.GetArrayFromImage(SimpleITK.ReadImage(str(name), imageIO="GDCMImageIO"))
    return values[0] if values.shape[0] == 1 else values
