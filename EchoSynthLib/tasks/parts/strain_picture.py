"""The picture of the task `strain`: end-diastole and end-systole side by side under the wall that was followed."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from EchoSynthLib.images.overlay import Color, Overlay, pixel_aspect
from EchoSynthLib.measurement.strain.wall import EDGES
from EchoSynthLib.outputs import replacing

if TYPE_CHECKING:
    from PIL import Image

    from EchoSynthLib.measurement.strain import StrainResult

_HEIGHT = 480
_STRAIN = 25.0  # % that has the fullest color
_OUTER = (170, 170, 170)


def write_picture(path: Path, pixels: NDArray[np.uint8], result: StrainResult) -> None:
    """Two frames of a cine (T, H, W) with the segments of the endocardium, redder the more each has shortened.

    Of end-diastole the contour is white; what stretches at end-systole is blue.
    """
    from PIL import Image

    drawn = [_drawn(pixels, result, frame) for frame in (result.beat.end_diastole, result.beat.end_systole)]
    sheet = Image.new("RGB", (sum(one.width for one in drawn), _HEIGHT))
    for number, one in enumerate(drawn):
        sheet.paste(one, (number * drawn[0].width, 0))
    with replacing(path) as partial:
        sheet.save(partial)


def _drawn(pixels: NDArray[np.uint8], result: StrainResult, frame: int) -> Image.Image:
    overlay = Overlay(pixels[frame], _HEIGHT, pixel_aspect(result.spacing))
    layers = result.layers[frame]
    for layer in layers[1:]:
        overlay.line(layer, _OUTER)
    for segment, first, last in zip(result.segments, EDGES, EDGES[1:], strict=False):
        overlay.line(layers[0, first : last + 1], _color(result.longitudinal[segment.name].values[frame]))
    overlay.circles(layers[0, EDGES], (255, 255, 255))
    return overlay.image


def _color(strain: float) -> Color:
    """White without strain, red where the wall is shorter, blue where it is longer."""
    share = min(abs(strain) / _STRAIN, 1.0)
    paler = round(255 * (1 - share))
    return (255, paler, paler) if strain <= 0 else (paler, paler, 255)
