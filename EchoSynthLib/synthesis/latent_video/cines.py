"""What is learned from: the cines of a folder in EchoNet-Dynamic's layout, at one size and one frame rate (numpy)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from EchoSynthLib.errors import InputError
from EchoSynthLib.images.datasets.echonet import EchoNetVideo, read_echonet
from EchoSynthLib.images.grid import to_grid
from EchoSynthLib.networks.diffusion.latent_video import SIDE

Splits = Mapping[str, Sequence[EchoNetVideo]]
"""Cines by the name of their split, 'train' and 'val'."""
FEWEST = {"train": 4, "val": 1}
"""Cines of a split, below which nothing is learned."""


def read_splits(folder: Path) -> Splits:
    """The cines of the splits 'train' and 'val'; those of 'test' are not looked at.

    Raises:
        InputError: the folder is none of this layout, damaged, or has too few cines.
    """
    videos = read_echonet(folder)
    splits = {name: [video for video in videos if video.split == name] for name in FEWEST}
    for name, fewest in FEWEST.items():
        if len(splits[name]) < fewest:
            raise InputError(
                f"Latent video needs cines of the split {name.upper()}, {fewest} or more; in {folder} are "
                f"{len(splits[name])}. Give a folder with more, such as `echosynth cine-dataset --count 100` makes."
            )
    return splits


def some_frames(videos: Sequence[EchoNetVideo], most: int) -> NDArray[np.uint8]:
    """Frames (N, 112, 112), `most` of them or fewer, as many of each cine and as far from one another as can be."""
    each = max(1, most // len(videos))
    return np.concatenate([_some(video, each) for video in videos])


def at_rate(video: EchoNetVideo, rate: float) -> NDArray[np.uint8]:
    """The frames of a cine that are nearest to times of a frame rate, (T, 112, 112)."""
    step = video.frame_rate / rate
    index = np.rint(np.arange(int((video.frames - 1) / step) + 1) * step).astype(int)
    return _small(video.cine().pixels[np.minimum(index, video.frames - 1)])


def _some(video: EchoNetVideo, count: int) -> NDArray[np.uint8]:
    index = np.unique(np.linspace(0, video.frames - 1, min(count, video.frames)).round().astype(int))
    return _small(video.cine().pixels[index])


def _small(frames: NDArray[np.uint8]) -> NDArray[np.uint8]:
    if frames.shape[1:] == (SIDE, SIDE):
        return np.ascontiguousarray(frames)
    return np.stack([np.rint(to_grid(frame, (SIDE, SIDE))).clip(0, 255).astype(np.uint8) for frame in frames])
