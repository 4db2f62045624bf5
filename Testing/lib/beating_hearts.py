"""A drawn heart that beats, and a generator without networks, for tests of what draws it."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

from EchoSynthLib.anatomy.beam import BEAM_SHAPE, ScanConversion, to_beam_space
from EchoSynthLib.anatomy.heart2d.parametric import parametric_heart
from EchoSynthLib.anatomy.heart3d.volume_curve import Beat
from EchoSynthLib.anatomy.sector.geometry import Sector

GRAY = np.array([-0.3, -0.75, 0.1, -0.75], np.float32)
"""Of each CAMUS code, from -1 to 1."""


class Drawer:
    """Draws each structure in one gray level, with speckle of one grain."""

    def __call__(
        self, label_map: NDArray[np.uint8], sector: Sector, *, count: int = 1, seed: int = 0, **options: Any
    ) -> tuple[NDArray[np.uint8], dict[str, Any]]:
        conversion = ScanConversion(sector, label_map.shape)
        drawn = self.redrawn(np.zeros(BEAM_SHAPE), label_map, sector, count=count, seed=seed)
        gray = [conversion((beams + 1) * 127.5, order=3) for beams in drawn]
        return np.clip(np.rint(gray), 0, 255).astype(np.uint8), {}

    def redrawn(
        self,
        beams: NDArray[np.floating],
        label_map: NDArray[np.uint8],
        sector: Sector,
        *,
        count: int = 2,
        seed: int = 0,
        **options: Any,
    ) -> NDArray[np.float32]:
        mean = gaussian_filter(GRAY[to_beam_space(label_map, sector, order=0).astype(int)], 0.7)
        noises = [np.random.default_rng([seed, i]).standard_normal(BEAM_SHAPE, dtype=np.float32) for i in range(count)]
        return np.stack([np.clip(mean + 0.3 * gaussian_filter(noise, (0.8, 1.2)), -1, 1) for noise in noises])


class Pulse:
    """A beat that draws the tissue towards a point, and lets it go again.

    Args:
        shape: (H, W) of the frame.
        times_ms: (T,) of the frames; a beat takes them all.
        depth: pixels by which tissue moves at most.
        given: number of the frame that was given.
    """

    def __init__(
        self, shape: tuple[int, int], times_ms: NDArray[np.float64], depth: float = 4.0, given: int = 0
    ) -> None:
        self.times_ms = times_ms
        frames = len(times_ms)
        phases = np.arange(frames) / frames
        self.mitral_opening = Beat.at(70).mitral_open(phases)
        away = np.sin(np.pi * (phases - phases[max(given, 0)])) ** 2
        self.volume = 1 - 0.5 * away
        self.given = given
        self.given_opening, self.given_volume = float(self.mitral_opening[max(given, 0)]), 1.0
        rows, columns = np.indices(shape, dtype=np.float32)
        rows, columns = rows - 0.45 * shape[0], columns - shape[1] / 2
        fades = np.exp(-(rows**2 + columns**2) / (2 * (0.25 * shape[0]) ** 2)) / (0.25 * shape[0])
        self._away, self._field = depth * away, np.stack([rows * fades, columns * fades])

    def displacement(self, t: int) -> NDArray[np.float32]:
        return (self._away[t] * self._field).astype(np.float32)


def heart(side: int = 160) -> tuple[NDArray[np.uint8], Sector]:
    """A four-chamber label map at end-diastole, and its sector."""
    drawn = parametric_heart("4CH", 0.0, shape=(side, side))
    return drawn.label_map, drawn.sector


def times(frames: int, step_ms: float = 30.0) -> NDArray[np.float64]:
    return step_ms * np.arange(frames)
