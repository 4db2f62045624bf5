"""Which files can be read, told by suffix and, for DICOM, by content; and one way to say that one cannot."""

from __future__ import annotations

import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from EchoSynthLib.errors import EchoSynthError, InputError
from EchoSynthLib.files import check_file, files_in, status_of, unreadable

ITK_SUFFIXES = (".nii", ".nii.gz", ".hdr", ".hdr.gz", ".img", ".img.gz", ".mhd", ".mha", ".nrrd", ".nhdr")
PICTURE_SUFFIXES = (".png", ".jpg", ".jpeg", ".bmp", ".tif", ".tiff")
VIDEO_SUFFIXES = (".avi", ".mp4", ".m4v", ".mov", ".mkv", ".wmv")
DICOM_SUFFIXES = (".dcm", ".dicom")

READABLE = "NIfTI, MHD/MHA, NRRD, PNG, JPEG, BMP, TIFF, DICOM, AVI, MP4, MOV, MKV, WMV or NPY"
_KINDS = {
    **dict.fromkeys(ITK_SUFFIXES, "itk"),
    **dict.fromkeys(PICTURE_SUFFIXES, "picture"),
    **dict.fromkeys(VIDEO_SUFFIXES, "video"),
    **dict.fromkeys(DICOM_SUFFIXES, "dicom"),
    ".npy": "array",
}


def suffix_of(path: str | Path) -> str:
    """The suffix in lower case if it is one of a known format, `.nii.gz` counting as one; else "".

    Names with dots are common where no suffix is meant, as 1.2.840.113619.2.1 and patient.v2.
    """
    name = Path(path).name.lower()
    suffixes = [suffix for suffix in _KINDS if name.endswith(suffix) and name != suffix]
    return max(suffixes, key=len, default="")


def stem_of(path: str | Path) -> str:
    """The file's name without `suffix_of`; the whole name where it has no known suffix."""
    name = Path(path).name
    return name[: len(name) - len(suffix_of(path))]


def kind_of(path: Path) -> str | None:
    """`itk`, `picture`, `video`, `dicom` or `array`; None for a file that EchoSynth does not read.

    DICOM files often have no suffix, or one that is a part of a UID, so any unknown one is looked into.
    """
    suffix = suffix_of(path)
    if suffix in _KINDS and suffix != ".img":  # which is half of a NIfTI pair, or DICOM from a disc
        return _KINDS[suffix]
    return "dicom" if _has_dicom_mark(path) else _KINDS.get(suffix)


def readable_in(folder: Path) -> list[Path]:
    """The files of a folder that may be images or label maps, sorted by name; of a pair, .hdr and .img, the header."""
    files = [path for path in files_in(folder) if kind_of(path) is not None]
    headers = {stem_of(path).lower() for path in files if suffix_of(path).startswith(".hdr")}
    return [path for path in files if not (suffix_of(path).startswith(".img") and stem_of(path).lower() in headers)]


def existing_file(path: str | Path) -> Path:
    """`path` as a Path to a file that is there, can be read and is not empty; InputError otherwise."""
    path = Path(path)
    status = status_of(path, f"{path} does not exist; give an image file ({READABLE}).")
    if stat.S_ISDIR(status.st_mode):
        raise InputError(f"{path} is a folder; give one image file ({READABLE}).")
    check_file(path, status)
    if status.st_size == 0:
        raise InputError(f"{path} is empty (0 bytes); expected was an image file ({READABLE}).")
    return path


@contextmanager
def reading(path: Path, expected: str) -> Iterator[None]:
    """Turn whatever a reader raises on a damaged or foreign file into an InputError that names it."""
    try:
        yield
    except InputError as error:
        # Those of gray levels and geometries know no file.
        raise error if str(path) in str(error) else InputError(f"{path}: {error}") from error
    except EchoSynthError:
        raise
    except OSError as error:
        # Those of the system have a number, those that pillow, gzip and others raise on damaged files have none.
        raise unreadable(path, error) if error.errno else _damaged(path, expected, error) from error
    # The readers raise nearly every type there is on damaged files, SyntaxError and struct.error among them.
    except Exception as error:
        raise _damaged(path, expected, error) from error


def _damaged(path: Path, expected: str, error: Exception) -> InputError:
    return InputError(
        f"{path} cannot be read; expected was {expected}. "
        f"The file is damaged, incomplete or of another kind ({first_line(error)})."
    )


def _has_dicom_mark(path: Path) -> bool:
    try:
        # A pipe has no mark, and whoever opens it may wait for ever.
        if not stat.S_ISREG(path.stat().st_mode):
            return False
        with path.open("rb") as file:
            head = file.read(132)
        return head[128:] == b"DICM" or _begins_with_element(head)
    except FileNotFoundError:
        return False
    except OSError:
        # What may be one and cannot be looked into is not passed over in silence: reading it says why.
        return not Path(path.name).suffix.strip(".0123456789")


def _begins_with_element(head: bytes) -> bool:
    """Whether a file begins with one of the elements that DICOM data sets without a preamble begin with."""
    first = head[:4] in (b"\x02\0\0\0", b"\x08\0\0\0", b"\x08\0\x05\0", b"\x08\0\x08\0", b"\x08\0\x16\0")
    is_implicit = int.from_bytes(head[4:8], "little") in range(2, 65)
    return first and (head[4:6] in (b"UL", b"CS", b"UI") or is_implicit)


def first_line(error: Exception) -> str:
    """The line of a library's message that tells what went wrong."""
    # FFmpeg's errors tell a number and the file, too.
    text = getattr(error, "strerror", None) or str(error)
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    # SimpleITK's first lines tell where its source was built; what went wrong comes last.
    line = lines[-1] if lines and "SimpleITK" in lines[0] else (lines or [type(error).__name__])[0]
    return line.rstrip(".")[:160]
