"""A cut of a heart as an echocardiogram: from what scatters, along the beams, to gray levels in the sector."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter, gaussian_filter1d

from EchoSynthLib.acoustics.echogenicity import Beams, echogenicity
from EchoSynthLib.acoustics.look import Look
from EchoSynthLib.acoustics.scatterers import material_places, scatterers, unevenness
from EchoSynthLib.anatomy.beam import ScanConversion, beam_coordinates
from EchoSynthLib.anatomy.heart3d.cut import Cut
from EchoSynthLib.anatomy.sector.geometry import Sector
from EchoSynthLib.arguments import whole_number
from EchoSynthLib.errors import InputError
from EchoSynthLib.types import Record

SHAPE = (288, 144)
"""Samples along the range, and beams, on which an echo is drawn."""
_WHITE_DB = 12.0
"""Over muscle, at the usual gain."""


def draw(
    cut: Cut | Sequence[Cut], *, seed: int = 0, look: Look | None = None, shape: tuple[int, int] = SHAPE
) -> tuple[NDArray[np.uint8], Record]:
    """Draw any plane of a heart as an echo.

    Scatterers are a complex Gaussian field that belongs to the tissue, weighted by its echogenicity, and seen through
    a pulse and a beam that widens with depth (fully developed speckle: Burckhardt, IEEE Trans Sonics Ultrason 25:1-6,
    1978; Wagner et al., IEEE Trans Sonics Ultrason 30:156-163, 1983); then envelope, logarithm and gray map.

    Args:
        cut: of a heart; or the frames of a cine, whose speckle moves with the tissue.
        seed: of speckle, and of the look where none is given.
        look: of patient and machine; None for one drawn from the seed.
        shape: (R, A) samples along the range and beams that are worked out.

    Returns:
        Image (H, W), or cine (T, H, W), uint8 on the cut's grid, 0 outside the sector; and what made it: seed and look.

    Raises:
        InputError: there is no frame, or seed or shape is none.
    """
    seed = whole_number(seed, "seed", 0)
    if min(shape) < _FEWEST_BEAMS:
        raise InputError(f"An echo is drawn on {_FEWEST_BEAMS} samples and beams or more; asked for were {shape}.")
    look = look or Look.drawn(np.random.default_rng((seed, *b"look")))
    record: Record = {"drawing": "tissue", "seed": seed, "look": asdict(look)}
    if isinstance(cut, Cut):
        return _frame(cut, seed, look, shape), record
    if not len(cut):
        raise InputError("A cine to be drawn has one cut or more; none was given.")
    return np.stack([_frame(one, seed, look, shape) for one in cut]), record


_FEWEST_BEAMS = 16


def _frame(cut: Cut, seed: int, look: Look, shape: tuple[int, int]) -> NDArray[np.uint8]:
    rows, columns = beam_coordinates(cut.sector, shape)
    row_mm, column_mm = cut.spacing
    across = (columns - (cut.shape[1] - 1) / 2) * column_mm
    points = cut.pose.to_heart(np.column_stack([across.ravel(), rows.ravel() * row_mm]))
    labels = cut.heart.labels(points, cut.phase).reshape(shape)
    depths, angles = _grid(cut, shape)
    # What does not move with the heart is the same in all frames of a cine.
    still = np.random.default_rng((seed, *b"still"))
    places = material_places(cut, points)
    uneven = unevenness(places, seed).reshape(shape)
    level = echogenicity(labels, depths, angles, look, uneven) + _along_the_beams(depths, angles, look, still)
    amplitude = (10 ** (np.clip(level, -90, 40) / 20)).astype(np.float32)
    haze = gaussian_filter(amplitude, (shape[0] / 20, shape[1] / 12), mode="nearest", truncate=2)
    amplitude += 10 ** (look.haze_db / 20) * haze
    amplitude += 10 ** (look.side_lobes_db / 20) * gaussian_filter1d(amplitude, shape[1] / 14, axis=1, mode="nearest")
    field = scatterers(places, seed).reshape(shape) * amplitude
    field += _clutter(depths, shape, look, still)
    envelope = _heard(field, amplitude, depths, angles, look, still)
    gray = gray_levels(20 * np.log10(envelope + 1e-6), look)
    return np.rint(_conversion(cut.sector, cut.shape, shape)(gray)).astype(np.uint8)


def _grid(cut: Cut, shape: tuple[int, int]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    depths = (np.arange(shape[0]) + 0.5) / shape[0] * cut.depth_mm
    half = np.radians(cut.opening_angle_deg / 2)
    return depths, ((np.arange(shape[1]) + 0.5) / shape[1] * 2 - 1) * half


def _along_the_beams(
    depths: NDArray[np.float64], angles: NDArray[np.float64], look: Look, still: np.random.Generator
) -> Beams:
    """(R, A) dB: attenuation that is left after time-gain compensation, its steps, weaker sides, ribs' shadows."""
    share, side = depths / depths[-1], angles / angles[-1]
    steps = np.interp(share, np.linspace(0, 1, 7), still.normal(0, 1.5, 7))
    curve = -look.loss_db * share + steps
    beams = -look.sides_db * side**2 + 0.5 * still.standard_normal(len(angles))
    soft = 0.06
    beams -= look.rib_db * (look.rib_left > 0) / (1 + np.exp((side + 1 - 2 * look.rib_left) / soft))
    beams -= look.rib_db * (look.rib_right > 0) / (1 + np.exp((1 - side - 2 * look.rib_right) / soft))
    return (curve[:, None] + beams[None]).astype(np.float32)


def _clutter(
    depths: NDArray[np.float64], shape: tuple[int, int], look: Look, still: np.random.Generator
) -> NDArray[np.complex64]:
    """(R, A) complex: what the chest wall sends to and fro; it stands still while the heart beats."""
    noise = still.standard_normal((2, *shape), dtype=np.float32)
    # Layers of the chest wall are long across.
    noise = gaussian_filter1d(noise, shape[1] / 24, axis=2, mode="nearest") * np.sqrt(shape[1] / 24)
    strength = 10 ** (look.clutter_db / 20) * np.exp(-depths / look.clutter_mm)
    return ((noise[0] + 1j * noise[1]) * strength[:, None]).astype(np.complex64)


def _heard(
    field: NDArray[np.complex64],
    amplitude: Beams,
    depths: NDArray[np.float64],
    angles: NDArray[np.float64],
    look: Look,
    still: np.random.Generator,
) -> Beams:
    """(R, A): the envelope of what pulse and beam make of the field, partly averaged, with the electronics' noise."""
    width = (look.pulse_mm / (depths[1] - depths[0]), look.beam_width / (angles[1] - angles[0]))
    # Over an angle that is the same at all depths, so that in mm it widens with depth.
    parts = [gaussian_filter(part, width, mode="nearest", truncate=3) for part in (field.real, field.imag)]
    speckle = np.hypot(*parts) * np.sqrt(4 * np.pi * max(width[0], 0.3) * max(width[1], 0.3))
    mean = gaussian_filter(amplitude, width, mode="nearest", truncate=3)
    heard = (speckle + 1e-6) ** (1 - look.compounding) * (mean + 1e-6) ** look.compounding
    noise = np.abs(still.standard_normal(field.shape, dtype=np.float32)) * (depths / depths[-1])[:, None] ** 2
    return (heard + 10 ** (look.noise_db / 20) * noise).astype(np.float32)


def gray_levels(level: Beams, look: Look) -> Beams:
    """Gray levels 0 to 255 of levels in dB over muscle."""
    black = _WHITE_DB - look.gain_db - look.dynamic_range_db
    return 255 * np.clip((level - black) / look.dynamic_range_db, 0, 1) ** look.gamma


@lru_cache(maxsize=4)
def _conversion(sector: Sector, shape: tuple[int, int], beams: tuple[int, int]) -> ScanConversion:
    return ScanConversion(sector, shape, beams)
