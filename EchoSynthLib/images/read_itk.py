"""NIfTI, MetaImage and NRRD, through SimpleITK."""

from __future__ import annotations

import gzip
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from EchoSynthLib.errors import InputError
from EchoSynthLib.images.formats import reading, suffix_of
from EchoSynthLib.images.frame import EchoCine, EchoFrame, Geometry, frame_or_cine, is_real_spacing
from EchoSynthLib.images.gray import cine_to_gray8

_EXPECTED = "a NIfTI, MHD/MHA or NRRD image of one frame or several"
_NIFTI_TIME_UNITS_IN_MS = {8: 1000.0, 16: 1.0, 24: 0.001}  # xyzt_units of the NIfTI-1 standard: s, ms, us


@dataclass(frozen=True, eq=False)
class ItkImage:
    """What a header and its data say, before any scaling.

    Attributes:
        values: (T, H, W), or (T, H, W, C) with C = 3 or 4 colour channels, in the dtype of the file.
        geometry: the header's place in space.
        metadata: the header's other fields.
    """

    values: NDArray
    geometry: Geometry
    metadata: dict[str, str]


def read_itk(path: Path) -> EchoFrame | EchoCine:
    """A frame or cine from a NIfTI, MetaImage or NRRD file; its spacing is trusted if the header holds a real one."""
    image = load_itk(path)
    with reading(path, _EXPECTED):
        pixels = cine_to_gray8(image.values)
    spacing = image.geometry.pixel_spacing
    cine = EchoCine(
        pixels, spacing, is_real_spacing(spacing), str(path), _nifti_frame_time(image.metadata), image.geometry
    )
    return frame_or_cine(cine)


def load_itk(path: Path) -> ItkImage:
    """The values of a file as they are stored, frames first.

    Raises:
        InputError: unreadable, truncated, or a volume over time.
    """
    import SimpleITK

    with reading(path, _EXPECTED):
        SimpleITK.ProcessObject.SetGlobalWarningDisplay(False)
        image = SimpleITK.ReadImage(str(path))
        metadata = {key: _clean(image.GetMetaData(key)) for key in image.GetMetaDataKeys() if key.isascii()}
        _check_complete(path, metadata)
        geometry = Geometry(image.GetSpacing(), image.GetOrigin(), image.GetDirection())
        values = SimpleITK.GetArrayFromImage(image)
        if image.GetNumberOfComponentsPerPixel() == 1:
            return ItkImage(_frames_first(values, path), geometry, metadata)
        return _of_components(values, geometry, metadata, path)


def _of_components(values: NDArray, geometry: Geometry, metadata: dict[str, str], path: Path) -> ItkImage:
    """Several values a pixel are colours or, in a sequence as Slicer saves it, the frames."""
    if values.shape[-1] in (3, 4) and not path.name.lower().endswith((".seq.nrrd", ".seq.nhdr")):
        return ItkImage(_frames_first(values, path, colour=True), geometry, metadata)
    frames = np.moveaxis(values, -1, 0)
    while geometry.dimension < 4:
        geometry = geometry.with_axis()
    return ItkImage(_frames_first(frames, path), geometry, metadata)


def _frames_first(values: NDArray, path: Path, colour: bool = False) -> NDArray:
    dimensions = values.ndim - int(colour)
    if dimensions == 2:
        return values[np.newaxis]
    if dimensions == 4 and values.shape[1] == 1:
        return values[:, 0]
    if dimensions == 3:
        return values
    raise InputError(
        f"{path} holds an image of shape {values.shape}; expected was one frame or a cine (frames, rows, columns). "
        f"Volumes over time are not 2D echo: save one plane first."
    )


def _check_complete(path: Path, metadata: dict[str, str]) -> None:
    """ITK fills up what a truncated NIfTI file lacks without a word, so the bytes are counted here."""
    if suffix_of(path) not in (".nii", ".nii.gz") or "vox_offset" not in metadata:
        return
    shape = [int(metadata[f"dim[{axis}]"]) for axis in range(1, int(metadata["dim[0]"]) + 1)]
    expected = int(float(metadata["vox_offset"])) + int(np.prod(shape)) * int(metadata["bitpix"]) // 8
    found = _uncompressed_size(path)
    if found < expected:
        raise InputError(f"{path} is incomplete: its header announces {expected} bytes, but there are {found}.")


def _uncompressed_size(path: Path) -> int:
    with path.open("rb") as file:
        if file.read(2) != b"\x1f\x8b":
            return path.stat().st_size
    size = 0
    with gzip.open(path) as file:
        while block := file.read(1 << 20):
            size += len(block)
    return size


def _nifti_frame_time(metadata: dict[str, str]) -> float | None:
    """Milliseconds from the fourth axis of a NIfTI file, where its header names a unit of time."""
    unit = _NIFTI_TIME_UNITS_IN_MS.get(int(metadata.get("xyzt_units", "0")) & 0x38)
    if unit is None or metadata.get("dim[0]") != "4":
        return None
    return float(metadata["pixdim[4]"]) * unit or None


def _clean(text: str) -> str:
    return text.encode("utf-8", "replace").decode("utf-8").strip()
