"""PNG, JPEG, BMP and TIFF, through pillow."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from EchoSynthLib.errors import InputError
from EchoSynthLib.images.formats import reading
from EchoSynthLib.images.frame import EchoCine, EchoFrame, frame_or_cine
from EchoSynthLib.images.gray import cine_to_gray8
from EchoSynthLib.images.label_colors import codes_of_palette

if TYPE_CHECKING:
    from PIL import Image

_EXPECTED = "a PNG, JPEG, BMP or TIFF picture"


def read_picture(path: Path) -> EchoFrame | EchoCine:
    """A frame, or a cine from the pages of a TIFF file; pictures carry no spacing that could be trusted."""
    with reading(path, _EXPECTED):
        pages = _pages(path, _levels)
        return frame_or_cine(EchoCine(cine_to_gray8(np.stack(pages)), source=str(path)))


def load_codes(path: Path) -> NDArray:
    """The numbers of a picture as they are stored: grey levels, or the indices of a palette that tells their codes.

    Returns:
        (T, H, W) in the dtype of the file.

    Raises:
        InputError: a colour picture, whose colours are not codes; or unreadable.
    """
    with reading(path, _EXPECTED):
        return np.stack(_pages(path, _codes))


def _pages(path: Path, of_page: Callable[[Image.Image, Path], NDArray]) -> list[NDArray]:
    from PIL import Image, ImageOps, ImageSequence

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        # A picture too large to be an echo is an error here, not a remark on the terminal.
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        with Image.open(path) as picture:
            return [of_page(ImageOps.exif_transpose(page), path) for page in ImageSequence.Iterator(picture)]


def _levels(page: Image.Image, path: Path) -> NDArray:
    if page.mode in ("1", "L", "F", "RGB", "RGBA") or page.mode.startswith("I"):
        return np.asarray(page)
    return np.asarray(page.convert("RGBA" if page.has_transparency_data else "RGB"))


def _codes(page: Image.Image, path: Path) -> NDArray:
    if page.mode == "P":
        palette = np.array(page.getpalette("RGB"), np.uint8).reshape(-1, 3)
        return codes_of_palette(np.asarray(page), palette, path)
    if page.mode in ("1", "L", "F") or page.mode.startswith("I"):
        return np.asarray(page)
    colours = np.asarray(page.convert("RGB"))
    if (colours == colours[..., :1]).all():
        return colours[..., 0]
    raise InputError(
        f"{path} is a colour picture; a label map holds one code a pixel. "
        f"Save it as a grey or palette PNG, or as NIfTI or NRRD."
    )
