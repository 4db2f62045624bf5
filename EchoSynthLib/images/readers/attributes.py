"""What an image file says of itself, as `write_image` wrote it."""

from __future__ import annotations

from pathlib import Path

from EchoSynthLib.images.formats import existing_file, kind_of, reading, suffix_of
from EchoSynthLib.images.readers.itk import itk_metadata

PREFIX = "EchoSynth."


def read_attributes(path: str | Path) -> dict[str, str]:
    """The texts that a file carries under `EchoSynth.`; of NIfTI, those that its header had room for.

    PNG, NIfTI, MHA/MHD and NRRD are looked into; nothing is found in other formats, nor in files of other origin.

    Raises:
        InputError: the file is missing or cannot be read.
    """
    path = existing_file(path)
    kind = kind_of(path)
    with reading(path, "an image"):
        texts = itk_metadata(path) if kind == "itk" else _of_picture(path) if kind == "picture" else {}
    if suffix_of(path).startswith(".nii"):
        return _from_description(texts.get("descrip", ""))
    return {key.removeprefix(PREFIX): text for key, text in texts.items() if key.startswith(PREFIX)}


def _of_picture(path: Path) -> dict[str, str]:
    from PIL import Image

    with Image.open(path) as picture:
        return {key: text for key, text in picture.info.items() if isinstance(key, str) and isinstance(text, str)}


def _from_description(text: str) -> dict[str, str]:
    """The `key=value; key=value` of a NIfTI header, which programs use for other remarks, too."""
    if not text.startswith("synthetic="):
        return {}
    return {key: value for key, mark, value in (item.partition("=") for item in text.split("; ")) if mark}
