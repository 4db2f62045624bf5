"""What the task `contour` writes: a table of the points, points and curves as JSON, and a picture of both."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from EchoSynthLib.anatomy.heart2d.endocardium import LANDMARKS
from EchoSynthLib.images.overlay import Overlay, pixel_aspect
from EchoSynthLib.outputs import replacing
from EchoSynthLib.types import Spacing

if TYPE_CHECKING:
    from PIL import Image

    from EchoSynthLib.images.frame import EchoCine, EchoFrame

COLUMNS = ("frame", "point", "name", "row", "column", "row_mm", "column_mm", "spread_px", "spread_mm", "entropy")

_PICTURE_HEIGHT = 480
_PICTURES = 6  # of a cine, evenly over it
_CURVE_COLOR, _POINT_COLOR = (255, 220, 60), (90, 220, 255)


@dataclass(frozen=True, eq=False)
class FrameContour:
    """The endocardium in one frame.

    Attributes:
        points, curve: (7, 2) and (n, 2) (row, column) in the frame's pixels.
        summary: the doubt of each landmark and of the curve, as `ContourResult.summary` tells them.
    """

    points: NDArray[np.float64]
    curve: NDArray[np.float64]
    summary: dict[str, Any]


def write_table(path: Path, contours: Mapping[int, FrameContour], spacing: Spacing | None) -> None:
    """A row for each point of each frame; millimeters count from the first pixel's center, and need a spacing."""
    with replacing(path) as partial, partial.open("w", newline="", encoding="utf-8") as file:
        table = csv.writer(file)
        table.writerow(COLUMNS)
        for frame, contour in contours.items():
            for number, (name, place) in enumerate(zip(LANDMARKS, contour.points, strict=True)):
                doubt = contour.summary["landmarks"][number]
                in_mm = ("", "") if spacing is None else tuple(f"{value:.3f}" for value in place * spacing)
                doubts = ["" if doubt[key] is None else doubt[key] for key in COLUMNS[-3:]]
                table.writerow([frame, f"P{number + 1}", name, *(f"{v:.3f}" for v in place), *in_mm, *doubts])


def write_contours(path: Path, contours: Mapping[int, FrameContour], spacing: Spacing | None) -> None:
    """Points and curves of all frames that show something as JSON, (row, column) in pixels."""
    from EchoSynthLib.images.write import write_record

    frames = [
        {
            "frame": frame,
            "points": np.round(contour.points, 3).tolist(),
            "curve": np.round(contour.curve, 3).tolist(),
            **{key: [point[key] for point in contour.summary["landmarks"]] for key in ("spread_px", "spread_mm")},
            "mean_distance": contour.summary["mean_distance"],
        }
        for frame, contour in contours.items()
    ]
    about = {"coordinates": "row, column in pixels; pixel centers lie at whole numbers", "landmarks": list(LANDMARKS)}
    write_record(path, about | {"spacing_mm": None if spacing is None else list(spacing), "frames": frames})


def write_picture(path: Path, image: EchoFrame | EchoCine, contours: Mapping[int, FrameContour]) -> None:
    """Curve and points drawn over the frame, or over a few frames of a cine side by side, with square pixels."""
    from PIL import Image

    stills = image.pixels if image.pixels.ndim == 3 else image.pixels[np.newaxis]
    places = np.unique(np.linspace(0, len(contours) - 1, min(_PICTURES, len(contours))).astype(int))
    chosen = [sorted(contours)[place] for place in places]
    drawn = [_overlay(stills[i], contours[i], pixel_aspect(image.spacing)) for i in chosen]
    sheet = Image.new("RGB", (sum(one.width for one in drawn), drawn[0].height))
    for number, one in enumerate(drawn):
        sheet.paste(one, (number * drawn[0].width, 0))
    with replacing(path) as partial:
        sheet.save(partial)


def _overlay(pixels: NDArray[np.uint8], contour: FrameContour, aspect: float) -> Image.Image:
    overlay = Overlay(pixels, _PICTURE_HEIGHT, aspect)
    overlay.line(contour.curve, _CURVE_COLOR)
    overlay.circles(contour.points, _POINT_COLOR)
    return overlay.image
