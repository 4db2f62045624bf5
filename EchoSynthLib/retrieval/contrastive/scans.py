"""What is learned from and judged on: two scans of one subject, and how far apart their frames lie (numpy)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from EchoSynthLib.images.picture_box import boxed, picture_box
from EchoSynthLib.retrieval.second_scan import SecondScan

SIDE = 64
"""Pixels along each side of what the networks see."""


@dataclass(frozen=True, eq=False)
class Scans:
    """Two scans of one subject.

    Attributes:
        first: (T, 64, 64) uint8.
        second: (S, 64, 64) uint8; None where it is simulated from the first one as it is needed.
        apart: (T, S) how far frames of both lie apart, over the distance at which two still show the same: labels
            are exp(-apart^2 / 2).
        subject: name of patient or sequence; splits go by it.
    """

    first: NDArray[np.uint8]
    second: NDArray[np.uint8] | None
    apart: NDArray[np.float32]
    subject: str

    def scanned_again(self, rng: np.random.Generator, spread: float = 1.0) -> NDArray[np.uint8]:
        """The second scan, or one that is simulated."""
        if self.second is not None:
            return self.second
        return SecondScan.drawn(rng, spread).of(self.first, int(rng.integers(2**31)))


def seen_clip(clip: NDArray[np.uint8], side: int = SIDE) -> NDArray[np.uint8]:
    """What the network sees of a clip (T, H, W): the box that its mean fills, of every frame, as (T, side, side).

    One box for all frames, so that nothing moves from frame to frame but what moves in the clip.
    """
    return boxed(clip, picture_box(np.rint(clip.mean(axis=0)).astype(np.uint8)), side)


def split_by_subject(scans: Sequence[Scans], share: float, seed: int) -> tuple[list[Scans], list[Scans]]:
    """Scans to learn from, and those of a share of the subjects to be judged on; no subject is in both."""
    subjects = sorted({one.subject for one in scans})
    order = np.random.default_rng((seed, *b"split")).permutation(len(subjects))
    held = {subjects[i] for i in order[: round(share * len(subjects))]}
    return [one for one in scans if one.subject not in held], [one for one in scans if one.subject in held]


def muscle_sequences(path: Path) -> list[Scans]:
    """Each sequence of an `.npz` of arrays (T, H, W), its second scan to be simulated; nothing where there is none.

    Frames are as far apart as they are in time, but no farther than their pictures tell: a muscle that relaxes looks
    as it did before.
    """
    if not path.exists():
        return []
    with np.load(path, allow_pickle=False) as arrays:
        return [sequence(arrays[name], name) for name in sorted(arrays.files)]


def sequence(clip: NDArray[np.uint8], subject: str) -> Scans:
    """One sequence (T, H, W) with the distances of its frames, a frame's step being 1."""
    frames = seen_clip(clip)
    return Scans(frames, None, _apart(frames), subject)


def _apart(frames: NDArray[np.uint8]) -> NDArray[np.float32]:
    """(T, T): frames from one to another, or of how many usual steps their pictures differ, whichever is less."""
    from scipy.ndimage import gaussian_filter

    smooth = np.stack([gaussian_filter(frame.astype(np.float32), 1.0).ravel() for frame in frames])
    differ = np.sqrt(np.maximum(0, ((smooth[:, None] - smooth[None]) ** 2).mean(axis=2)))
    number = np.arange(len(frames))
    steps = np.abs(number[:, None] - number[None]).astype(np.float32)
    usual = float(np.median(differ[number[:-1], number[1:]])) if len(frames) > 1 else 1.0
    return np.minimum(steps, differ / max(usual, 1e-3)).astype(np.float32)
