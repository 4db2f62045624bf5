"""Drawn cross-sections of the thigh's front, swept along it: rectus femoris with its fascia, fat, bone and texture.

Shapes and sizes are chosen, such that they look like linear-probe pictures of the rectus femoris: the muscle is widest
in the middle third of the thigh and tapers to both ends, its central aponeurosis is a comma that fades downwards.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter, map_coordinates

from EchoSynthLib.retrieval.contrastive.scans import Scans, seen_clip

FRAMES = 24
"""Of a sweep, some 6 mm apart over the thigh."""
SAME_FRAMES = 1.2
"""Steps of a sweep at which the label that two frames show the same has fallen to exp(-1/2)."""
ROWS, COLUMNS = 96, 112
_WIDE_MM, _DEEP_MM = 50.0, 43.0
Field = NDArray[np.float64]


@dataclass(frozen=True)
class Thigh:
    """One thigh. Curves along it are polynomials of z in [-1, 1], upwards; lengths are mm.

    Attributes:
        fat: thickness of skin and fat.
        width, height: half axes of the rectus femoris where it is largest.
        peak: z of that place.
        taper: by how much it is smaller at either end.
        sideways: by which its middle moves along the thigh.
        tilt: of its long axis, radians, and how it changes along the thigh.
        bone: depth of the femur's surface, and how it changes along the thigh.
        septum: how long the central aponeurosis is, over the height.
        levels: echo of fat, rectus, vasti and fascia in dB.
        seed: of textures.
    """

    fat: tuple[float, float]
    width: float
    height: float
    peak: float
    taper: float
    sideways: tuple[float, float]
    tilt: tuple[float, float]
    bone: tuple[float, float]
    septum: float
    levels: tuple[float, float, float, float]
    seed: int

    @classmethod
    def drawn(cls, rng: np.random.Generator) -> Thigh:
        """That of a patient."""
        u = rng.uniform
        return cls(
            fat=(u(4, 11), u(-2, 3)),
            width=u(13, 22),
            height=u(5, 10),
            peak=u(-0.3, 0.4),
            taper=u(0.25, 0.6),
            sideways=(u(-3, 3), u(-7, 7)),
            tilt=(u(-0.15, 0.15), u(-0.25, 0.25)),
            bone=(u(30, 37), u(-3, 3)),
            septum=u(0.5, 1.4),
            levels=(u(-22, -12), u(-26, -18), u(-27, -18), u(-6, 2)),
            seed=int(rng.integers(2**31)),
        )

    def at(self, z: float) -> tuple[float, float, float, float]:
        """(row, column, half width, half height) of the rectus femoris in mm; column 0 is the picture's middle."""
        size = 1 - self.taper * (z - self.peak) ** 2
        fat = self.fat[0] + self.fat[1] * z
        height = self.height * size
        return fat + 2.5 + height, self.sideways[0] + self.sideways[1] * z, self.width * size**0.7, height

    def area_mm2(self, z: float) -> float:
        """The cross-sectional area of the rectus femoris."""
        _, _, width, height = self.at(z)
        return float(np.pi * width * height)


@dataclass(frozen=True)
class Scan:
    """How one day's scan shows a thigh: pressed, turned, moved, with another gain and speckle.

    Attributes:
        press: by which fat and muscle are thinner under the probe.
        turn: radians.
        right, deep: by which the picture is moved, mm.
        gain, span: level in dB that is white, and dB from black to white.
        gamma: of the gray map.
        grain: (along the beam, across it) size of speckle in pixels.
        kept: share of full speckle that is left.
        loss: dB lost to the bottom.
    """

    press: float
    turn: float
    right: float
    deep: float
    gain: float
    span: float
    gamma: float
    grain: tuple[float, float]
    kept: float
    loss: float

    @classmethod
    def drawn(cls, rng: np.random.Generator) -> Scan:
        """That of a day."""
        u = rng.uniform
        return cls(
            u(0.85, 1), np.deg2rad(u(-5, 5)), u(-3, 3), u(-1.5, 1.5), u(-4, 6), u(42, 62), u(0.8, 1.6),
            (u(0.5, 1), u(0.8, 1.8)), u(0.3, 0.9), u(0, 14),
        )  # fmt: skip


def muscle_scans(seed: int, number: int) -> Scans:
    """Thigh number `number` of a seed swept twice, which depend on these two alone."""
    rng = np.random.default_rng((seed, number, *b"thigh"))
    thigh = Thigh.drawn(rng)
    places = [np.linspace(rng.uniform(-1, -0.7), rng.uniform(0.7, 1), FRAMES) for _ in range(2)]
    if rng.random() < 0.3:
        places[1] = places[1][::-1]
    clips = [
        seen_clip(np.stack([section(thigh, z, scan, scan_seed) for z in along]))
        for along, scan, scan_seed in ((along, Scan.drawn(rng), int(rng.integers(2**31))) for along in places)
    ]
    step = 2 / (FRAMES - 1)
    apart = np.abs(places[0][:, None] - places[1][None]) / step / SAME_FRAMES
    return Scans(clips[0], clips[1], apart.astype(np.float32), f"thigh {seed} {number}")


def section(thigh: Thigh, z: float, scan: Scan, seed: int) -> NDArray[np.uint8]:
    """(96, 112) uint8: the cross-section at a place as a scan shows it; what is dark beside the bone is its shadow."""
    rows = np.linspace(0, _DEEP_MM, ROWS)[:, None] + scan.deep
    columns = np.linspace(-_WIDE_MM / 2, _WIDE_MM / 2, COLUMNS)[None] - scan.right
    middle = _DEEP_MM / 2
    down = (np.cos(scan.turn) * (rows - middle) - np.sin(scan.turn) * columns + middle) / scan.press
    across = np.sin(scan.turn) * (rows - middle) + np.cos(scan.turn) * columns
    level = _tissue(thigh, z, down, across)
    rng = np.random.default_rng((seed, round(1e6 * (z + 2)), *b"speckle"))
    return _heard(level - scan.loss * rows / _DEEP_MM, scan, rng)


def outline(thigh: Thigh, z: float, down: Field, across: Field) -> Field:
    """Where a point (mm) lies to the rectus femoris: below 1 within, 1 on its border, above 1 outside."""
    row, column, width, height = thigh.at(z)
    tilt = thigh.tilt[0] + thigh.tilt[1] * z
    y = np.cos(tilt) * (down - row) - np.sin(tilt) * (across - column)
    x = np.sin(tilt) * (down - row) + np.cos(tilt) * (across - column)
    # Flatter below than above, where it lies on the vastus intermedius.
    found: Field = (np.abs(x) / width) ** 2.2 + (np.abs(y) / np.where(y < 0, height, 0.9 * height)) ** 2
    return found


def _tissue(thigh: Thigh, z: float, down: Field, across: Field) -> Field:
    """(H, W) dB: what scatters where."""
    fat, rectus, vasti, fascia = thigh.levels
    row, column, _, height = thigh.at(z)
    top = thigh.fat[0] + thigh.fat[1] * z + 0.02 * across
    texture = _texture(thigh.seed, down, across, z)
    level = np.where(down < top, fat + 4 * texture[0], vasti + 5 * texture[1])
    inside = outline(thigh, z, down, across)
    level = np.where(inside < 1, rectus + 5 * texture[2], level)
    level = np.maximum(level, fascia - 9 * np.abs(np.sqrt(inside) - 1) * height / 0.5)
    level = np.maximum(level, fascia - 6 - 12 * np.abs(down - top))
    # The central aponeurosis: from the upper border down, bent to one side, shorter towards the knee.
    long = height * thigh.septum * (0.8 + 0.5 * z)
    bend = column + 0.25 * (down - row + height) + 0.08 * (down - row) ** 2 / max(height, 1)
    on_it = (down > row - height) & (down < row - height + long) & (inside < 1)
    level = np.where(on_it, np.maximum(level, fascia - 3 - 10 * np.abs(across - bend)), level)
    depth = thigh.bone[0] + thigh.bone[1] * z
    radius = 11 - 2 * z
    bone = np.hypot(across - 0.4 * thigh.sideways[1] * z, down - depth - radius) - radius
    level = np.where(bone < 0, -55.0, level)
    level = np.maximum(level, fascia + 6 - 9 * np.abs(bone) - 2 * np.abs(across))
    # Between the vasti, from the rectus' corners outwards.
    side = np.abs(down - row - 0.5 * (np.abs(across - column) - 8)) + 50 * (inside < 1)
    return np.maximum(level, np.where(down < depth, fascia - 8 - 9 * side, level))


def _texture(seed: int, down: Field, across: Field, z: float) -> Field:
    """(3, H, W) of variance about 1: streaks of perimysium and septa of fat, which change slowly along the thigh."""
    volumes = _volumes(seed)
    places = [np.clip((z + 1) / 2, 0, 1) * (volumes.shape[1] - 1) + 0 * down * across]
    places += [down / _DEEP_MM * (volumes.shape[2] - 1) + 0 * across]
    places += [(across / _WIDE_MM + 0.5) * (volumes.shape[3] - 1) + 0 * down]
    return np.stack([map_coordinates(volume, places, order=1, mode="reflect") for volume in volumes])


@lru_cache(maxsize=1)
def _volumes(seed: int) -> NDArray[np.float32]:
    """(3, 10, 48, 56); the last ones are kept, for a sweep asks for them in every frame."""
    noise = np.random.default_rng((seed, *b"texture")).standard_normal((3, 10, 48, 56)).astype(np.float32)
    sizes = ((1.2, 0.6, 4.0), (1.2, 0.8, 2.5), (1.0, 0.7, 1.8))
    smooth = np.stack([gaussian_filter(one, size) for one, size in zip(noise, sizes, strict=True)])
    made: NDArray[np.float32] = smooth / smooth.std(axis=(1, 2, 3), keepdims=True)
    return made


def _heard(level: Field, scan: Scan, rng: np.random.Generator) -> NDArray[np.uint8]:
    """(H, W) uint8: fully developed speckle, partly averaged, compressed."""
    amplitude = 10 ** (level / 20)
    real, imaginary = (gaussian_filter(part, scan.grain) for part in rng.standard_normal((2, *level.shape)) * amplitude)
    speckle = np.hypot(real, imaginary) * np.sqrt(4 * np.pi * scan.grain[0] * scan.grain[1])
    mean = gaussian_filter(amplitude, scan.grain)
    heard = (speckle + 1e-6) ** scan.kept * (mean + 1e-6) ** (1 - scan.kept) + 1e-3
    shown = (20 * np.log10(heard) - scan.gain + scan.span) / scan.span
    return np.rint(255 * np.clip(shown, 0, 1) ** scan.gamma).astype(np.uint8)
