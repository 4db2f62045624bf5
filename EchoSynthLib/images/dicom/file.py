"""Opening a DICOM file: the data set, what kind of object it is, and the repair of headers that leave something out."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from EchoSynthLib.errors import InputError
from EchoSynthLib.images.dicom.numbers import number

if TYPE_CHECKING:
    from pydicom import Dataset

EXPECTED = "a DICOM file with an ultrasound frame or cine"
_PIXEL_DATA = 0x7FE00010
# Ultrasound (with the retired classes) and secondary captures, into which scanners and archives put it, too.
_CLASSES = tuple(f"1.2.840.10008.5.1.4.1.1.{end}" for end in ("3", "3.1", "6", "6.1", "7", "7.1", "7.2", "7.3", "7.4"))
_ENHANCED_VOLUME = "1.2.840.10008.5.1.4.1.1.6.2"
_DIRECTORY = "1.2.840.10008.1.3.10"
_OTHER_MODALITIES = ("CT", "MR", "PT", "NM", "CR", "DX", "MG", "XA", "RF", "OPT", "SM", "SEG", "RTIMAGE", "RTDOSE")
# What the first bytes of a compressed frame say, with the transfer syntax that holds it.
_STREAMS = {
    b"\xff\xc0": "1.2.840.10008.1.2.4.50",
    b"\xff\xc1": "1.2.840.10008.1.2.4.51",
    b"\xff\xc3": "1.2.840.10008.1.2.4.70",
    b"\xff\xf7": "1.2.840.10008.1.2.4.80",
}
_JPEG_2000 = "1.2.840.10008.1.2.4.91"
# With what the stream of a frame begins, JPEG or JPEG 2000, the latter bare or in a box.
_STREAM_STARTS = (b"\xff\xd8", b"\xff\x4f", b"\0\0\0\x0cjP")


def load_dataset(path: Path, remarks: list[str]) -> Dataset:
    """The data set of a 2D ultrasound frame or cine, with the transfer syntax and number of frames that its bytes show.

    Raises:
        InputError: not DICOM, or another kind of object, which it names.
    """
    dataset = _read(path)
    _check_kind(dataset, path)
    _complete_transfer_syntax(dataset, path, remarks)
    _complete_description(dataset, path, remarks)
    return dataset


def _read(path: Path) -> Dataset:
    """The data set up to its pixels; what follows them (padding, a second file) is nothing to us."""
    from pydicom.filereader import read_partial

    with path.open("rb") as file:
        marked = file.read(132)[128:] == b"DICM"
        file.seek(0)
        try:
            dataset = read_partial(file, stop_when=lambda tag, vr, length: tag > _PIXEL_DATA, force=True)
        except Exception as error:
            if marked:
                raise
            raise _not_dicom(path) from error
    if not marked and "SOPClassUID" not in dataset and "Rows" not in dataset:
        raise _not_dicom(path)
    return dataset


def _not_dicom(path: Path) -> InputError:
    return InputError(f"{path} is not a DICOM file: the mark DICM is missing; expected was {EXPECTED}.")


def _check_kind(dataset: Dataset, path: Path) -> None:
    from pydicom.uid import UID

    told = dataset.get("SOPClassUID") or dataset.file_meta.get("MediaStorageSOPClassUID") or ""
    kind = UID(str(told))
    modality = str(dataset.get("Modality") or "unknown")
    if kind == _DIRECTORY:
        raise InputError(f"{path} is the directory of a DICOM medium; give one of the image files beside it.")
    if kind == _ENHANCED_VOLUME:
        raise InputError(
            f"{path} is of the class {kind.name}: its frames are slices of a 3D volume, not a cine. "
            f"Expected was {EXPECTED}; export a 2D view of the volume."
        )
    is_known_other = kind.name != kind and kind not in _CLASSES
    if is_known_other or "PixelData" not in dataset or modality in _OTHER_MODALITIES:
        holds = "a kind of image that" if "PixelData" in dataset else "no image, which"
        raise InputError(
            f"{path} holds {holds} is no echocardiogram: its class is {kind.name or 'not told'}, its modality "
            f"{modality}; expected was {EXPECTED}."
        )


def _complete_transfer_syntax(dataset: Dataset, path: Path, remarks: list[str]) -> None:
    from pydicom.uid import ExplicitVRBigEndian, ExplicitVRLittleEndian, ImplicitVRLittleEndian

    if dataset.file_meta.get("TransferSyntaxUID"):
        return
    is_implicit, is_little = dataset.original_encoding
    syntax: str = (
        ImplicitVRLittleEndian if is_implicit else ExplicitVRLittleEndian if is_little else ExplicitVRBigEndian
    )
    if dataset["PixelData"].is_undefined_length:
        syntax = _of_stream(dataset.PixelData) or ""
        if not syntax:
            raise InputError(
                f"{path} lacks the Transfer Syntax UID (0002,0010), and its compressed pixels do not show which it is; "
                f"expected was {EXPECTED}. Export it again, or set the UID with a DICOM editor."
            )
    dataset.file_meta.TransferSyntaxUID = syntax
    name = dataset.file_meta.TransferSyntaxUID.name
    remarks.append(f"the header lacks the Transfer Syntax UID; the file was read as {name}, as its bytes show")


def _of_stream(pixels: bytes) -> str | None:
    """The transfer syntax of the first compressed frame, by the marker that begins its JPEG or JPEG 2000 stream."""
    if b"\xff\x4f\xff\x51" in pixels[:4096]:
        return _JPEG_2000
    start = pixels.find(b"\xff\xd8\xff")
    while 0 <= start < len(pixels) - 4:
        start += 2
        marker = pixels[start : start + 2]
        if marker in _STREAMS:
            return _STREAMS[marker]
        start += int.from_bytes(pixels[start + 2 : start + 4], "big") if marker[:1] == b"\xff" else len(pixels)
    return None


def _complete_description(dataset: Dataset, path: Path, remarks: list[str]) -> None:
    """Sets what a decoder asks for, where the header leaves it out or broken; InputError where frames are missing."""
    samples = int(number(dataset, "SamplesPerPixel", []) or 1)
    dataset.SamplesPerPixel = samples
    if not dataset.get("PhotometricInterpretation"):
        dataset.PhotometricInterpretation = "RGB" if samples == 3 else "MONOCHROME2"
        remarks.append(f"the header does not say what its pixels mean; {dataset.PhotometricInterpretation} was taken")
    if samples == 3 and number(dataset, "PlanarConfiguration", []) not in (0, 1):
        dataset.PlanarConfiguration = 0
    count = number(dataset, "NumberOfFrames", [])
    announced = int(count) if count is not None and count >= 1 and count == int(count) else None
    if announced and dataset["PixelData"].is_undefined_length:
        return
    found = _count_frames(dataset, samples, path)
    if announced and found < announced:
        raise InputError(
            f"{path} is incomplete: its header announces {announced} frames, but its pixels are those of {found}. "
            f"Copy or export the file again."
        )
    if announced and found == announced:
        return
    if announced or found > 1 or "NumberOfFrames" in dataset:
        says = f"announces {announced} frames" if announced else "does not tell the number of frames"
        remarks.append(f"the header {says}; {found} were found")
    dataset.NumberOfFrames = found


def _count_frames(dataset: Dataset, samples: int, path: Path) -> int:
    from pydicom.encaps import generate_fragments, parse_basic_offsets

    pixels = dataset.PixelData
    if not dataset["PixelData"].is_undefined_length:
        bits = int(number(dataset, "BitsAllocated", []) or 8)
        shares = 2 if dataset.PhotometricInterpretation == "YBR_FULL_422" else samples
        frame = int(dataset.Rows) * int(dataset.Columns) * shares * max(1, bits // 8)
        if 0 < len(pixels) < frame:
            raise InputError(
                f"{path} is incomplete: its header announces {frame} bytes of pixels, but there are {len(pixels)}. "
                f"Copy or export the file again."
            )
        return max(1, len(pixels) // frame)
    offsets = parse_basic_offsets(pixels)
    if offsets:
        return len(offsets)
    fragments = list(generate_fragments(pixels))[1:]
    # A frame may be cut into several; those of RLE, which have no mark, never are.
    return max(1, sum(one.startswith(_STREAM_STARTS) for one in fragments) or len(fragments))
