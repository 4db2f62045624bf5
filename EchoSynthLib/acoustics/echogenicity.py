"""How strongly what lies at each sample of the beams echoes, in dB over muscle."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

from EchoSynthLib.acoustics.look import Look
from EchoSynthLib.anatomy.heart3d.tissue import Tissue
from EchoSynthLib.types import LabelMap

Beams = NDArray[np.float32]

BLOOD = (
    Tissue.LV_CAVITY, Tissue.LEFT_ATRIUM, Tissue.RV_CAVITY, Tissue.RIGHT_ATRIUM, Tissue.AORTA, Tissue.PULMONARY_ARTERY,
)  # fmt: skip
LEAFLETS = (Tissue.MITRAL_LEAFLET, Tissue.TRICUSPID_LEAFLET, Tissue.AORTIC_CUSP)
OUTSIDE = (Tissue.SOFT_TISSUE, Tissue.LUNG, Tissue.FAT)
_ORIENTATION_MM = 3.5
"""Over which the direction of an interface is told."""
_HALF_OF_LUNG_MM = 5.0
"""Into lung, after which half of the sound's level in dB is lost at first; air sends nearly all of it back."""


def table_of(look: Look) -> NDArray[np.float32]:
    """(256,) mean echo by code of `Tissue`, in dB over muscle."""
    table = np.zeros(256, np.float32)
    table[list(BLOOD)] = look.blood_db
    table[list(LEAFLETS)] = look.valve_db
    table[[Tissue.AORTIC_WALL, Tissue.PULMONARY_ARTERIAL_WALL]] = look.valve_db - 1
    table[[Tissue.LEFT_ATRIAL_WALL, Tissue.RIGHT_ATRIAL_WALL, Tissue.RV_WALL]] = 1.0
    table[Tissue.PERICARDIUM] = look.pericardium_db
    table[Tissue.SOFT_TISSUE] = look.soft_db
    table[Tissue.FAT] = look.fat_db
    table[Tissue.LUNG] = look.lung_db
    return table


def facing(depths: NDArray[np.floating], angles: NDArray[np.floating], level: Beams) -> Beams:
    """(R, A) from 0 (the nearest interface runs along the beam) to 1 (it is square to it), times how sharp it is.

    Args:
        depths: (R,) in mm.
        angles: (A,) in radians.
        level: (R, A) mean echo in dB, whose steps are the interfaces.
    """
    down, across = _slopes(level, depths, angles, 1.0)
    size = np.hypot(down, across)
    sharp = np.clip(size / 6.0, 0, 1)
    return (sharp * (down / (size + 1e-3)) ** 2).astype(np.float32)


def along(labels: LabelMap, depths: NDArray[np.floating], angles: NDArray[np.floating]) -> Beams:
    """(R, A): how far a wall runs along the beam, from 0 (square to it) to 1; told by what lies on its sides."""
    sides = np.isin(labels, BLOOD).astype(np.float32) - np.isin(labels, OUTSIDE)
    down, across = _slopes(sides, depths, angles, _ORIENTATION_MM)
    square, size = across**2, down**2 + across**2
    return (square / (size + 1e-4)).astype(np.float32)


def echogenicity(
    labels: LabelMap, depths: NDArray[np.floating], angles: NDArray[np.floating], look: Look, uneven: Beams
) -> Beams:
    """(R, A) in dB over muscle, with interfaces and orientation; `uneven` (R, A) is a field of standard deviation 1."""
    level = table_of(look)[labels]
    blood, outside = np.isin(labels, BLOOD), np.isin(labels, OUTSIDE)
    bright = look.specular_db * facing(depths, angles, level)
    # Muscle by its fibers; pericardium is a mirror, and more so lost along the beam.
    mirror = np.where(labels == Tissue.PERICARDIUM, 1.0 + look.pericardium_db / 12, 1.0)
    lost = look.anisotropy_db * mirror * along(labels, depths, angles)
    patchy = look.unevenness_db * np.where(outside, 1.5, 1.0) * uneven
    faded = look.outside_fade_db * (depths / depths[-1])[:, None] * outside
    level = level + np.where(blood, 0, bright + patchy) - np.where(blood | outside, faded, lost)
    return (level - _beyond_lung(labels, depths)).astype(np.float32)


def _beyond_lung(labels: LabelMap, depths: NDArray[np.floating]) -> Beams:
    """(R, A) dB that are missing behind the surface of lung, which shows a haze of its own reverberations."""
    step = depths[1] - depths[0]
    into = np.cumsum(labels == Tissue.LUNG, axis=0, dtype=np.float32) * step
    return 26 * (1 - 0.5 ** (into / _HALF_OF_LUNG_MM))


def _slopes(
    field: Beams, depths: NDArray[np.floating], angles: NDArray[np.floating], over_mm: float
) -> tuple[Beams, Beams]:
    """Per mm, along the beam and across it, of a field that is smoothed over some mm."""
    step = float(depths[1] - depths[0])
    arc = np.maximum(depths * (angles[1] - angles[0]), 0.2 * step)[:, None]
    wide = over_mm / float(np.median(arc))
    smooth = gaussian_filter(field, (over_mm / step, wide), mode="nearest", truncate=2.5)
    return np.gradient(smooth, axis=0) / step, np.gradient(smooth, axis=1) / arc
