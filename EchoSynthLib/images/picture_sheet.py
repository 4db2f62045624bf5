"""A sheet of pictures to judge by eye: tiles of images, label maps and outlines (pillow)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from EchoSynthLib.images.overlay import DRAWN, Overlay, bright

if TYPE_CHECKING:
    from PIL import Image, ImageFont

TILE_HEIGHT = 200
MARGIN = 6
CAPTION_HEIGHT = 20
TITLE_HEIGHT = 34
BACKGROUND = (18, 18, 20)
INK = (225, 225, 225)


@dataclass(frozen=True)
class Tile:
    """One picture of the sheet.

    Attributes:
        pixels: (H, W, 3) uint8.
        caption: what is written below it.
        aspect: a pixel's width over its height.
        outline: (H, W) label map whose borders are drawn over the picture, or None.
    """

    pixels: np.ndarray
    caption: str = ""
    aspect: float = 1.0
    outline: np.ndarray | None = None


@dataclass(frozen=True)
class Section:
    """A titled block of the sheet: rows of tiles."""

    title: str
    rows: Sequence[Sequence[Tile]]


def gray(image: np.ndarray) -> np.ndarray:
    """(H, W) uint8 -> (H, W, 3) uint8."""
    return np.repeat(np.asarray(image, np.uint8)[..., None], 3, axis=2)


def colored(label_map: np.ndarray) -> np.ndarray:
    """(H, W) label map -> (H, W, 3) uint8 in the structures' own colors on black."""
    picture = np.zeros((*label_map.shape, 3), np.uint8)
    for structure in DRAWN:
        picture[label_map == structure.camus_code] = structure.color
    return picture


def legend(lines: Sequence[str]) -> np.ndarray:
    """A picture that names the structures in their colors, and below them `lines` of plain text."""
    from PIL import Image, ImageDraw

    picture = Image.new("RGB", (TILE_HEIGHT, TILE_HEIGHT), BACKGROUND)
    pen = ImageDraw.Draw(picture)
    entries = [*((structure.name, bright(structure)) for structure in DRAWN), *((line, INK) for line in lines)]
    for number, (text, color) in enumerate(entries):
        pen.text((MARGIN, MARGIN + 22 * number), text, fill=color, font=_font(14))
    return np.asarray(picture)


def draw_sheet(sections: Sequence[Section]) -> Image.Image:
    """Put all sections below one another on one dark sheet, their tiles in columns."""
    from PIL import Image, ImageDraw

    rows = [row for section in sections for row in section.rows]
    column = max(_width(tile) for row in rows for tile in row) + MARGIN
    row_height = TILE_HEIGHT + CAPTION_HEIGHT + MARGIN
    width = MARGIN + column * max(len(row) for row in rows)
    height = MARGIN + len(sections) * TITLE_HEIGHT + len(rows) * row_height
    sheet = Image.new("RGB", (width, height), BACKGROUND)
    pen = ImageDraw.Draw(sheet)
    top = MARGIN
    for section in sections:
        pen.text((MARGIN, top + 6), section.title, fill=INK, font=_font(18))
        top += TITLE_HEIGHT
        for row in section.rows:
            for number, tile in enumerate(row):
                place = (MARGIN + number * column, top)
                sheet.paste(_picture(tile), place)
                pen.text((place[0], top + TILE_HEIGHT + 2), tile.caption, fill=INK, font=_font(13))
            top += row_height
    return sheet


def _picture(tile: Tile) -> Image.Image:
    """The tile at its size on the sheet."""
    overlay = Overlay(tile.pixels, TILE_HEIGHT, tile.aspect)
    if tile.outline is not None:
        overlay.outlines(tile.outline)
    return overlay.image


def _width(tile: Tile) -> int:
    height, width = tile.pixels.shape[:2]
    return max(1, round(TILE_HEIGHT * tile.aspect * width / height))


def _font(size: int) -> ImageFont.ImageFont | ImageFont.FreeTypeFont:
    from PIL import ImageFont

    return ImageFont.load_default(size)
