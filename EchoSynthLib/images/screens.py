"""What a scanner's screen shows: a sector somewhere on black, and text, traces, rulers and bars beside it (pillow)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Gray = NDArray[np.uint8]
Mask = NDArray[np.bool_]

TAG_SIZE = 0.25
"""Of the letters over the screen's side: a frame of 64 pixels shows no smaller ones."""
LARGEST, SMALLEST = 0.92, 0.72
"""Of the screen's side that a sector's picture fills."""


@dataclass(frozen=True)
class Screen:
    """A square screen: gray levels (S, S) and the sector's mask."""

    image: Gray
    inside: Mask

    def under(self, overlay: Gray) -> Screen:
        """With an overlay (S, S) everywhere but in the sector."""
        return Screen(np.where(self.inside, self.image, np.maximum(self.image, overlay)), self.inside)


def on_screen(picture: Gray, inside: Mask, side: int, generator: np.random.Generator) -> Screen:
    """A sector's picture (H, W), scaled and placed at random on a screen of some side, which is black beside it."""
    from PIL import Image

    share = generator.uniform(SMALLEST, LARGEST)
    scale = share * side / max(picture.shape)
    rows, columns = (max(1, round(size * scale)) for size in picture.shape)
    top, left = (int(generator.integers(0, side - size + 1)) for size in (rows, columns))
    shown = np.where(inside, picture, 0).astype(np.uint8)
    small = Image.fromarray(shown).resize((columns, rows), Image.Resampling.BOX)
    mask = Image.fromarray(inside.astype(np.uint8) * 255).resize((columns, rows), Image.Resampling.BOX)
    image, sector = np.zeros((side, side), np.uint8), np.zeros((side, side), bool)
    place = slice(top, top + rows), slice(left, left + columns)
    image[place], sector[place] = np.asarray(small), np.asarray(mask) > 127
    return Screen(np.where(sector, image, 0).astype(np.uint8), sector)


def tag(text: str, side: int) -> Gray:
    """An overlay (S, S): a text in the upper left corner, as large as scanners write the name of a preset."""
    from PIL import Image, ImageDraw, ImageFont

    canvas = Image.new("L", (side, side))
    font = ImageFont.load_default(TAG_SIZE * side)
    ImageDraw.Draw(canvas).text((0, -2), text, fill=255, font=font, stroke_width=1, stroke_fill=255)
    return np.asarray(canvas)


def _left_column(pen, side, generator) -> None:  # type: ignore[no-untyped-def]
    """Settings in a column on the left, a trace at the bottom, a gray bar on the right."""
    for line in range(int(generator.integers(3, 6))):
        pen.text((1, 1 + 9 * line), _word(generator), fill=int(generator.integers(150, 230)))
    _trace(pen, side, side - 6, generator)
    _bar(pen, side - 5, 6, generator)


def _top_line(pen, side, generator) -> None:  # type: ignore[no-untyped-def]
    """A headline, a ruler with long marks on the left, heart rate at the bottom."""
    pen.text((side // 3, 0), _word(generator) + _word(generator), fill=int(generator.integers(180, 256)))
    step = int(generator.integers(5, 10))
    for y in range(int(generator.integers(2, 8)), side, step):
        pen.line([(0, y), (3, y)], fill=255)
    pen.text((side - 26, side - 11), f"{generator.integers(45, 120)}", fill=200)


def _right_column(pen, side, generator) -> None:  # type: ignore[no-untyped-def]
    """Settings in a column on the right, a frame around it, a trace on top."""
    for line in range(int(generator.integers(2, 5))):
        pen.text((side - 20, side // 2 + 9 * line), _word(generator)[:3], fill=int(generator.integers(120, 220)))
    pen.rectangle((side - 22, side // 2 - 2, side - 1, side - 1), outline=140)
    _trace(pen, side, 8, generator)


def _logo(pen, side, generator) -> None:  # type: ignore[no-untyped-def]
    """A bright mark in the lower left corner, a line of text under it, a bar on the left."""
    at = int(generator.integers(6, 10))
    pen.ellipse((2, side - 2 * at, 2 + at, side - at), fill=int(generator.integers(150, 256)))
    pen.text((2 + at, side - 11), _word(generator), fill=int(generator.integers(120, 220)))
    _bar(pen, 1, 10, generator)


def _word(generator: np.random.Generator) -> str:
    return "".join(chr(code) for code in generator.integers(48, 91, int(generator.integers(3, 6))))


def _trace(pen, side, base, generator) -> None:  # type: ignore[no-untyped-def]
    across = np.arange(side)
    period = generator.integers(16, 40)
    beats = np.exp(-0.5 * (((across + generator.integers(0, period)) % period - period / 3) / 1.2) ** 2)
    pen.line(
        list(zip(across.tolist(), (base - 6 * beats).tolist(), strict=True)), fill=int(generator.integers(120, 256))
    )


def _bar(pen, x, top, generator) -> None:  # type: ignore[no-untyped-def]
    for y in range(20):
        pen.line([(x, top + y), (x + 3, top + y)], fill=int(255 - 11 * y))


KINDS: dict[str, Callable[..., None]] = {
    "settings at the left": _left_column,
    "headline and ruler": _top_line,
    "settings at the right": _right_column,
    "logo and bar": _logo,
}
"""Imitations of scanners' layouts, each drawn with other texts and numbers every time."""


def layout(kind: str, side: int, generator: np.random.Generator) -> Gray:
    """An overlay (S, S) of one of `KINDS`."""
    from PIL import Image, ImageDraw

    canvas = Image.new("L", (side, side))
    KINDS[kind](ImageDraw.Draw(canvas), side, generator)
    return np.asarray(canvas)
