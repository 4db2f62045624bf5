"""What a file's name and header say of it: a label map of an image, or a segmentation of 3D Slicer."""

from __future__ import annotations

import re
from pathlib import Path

from EchoSynthLib.errors import InputError
from EchoSynthLib.images.formats import kind_of, stem_of, suffix_of
from EchoSynthLib.images.readers.itk import itk_metadata

# The likelier truth first, where an image has several.
_WORDS = ("gt", "ground_?truth", "labels?", "label_?map", "masks?", "annotations?", "segmentations?", "seg")
_NAME = re.compile(rf"(?:(?<=.)[ ._-])?(?<![^ ._-])(?:{'|'.join(_WORDS)})$", re.IGNORECASE)
_SEGMENT = re.compile(r"Segment\d+_")
_NIFTI, _LABEL_INTENT = (".nii", ".hdr", ".img"), "1002"  # NIFTI_INTENT_LABEL


def label_ending(path: str | Path) -> str:
    """The end of a file's name that marks a label map, as `_gt`, `-label` or `.seg`; "" where there is none."""
    if kind_of(Path(path)) in ("video", "dicom"):
        return ""
    found = _NAME.search(stem_of(path))
    return found.group() if found else ""


def label_rank(path: Path) -> int:
    """Which of several label maps of one image to take: the lowest."""
    word = label_ending(path).lstrip(" ._-")
    return next((n for n, known in enumerate(_WORDS) if re.fullmatch(known, word, re.IGNORECASE)), len(_WORDS))


def is_marked_label_map(path: Path) -> bool:
    """Whether a file's name or its header's texts mark a label map or a segmentation; its values are not looked at."""
    return bool(label_ending(path)) or is_slicer_segmentation(path) or _is_nifti_label(path)


def _is_nifti_label(path: Path) -> bool:
    try:
        return suffix_of(path).startswith(_NIFTI) and itk_metadata(path).get("intent_code") == _LABEL_INTENT
    except InputError:
        return False


def is_slicer_segmentation(path: Path) -> bool:
    """Whether a file is a segmentation of 3D Slicer, whatever its name: its values are no codes."""
    if suffix_of(path) not in (".nrrd", ".nhdr"):
        return False
    if stem_of(path).lower().endswith(".seg"):
        return True
    try:
        return any(map(_SEGMENT.match, itk_metadata(path)))
    except InputError:
        return False


def refuse_slicer_segmentation(path: Path) -> None:
    """InputError where a file is a segmentation of 3D Slicer."""
    if is_slicer_segmentation(path):
        raise InputError(
            f"{path} is a 3D Slicer segmentation: its values are numbered by Slicer and tell no structure. "
            f"Export it to a label map with the codes 1 LV cavity, 2 myocardium, 3 left atrium, and give that file."
        )
