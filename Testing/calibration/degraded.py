"""Echocardiograms made worse on purpose, so that a segmentation fails now and then as it does on foreign images."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

Gray = NDArray[np.float64]
Generator = np.random.Generator


def degraded(image: NDArray[np.uint8], generator: Generator) -> NDArray[np.uint8]:
    """One to three of the changes below, chosen and measured out by chance, on a frame (H, W)."""
    gray = image / 255.0
    # Noise and haze stay inside the sector.
    sector = ndimage.gaussian_filter((gray > 0).astype(float), 3) > 0.3
    chosen = generator.choice(len(CHANGES), size=generator.integers(1, 4), replace=False)
    for number, change in enumerate(CHANGES):
        if number in chosen:
            gray = change(gray, sector, generator)
    return np.rint(255 * np.clip(gray, 0, 1)).astype(np.uint8)


def blurred(gray: Gray, sector: NDArray[np.bool_], generator: Generator) -> Gray:
    """A Gaussian of 1 to 4 pixels."""
    return np.asarray(ndimage.gaussian_filter(gray, generator.uniform(1, 4)))


def compressed(gray: Gray, sector: NDArray[np.bool_], generator: Generator) -> Gray:
    """Another curve of gray values."""
    return np.asarray(gray ** generator.uniform(0.4, 2.5))


def darker(gray: Gray, sector: NDArray[np.bool_], generator: Generator) -> Gray:
    """Less gain."""
    return gray * generator.uniform(0.2, 0.7)


def shadowed(gray: Gray, sector: NDArray[np.bool_], generator: Generator) -> Gray:
    """A wedge from the transducer down in which little is seen, as behind a rib."""
    origin = gray.shape[1] / 2 + generator.uniform(-10, 10)
    angle, width = generator.uniform(-0.55, 0.55), generator.uniform(0.05, 0.2)
    row, column = np.indices(gray.shape)
    beam = np.arctan2(column - origin, row + 1)
    return np.asarray(gray * (1 - generator.uniform(0.5, 1) * np.exp(-0.5 * ((beam - angle) / width) ** 2)))


def noisy(gray: Gray, sector: NDArray[np.bool_], generator: Generator) -> Gray:
    """Coarse noise."""
    noise = ndimage.gaussian_filter(generator.standard_normal(gray.shape), generator.uniform(0.7, 2))
    return np.clip(gray + generator.uniform(0.05, 0.25) * noise / noise.std() * sector, 0, 1)


def hazy(gray: Gray, sector: NDArray[np.bool_], generator: Generator) -> Gray:
    """A bright band across all beams, as from reverberation."""
    row = np.indices(gray.shape)[0]
    strength, depth, width = generator.uniform(0.1, 0.5), generator.uniform(20, 150), generator.uniform(20, 60)
    grain = 0.6 + 0.4 * generator.random(gray.shape)
    return np.clip(gray + strength * np.exp(-(((row - depth) / width) ** 2)) * sector * grain, 0, 1)


CHANGES: tuple[Callable[[Gray, NDArray[np.bool_], Generator], Gray], ...] = (
    blurred,
    compressed,
    darker,
    shadowed,
    noisy,
    hazy,
)
