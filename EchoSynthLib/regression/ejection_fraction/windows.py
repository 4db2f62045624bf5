"""Which frames of a cine a network is shown: windows of one length in time, whatever the cine's frame rate (numpy)."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from EchoSynthLib.images.picture_box import boxed, picture_box
from EchoSynthLib.measurement.rhythm import USUAL_BEAT_MS, assumed_frame_time

MOST = 6
"""Windows of a long cine, evenly spread."""
_LOOKED_AT = 9
"""Frames, evenly spread, by which the box of the picture is found."""


@dataclass(frozen=True)
class Sampling:
    """What a network is shown.

    Attributes:
        frames: of a window.
        seconds: of a window.
        side: of a frame, in pixels.
    """

    frames: int
    seconds: float
    side: int

    @property
    def step_ms(self) -> float:
        """From frame to frame."""
        return 1000 * self.seconds / self.frames

    def windows(self, count: int, frame_time: float) -> NDArray[np.int64]:
        """(N, frames) numbers of a cine's frames, whose `count` frames are `frame_time` milliseconds apart.

        A cine that is shorter than a window is played to and fro: so it shows no jump.
        """
        times = self.step_ms * np.arange(self.frames)
        last = times[-1] / frame_time
        spare = count - 1 - last
        starts = np.linspace(0, spare, min(MOST, 1 + round(2 * spare / last))) if spare > 0 else np.zeros(1)
        places = starts[:, None] + times / frame_time
        return np.rint(to_and_fro(places, count)).astype(np.int64)

    def ends(self) -> NDArray[np.int64]:
        """(1, frames) numbers of two frames, both ends of a beat: each held for a part of it."""
        beat = USUAL_BEAT_MS / self.step_ms
        return ((np.arange(self.frames) / beat * 2).astype(np.int64) % 2)[None]

    def seen(self, cine: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """The pictures of a cine (T, H, W) without what lies around them, stretched to (T, side, side)."""
        looked_at = cine[:: max(1, len(cine) // _LOOKED_AT)]
        return boxed(cine, picture_box(looked_at.max(axis=0)), self.side)


def to_and_fro(places: NDArray[np.float64], count: int) -> NDArray[np.float64]:
    """Places from 0 on as those of frames 0 to count - 1, which are played forward and back, again and again."""
    last = max(1, count - 1)
    return last - np.abs(last - np.mod(places, 2 * last))


def guessed_frame_time(pictures: NDArray[np.uint8]) -> float:
    """Milliseconds from frame to frame of pictures (T, H, W), if the heart beats 70 times a minute.

    Beats are counted by the first principal component of the pictures in time, which the heart's motion makes.
    """
    flat = pictures.reshape(len(pictures), -1).astype(np.float64)
    flat -= flat.mean(axis=0)
    values, vectors = np.linalg.eigh(flat @ flat.T)
    return assumed_frame_time(vectors[:, -1] * math.sqrt(max(0.0, values[-1])))
