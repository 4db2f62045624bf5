"""Speckled pictures of a known sector, and what disturbs them on real screens."""

from __future__ import annotations

import io
import math

import numpy as np
from PIL import Image, ImageDraw
from scipy import ndimage

from EchoSynthLib.anatomy.sector.geometry import Sector


def drawn_sector(shape, half_degrees=36.0, tilt=0.0, top=0.03, bottom=0.04, near=0.0, aspect=1.0):
    """A sector in an image (H, W); `top`, `bottom` (negative: cropped) and `near` are shares of its height."""
    rows, columns = shape
    near_radius = near * rows
    apex = top * rows - near_radius * math.cos(math.radians(half_degrees))
    sides = math.radians(-half_degrees + tilt), math.radians(half_degrees + tilt)
    return Sector(apex, (columns - 1) / 2 + 0.7, *sides, near_radius, rows * (1 - bottom) - apex, aspect)


def overlap(first, second, shape):
    """Intersection over union of the masks of two sectors."""
    a, b = first.mask(shape), second.mask(shape)
    return (a & b).sum() / (a | b).sum()


def speckled(sector, shape, seed=0, level=110.0):
    """Log-compressed speckle inside the sector with two dark chambers, black outside."""
    rng = np.random.default_rng(seed)
    field = ndimage.gaussian_filter(rng.normal(size=(2, *shape)), (0, 0.8, 1.3))
    envelope = np.hypot(*field)
    gray = level + 100 * np.log10(envelope / envelope.mean() + 1e-3)
    depth, beam = beams(sector, shape)
    chambers = ((depth - 0.45) / 0.22) ** 2 + ((beam - 0.5) / 0.16) ** 2 < 1
    chambers |= ((depth - 0.8) / 0.1) ** 2 + ((beam - 0.5) / 0.18) ** 2 < 1
    return np.where(sector.mask(shape), np.clip(gray - 85 * chambers, 1, 255), 0).astype(np.uint8)


def beams(sector, shape):
    """Depth and beam of every pixel, each from 0 to 1 inside the sector."""
    radius, angle = sector.polar(*np.indices(shape, sparse=True))
    depth = (radius - sector.radius_near) / (sector.radius_far - sector.radius_near)
    return depth, (angle - sector.angle_left) / sector.opening_angle


def dimmed(image, sector):
    return np.rint(image * 0.3).astype(np.uint8)


def low_gain(image, sector):
    return np.clip(image.astype(int) - 95, 0, 255).astype(np.uint8)


def side_shadow(image, sector):
    depth, beam = beams(sector, image.shape)
    return np.where((beam < 0.18) & (depth > 0.25), 0, image)


def rib_shadow(image, sector):
    depth, beam = beams(sector, image.shape)
    return np.where((np.abs(beam - 0.4) < 0.06) & (depth > 0.1), 0, image)


def faint_beams(image, sector):
    return np.rint(image * np.clip(beams(sector, image.shape)[1] / 0.25, 0.06, 1)).astype(np.uint8)


def faint_far_field(image, sector):
    return np.rint(image * np.clip(1.15 - beams(sector, image.shape)[0], 0, 1)).astype(np.uint8)


def video_noise(image, sector):
    noise = np.random.default_rng(3).integers(0, 11, image.shape)
    return np.where(image == 0, noise, image).astype(np.uint8)


def blur_and_noise(image, sector):
    noise = np.abs(np.random.default_rng(3).normal(0, 3, image.shape))
    return np.clip(ndimage.gaussian_filter(image.astype(float), 1) + noise, 0, 255).astype(np.uint8)


def jpeg(image, sector):
    file = io.BytesIO()
    Image.fromarray(image).save(file, "JPEG", quality=40)
    return np.asarray(Image.open(file))


def overlays(image, sector):
    """Text, a mode mark, a depth ruler, a gray bar and an ECG trace beside and across the sector."""
    rows, columns = image.shape
    picture, size = Image.fromarray(image), max(5, rows // 22)
    draw = ImageDraw.Draw(picture)
    draw.text((2, 2), "TIS0.8 MI 1.3\nFR 54Hz", fill=200, font_size=size)
    draw.text((columns - 3 * size, 3), "M3", fill=255, font_size=size)
    for k in range(20):
        draw.line([(1, rows * k // 20), (4, rows * k // 20)], fill=255 * k // 20, width=max(1, columns // 110))
        draw.line([(columns - 5, rows * k // 20), (columns - 2, rows * k // 20)], fill=255)
    _trace(draw, rows, columns, 0.96)
    return np.asarray(picture)


def touching_overlays(image, sector):
    """Text that runs into one side, ruler ticks along the other and an ECG trace across the far arc."""
    rows, columns = image.shape
    picture, size = Image.fromarray(image), max(5, rows // 22)
    draw = ImageDraw.Draw(picture)
    row, column = sector.cartesian(0.5 * sector.radius_far, sector.angle_left)
    draw.text((float(column) - 2.5 * size, float(row)), "Vmax 1.2", fill=255, font_size=size)
    for share in np.arange(0.1, 1, 0.1):
        row, column = (float(v) for v in sector.cartesian(sector.radius_far * share, sector.angle_right))
        draw.line([(column, row), (column + 4, row)], fill=230)
    _trace(draw, rows, columns, 0.92)
    return np.asarray(picture)


def _trace(draw, rows, columns, base):
    time = np.arange(columns)
    trace = rows * (base - 0.05 * np.exp(-(((time % (columns // 3) - 20) / 3.0) ** 2)))
    draw.line([(int(t), int(e)) for t, e in zip(time, trace, strict=True)], fill=240)


def logo(image, sector):
    marked, size = image.copy(), max(6, image.shape[0] // 14)
    marked[1 : 1 + size, 1 : 1 + 3 * size // 2] = 255
    return marked
