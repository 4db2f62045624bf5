"""A second scan of what a clip shows, simulated: another hand, crop, gain and speckle (numpy, scipy)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import affine_transform, gaussian_filter

Clip = NDArray[np.uint8]

DEGREES, SHIFT, SCALE = 5.0, 0.05, 0.06
"""By which another hand and another machine turn, move (over the side) and scale the same picture, at most."""


@dataclass(frozen=True)
class SecondScan:
    """How a second scan differs; all frames of a clip are changed alike, but for speckle and noise.

    Attributes:
        turn_deg: of the picture.
        shift: (down, right) over the sides.
        scale: above 1 the picture is enlarged.
        gain, gamma: of the gray levels in [0, 1]: gain * level^gamma.
        depth_gain: share by which the bottom is brighter and the top darker.
        blur: standard deviation of what the machine smooths, in 1/64 of the shorter side.
        speckle: standard deviation of the grain over the level; that of frames one after another is alike.
        grain: its size in 1/64 of the shorter side.
    """

    turn_deg: float = 0.0
    shift: tuple[float, float] = (0.0, 0.0)
    scale: float = 1.0
    gain: float = 1.0
    gamma: float = 1.0
    depth_gain: float = 0.0
    blur: float = 0.0
    speckle: float = 0.0
    grain: float = 0.8

    @classmethod
    def drawn(cls, rng: np.random.Generator, spread: float = 1.0) -> SecondScan:
        """One of another day; with a `spread` of 2 hand and crop differ twice as much, and with 0 they do not."""
        u = rng.uniform
        return cls(
            turn_deg=spread * u(-DEGREES, DEGREES),
            shift=(spread * u(-SHIFT, SHIFT), spread * u(-SHIFT, SHIFT)),
            scale=float(np.exp(spread * u(-SCALE, SCALE))),
            gain=float(np.exp(u(-0.3, 0.3))),
            gamma=float(np.exp(u(-0.35, 0.35))),
            depth_gain=u(-0.25, 0.25),
            blur=u(0.0, 0.6),
            speckle=u(0.1, 0.4),
            grain=u(0.5, 1.1),
        )

    def of(self, clip: Clip, seed: int) -> Clip:
        """The clip (T, H, W) as the second scan shows it, (T, H, W); what it brings in from beyond is black.

        Args:
            clip: gray levels.
            seed: of the speckle.
        """
        rng = np.random.default_rng((seed, *b"second scan"))
        unit = min(clip.shape[1:]) / 64
        down = np.linspace(-1, 1, clip.shape[1])[:, None]
        still = _grain(rng, clip.shape[1:], self.grain * unit)
        made = np.empty_like(clip)
        for number, frame in enumerate(clip):
            level: NDArray[np.floating] = self._moved(frame.astype(np.float32) / 255)
            if self.blur:
                level = gaussian_filter(level, self.blur * unit)
            level = self.gain * np.clip(level, 0, 1) ** self.gamma * (1 + self.depth_gain * down)
            if self.speckle:
                # Half of the grain belongs to the tissue and stays, half changes from frame to frame.
                grain = np.sqrt(0.5) * (still + _grain(rng, clip.shape[1:], self.grain * unit))
                level = level * np.clip(1 + self.speckle * grain, 0, None)
            made[number] = np.rint(255 * np.clip(level, 0, 1)).astype(np.uint8)
        return made

    def _moved(self, frame: NDArray[np.float32]) -> NDArray[np.float32]:
        if not self.turn_deg and self.scale == 1 and self.shift == (0.0, 0.0):
            return frame
        turn = np.deg2rad(self.turn_deg)
        matrix = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]]) / self.scale
        sides = np.array(frame.shape)
        center = (sides - 1) / 2
        moved: NDArray[np.float32] = affine_transform(
            frame, matrix, center - matrix @ (center + np.array(self.shift) * sides), order=1
        )
        return moved


def _grain(rng: np.random.Generator, shape: tuple[int, ...], size: float) -> NDArray[np.float32]:
    """(H, W) of mean 0 and variance about 1, correlated over `size` pixels."""
    noise = gaussian_filter(rng.standard_normal(shape, dtype=np.float32), size)
    made: NDArray[np.float32] = noise / (noise.std() + 1e-6)
    return made
