"""Smooth random fields, and beams that are converted into a sector: what drawings without a heart are made of."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter, map_coordinates

from EchoSynthLib.anatomy.beam import ScanConversion
from EchoSynthLib.anatomy.sector.geometry import Sector

Field = NDArray[np.float32]


def smooth(rng: np.random.Generator, shape: tuple[int, int], cells: tuple[int, int], low: float, high: float) -> Field:
    """A field (H, W) from `low` to `high` that changes over a grid of so many cells."""
    grid = rng.uniform(low, high, (cells[0] + 1, cells[1] + 1)).astype(np.float32)
    places = np.meshgrid(np.linspace(0, cells[0], shape[0]), np.linspace(0, cells[1], shape[1]), indexing="ij")
    found: Field = map_coordinates(grid, places, order=1)
    return found


def speckled(level: Field, rng: np.random.Generator) -> Field:
    """Gray levels (R, A) in [0, 1] of mean echoes in dB: fully developed speckle, partly averaged, compressed."""
    amplitude = 10 ** (np.clip(level, -80, 30) / 20)
    width = (rng.uniform(0.5, 1.6), rng.uniform(0.6, 2.8))
    real, imaginary = (gaussian_filter(part, width) for part in rng.standard_normal((2, *level.shape)) * amplitude)
    speckle = np.hypot(real, imaginary) * math.sqrt(4 * math.pi * width[0] * width[1])
    kept = rng.uniform(0.2, 1.0)
    heard = (speckle + 1e-6) ** kept * (gaussian_filter(amplitude, width) + 1e-6) ** (1 - kept)
    heard = heard + 10 ** (rng.uniform(-60, -34) / 20) * np.abs(rng.standard_normal(level.shape))
    decibels = 20 * np.log10(heard + 1e-6)
    top, span = np.percentile(decibels, rng.uniform(95, 99.8)), rng.uniform(32, 66)
    found: Field = (np.clip((decibels - top + span) / span, 0, 1) ** rng.uniform(0.8, 2.0)).astype(np.float32)
    return found


def in_sector(beams: Field, half_deg: float, near: float, rows: int) -> Field:
    """An image (rows, W) of beams (R, A) between two angles; `near` is the radius of the probe over the depth."""
    half = math.radians(half_deg)
    depth = (rows - 1) / (1 + near - near * math.cos(half))
    columns = math.ceil(2 * (1 + near) * depth * math.sin(half)) + 1
    far = (1 + near) * depth
    sector = Sector(-near * depth * math.cos(half), (columns - 1) / 2, -half, half, near * depth, far)
    # Beams begin at the skin, and the grid of a conversion at the apex.
    samples = round(beams.shape[0] * (1 + near))
    padded = np.concatenate([np.zeros((samples - beams.shape[0], beams.shape[1]), np.float32), beams])
    return ScanConversion(sector, (rows, columns), padded.shape)(padded)
