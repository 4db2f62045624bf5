"""What users load that CAMUS does not hold: each change alone, on an image and its label map."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw
from scipy import ndimage

from EchoSynthLib.anatomy.beam import ScanConversion, to_beam_space
from EchoSynthLib.anatomy.sector.geometry import Sector

Gray = NDArray[np.uint8]
Pair = tuple[Gray, Gray]
Change = Callable[[Gray, Gray, Sector], Pair]


def probe(change: Callable[[Sector, tuple[int, int]], Sector]) -> Change:
    """Show the same tissue through another sector: resampled along the beams."""

    def apply(image: Gray, label: Gray, sector: Sector) -> Pair:
        shown = change(sector, image.shape)  # type: ignore[arg-type]
        beams, codes = to_beam_space(image, sector, (384, 256), 1), to_beam_space(label, sector, (384, 256), 0)
        converted = ScanConversion(shown, image.shape, (384, 256))  # type: ignore[arg-type]
        return _gray(converted(beams, 1)), converted(codes, 0).astype(np.uint8)

    return apply


def intensity(change: Callable[[NDArray[np.float64]], NDArray[np.float64]]) -> Change:
    """Change gray values in [0, 1], nothing else."""
    return lambda image, label, sector: (_gray(255 * change(image / 255.0) * sector.mask(image.shape)), label)  # type: ignore[arg-type]


def placed(scale: float) -> Change:
    """The whole frame smaller inside a black margin (scale < 1), or cropped (scale > 1)."""

    def apply(image: Gray, label: Gray, sector: Sector) -> Pair:
        return _zoomed(image, scale, 1), _zoomed(label, scale, 0)

    return apply


def small_clip(image: Gray, label: Gray, sector: Sector) -> Pair:
    """Reduced to 112 x 112 and brought back."""
    size = image.shape[::-1]
    small = Image.fromarray(image).resize((112, 112), Image.Resampling.BILINEAR)
    return np.asarray(small.resize(size, Image.Resampling.BILINEAR)), label


def with_overlays(image: Gray, label: Gray, sector: Sector) -> Pair:
    """Patient text at the top, a depth ruler at the right, and an ECG trace across the bottom."""
    picture = Image.fromarray(image)
    pen = ImageDraw.Draw(picture)
    rows, columns = image.shape
    pen.text((3, 3), "ECHO LAB 3  1.7/3.4 MHz", fill=220)
    pen.text((3, 14), "HR 71 bpm  MI 1.2", fill=200)
    for row in range(0, rows, rows // 16):
        pen.line([(columns - 5, row), (columns - 1, row)], fill=230)
    x = np.arange(columns)
    beat = np.exp(-0.5 * (((x % 75) - 20) / 1.6) ** 2) - 0.2 * np.exp(-0.5 * (((x % 75) - 24) / 1.6) ** 2)
    trace = rows - 12 - 18 * beat
    pen.line(list(zip(x.tolist(), trace.tolist(), strict=True)), fill=210)
    return np.asarray(picture), label


CHANGES: dict[str, Change] = {
    "opening angle x 0.85": probe(lambda s, _: _opened(s, 0.85)),
    "opening angle x 1.15": probe(lambda s, _: _opened(s, 1.15)),
    "depth x 0.8 (smaller sector, margins)": probe(lambda s, shape: _deeper(s, 0.8, shape)),
    "depth x 1.15 (cropped below)": probe(lambda s, shape: _deeper(s, 1.15, shape)),
    "tilted by 10 degrees": probe(lambda s, _: _tilted(s, 10)),
    "frame at 75 % in a margin": placed(0.75),
    "frame cropped to 90 %": placed(1 / 0.9),
    "gain x 0.6": intensity(lambda x: 0.6 * x),
    "gain x 1.5": intensity(lambda x: 1.5 * x),
    "gamma 0.7": intensity(lambda x: x**0.7),
    "gamma 1.5": intensity(lambda x: x**1.5),
    "smoothed, sigma 1.5 pixels": intensity(lambda x: ndimage.gaussian_filter(x, 1.5)),
    "median 5 x 5": intensity(lambda x: ndimage.median_filter(x, 5)),
    "text, ruler and ECG": with_overlays,
    "112 x 112 and back": small_clip,
}


def _opened(sector: Sector, factor: float) -> Sector:
    return replace(sector, angle_left=sector.angle_left * factor, angle_right=sector.angle_right * factor)


def _deeper(sector: Sector, factor: float, shape: tuple[int, int]) -> Sector:
    return replace(sector, radius_far=sector.radius_far * factor, radius_near=sector.radius_near * factor)


def _tilted(sector: Sector, degrees: float) -> Sector:
    turn = math.radians(degrees)
    return replace(sector, angle_left=sector.angle_left + turn, angle_right=sector.angle_right + turn)


def _zoomed(plane: Gray, scale: float, order: int) -> Gray:
    center = (np.array(plane.shape) - 1) / 2
    zoomed = ndimage.affine_transform(
        plane.astype(np.float32), np.eye(2) / scale, center - center / scale, order=order, mode="constant"
    )
    return _gray(zoomed)


def _gray(values: NDArray[np.floating]) -> Gray:
    return np.clip(np.rint(values), 0, 255).astype(np.uint8)
