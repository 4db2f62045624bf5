"""Draws the icons of the modules into EchoSynth/Resources/Icons: `python Resources/Icons/draw_icons.py`.

All stand on the dark tile of EchoSynth's own icon, so that they are seen on light and on dark; shapes are large, since
Slicer shows them 16 to 20 pixels wide.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

SIZE, FINE = 128, 4  # pixels, and how many times finer it is drawn
FOLDER = Path(__file__).resolve().parents[2] / "EchoSynth" / "Resources" / "Icons"

TILE = (13, 17, 27, 255)
TISSUE = (96, 104, 120, 255)
WALL, CAVITY, ATRIUM = (222, 118, 84, 255), (152, 55, 13, 255), (236, 158, 54, 255)
LINE, PAPER, BRIGHT = (255, 255, 255, 255), (226, 230, 236, 255), (94, 214, 255, 255)

Point = tuple[float, float]


class Icon:
    """A tile to draw on, in its 128 pixels."""

    def __init__(self) -> None:
        self.image = Image.new("RGBA", (SIZE * FINE, SIZE * FINE), (0, 0, 0, 0))
        self.pen = ImageDraw.Draw(self.image)
        self.pen.rounded_rectangle(_fine([(0, 0), (127.9, 127.9)]), 18 * FINE, fill=TILE)

    def area(self, points: Sequence[Point], fill: tuple[int, ...]) -> None:
        """Fills a polygon."""
        self.pen.polygon(_fine(points), fill=fill)

    def line(self, points: Sequence[Point], fill: tuple[int, ...], width: float) -> None:
        """Draws a line with round ends."""
        self.pen.line(_fine(points), fill=fill, width=round(width * FINE), joint="curve")
        for point in (points[0], points[-1]):
            self.dot(point, width / 2, fill)

    def dot(self, middle: Point, radius: float, fill: tuple[int, ...]) -> None:
        """Draws a disc."""
        x, y = middle
        self.pen.ellipse(_fine([(x - radius, y - radius), (x + radius, y + radius)]), fill=fill)

    def card(self, corner: Point, fill: tuple[int, ...]) -> None:
        """Draws a square with round corners."""
        x, y = corner
        self.pen.rounded_rectangle(_fine([(x, y), (x + 78, y + 78)]), 8 * FINE, fill=fill)

    def save(self, name: str) -> None:
        """Writes it at its own size."""
        self.image.resize((SIZE, SIZE), Image.Resampling.LANCZOS).save(FOLDER / f"{name}.png", optimize=True)


def _fine(points: Sequence[Point]) -> list[Point]:
    return [(x * FINE, y * FINE) for x, y in points]


def sector(apex: Point, radius: float) -> list[Point]:
    """The fan of an apical view."""
    angles = np.linspace(math.radians(56), math.radians(124), 40)
    arc = [(apex[0] + radius * math.cos(angle), apex[1] + radius * math.sin(angle)) for angle in angles]
    return [apex, *arc]


def chamber(middle: Point, width: float, height: float) -> list[Point]:
    """A ventricle: round at the apex, open towards the atrium."""
    x, y = middle
    angles = np.linspace(math.pi, 2 * math.pi, 40)
    dome = [(x + width / 2 * math.cos(a), y + height * 0.55 * math.sin(a)) for a in angles]
    return [*dome, (x + width * 0.4, y + height * 0.45), (x - width * 0.4, y + height * 0.45)]


def measure() -> Icon:
    """A ventricle in its sector, with its long axis and discs."""
    icon = Icon()
    icon.area(sector((64, 10), 108), TISSUE)
    icon.area(chamber((64, 66), 62, 84), WALL)
    icon.area(chamber((64, 70), 42, 72), CAVITY)
    for y, half in ((54, 17), (70, 20), (86, 18)):
        icon.line([(64 - half, y), (64 + half, y)], BRIGHT, 4)
    icon.line([(64, 32), (64, 102)], LINE, 6)
    for y in (32, 102):
        icon.line([(52, y), (76, y)], LINE, 6)
    return icon


def data_sets() -> Icon:
    """A stack of pictures, the first with a heart."""
    icon = Icon()
    icon.card((40, 12), (70, 76, 86, 255))
    icon.card((28, 24), (110, 116, 126, 255))
    icon.card((12, 38), PAPER)
    icon.area(sector((52, 44), 68), (60, 66, 80, 255))
    icon.area(chamber((52, 82), 38, 52), WALL)
    icon.area(chamber((52, 85), 22, 42), CAVITY)
    return icon


def models() -> Icon:
    """A small network, from a sector's lines to a heart's color."""
    icon = Icon()
    layers = [[(24, y) for y in (36, 64, 92)], [(64, y) for y in (24, 51, 77, 104)], [(104, y) for y in (46, 82)]]
    for one, other in itertools.pairwise(layers):
        for start in one:
            for end in other:
                icon.line([start, end], TISSUE, 3)
    for nodes, color in zip(layers, (BRIGHT, PAPER, ATRIUM), strict=True):
        for node in nodes:
            icon.dot(node, 11, color)
    return icon


def heart_in_3d() -> Icon:
    """A heart cut by the fan of an echo."""
    icon = Icon()
    icon.area([(20 + x * 0.9, y) for x, y in chamber((50, 66), 80, 88)], WALL)
    icon.area([(20 + x * 0.9, y) for x, y in chamber((54, 72), 44, 62)], CAVITY)
    icon.line([(84, 22), (92, 40), (88, 62)], ATRIUM, 16)
    fan = sector((26, 8), 122)
    icon.line([*fan, fan[0]], BRIGHT, 5)
    return icon


def beating() -> Icon:
    """A ventricle at end-diastole, inside it the one at end-systole, and the curve of its volume."""
    icon = Icon()
    icon.area(sector((64, 6), 112), TISSUE)
    icon.area(chamber((64, 54), 66, 76), WALL)
    icon.area(chamber((64, 58), 46, 66), CAVITY)
    inner = chamber((64, 64), 24, 46)
    icon.line([*inner, inner[0]], PAPER, 4)
    icon.line([(8, 100), (34, 100), (50, 121), (68, 121), (84, 103), (120, 100)], BRIGHT, 7)
    return icon


def examination() -> Icon:
    """Four clips, three of them with a heart, and a light beside each."""
    icon = Icon()
    colors = (WALL, WALL, TISSUE, WALL)
    for (x, y), color in zip(((35, 8), (93, 8), (35, 66), (93, 66)), colors, strict=True):
        icon.area(sector((x, y), 52), TISSUE)
        icon.area(chamber((x, y + 30), 26, 34), color)
        icon.dot((x + 19, y + 9), 7, ATRIUM if color is TISSUE else BRIGHT)
    return icon


ICONS: dict[str, Callable[[], Icon]] = {
    "EchoMeasure": measure,
    "EchoDataSets": data_sets,
    "EchoModels": models,
    "EchoHeart3D": heart_in_3d,
    "EchoCine": beating,
    "EchoStudy": examination,
}

if __name__ == "__main__":
    for name, draw in ICONS.items():
        draw().save(name)
