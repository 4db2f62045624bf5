"""A frame taken apart in beam space: structure, which moves with the tissue, and speckle, which does not last.

Structure is what a second echo of the same tissue would show again; speckle is the rest, told as what it consists of:
how strong it is at each place (`spread`), how its grains look (`Grain`), and white noise. To move a frame, structure
and spread are carried along, and so is the white noise; the grain is laid on where they arrive. A stretched wall
stretches its structure, but not its speckle, whose size is that of the beam.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from EchoSynthLib.anatomy.bilinear import Bilinear
from EchoSynthLib.anatomy.structures import CamusCode

Beams = NDArray[np.float32]
"""(R, A) gray levels from -1, black, to 1, white."""

MARGIN = (12, 8)
"""Samples and beams by which noise goes on beyond the sector, for tissue that comes in from there."""
_LEVELS = 33  # of the table of gray levels
_ENTRIES = 4096  # of that table, where it is read: as fine as a tenth of a gray level
_RIM = 3  # pixels at the edge of the sector
_ALIKE = 7.0  # pixels over which sharpness is told
_FACTORS = 0.25, 9.0  # on the variance of what is finer than beams
_MOST = 3.5  # standard deviations that speckle is told in
_UNLIT = -0.95  # structure, below which speckle is cut off
_FEWEST = 200  # samples that tell a grain
_SMOOTH = 4.0  # frequencies over which the spectrum is averaged
_FLOOR = 0.005  # of the strongest part of the spectrum, below which own speckle is not inverted
_BLACK = -0.7  # mean gray level, below which what has no label is blood, too
_BLOOD_SIGMA = 1.0  # samples
_HAZE = 2.0  # samples over which blood is smooth


@dataclass(frozen=True, eq=False)
class Grain:
    """How speckle looks: its spectrum, and its gray levels.

    Attributes:
        amplitude: (R, A / 2 + 1) by which white noise (R, A) is multiplied in the frequencies.
        levels: (2, n) of Gaussian speckle of variance 1, and of real speckle in its place, which is skewed.
    """

    amplitude: NDArray[np.float32]
    levels: NDArray[np.float32]

    @classmethod
    def of(cls, speckle: Beams, sure: NDArray[np.bool_]) -> tuple[Grain, Beams]:
        """The grain of speckle (R, A) of unit spread, told where `sure`, and the white noise that it is made of."""
        from scipy import fft
        from scipy.special import ndtri

        known = np.clip(speckle[sure], -_MOST, _MOST)
        shares = (np.arange(_LEVELS) + 0.5) / _LEVELS
        levels = np.stack([ndtri(shares), np.quantile(known, shares)]).astype(np.float32)
        levels[1] += np.linspace(0, 1e-3, _LEVELS, dtype=np.float32) - levels[1].mean()  # rises everywhere
        weight = ndimage.gaussian_filter(sure.astype(np.float32), 1.0)
        gaussian = _read_table(speckle, levels[1], levels[0])
        power = ndimage.gaussian_filter(np.abs(fft.fft2(gaussian * weight)) ** 2, _SMOOTH, mode="wrap")
        power = (power / power.mean())[:, : speckle.shape[1] // 2 + 1]
        amplitude = np.sqrt(power).astype(np.float32)
        # Wiener's inverse: frequencies that the probe does not pass tell nothing of the noise.
        inverse = amplitude / (power + _FLOOR * power.max())
        white = fft.irfft2(fft.rfft2(gaussian) * inverse, s=speckle.shape)
        return cls(amplitude, levels), white.astype(np.float32)

    def laid_on(self, white: Beams) -> Beams:
        """Speckle of spread 1, of white noise of variance 1, both (R, A)."""
        from scipy import fft

        grained: Beams = fft.irfft2(fft.rfft2(white) * self.amplitude, s=white.shape)
        low, high = float(self.levels[0, 0]), float(self.levels[0, -1])
        within = np.clip(grained, low, high)
        at = ((within - np.float32(low)) * np.float32((_ENTRIES - 1) / (high - low)) + np.float32(0.5)).astype(np.intp)
        grained -= within  # the table goes on beyond its ends as steep as one to one
        grained += self._table.take(at)
        return grained

    @cached_property
    def _table(self) -> NDArray[np.float32]:
        come, go = self.levels
        entries = np.interp(np.linspace(float(come[0]), float(come[-1]), _ENTRIES), come, go)
        return np.asarray(entries, np.float32)


@dataclass(frozen=True, eq=False)
class Material:
    """A frame taken apart, in beam space (R, A).

    Attributes:
        structure: gray levels without speckle.
        spread: standard deviation of speckle.
        blood: from 0, tissue, to 1, blood.
        grains: of speckle in tissue, and in blood.
        white: (padded) of both, the frame's own speckle before the grain.
    """

    structure: Beams
    spread: Beams
    blood: Beams
    grains: tuple[Grain, Grain]
    white: tuple[Beams, Beams]

    def blood_of(self, cavity: NDArray[np.bool_]) -> tuple[np.float32, np.float32]:
        """Gray level and spread that are usual in a cavity (R, A); black, without speckle, where there is none."""
        if not cavity.any():
            return np.float32(-1), np.float32(0)
        return np.float32(np.median(self.structure[cavity])), np.float32(np.median(self.spread[cavity]))

    def speckle(self, white: Sequence[Beams], share: Beams, alike: float) -> Beams:
        """(padded) speckle of spread 1, of white noise of tissue and of blood, for a share (padded) of blood.

        `alike` is how much both are correlated: in the given frame they are one.
        """
        tissue, blood = (grain.laid_on(noise) for grain, noise in zip(self.grains, white, strict=True))
        weight: Beams = np.sqrt((1 - share) ** 2 + share**2 + 2 * alike * share * (1 - share)).astype(np.float32)
        mixed: Beams = (((1 - share) * tissue + share * blood) / weight).astype(np.float32, copy=False)
        return mixed


def taken_apart(beams: Beams, labels: NDArray[np.uint8], drawn: NDArray[np.float32]) -> Material:
    """Structure and speckle of a frame.

    Where two drawings of the speckle stage of the same coarse picture differ, there is speckle; how far a frame varies
    beyond that is structure (Lee, IEEE PAMI 2:165-168, 1980). In blood structure is haze, and what stands out of it by
    more than speckle does: chordae, papillary muscles.

    Args:
        beams: the frame.
        labels: (R, A) in CAMUS codes.
        drawn: (2, R, A) of the speckle stage, of the frame's coarse picture.
    """
    noise = ndimage.uniform_filter((drawn[0] - drawn[1]) ** 2 / 2, 9, mode="nearest")
    mean = ndimage.gaussian_filter(beams, 1.5, mode="nearest")
    detail = beams - mean
    varies = ndimage.uniform_filter(detail**2, 5, mode="nearest")
    # The smoothed frame has a part of the speckle, the detail the rest.
    gain = np.clip(1 - noise / np.maximum(varies, 1e-6), 0, 1)
    tissue = mean + gain * detail
    cavity = np.isin(labels, (CamusCode.LV_CAVITY, CamusCode.LEFT_ATRIUM))
    dark = (labels == CamusCode.BACKGROUND) & (ndimage.uniform_filter(beams, 9, mode="nearest") < _BLACK)
    blood = ndimage.gaussian_filter((cavity | dark).astype(np.float32), _BLOOD_SIGMA)
    core = ndimage.gaussian_filter(cavity.astype(np.float32), _BLOOD_SIGMA) * cavity
    haze = inpainted(beams, cavity, _HAZE)
    off = beams - haze
    typical = float(np.median(off[cavity] ** 2) / 0.455) if cavity.any() else 1.0  # of a chi-squared of one degree
    stands = np.maximum(ndimage.gaussian_filter(off, 1.0), 0)
    stands *= np.clip(stands**2 / max(1.5 * typical, 1e-6) - 1, 0, 1)
    structure = tissue * (1 - core) + (haze + stands) * core
    own = beams - structure
    power = ndimage.uniform_filter(own**2, 9, mode="nearest")
    spread = np.sqrt(power * (1 - core) + np.minimum(power, 2 * typical) * core + 1e-6)
    ventricle = labels == CamusCode.LV_CAVITY  # whose blood the atrium's is like, and clearer seen
    lit = structure > _UNLIT
    around = [(margin, margin) for margin in MARGIN]
    unit = np.pad(own / spread, around, mode="reflect")
    found = [Grain.of(unit, np.pad(_enough(where & lit), around)) for where in (~cavity, ventricle)]
    grains, white = zip(*found, strict=True)
    return Material(structure, spread, blood, grains, white)


def _enough(where: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Where a grain is told; anywhere, where that is nowhere."""
    return where if np.count_nonzero(where) >= _FEWEST else np.ones_like(where)


@dataclass(frozen=True, eq=False)
class Fine:
    """What a frame has that is finer than beams: speckle of its own, on the pixels.

    Attributes:
        spread: (H, W) in the given frame.
        needed: (H, W) factor on it in frames whose speckle is new, which makes them as sharp as the given one.
        grain: of the pixels.
        white: (H, W).
        inside: (H, W) where the sector is.
    """

    spread: NDArray[np.float32]
    needed: NDArray[np.float32]
    grain: Grain
    white: NDArray[np.float32]
    inside: NDArray[np.bool_]

    @classmethod
    def of(cls, rest: NDArray[np.float32], inside: NDArray[np.bool_]) -> Fine:
        """Of what is left of a frame (H, W), 0 outside the sector."""
        sure = ndimage.binary_erosion(inside, iterations=_RIM)
        spread = np.sqrt(_local(rest**2, sure, 4.0) + 1e-6)
        grain, white = Grain.of(np.where(sure, rest / spread, 0), _enough(sure))
        return cls(spread, np.ones_like(spread), grain, white, inside)

    def as_sharp(self, given: NDArray[np.float32], new: NDArray[np.float32]) -> Fine:
        """The same, such that frames with new speckle, of which (H, W) is one, become as sharp as the given one."""
        sure = ndimage.binary_erosion(self.inside, iterations=_RIM)
        lacking = _sharpness(given) - _sharpness(new)
        own = np.zeros_like(given)
        own[self.inside] = self.grain.laid_on(self.white)[self.inside] * self.spread[self.inside]
        have = _local(_sharpness(own), sure, _ALIKE)
        factor = np.sqrt(np.clip(1 + _local(lacking, sure, _ALIKE) / np.maximum(have, 1e-6), *_FACTORS))
        return replace(self, needed=factor.astype(np.float32))

    def speckle(self, white: NDArray[np.float32], places: NDArray[np.float32], alike: float) -> NDArray[np.float32]:
        """(N,) of the pixels inside, whose tissue lies at places (2, N) in the given frame.

        `alike` is how much the white noise is still that of the given frame.
        """
        at = Bilinear.at(places, (self.spread.shape[0], self.spread.shape[1]))
        carried = at.read(self.spread) + np.float32(1 - alike) * at.read(self._lacking)
        return self.grain.laid_on(white)[self.inside] * carried

    @cached_property
    def _lacking(self) -> NDArray[np.float32]:
        return self.spread * (self.needed - 1)


def _sharpness(image: NDArray[np.float32]) -> NDArray[np.float32]:
    """What is finer than a pixel or two, squared."""
    return np.square(image - ndimage.gaussian_filter(image, 1.0))


def _local(values: NDArray[np.float32], sure: NDArray[np.bool_], pixels: float) -> NDArray[np.float32]:
    """Mean around each pixel over those that are sure."""
    weight = ndimage.gaussian_filter(sure.astype(np.float32), pixels)
    return ndimage.gaussian_filter(np.where(sure, values, 0), pixels) / np.maximum(weight, 1e-3)


def inpainted(beams: Beams, clean: NDArray[np.bool_], sigma: float) -> Beams:
    """The frame smoothed over what is clean, which also fills what is not; `sigma` in samples."""
    weight = clean.astype(np.float32)
    total = ndimage.gaussian_filter(beams * weight, sigma)
    return total / np.maximum(ndimage.gaussian_filter(weight, sigma), 1e-3)


def _read_table(values: Beams, come: NDArray[np.float32], go: NDArray[np.float32]) -> Beams:
    """Values by a table that goes on beyond its ends as steep as there."""
    rest = values - np.clip(values, come[0], come[-1])
    return (np.interp(values, come, go) + rest).astype(np.float32)
