"""A frame as a picture for people: in square pixels, with label maps, curves and points over it (pillow)."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from EchoSynthLib.anatomy.masks import border
from EchoSynthLib.anatomy.structures import STRUCTURES, Structure
from EchoSynthLib.types import Spacing

Color = tuple[int, int, int]

# Only what a label map can hold, in the order of its codes.
DRAWN = tuple(sorted((s for s in STRUCTURES if s.camus_code), key=lambda s: s.camus_code or 0))


def pixel_aspect(spacing: Spacing | None) -> float:
    """Width of a pixel over its height, from (row, column) spacing; 1 where the spacing is unknown."""
    return 1.0 if spacing is None else spacing[1] / spacing[0]


def bright(structure: Structure) -> Color:
    """The structure's hue as bright as it goes: lines and letters in the colors themselves are lost on speckle."""
    red, green, blue = structure.color
    strength = 255 / max(structure.color)
    return round(red * strength), round(green * strength), round(blue * strength)


class Overlay:
    """A picture of a frame, on which things are drawn where they lie in the frame.

    Args:
        pixels: (H, W) or (H, W, 3) uint8.
        height: of the picture; its width follows from the aspect.
        aspect: a pixel's width over its height.

    Attributes:
        image: `PIL.Image.Image`, RGB, at its final size, so that what is drawn stays sharp.
    """

    def __init__(self, pixels: NDArray[np.uint8], height: int, aspect: float = 1.0) -> None:
        from PIL import Image

        rows, columns = pixels.shape[:2]
        size = max(1, round(height * aspect * columns / rows)), height
        self._scale = np.array([size[1] / rows, size[0] / columns])
        self.image = Image.fromarray(pixels).convert("RGB").resize(size, Image.Resampling.LANCZOS)

    def outlines(self, label_map: NDArray[np.uint8], width: int = 1) -> None:
        """The outermost `width` pixels of each structure of a label map (H, W)."""
        from PIL import Image

        labels = np.asarray(Image.fromarray(label_map).resize(self.image.size, Image.Resampling.NEAREST))
        picture = np.array(self.image)
        for structure in DRAWN:
            inside = labels == structure.camus_code
            for _ in range(width):
                line = border(inside)
                picture[line] = bright(structure)
                inside &= ~line
        self.image = Image.fromarray(picture)

    def line(self, points: ArrayLike, color: Color) -> None:
        """A line through points (n, 2), (row, column) in the frame's pixels, whose centers lie at whole numbers."""
        from PIL import ImageDraw

        ImageDraw.Draw(self.image).line(self._places(points), fill=color, width=2)

    def circles(self, points: ArrayLike, color: Color) -> None:
        """A circle around each of the points (n, 2)."""
        from PIL import ImageDraw

        pen = ImageDraw.Draw(self.image)
        for x, y in self._places(points):
            pen.ellipse((x - 4, y - 4, x + 4, y + 4), outline=color, width=2)

    def _places(self, points: ArrayLike) -> list[tuple[float, float]]:
        return [(float(column), float(row)) for row, column in (np.asarray(points) + 0.5) * self._scale]
