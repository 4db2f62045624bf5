"""PNG, JPEG, BMP and TIFF, through pillow."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from EchoSynthLib.errors import InputError
from EchoSynthLib.files import in_utf8
from EchoSynthLib.images.formats import first_line, reading
from EchoSynthLib.images.frame import EchoCine, EchoFrame, frame_or_cine
from EchoSynthLib.images.gray import cine_to_gray8, to_gray8
from EchoSynthLib.images.label_maps.colors import codes_of_palette

if TYPE_CHECKING:
    from PIL import Image

_EXPECTED = "a PNG, JPEG, BMP or TIFF picture"
# By content: a suffix may be wrong, but nothing that needs another program, as EPS does, is opened.
_FORMATS = ("PNG", "JPEG", "BMP", "GIF", "TIFF", "WEBP")
# Of TIFF 6.0: what a page is to the file, and whether 0 is white.
_NEW_SUBFILE_TYPE, _SUBFILE_TYPE, _PHOTOMETRIC, _ORIENTATION, _SAMPLE_FORMAT = 254, 255, 262, 274, 339
_SIGNED = (2,)
# Pillow unpacks floats of 64 bits, as NumPy writes them, but does not know them in TIFF files.
_DOUBLES = {(order, 1, (3,), 1, (64,), ()): ("F", raw) for order, raw in ((b"II", "F;64F"), (b"MM", "F;64BF"))}
_REDUCED_OR_MASK, _REDUCED = 0b101, 2


def read_picture(path: Path) -> EchoFrame | EchoCine:
    """A frame, or a cine from the pages of a TIFF file; pictures carry no spacing that could be trusted.

    Previews, masks and pages of other sizes are left out. An alpha of 0 all over, as programs that write no alpha leave
    it, is not looked at.

    Raises:
        InputError: damaged, incomplete, too large, or no picture.
    """
    remarks: list[str] = []
    with reading(path, _EXPECTED):
        pages = _pages(path, _levels, remarks)
        if len({(page.ndim, page.dtype) for page in pages}) > 1:  # gray pages among colored ones
            pages = [to_gray8(page) for page in pages]
        pixels = np.stack(pages)
        if pixels.shape[-1] == 4 and pixels.ndim == 4 and not pixels[..., 3].any():
            remarks.append("the picture's alpha is 0 everywhere and was not looked at")
            pixels = pixels[..., :3]
        return frame_or_cine(EchoCine(cine_to_gray8(pixels), source=str(path), remarks=tuple(remarks)))


def load_codes(path: Path) -> NDArray:
    """The numbers of a picture as they are stored: gray levels, or the indices of a palette that tells their codes.

    Returns:
        (T, H, W) in the dtype of the file.

    Raises:
        InputError: a color picture, whose colors are not codes; or unreadable.
    """
    with reading(path, _EXPECTED):
        return np.stack(_pages(path, _codes, []))


def _pages(path: Path, of_page: Callable[[Image.Image, Path], NDArray], remarks: list[str]) -> list[NDArray]:
    """What `of_page` makes of each page that belongs to the picture; `remarks` tell what was left out."""
    from PIL import Image, ImageSequence, TiffImagePlugin, UnidentifiedImageError

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        # A picture too large to be an echo is an error here, not a remark on the terminal.
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        Image.preinit()
        for key, mode in _DOUBLES.items():
            TiffImagePlugin.OPEN_INFO.setdefault(key, mode)
        try:
            # Opened by name, pillow 13 scrambles uncompressed TIFF files that are to be turned by 90 degrees.
            with path.open("rb") as file, Image.open(file, formats=_FORMATS) as picture:
                deep = _color_of_16_bits(picture, path)
                if deep is not None:
                    return [deep]
                if picture.format == "MPO":  # a photograph; what follows is its preview or a second eye's view
                    picture.seek(0)
                    return [of_page(_upright(picture), path)]
                pages = [
                    of_page(_upright(page), path)
                    for page in ImageSequence.Iterator(picture)
                    if not _is_beside_the_picture(page)
                ]
        except (Image.DecompressionBombWarning, Image.DecompressionBombError) as error:
            raise InputError(
                f"{path} is too large for an echo frame: {first_line(error)}. Scale it down, or cut the frame out."
            ) from error
        except UnidentifiedImageError as error:
            raise _not_known(path) from error
    if not pages:
        raise InputError(f"{path} holds previews and masks alone; expected was {_EXPECTED}.")
    largest = max((page.shape[:2] for page in pages), key=lambda shape: shape[0] * shape[1])
    kept = [page for page in pages if page.shape[:2] == largest]
    if len(kept) < len(pages):
        others = len(pages) - len(kept)
        remarks.append(f"{others} of {len(pages)} pages are smaller than {largest[0]} x {largest[1]} and were left out")
    return kept


def _not_known(path: Path) -> InputError:
    with path.open("rb") as file:
        is_tiff = file.read(4) in (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
    if is_tiff:
        return InputError(
            f"{path} is a TIFF file whose pixels are stored in a way that cannot be read here; expected were whole "
            f"numbers of 8 or 16 bits, or floats of 32 or 64. Save it as one of these, or as PNG."
        )
    return InputError(
        f"{path} cannot be read; expected was {_EXPECTED}, but its content is that of none. "
        f"The file is damaged or of another kind than its name says."
    )


def _upright(page: Image.Image) -> Image.Image:
    """The page as its camera held it, black being 0."""
    from PIL import Image, ImageOps

    tags = getattr(page, "tag_v2", {})
    white_is_zero = tags.get(_PHOTOMETRIC) == 0
    turned = ImageOps.exif_transpose(page)
    if white_is_zero and page.mode.startswith("I;16"):  # pillow sees to 8 bits alone
        return Image.fromarray(np.uint16(65535) - np.asarray(turned, dtype=np.uint16))
    if tags.get(_SAMPLE_FORMAT) == _SIGNED and page.mode == "L":  # whose bytes pillow shows
        return Image.fromarray(np.asarray(turned).view(np.int8).astype(np.int32))
    return turned


def _color_of_16_bits(picture: Image.Image, path: Path) -> NDArray | None:
    """(H, W, C) where a lone picture has 16 bits a color, of which pillow keeps the upper 8; else None."""
    tiles = getattr(picture, "tile", None)
    if not tiles or picture.mode not in ("RGB", "RGBA", "LA") or getattr(picture, "n_frames", 1) > 1:
        return None
    raw = tiles[0][3] if isinstance(tiles[0][3], str) else tiles[0][3][0]
    if "16" not in raw or picture.getexif().get(_ORIENTATION, 1) != 1:
        return None
    import SimpleITK

    with in_utf8(path) as name:
        values = SimpleITK.GetArrayFromImage(SimpleITK.ReadImage(str(name)))
    return values[..., [0, 0, 0, 1]] if values.shape[-1] == 2 else values


def _is_beside_the_picture(page: Image.Image) -> bool:
    """Whether a page is a preview or a mask of another one, or the still of an animation for viewers without any."""
    if page.format == "PNG":
        return bool(getattr(page, "default_image", False)) and page.tell() == 0
    tags = getattr(page, "tag_v2", {})
    return bool(int(tags.get(_NEW_SUBFILE_TYPE, 0)) & _REDUCED_OR_MASK) or tags.get(_SUBFILE_TYPE) == _REDUCED


def _levels(page: Image.Image, path: Path) -> NDArray:
    if page.mode in ("1", "L", "F", "RGB", "RGBA") or page.mode.startswith("I"):
        return np.asarray(page)
    if page.mode == "LAB":
        return np.asarray(page.getchannel("L"))
    return np.asarray(page.convert("RGBA" if page.has_transparency_data else "RGB"))


def _codes(page: Image.Image, path: Path) -> NDArray:
    if page.mode == "P":
        palette = np.array(page.getpalette("RGB"), np.uint8).reshape(-1, 3)
        return codes_of_palette(np.asarray(page), palette, path)
    if page.mode in ("1", "L", "F") or page.mode.startswith("I"):
        return np.asarray(page)
    colors = np.asarray(page.convert("RGB"))
    if (colors == colors[..., :1]).all():
        return colors[..., 0]
    raise InputError(
        f"{path} is a color picture; a label map holds one code a pixel. "
        f"Save it as a gray or palette PNG, or as NIfTI or NRRD."
    )
